"""A dataset is renamed, another one retired: check, release, and reading by either name."""

from __future__ import annotations

import warnings

import pytest
import yaml
from tests.commands import run
from tests.project import Project
from tests.versions import assert_whole, manifest, message

import datarelease as dr
from datarelease.errors import ConfigError, DatareleaseWarning


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
