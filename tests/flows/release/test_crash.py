"""Killed anywhere, the same command run again ends in the same release.

Each case kills the process with SIGKILL at one boundary, runs the command again, and holds the
result against a release that nobody disturbed.
"""

from __future__ import annotations

import os
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Literal

import pytest
from tests.commands import KILLED, Point, run
from tests.conftest import environment, hermetic_environment
from tests.project import Project
from tests.slow_cases import slow_but
from tests.versions import assert_whole, branch, manifest, manifest_path, tags

from datarelease.documents import decode_index
from datarelease.progress import Step

ONE_REMOTE = [
    Point(step=Step.STALE),
    *(Point(step=Step.HASH, call=n) for n in (1, 2)),
    Point(step=Step.COMMIT),
    Point(step=Step.COMMIT, when="after"),
    Point(step=Step.SEND),
    *(Point(step=Step.UPLOAD, call=n, when="after") for n in (1, 2, 3)),
    Point(step=Step.LOOK, call=3),
    Point(step=Step.VERIFY, when="after"),
    Point(step=Step.RECORD),
    *(Point(step=Step.UPLOAD, call=n, when="after") for n in (4, 14, 15)),
    Point(step=Step.TAG),
    Point(step=Step.TAG_OBJECT, when="after"),
    Point(step=Step.PUSH),
    Point(step=Step.PUSH, when="after"),
    Point(step=Step.REF, call=1),
    Point(step=Step.INDEX),
    Point(step=Step.INDEX, when="after"),
    Point(step=Step.REF, call=2),
    Point(step=Step.REF, call=2, when="after"),
    Point(step=Step.COPIES),
    *(Point(step=Step.UPLOAD, call=n, when="after") for n in (16, 26, 27)),
    Point(step=Step.COPIES, when="after"),
    Point(step=Step.VERSION_INDEX),
]
"""Uploads: a table, a part, a listing; manifest and eleven documents; then, tagged, the copies."""
TWO_REMOTES = [
    Point(step=Step.SEND),
    *(Point(step=Step.UPLOAD, call=n, when="after") for n in range(1, 10)),
    *(Point(step=Step.LOOK, call=n) for n in (1, 2, 3, 4, 5)),
    Point(step=Step.RECORD),
    *(Point(step=Step.UPLOAD, call=n, when="after") for n in range(10, 34)),
    Point(step=Step.PUSH),
    Point(step=Step.PUSH, when="after"),
    Point(step=Step.COPIES),
    *(Point(step=Step.UPLOAD, call=n, when="after") for n in range(34, 58)),
]
WHEN: tuple[Literal["before", "after"], ...] = ("before", "after")
QUICK = {
    "before stale 1", "after commit 1", "after upload 2", "before record 1", "after upload 14",
    "after tag object 1", "after push 1", "after index 1", "after upload 26",
}  # fmt: skip
"""One point between each two things that a release leaves outside of its process."""
QUICK_WITH_TWO = {"after upload 3"}
"""With two remotes, what one remote does not have: the steps are those with one."""


def with_backup(project: Project) -> Path:
    """A second required remote, committed and pushed; where it is."""
    backup = project.remote.parent / "backup"
    config = (project.root / ".dvc/config").read_text()
    project.write(".dvc/config", f"{config}['remote \"backup\"']\n    url = ../../backup\n")
    project.release_settings(remotes=["storage", "backup"])
    always = {f"GIT_{who}_DATE": "2026-01-01T12:00:00Z" for who in ("AUTHOR", "COMMITTER")}
    project.git("add", ".dvc/config", "params.yaml")
    project.run("git", "commit", "--quiet", "-m", "A second remote", env=always)
    project.push()
    return backup


@pytest.fixture(scope="session")
def undisturbed(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, str]:
    """The manifest of data-v2 as a release without a crash writes it, by two remotes or one."""
    found = {}
    for two in (False, True):
        place = tmp_path_factory.mktemp("calm")
        project = Project.copied(templates / "edited", place / "project")
        with environment(hermetic_environment(place / "home")):
            if two:
                with_backup(project)
            run(project, "release")
        text = manifest_path(project.remote, "data-v2").read_text()
        found[two] = text.replace(str(project.remote.parent), "HERE")
    return found


def assert_same_end(project: Project, calm: str, remotes: list[Path]) -> None:
    """One new tag, whole on every remote, with the very manifest of a calm release."""
    assert tags(project) == ["data-v1", "data-v2"]
    assert_whole(project, "data-v2", *remotes)
    for remote in remotes:
        folders = {path.name for path in (remote / "releases").iterdir() if path.is_dir()}
        assert folders - {"data-v1"} == {"data-v2", "sha256"}, "no number but the version's"
        text = manifest_path(remote, "data-v2").read_text()
        assert text.replace(str(project.remote.parent), "HERE") == calm
        index = decode_index((remote / "releases" / "index.json").read_bytes())
        # A second remote was added after the first version, which it does not have.
        held = ["data-v1", "data-v2"] if remote == project.remote else ["data-v2"]
        assert [version.tag for version in index.versions] == held
    left = [path for remote in remotes for path in remote.rglob("*") if ".tmp" in path.name]
    assert len(left) <= 1, "at most the one file that was being written"
    assert branch(project) == project.head, "main has the release commit, here as there"
    assert project.git("status", "--short", "--untracked-files=no") == ""


@pytest.mark.parametrize("point", slow_but(QUICK, ONE_REMOTE))
def test_killed_at_a_boundary(edited: Project, undisturbed: dict[bool, str], point: Point) -> None:
    """Whatever the boundary, the second run ends in the manifest and tag of a calm release."""
    run(edited, "release", points=[point], code=KILLED)
    run(edited, "release")
    assert_same_end(edited, undisturbed[False], [edited.remote])


@pytest.mark.parametrize("point", slow_but(QUICK_WITH_TWO, TWO_REMOTES))
def test_killed_with_two_remotes(
    edited: Project, undisturbed: dict[bool, str], point: Point
) -> None:
    """With two remotes as well, both end with the same manifest."""
    backup = with_backup(edited)
    run(edited, "release", points=[point], code=KILLED)
    run(edited, "release")
    assert_same_end(edited, undisturbed[True], [edited.remote, backup])


@pytest.mark.slow
def test_killed_again_and_again(edited: Project, undisturbed: dict[bool, str]) -> None:
    """Runs that get one step further each before they are killed still end in one release."""
    for point in ONE_REMOTE[1::3]:
        run(edited, "release", points=[point], code=None)
    run(edited, "release")
    assert_same_end(edited, undisturbed[False], [edited.remote])
    assert run(edited, "release", "--json").json["released"] is False


def test_no_tag_before_everything_is_there(edited: Project) -> None:
    """Killed right before the push of the tag, nothing at the origin has changed."""
    before = branch(edited)
    run(edited, "release", points=[Point(step=Step.PUSH)], code=KILLED)
    assert tags(edited) == ["data-v1"]
    assert branch(edited) == before


DEADLY = """
import os, pathlib, signal
victim = pathlib.Path("../victim")
if victim.exists():
    number = int(victim.read_text())
    victim.unlink()
    os.kill(number, signal.SIGKILL)
    if pathlib.Path("../dvc-too").exists():
        os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)
"""


def name_victim(place: Path) -> None:
    """Leave our process number for the stage, which kills us half-way; all of us are a group."""
    os.setpgrp()
    place.write_text(str(os.getpid()))


@pytest.mark.parametrize(
    "all_of_it",
    [
        pytest.param(False, id="only us"),
        pytest.param(True, id="DVC too", marks=pytest.mark.slow),
    ],
)
def test_killed_while_a_stage_runs(released: Project, *, all_of_it: bool) -> None:
    """A stage cut off after its first output leaves nothing that the second run believes."""
    script = (released.root / "make.py").read_text()
    cut = 'write("data/people.csv"'
    where = script.rindex(cut)
    end = script.index("\n", where)
    released.write("make.py", script[: end + 1] + DEADLY + script[end + 1 :])
    released.params(rows=31)
    released.commit("More rows")
    released.push()
    if all_of_it:
        (released.root.parent / "dvc-too").touch()
    victim = released.root.parent / "victim"
    point = Point(step=Step.REPRODUCE, act=partial(name_victim, victim))
    run(released, "release", points=[point], code=KILLED)
    patience = time.monotonic() + 60
    done = run(released, "release", code=None)
    while done.code == 3 and time.monotonic() < patience:
        # What DVC had begun may take a moment to end; until then the lock is its own.
        assert "Another DVC process" in done.text
        done = run(released, "release", code=None)
    assert done.code == 0
    assert tags(released) == ["data-v1", "data-v2"]
    assert_whole(released, "data-v2")
    assert "people=31" in released.git("cat-file", "tag", "data-v2")


PIPELINE = [Point(step=Step.REPRODUCE, when=when) for when in WHEN]


# Before it ran is after the first look at what is stale, above.
@pytest.mark.parametrize("point", slow_but({"after reproduce 1"}, PIPELINE))
def test_killed_around_the_pipeline(released: Project, point: Point) -> None:
    """Before it ran or after, the second run releases what the pipeline makes."""
    released.params(rows=31)
    released.commit("More rows")
    released.push()
    run(released, "release", points=[point], code=KILLED)
    assert run(released, "release", "--json").json["tag"] == "data-v2"
    assert_whole(released, "data-v2")


def test_dvc_ends_while_the_release_begins(edited: Project) -> None:
    """A pipeline that another process ends after the first look at the lock counts as it is."""
    point = Point(step=Step.STALE, act=edited.repro)
    done = run(edited, "release", points=[point])
    assert "dvc.lock is up to date" in done.text
    assert tags(edited) == ["data-v1", "data-v2"]
    assert_whole(edited, "data-v2")


def test_another_machine_finishes_the_release(edited: Project, tmp_path: Path) -> None:
    """Killed before the tag, another clone with the same commit ends in the same version."""
    edited.commit("The lock")
    edited.push()
    run(edited, "release", points=[Point(step=Step.PUSH)], code=KILLED)
    assert not manifest_path(edited.remote, "data-v2").exists(), "nothing is reserved"
    clone = edited.clone(tmp_path / "clone")
    shutil.copytree(edited.root / ".dvc" / "cache", clone.root / ".dvc" / "cache")
    assert run(clone, "release", "--json").json["tag"] == "data-v2"
    assert_whole(edited, "data-v2")


@pytest.mark.slow  # another machine, above, is quick
def test_another_identity_finishes_the_release(edited: Project) -> None:
    """Killed and run again by somebody else in the same work tree: the same number, whole."""
    run(edited, "release", points=[Point(step=Step.PUSH)], code=KILLED)
    edited.git("config", "user.name", "Somebody Else")
    edited.git("config", "user.email", "else@example.com")
    assert run(edited, "release", "--json").json["tag"] == "data-v2"
    assert edited.git("log", "-1", "--format=%an", "data-v2") == "Somebody Else"
    assert_whole(edited, "data-v2")


@pytest.mark.slow  # killed after the push, and copies in test_missing.py, are quick
def test_copies_that_a_killed_release_left_out_are_written_by_the_next(
    edited: Project, tmp_path: Path
) -> None:
    """Another clone that has nothing to release heals them; `verify` names them until then."""
    point = Point(step=Step.PUSH, when="after")
    run(edited, "release", points=[point], code=KILLED)
    assert tags(edited) == ["data-v1", "data-v2"]
    folder = edited.remote / "releases" / "data-v2"
    assert not folder.exists()
    clone = edited.clone(tmp_path / "clone")
    assert run(clone, "show", "data-v2", "--json").json["manifest"]["tag"] == "data-v2"
    done = run(clone, "verify", "data-v2", code=3)
    assert "releases/data-v2/report.html is missing" in done.text
    assert "datarelease verify data-v2 --repair" in done.text
    assert run(clone, "release", "--json").json["released"] is False
    assert_whole(edited, "data-v2")
    shutil.rmtree(folder)
    assert (
        "repaired: storage: releases/data-v2/manifest.json"
        in run(clone, "verify", "data-v2", "--repair").out
    )
    assert_whole(edited, "data-v2")


WITHDRAWAL = [Point(step=step, when=when) for step in (Step.TAG_OBJECT, Step.PUSH) for when in WHEN]
RETURN = [Point(step=Step.PUSH, when=when) for when in WHEN]


@pytest.mark.parametrize("point", slow_but({"before push 1", "after push 1"}, WITHDRAWAL))
def test_killed_while_a_version_is_withdrawn(released: Project, point: Point) -> None:
    """Withdrawn by the first run or by the second, and never half."""
    command = ("yank", "data-v1", "--reason", "wrong")
    run(released, *command, points=[point], code=KILLED)
    done = run(released, *command, code=None)
    assert done.code == (2 if str(point) == "after push 1" else 0)
    assert "withdrawn already: wrong" in done.text or done.code == 0
    assert tags(released) == ["data-v1", "data-v1-yanked"]


@pytest.mark.parametrize("point", slow_but({"after push 1"}, RETURN))
def test_killed_while_a_withdrawal_is_taken_back(released: Project, point: Point) -> None:
    """In force again by the first run or by the second."""
    run(released, "yank", "data-v1", "--reason", "wrong")
    run(released, "unyank", "data-v1", points=[point], code=KILLED)
    run(released, "unyank", "data-v1", code=2 if point.when == "after" else 0)
    assert tags(released) == ["data-v1"]


REPAIR = [
    Point(step=Step.REPAIR),
    *(Point(step=Step.UPLOAD, call=n, when="after") for n in (1, 2)),
    Point(step=Step.REPAIR, when="after"),
]


@pytest.mark.parametrize("point", slow_but({"before repair 1", "after upload 1"}, REPAIR))
def test_killed_while_a_version_is_repaired(released: Project, point: Point) -> None:
    """An object and a document that a remote lost are there again after the second run."""
    table = next(f for d in manifest(released.remote, "data-v1")["datasets"] for f in d["files"])
    (released.remote / table["key"]).unlink()
    manifest_path(released.remote, "data-v1").unlink()
    command = ("verify", "data-v1", "--repair")
    run(released, *command, points=[point], code=KILLED)
    run(released, *command)
    assert_whole(released, "data-v1")
