"""Two releases at once: played in a fixed order, and really at once."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from tests.commands import DIRECTORY, Point, run, start
from tests.project import Project
from tests.versions import assert_whole, manifest, manifest_path, tags

BEFORE_CLAIM = f"{DIRECTORY}.create"
BETWEEN = "datarelease.flows.release:tag"
"""Called when the manifest and the documents are in place."""


def release_in(root: Path, origin: Path, remote: Path) -> None:
    """Another person's release, from beginning to end."""
    run(Project(root, origin, remote), "release")


def yank_in(root: Path, origin: Path, remote: Path) -> None:
    """Another person withdraws the newest version."""
    run(Project(root, origin, remote), "yank", "latest", "--reason", "wrong")


def second_clone(project: Project, place: Path, rows: int | None) -> Project:
    """A clone with a commit of its own beside the newest one (None: with the same commit)."""
    clone = project.clone(place)
    if rows is not None:
        clone.git("reset", "--quiet", "--hard", "HEAD^")
        clone.params(rows=rows)
        clone.write("unrelated.txt", str(rows))
        clone.commit(f"{rows} rows")
        clone.repro()
        clone.commit("The lock")
    return clone


def digests(project: Project) -> list[str]:
    """The digest of every version, in order."""
    return [manifest(project.remote, tag)["digest"] for tag in tags(project)]


@pytest.mark.parametrize("function", [BEFORE_CLAIM, BETWEEN], ids=["before claim", "before tag"])
def test_another_release_comes_between(edited: Project, tmp_path: Path, function: str) -> None:
    """Other data released between plan and claim, or claim and tag: both become versions."""
    other = second_clone(edited, tmp_path / "other", 50)
    act = partial(release_in, other.root, other.origin, other.remote)
    result = run(edited, "release", "--json", points=[Point(function=function, act=act)])
    assert "planning again" in result.err
    assert result.json["released"] is True
    names = tags(edited)
    assert len(names) == 3
    assert len(set(digests(edited))) == 3, "no data was released twice or lost"
    newest = manifest(edited.remote, names[-1])
    assert newest["tag"] == result.json["tag"]
    assert newest["baseline"] == names[-2], "compared with what was released meanwhile"
    for name in names:
        assert_whole(edited, name)


@pytest.mark.parametrize("function", [BEFORE_CLAIM, BETWEEN], ids=["before claim", "before tag"])
def test_the_same_data_comes_between(edited: Project, tmp_path: Path, function: str) -> None:
    """The same commit released in between: one version, and the slower one says nothing to do."""
    edited.commit("The lock")
    edited.push()
    other = edited.clone(tmp_path / "other")
    run(edited, "check")
    edited.dvc("push", "--quiet")
    act = partial(release_in, other.root, other.origin, other.remote)
    result = run(edited, "release", "--json", points=[Point(function=function, act=act)]).json
    assert (result["released"], result["tag"]) == (False, "data-v2")
    assert tags(edited) == ["data-v1", "data-v2"]
    assert_whole(edited, "data-v2")


def test_the_same_data_from_another_commit_is_one_version(edited: Project, tmp_path: Path) -> None:
    """Equal bytes from two commits at once do not become two versions."""
    other = edited.clone(tmp_path / "other")
    other.write("dvc.lock", (edited.root / "dvc.lock").read_bytes())
    other.commit("The same lock in another commit")
    edited.dvc("push", "--quiet")
    act = partial(release_in, other.root, other.origin, other.remote)
    result = run(edited, "release", "--json", points=[Point(function=BETWEEN, act=act)]).json
    assert result["released"] is False
    assert len(tags(edited)) == 2
    assert len(set(digests(edited))) == 2


def test_a_yank_comes_between(edited: Project) -> None:
    """The baseline withdrawn between plan and tag: planned again, and still one version."""
    act = partial(yank_in, edited.root, edited.origin, edited.remote)
    result = run(edited, "release", "--json", points=[Point(function=BETWEEN, act=act)])
    assert result.json["tag"] == "data-v2"
    assert tags(edited) == ["data-v1", "data-v1-yanked", "data-v2"]
    assert_whole(edited, "data-v2")


def test_a_claim_that_was_never_finished_keeps_its_number(edited: Project, tmp_path: Path) -> None:
    """A number claimed by a killed release of other data is passed over, and never used twice."""
    other = second_clone(edited, tmp_path / "other", 50)
    done = run(other, "release", points=[Point(function=BETWEEN)], code=None)
    assert done.code < 0
    claimed = manifest_path(edited.remote, "data-v2").read_bytes()
    result = run(edited, "release", "--json").json
    assert result["tag"] == "data-v3"
    assert manifest_path(edited.remote, "data-v2").read_bytes() == claimed
    assert tags(edited) == ["data-v1", "data-v3"]
    assert_whole(edited, "data-v3")
    late = run(other, "release", "--json").json
    assert (late["tag"], late["released"]) == ("data-v4", True)
    assert len(set(digests(edited))) == 3


@pytest.mark.parametrize("rows", [50, None], ids=["other data", "the same commit"])
def test_really_at_once(edited: Project, tmp_path: Path, rows: int | None) -> None:
    """Two processes begun together, three rounds: both end well, and nothing is lost or doubled."""
    if rows is None:
        edited.commit("The lock")
        edited.push()
        edited.dvc("push", "--quiet")
    other = second_clone(edited, tmp_path / "other", rows)
    for lap in range(3):
        begun = [start(place, "release", "--json") for place in (edited, other)]
        ends = [one.wait() for one in begun]
        assert [end.code for end in ends] == [0, 0], [end.err for end in ends]
        released = [end.json["tag"] for end in ends if end.json["released"]]
        if rows is None:
            assert len(set(released)) <= 1
        else:
            assert len(set(released)) == 2
        found = digests(edited)
        assert len(set(found)) == len(found)
        for name in tags(edited):
            assert_whole(edited, name)
        for place in (edited, other):
            if rows is not None and lap < 2:
                data = place.root / "data/people.csv"
                params = place.read_yaml("params.yaml")["make"]["rows"]
                assert len(data.read_text().splitlines()) == params + 1
                place.params(rows=params + 1, seed=lap + 10 + (place is other))
                place.commit(f"Lap {lap}", "params.yaml")
                place.repro()
                place.commit("The lock", "dvc.lock")
