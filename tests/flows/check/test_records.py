"""A recorded validation or profile counts for exactly what it was made from, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.commands import run
from tests.conftest import environment, hermetic_environment
from tests.project import Project
from tests.versions import tags

RECORDS = {"validate": "validation", "profile": "profile"}
"""What each stage leaves."""
SCHEMA = """\
schema_type: dataframe
version: 0.35.0
columns:
  id: {dtype: int64, unique: true}
  spend: {dtype: float64, checks: {in_range: {min_value: -1000, max_value: 1000}}}
"""


@pytest.fixture(scope="module")
def template(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stages validated and profiled people; all is committed, nothing is stale or released."""
    folder = tmp_path_factory.mktemp("recorded")
    project = Project.copied(templates / "template", folder / "recorded")
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"]["people"]["meta"] = {"schema": "schemas/people.yaml", "key": ["id"]}
    for kind, record in RECORDS.items():
        declared["stages"][kind] = {
            "cmd": f"datarelease {kind} people",
            "deps": ["data/people.csv", "schemas/people.yaml"],
            "metrics": [{f"reports/people/{record}.json": {"cache": False}}],
        }
    del declared["artifacts"]["events"]
    project.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    project.write("schemas/people.yaml", SCHEMA)
    with environment(hermetic_environment(folder / "home")):
        project.repro()
        project.commit("Stages")
        project.push()
    return folder / "recorded"


@pytest.fixture
def recorded(template: Path, tmp_path: Path) -> Project:
    """The same, of the test's own."""
    return Project.copied(template, tmp_path / "recorded")


def meta(project: Project, **edits: object) -> None:
    """Edit what dvc.yaml says of people."""
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"]["people"]["meta"].update(edits)
    project.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    project.commit("Declare otherwise")


def failed(done: Any) -> set[str]:
    """The checks of people that failed in a report."""
    [people] = [dataset for dataset in done.json["datasets"] if dataset["name"] == "people"]
    return {violation["check"] for violation in people["validation"]["violations"]}


@pytest.mark.parametrize(
    "key",
    [
        # test_broken.py has a key without a column.
        pytest.param(["nonsense"], id="no column", marks=pytest.mark.slow),
        pytest.param(["plan"], id="not unique"),
    ],
)
def test_a_key_declared_later_is_checked_and_blocks(recorded: Project, key: list[str]) -> None:
    """The validation in git was made with another key; check and release judge by today's."""
    assert failed(run(recorded, "check", "--json")) == set()
    meta(recorded, key=key)
    done = run(recorded, "check", "--json", code=1)
    assert "validation.json is not used: it was made before these inputs changed: key" in done.err
    assert "dvc repro --force --single-item validate" in done.err
    assert any("key" in check or "unique" in check for check in failed(done)), failed(done)
    recorded.push()
    run(recorded, "release", code=1)
    assert tags(recorded) == []


def test_dvc_commit_does_not_vouch_for_an_old_validation(recorded: Project) -> None:
    """``dvc commit`` writes the hash of other data beside a validation that never saw it."""
    data = recorded.root / "data/people.csv"
    data.write_text(data.read_text().replace("\n2,", "\n1,", 1))
    recorded.dvc("commit", "--force", "--quiet")
    recorded.commit("Committed unseen")
    done = run(recorded, "check", "--json", code=1)
    assert "made before these inputs changed: data" in done.err
    assert "unique" in failed(done)


def test_a_record_of_an_earlier_program_is_made_anew(recorded: Project) -> None:
    """One that names no inputs, or was made by other rules, is never taken."""
    for name, edit in {"validation": lambda _: [], "profile": older}.items():
        path = recorded.root / f"reports/people/{name}.json"
        document = json.loads(path.read_text())
        document["made_from"] = edit(document["made_from"])
        path.write_text(json.dumps(document))
    recorded.dvc("commit", "--force", "--quiet")
    done = run(recorded, "check")
    assert "validation.json is not used: it does not say what it was made from" in done.err
    assert "profile.json is not used: it was made before these inputs changed: rules" in done.err


def older(made_from: list[list[str]]) -> list[list[str]]:
    """The same by rules of yesterday."""
    return [[name, "0" if name == "rules" else value] for name, value in made_from]


@pytest.mark.slow  # test_golden.py compares records byte for byte
def test_equal_inputs_give_equal_records_and_dvc_sees_no_change(recorded: Project) -> None:
    """The inputs in a record are functions of the content: a stage run again writes equal bytes."""
    before = {path: path.read_bytes() for path in (recorded.root / "reports/people").iterdir()}
    recorded.dvc("repro", "--force", "--quiet")
    assert {path: path.read_bytes() for path in before} == before
    assert recorded.git("status", "--porcelain") == ""
    assert "not used" not in run(recorded, "check").err


def test_a_bundle_whose_records_are_about_something_else_is_refused(
    recorded: Project, tmp_path: Path
) -> None:
    """The publisher computes from its own checkout what each record must have been made from."""
    bundle = tmp_path / "bundle"
    run(recorded, "check", "--bundle", str(bundle))
    records = "assessments/reports/people"
    for name, told, edit in (
        (f"{records}/validation.json", "before these inputs changed: key", otherwise("key")),
        (f"{records}/profile.json", "before these inputs changed: data", otherwise("data")),
        ("report.json", "its report and its validation of people differ", without_checks),
        ("report.json", "says that people is identical", the_same),
        ("report.json", "does not describe the datasets people", without_datasets),
    ):
        place = bundle / name
        kept = place.read_text()
        document = json.loads(kept)
        edit(document)
        place.write_text(json.dumps(document))
        assert told in run(recorded, "release", "--bundle", str(bundle), code=4).err
        place.write_text(kept)
    assert tags(recorded) == []
    run(recorded, "release", "--bundle", str(bundle))


def otherwise(wanted: str) -> Callable[[Any], None]:
    """The record says that it was made from something else."""

    def edit(record: Any) -> None:
        record["made_from"] = [[n, "else" if n == wanted else v] for n, v in record["made_from"]]

    return edit


def without_checks(report: Any) -> None:
    """The report tells less than what was validated."""
    report["datasets"][0]["validation"]["checks"] -= 1


def the_same(report: Any) -> None:
    """The report says that nothing changed."""
    report["datasets"][0]["diff"]["status"] = "identical"


def without_datasets(report: Any) -> None:
    """The report says nothing."""
    report["datasets"] = []


def test_rows_that_dvcignore_leaves_out_are_neither_validated_nor_released(
    built: Project,
) -> None:
    """One row everywhere: in the stages' records, in the report, in the version and in `load`."""
    built.write("data/raw/p0.csv", "id,x\n1,a\n")
    built.write("data/raw/p1.csv", "id,x\n9,b\n9,c\n")
    built.write("data/raw/deep/p2.csv", "id,x\n9,d\n")
    built.write(".dvcignore", "p1.csv\ndeep/\n")
    built.dvc("add", "--quiet", "data/raw")
    declared = built.read_yaml("dvc.yaml")
    declared["artifacts"] = {
        "raw": {"path": "data/raw", "type": "dataset", "meta": {"key": ["id"]}}
    }
    for kind, record in RECORDS.items():
        declared["stages"][kind] = {
            "cmd": f"datarelease {kind} raw",
            "deps": ["data/raw"],
            "metrics": [{f"reports/raw/{record}.json": {"cache": False}}],
        }
    built.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    built.repro()
    built.commit("Raw data")
    built.push()
    for record in ("validation", "profile"):
        assert json.loads((built.root / f"reports/raw/{record}.json").read_text())["rows"] == 1
    done = run(built, "release")
    assert "not used" not in done.err
    assert "raw=1" in built.git("tag", "--list", "--format=%(contents)", "data-v1")
    files = run(built, "show", "1", "--json").json["manifest"]["datasets"][0]["files"]
    assert [file["path"] for file in files] == ["p0.csv"]


@pytest.mark.slow  # test_pii.py declares a column later
def test_a_baseline_is_read_from_the_record_of_its_own_data(recorded: Project) -> None:
    """The profile in git was made under other pii columns: that of the release is taken."""
    meta(recorded, pii=["name"])
    recorded.push()
    run(recorded, "release")
    old = json.loads((recorded.root / "reports/people/profile.json").read_text())
    assert not old["columns"]["name"].get("pii"), "the stage did not run again"
    recorded.params(rows=25)
    done = run(recorded, "check", "--json")
    [people] = done.json["datasets"]
    [name] = [column for column in people["diff"]["columns"] if column["column"] == "name"]
    assert name["before"]["rows"] == 20
    assert "profile.json is used although" not in done.err
    for place in recorded.remote.rglob("releases/data-v1/reports/people/profile.json"):
        place.unlink()
    assert "is used although" not in run(recorded, "check").err, "made from the data"
