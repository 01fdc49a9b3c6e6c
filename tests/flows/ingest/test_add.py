"""`datarelease ingest add`: what a repository gets, from real events to a released row."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.broker import Broker
from tests.commands import run
from tests.goldens import Golden
from tests.project import Project
from tests.slow_cases import slow_but
from tests.unit.ingest.test_parse_avro import AVRO, GOOD, framed

from datarelease.errors import ConfigError, DatareleaseError, SettingsError
from datarelease.ingest.add import StreamRequest, plan_stream, write_stream
from datarelease.ingest.sample import Sample
from datarelease.model.adoption import Adoption

DVC_YAML = """\
# ours
stages:
  make:  # by hand
    cmd: echo
    deps: [params.yaml]


artifacts: {}
"""
PARAMS = """\
# settings
release:
  remotes: [storage]  # one
other: 1
"""


def order(number: int, **more: Any) -> dict[str, Any]:
    """An event."""
    return {
        "order_id": number, "email": f"p{number}@example.com", "amount": number + 0.25,
        "status": "new" if number % 3 else "paid",
        "created_at": f"2026-11-05T10:{number % 60:02}:00Z", "day": "2026-11-05",
        "gift": number % 2 == 0, "items": [{"sku": "a"}], **more,
    }  # fmt: skip


ORDERS = [order(n, **({"note": None} if n % 2 else {})) for n in range(1, 61)]
Plan = Callable[..., Adoption]


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that git and DVC know, with settings that somebody wrote."""
    place = tmp_path_factory.mktemp("template")
    project = Project(place / "work", place / "origin.git", place / "remote")
    project.root.mkdir()
    project.git("init", "--quiet")
    project.dvc("init", "--quiet")
    project.write("dvc.yaml", DVC_YAML)
    project.write("params.yaml", PARAMS)
    return project.root


@pytest.fixture
def root(initialised: Path, tmp_path: Path) -> Path:
    """The same for one test."""
    return shutil.copytree(initialised, tmp_path / "work")


@pytest.fixture
def plan(root: Path) -> Plan:
    """Plans a stream `orders` from events."""

    def planning(events: Any = ORDERS, schemas: Any = (), **wanted: Any) -> Adoption:
        values = tuple(e if isinstance(e, bytes) else json.dumps(e).encode() for e in events)
        asked = StreamRequest(**{"name": "orders", "topic": "shop.orders", **wanted})
        sample = Sample(
            topic=asked.topic, values=values, format=asked.format, schemas=dict(schemas)
        )
        return plan_stream(root, asked, lambda: sample, git_env=dict(os.environ))

    return planning


def text(plan: Adoption, path: str) -> str:
    """What a file will say."""
    return next(edit.after for edit in plan.files if edit.path == path)


def test_the_plan_holds_stages_settings_and_schema(plan: Plan, root: Path) -> None:
    """Everything that the pipeline needs, guessed from the events; nothing is written yet."""
    found = plan()
    assert [edit.path for edit in found.files] == [
        "schemas/orders.yaml", "dvc.yaml", "params.yaml",
    ]  # fmt: skip
    assert not (root / "schemas").exists()
    pipeline = yaml.safe_load(text(found, "dvc.yaml"))
    assert list(pipeline["stages"]) == [
        "make", "drain-orders", "parse-orders", "validate-orders", "profile-orders",
    ]  # fmt: skip
    assert pipeline["stages"]["parse-orders"]["params"] == [
        "release.streams.orders.format", "release.streams.orders.time",
        "release.streams.orders.late_minutes",
    ]  # fmt: skip
    assert pipeline["artifacts"]["orders"]["meta"] == {
        "schema": "schemas/orders.yaml", "key": ["order_id"], "pii": ["email"],
    }  # fmt: skip
    params = yaml.safe_load(text(found, "params.yaml"))
    assert params["release"]["streams"]["orders"] == {
        "topic": "shop.orders", "format": "json", "time": "created_at", "late_minutes": 60,
    }  # fmt: skip


def test_the_schema_says_what_the_events_are(plan: Plan) -> None:
    """Types, nulls and missing fields are promises; ranges and lists of values are comments."""
    schema = text(plan(), "schemas/orders.yaml")
    columns = yaml.safe_load(schema)["columns"]
    assert columns == {
        "order_id": {"dtype": "int64"}, "email": {"dtype": "str"}, "amount": {"dtype": "float64"},
        "status": {"dtype": "str"}, "created_at": {"dtype": "datetime64[ns, UTC]"},
        "day": {"dtype": "date"}, "gift": {"dtype": "bool"}, "items": {"dtype": "object"},
    }  # fmt: skip
    assert "# isin: [new, paid]" in schema
    assert "# in_range: {min_value: 1.25, max_value: 60.25}" in schema
    assert "example.com" not in schema


TYPES: dict[str, tuple[list[Any], dict[str, Any] | None]] = {
    "whole": ([1, 2**62], {"dtype": "int64"}),
    "larger": ([1, 2**64], {"dtype": "float64"}),
    "fractions": ([1, 1.5], {"dtype": "float64"}),
    "null": ([True, None], {"dtype": "bool", "nullable": True}),
    "times": (["2026-11-05T00:00:00"], {"dtype": "datetime64[ns]"}),
    "some times": (["2026-11-05", "x"], {"dtype": "str"}),
    "lists": ([["a"], "x"], {"dtype": "object"}),
    "most": (["a", 1, "b"], {"dtype": "str"}),
    "nothing": ([None], None),
}


# What limits, nulls, other kinds and no values make of a type.
@pytest.mark.parametrize("name", slow_but({"larger", "null", "most", "nothing"}, TYPES))
def test_types_are_those_of_most_values(plan: Plan, name: str) -> None:
    """A field without any value tells nothing and is left out."""
    values, expected = TYPES[name]
    events = [{"order_id": n, "v": value} for n, value in enumerate(values * 3)]
    columns = yaml.safe_load(text(plan(events), "schemas/orders.yaml"))["columns"]
    assert columns.get("v") == expected


def test_fields_that_are_not_always_there_are_not_required(plan: Plan) -> None:
    """So that the events of today all become rows."""
    events = [{"order_id": n, **({"v": 1} if n else {})} for n in range(4)]
    found = plan(events)
    columns = yaml.safe_load(text(found, "schemas/orders.yaml"))["columns"]
    assert columns["v"] == {"dtype": "int64", "nullable": True, "required": False}
    assert not found.left_out


def test_what_would_be_lost_is_told(plan: Plan) -> None:
    """Events that the schema takes for dead letters, and fields that no column can hold."""
    found = plan([*ORDERS, order(99, amount="1"), b"{", order(98, **{"": 1, "AMOUNT": 2})])
    told = {note.what: note.why for note in found.left_out}
    assert told["amount:dtype"] == "1 of 63 events that were read is a dead letter"
    assert told["json:truncated"] == "1 of 63 events that were read is a dead letter"
    assert {"field ''", "field 'AMOUNT'", "field 'note'"} <= set(told)


def test_a_key_is_found_though_events_were_sent_twice(plan: Plan) -> None:
    """Equal events are one event."""
    assert plan([*ORDERS, *ORDERS[:5]]).datasets[0].key == ("order_id",)


def test_key_and_time_can_be_given(plan: Plan) -> None:
    """And are taken as they are."""
    found = plan(key=("email", "order_id"), time="day")
    assert yaml.safe_load(text(found, "dvc.yaml"))["artifacts"]["orders"]["meta"]["key"] == [
        "email", "order_id",
    ]  # fmt: skip
    streams = yaml.safe_load(text(found, "params.yaml"))["release"]["streams"]
    assert streams["orders"]["time"] == "day"


@pytest.mark.slow  # tests/unit/adapters/test_yaml_edit.py has edits of lines
def test_files_keep_every_line(plan: Plan, root: Path) -> None:
    """Comments, blank lines and order of what was there stay, and a second stream fits beside."""
    write_stream(root, plan())
    second = plan(name="refunds", topic="refunds")
    write_stream(root, second)
    for path, before in (("dvc.yaml", DVC_YAML), ("params.yaml", PARAMS)):
        after = (root / path).read_text().splitlines()
        lines = [
            line for line in before.replace("artifacts: {}", "artifacts:").splitlines() if line
        ]
        assert [line for line in after if line in lines and line] == lines
    assert set(yaml.safe_load((root / "dvc.yaml").read_text())["artifacts"]) == {
        "orders", "refunds",
    }  # fmt: skip


def test_a_schema_that_is_there_stays(plan: Plan, root: Path) -> None:
    """It is used, and what it makes of the events is told."""
    own = "columns:\n  order_id: {dtype: int64, checks: {less_than: 31}}\n"
    (root / "schemas").mkdir()
    (root / "schemas" / "orders.yaml").write_text(own)
    found = plan(time=None)
    assert [edit.path for edit in found.files] == ["dvc.yaml", "params.yaml"]
    told = {note.what: note.why for note in found.left_out}
    assert told["order_id:less_than"] == "30 of 60 events that were read are dead letters"


def test_avro_events_are_read_with_their_schemas(plan: Plan) -> None:
    """The same guesses from a registry's schemas."""
    events = [framed(1, AVRO, {**GOOD, "id": n}) for n in range(5)]
    found = plan(events, {1: json.dumps(AVRO)}, format="avro")
    columns = yaml.safe_load(text(found, "schemas/orders.yaml"))["columns"]
    assert {name: column["dtype"] for name, column in columns.items()} == {
        "id": "int64", "price": "float64", "at": "datetime64[ns, UTC]", "day": "date",
        "note": "object",
    }  # fmt: skip
    assert yaml.safe_load(text(found, "params.yaml"))["release"]["streams"]["orders"] == {
        "topic": "shop.orders", "format": "avro", "time": "at", "late_minutes": 60,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "error", "told"),
    [
        ({"name": "no/name"}, SettingsError, "no/name"),
        ({"topic": "a b"}, SettingsError, "topic"),
        pytest.param({"name": "make"}, None, "", marks=pytest.mark.slow),
        ({"key": ("order_ids",)}, ConfigError, "Did you mean 'order_id'?"),
        pytest.param(
            {"time": "created"}, ConfigError, "--time: there is no column 'created'",
            marks=pytest.mark.slow,
        ),
        ({"time": "status"}, ConfigError, "is not a time or date (str)"),
        ({"events": []}, ConfigError, "has no events"),
        ({"events": [b"x", b"[]"]}, ConfigError, "None of the last 2 events"),
        ({"events": [framed(1, AVRO, GOOD)]}, ConfigError, "add --format avro"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(
    plan: Plan, root: Path, wanted: dict[str, Any], error: type[DatareleaseError] | None, told: str
) -> None:
    """Before anything is written, with the nearest name where there is one."""
    if error is None:
        assert plan(**wanted)
        return
    with pytest.raises(error) as raised:
        plan(**wanted)
    assert told in str(raised.value)
    assert (root / "dvc.yaml").read_text() == DVC_YAML


def test_a_name_that_is_taken_is_refused(plan: Plan, root: Path) -> None:
    """A second run of the same command, for one."""
    write_stream(root, plan())
    with pytest.raises(ConfigError, match="exists already"):
        plan()


def test_data_that_lie_where_parts_would_be_are_in_the_way(plan: Plan, root: Path) -> None:
    """The directory of parts is the stream's alone."""
    (root / "data" / "orders").mkdir(parents=True)
    assert plan()
    (root / "data" / "orders" / "old.csv").write_text("a\n1\n")
    with pytest.raises(ConfigError, match=r"exists already \(data/orders\)"):
        plan()


def test_files_that_git_ignores_are_told(plan: Plan, root: Path) -> None:
    """The plan and the reports must be in git."""
    (root / ".gitignore").write_text("/streams/\n")
    with pytest.raises(ConfigError, match=r"streams/orders\.json"):
        plan()


@pytest.mark.slow  # `init` has the same, in test_init.py
def test_files_changed_meanwhile_stay(plan: Plan, root: Path) -> None:
    """Nobody's edit is overwritten."""
    found = plan()
    (root / "params.yaml").write_text("release: {}\n")
    with pytest.raises(ConfigError, match="was changed while"):
        write_stream(root, found)
    assert not (root / "schemas").exists()


@pytest.mark.slow  # test_ingest_transcripts.py goes from events to a version
def test_from_a_topic_to_a_validated_dataset(
    root: Path, broker: Broker, tmp_path: Path, transcripts: Golden
) -> None:
    """The steps that `add` prints work as they are printed, for a topic with transactions, too."""
    topic = broker.topic("shop", partitions=2)
    records = [(str(n), json.dumps(event)) for n, event in enumerate(ORDERS)]
    broker.transaction(topic, [*records, ("x", "{"), ("y", None)])
    refused = run(root, "ingest", "add", "orders", "--topic", topic, env=broker.env, code=2)
    assert "--yes" in refused.text
    assert "drain-orders" in refused.text
    project = Project(root, tmp_path / "origin.git", tmp_path / "remote")
    project.git("init", "--quiet", "--bare", str(project.origin))
    project.git("remote", "add", "origin", str(project.origin))
    project.dvc("remote", "add", "--default", "storage", str(tmp_path / "remote"))
    transcripts.names = {topic: "shop.orders"}
    done = transcripts.show(
        root, "ingest", "add", "orders", "--topic", topic, "--yes", name="ingest-add",
        env=broker.env,
    )  # fmt: skip
    assert "holes: true" in (root / "params.yaml").read_text()
    steps = re.findall(r"^  \d\. ((?:git|datarelease|dvc) .*)$", done.out, re.MULTILINE)
    assert len(steps) == 4
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for step in steps:
        subprocess.run(
            ["sh", "-ec", step], cwd=root, check=True, capture_output=True,
            env={**os.environ, **broker.env, "PATH": path},
        )  # fmt: skip
    assert project.git("rev-parse", "HEAD") == project.git("rev-parse", "origin/orders")
    assert not project.git("status", "--porcelain")
    counts = json.loads((root / "reports/orders/stream.json").read_text())
    (batch,) = counts["batches"]
    assert (batch["events"], batch["dead"], batch["tombstones"]) == (60, 1, 1)
    assert batch["holes"] > 0
    assert json.loads((root / "reports/orders/validation.json").read_text())["rows"] == 60
    assert json.loads((root / "reports/orders/profile.json").read_text())["rows"] == 60
    assert "orders" not in project.dvc("status")
    unknown = run(root, "ingest", "add", "more", "--topic", f"{topic}x", env=broker.env, code=2)
    assert f"Did you mean '{topic}'?" in unknown.text
