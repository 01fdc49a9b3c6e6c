"""A long history: whatever happened to its versions, a collection leaves each of them whole."""

from __future__ import annotations

import shutil

import pytest
from tests.commands import run
from tests.flows.retention.conftest import age, put_object, stored
from tests.project import Project
from tests.versions import object_path, tags


def release(project: Project, tag: str, **make: object) -> None:
    """Edit the parameters and release what they make."""
    project.params(**make)
    project.commit("Edit", "params.yaml")
    project.push()
    assert run(project, "release", "--json").json["tag"] == tag


def branch(project: Project, name: str, **make: object) -> None:
    """A branch with data of its own, pushed, and main again."""
    project.git("switch", "--quiet", "-c", name)
    project.params(**make)
    project.repro()
    project.commit(name)
    project.dvc("push", "--quiet")
    project.git("push", "--quiet", "origin", name)
    project.git("switch", "--quiet", "main")
    project.dvc("checkout", "--quiet")


@pytest.mark.slow
def test_a_long_history_is_whole_after_a_collection(edited: Project) -> None:
    """Ten releases, three withdrawals, a roll-back, a purge, two open branches: then it runs."""
    run(edited, "release")
    for number in range(3, 9):
        release(edited, f"data-v{number}", rows=20 + number, parts=1 + number % 3)
        if number == 5:
            branch(edited, "open-one", rows=7, parts=1)
    for number in (3, 6, 8):
        run(edited, "yank", str(number), "--reason", "wrong")
    run(edited, "rollback", "data-v4")
    edited.git("switch", "--quiet", "main")
    edited.git("merge", "--quiet", "--ff-only", "rollback-to-data-v4")
    edited.git("branch", "--quiet", "-d", "rollback-to-data-v4")
    edited.push()
    assert run(edited, "release", "--json").json["tag"] == "data-v9"
    release(edited, "data-v10", rows=40, parts=2)
    branch(edited, "open-two", rows=8, parts=2)
    branch(edited, "given-up", rows=9, parts=2)
    edited.git("push", "--quiet", "origin", "--delete", "given-up")
    edited.git("branch", "--quiet", "-D", "given-up")
    run(edited, "purge", "6", "--reason", "a request", "--apply")
    garbage = put_object(edited.remote, b"garbage")
    age(edited.remote)
    before = stored(edited.remote)
    found = run(edited, "gc", "--apply", "--json").json
    assert found["health"]["versions"]
    gone = before - stored(edited.remote)
    assert gone == {item["key"] for item in found["remotes"][0]["garbage"]}
    assert len(gone) > 1, "the data of the branch that was given up, and the garbage"
    assert not object_path(edited.remote, garbage).exists()
    shutil.rmtree(edited.root / ".dvc/cache")
    versions = [tag for tag in tags(edited) if tag.removeprefix("data-v").isdecimal()]
    assert len(versions) == 10
    for tag in versions:
        done = run(edited, "verify", tag, "--full", "--json").json
        assert done["faults"] == []
        assert (done["erased"] is not None) == (tag == "data-v6")
    for name in ("open-one", "open-two", "main"):
        edited.git("switch", "--quiet", name)
        edited.dvc("pull", "--quiet", "--force")
