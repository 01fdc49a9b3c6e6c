"""`verify --newest`: one look at several versions."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from tests.commands import run
from tests.project import Project
from tests.versions import document_path, manifest, manifest_path

pytestmark = pytest.mark.one_dataset


@pytest.fixture
def two(edited: Project) -> Project:
    """A project with data-v1 and data-v2."""
    run(edited, "release")
    return edited


def test_every_version_is_looked_at(two: Project, tmp_path: Path) -> None:
    """All is well: exit 0, and the file says so of each, newest first."""
    out = tmp_path / "damage.json"
    done = run(two, "verify", "--newest", "3", "--out", str(out))
    found = json.loads(out.read_text())["versions"]
    assert [(v["tag"], v["faults"], v["error"]) for v in found] == [
        ("data-v2", [], None), ("data-v1", [], None),
    ]  # fmt: skip
    assert "data-v1" in done.out


def test_one_fault_does_not_hide_another(two: Project, tmp_path: Path) -> None:
    """A lost object of one version and lost manifests of the other are both in the file."""
    lost = manifest(two.remote, "data-v2")["datasets"][-1]["files"][0]["key"]
    (two.remote / lost).unlink()
    copy = manifest_path(two.remote, "data-v1")
    own = document_path(two.remote, hashlib.sha256(copy.read_bytes()).hexdigest())
    copy.unlink()
    out = tmp_path / "damage.json"
    done = run(two, "verify", "--newest", "2", "--out", str(out), code=3)
    newest, older = json.loads(out.read_text())["versions"]
    assert [fault["key"] for fault in newest["faults"]] == [lost]
    assert [fault["key"] for fault in older["faults"]] == ["releases/data-v1/manifest.json"]
    own.unlink()
    shutil.rmtree(two.root / ".dvc" / "cache")
    run(two, "verify", "--newest", "2", "--out", str(out), code=3)
    assert "manifest" in json.loads(out.read_text())["versions"][1]["error"]
    assert "data-v2, data-v1" in done.text


def test_only_so_many_are_looked_at(two: Project) -> None:
    """`--newest 1` leaves the older ones, whatever is wrong with them."""
    (two.remote / "releases" / "data-v1" / "manifest.json").unlink()
    assert [v["tag"] for v in run(two, "verify", "--newest", "1", "--json").json["versions"]] == [
        "data-v2"
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        pytest.param(["data-v1", "--newest", "1"], marks=pytest.mark.slow),
        pytest.param(["--newest", "0"], marks=pytest.mark.slow),
    ],
)
def test_what_to_look_at_has_to_be_said_once(arguments: list[str], two: Project) -> None:
    """Neither, both, or none at all: exit 2."""
    run(two, "verify", *arguments, code=2)
