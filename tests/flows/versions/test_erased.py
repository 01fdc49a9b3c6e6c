"""A version whose data was erased, as every reader sees it: the tag of the erasure decides."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.commands import run
from tests.project import Project
from tests.versions import document_path, manifest, manifest_path, tags

import datarelease as dr

pytestmark = pytest.mark.one_dataset


def erase(project: Project, tag: str, reason: str) -> None:
    """Push the tag that says that a version was erased, as anybody may who can push tags."""
    project.git("fetch", "--quiet", "origin", "tag", tag)
    message = f"{tag} is erased\n\nReason: {reason}"
    project.git("tag", "-a", "-m", message, f"{tag}-erased", f"{tag}^{{commit}}")
    project.git("push", "--quiet", "origin", f"{tag}-erased")


@pytest.mark.slow  # test_purge.py reads one, tests/unit/flows/test_catalogue.py has the rest
def test_readers_checks_and_releases_know_an_erased_version(
    edited: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its data is refused with the reason, its manifest is shown, and nothing is built on it."""
    run(edited, "release")
    erase(edited, "data-v2", "a person | withdrew **consent**")
    date = run(edited, "list", "--json").json[0]["erased"]["date"][:10]
    said = f"data-v2 was erased on {date}: a person | withdrew **consent**."
    assert "erased: a person | withdrew **consent**" in run(edited, "list").out
    for command in ("get 2", "diff 1 2", "rollback 2", "check --base 2"):
        assert said in run(edited, *command.split(), code=2).err
    for command in ("yank 2 --reason x", "unyank 2"):
        refused = run(edited, *command.split(), code=2).err
        assert f"{said} An erased version can be neither withdrawn" in refused
    monkeypatch.chdir(edited.root)
    calls: list[Callable[[], object]] = [
        lambda: dr.load("data-v2", "people"),
        lambda: dr.files("data-v2", "people"),
        lambda: dr.get("data-v2", edited.root / "out"),
        lambda: dr.diff("data-v1", "data-v2"),
    ]
    for call in calls:
        with pytest.raises(dr.ErasedVersionError, match="a person"):
            call()
    assert len(dr.load("latest", "people")) == 20
    assert said in run(edited, "show", "2").text
    # Of its documents the manifest alone has to be there.
    for document in manifest(edited.remote, "data-v2")["documents"]:
        (edited.remote / "releases/data-v2" / document["name"]).unlink()
        if document not in manifest(edited.remote, "data-v1")["documents"]:
            document_path(edited.remote, document["sha256"]).unlink()
    assert f"{said} Its manifest is on storage." in run(edited, "verify", "2").out
    assert run(edited, "verify", "--newest", "2", "--json").json["versions"][0]["tag"] == "data-v1"
    manifest_path(edited.remote, "data-v2").unlink()
    assert run(edited, "verify", "2", "--json", code=3).json["faults"][0]["kind"] == "missing"
    assert run(edited, "verify", "2", "--repair", "--json").json["faults"] == []
    # The data is still in the work tree: it is not published again, nor are its documents.
    blocked = run(edited, "release", code=1)
    assert f"this is the data of an erased version: {said}" in blocked.text
    assert not (edited.remote / "releases/data-v2/report.json").exists()
    edited.params(rows=30)
    edited.commit("More", "params.yaml")
    edited.push()
    released = run(edited, "release", "--json")
    assert (released.json["tag"], tags(edited)[-1]) == ("data-v3", "data-v3")
    assert not (edited.remote / "releases/data-v2/report.json").exists()
    notes = run(edited, "check", "--base", "1", "--json").json["notes"]
    assert "data-v2 was erased and is skipped: a person | withdrew **consent**" in notes
