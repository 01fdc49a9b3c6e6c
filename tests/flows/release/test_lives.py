"""Datasets are renamed, split, retired: check, release, and reading by either name."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
import yaml
from tests.commands import run
from tests.project import Project
from tests.versions import assert_whole, manifest, message

import datarelease as dr
from datarelease.errors import ConfigError, DatareleaseWarning


@pytest.mark.slow  # the page rename-split-retire.md is played
def test_renamed_and_retired(released: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is a loss: the waiver names the old name, and both names are read ever after."""
    pipeline = released.read_yaml("dvc.yaml")
    clients = pipeline["artifacts"].pop("people")
    clients["meta"]["renamed_from"] = "people"
    pipeline["artifacts"]["clients"] = clients
    pipeline["artifacts"]["events"]["meta"] = {"retired": "Nobody reads them."}
    released.write("dvc.yaml", yaml.safe_dump(pipeline, sort_keys=False))
    released.commit("Clients", "dvc.yaml")
    blocked = run(released, "check", "--json", code=1).json
    told = {f["dataset"]: (f["level"], f["message"]) for f in blocked["verdict"]["findings"]}
    assert told == {
        "clients": ("block", "breaking change: the dataset was renamed from people"),
        "events": ("warn", "the dataset was retired: Nobody reads them."),
    }
    waiver = {"what": "people", "until": "data-v2", "reason": "a clearer name"}
    released.release_settings(policy={"allow_breaking": [waiver]})
    released.commit("The waiver", "params.yaml")
    released.push()
    run(released, "release")
    assert_whole(released, "data-v2")
    found = manifest(released.remote, "data-v2")
    [clients] = found["datasets"]
    assert (clients["name"], clients["renamed_from"]) == ("clients", "people")
    assert found["retired"] == [{"name": "events", "reason": "Nobody reads them."}]
    assert message(released, "data-v2").endswith("\nRenamed: clients=people\nRetired: events")
    monkeypatch.chdir(released.root)
    with pytest.warns(DatareleaseWarning, match="data-v2 has no dataset people: clients is read"):
        assert len(dr.load("data-v2", "people")) == 20
    with pytest.warns(DatareleaseWarning, match="data-v1 has no dataset clients: people is read"):
        assert len(dr.load("data-v1", "clients")) == 20
    with pytest.warns(DatareleaseWarning, match="data-v2 has no dataset people: clients is read"):
        assert len(dr.load(str(released.remote), "data-v2", "people")) == 20
    with pytest.raises(ConfigError, match=r"retired in data-v2: Nobody reads them\."):
        dr.load("data-v2", "events")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(dr.load("data-v2", "clients")) == 20
    compared = run(released, "diff", "1", "2", "--json").json
    parts = {part["name"]: part["diff"] for part in compared["datasets"]}
    assert parts["clients"]["renamed_from"] == "people"
    assert parts["clients"]["status"] == "identical"
    assert parts["events"]["status"] == "removed"
    text = run(released, "changelog", "data-v2").out
    assert "- The dataset `clients` is the former `people`. The reason: a clearer name\n" in text
    assert "- The dataset `events` was retired: Nobody reads them.\n" in text
    # Declarations may stay: there is nothing left to say of them.
    again = run(released, "check", "--json").json
    assert (again["outcome"], again["verdict"]["findings"]) == ("unchanged", [])


SPLIT = """\
for name, first in (("clients", True), ("leads", False)):
    rows = [row for row in people if (row[3] == "A") is first]
    write(f"data/{name}.csv", ("id", "name", "email", "plan", "spend"), rows)
"""
PARTS = {"clients": 9, "leads": 11}


@pytest.mark.one_dataset
@pytest.mark.slow  # the page rename-split-retire.md is played
def test_split(released: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No row of one part is lost to the other: in report, notes, comparison and catalogue."""
    pipeline = released.read_yaml("dvc.yaml")
    people = pipeline["artifacts"].pop("people")
    people["meta"]["renamed_from"] = "people"
    pipeline["artifacts"] = {name: {**people, "path": f"data/{name}.csv"} for name in PARTS}
    pipeline["stages"]["make"]["outs"] = [f"data/{name}.csv" for name in PARTS]
    released.write("dvc.yaml", yaml.safe_dump(pipeline, sort_keys=False))
    made = (released.root / "make.py").read_text()
    released.write("make.py", made[: made.index('write("data/people.csv"')] + SPLIT)
    released.repro()
    waiver = {"what": "people", "until": "data-v2", "reason": "leads are no clients"}
    released.release_settings(policy={"allow_breaking": [waiver]})
    released.commit("Clients and leads")
    released.push()
    shown = run(released, "check")
    assert "1 dataset split: programs that read the data may fail" in shown.out
    assert "fewer" not in shown.out
    assert "PSI" not in shown.out
    told = json.loads((released.root / "reports/report.json").read_text())
    assert {(f["dataset"], f["level"], f["message"]) for f in told["verdict"]["findings"]} == {
        (name, "warn", "breaking change: the dataset was split from people") for name in PARTS
    }
    run(released, "release")
    assert_whole(released, "data-v2")
    found = {d["name"]: d for d in manifest(released.remote, "data-v2")["datasets"]}
    assert {name: d["rows"] for name, d in found.items()} == PARTS
    assert {d["renamed_from"] for d in found.values()} == {"people"}
    assert message(released, "data-v2").endswith("\nRenamed: clients=people leads=people")
    monkeypatch.chdir(released.root)
    for address in ((), (released.remote,)):
        for name, rows in PARTS.items():
            assert len(dr.load(*address, "data-v2", name)) == rows
            with pytest.warns(DatareleaseWarning, match=f"no dataset {name}: people is read"):
                assert len(dr.load(*address, "data-v1", name)) == 20
        with pytest.raises(ConfigError, match="people was split: data-v2 has the datasets clients"):
            dr.load(*address, "latest", "people")
    compared = dr.diff("data-v1", "data-v2")
    assert {part.name: part.diff.renamed_from for part in compared.datasets} == dict.fromkeys(
        PARTS, "people"
    )
    with pytest.raises(ConfigError, match="it is only a part of people") as caught:
        compared.rows("clients")
    assert "key" not in caught.value.remedy
    text = run(released, "changelog", "data-v2").out
    assert "- The dataset `leads` is a part of the former `people`. The reason: leads are" in text
    assert "- The parts of `people` have 20 rows together.\n" in text
    assert "distribution" not in text
    run(released, "site", "--out", str(tmp_path / "site"))
    pages = tmp_path / "site" / "datasets"
    assert "It was split. Its parts are" in (pages / "people.html").read_text()
    assert "20 rows" in (pages / "people.html").read_text()
    assert "PSI" not in (pages / "clients.html").read_text()
    again = run(released, "check", "--json").json
    assert (again["outcome"], again["verdict"]["findings"]) == ("unchanged", [])
