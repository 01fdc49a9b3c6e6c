"""Two releases at once: played in a fixed order, and really at once."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from tests.commands import Point, run, start
from tests.project import Project
from tests.slow_cases import slow_but
from tests.versions import assert_whole, manifest, tags

from datarelease.progress import Step

pytestmark = pytest.mark.one_dataset

BEFORE = Step.RECORD
"""The data is on the remote."""
BETWEEN = Step.TAG
"""Manifest and documents are there, too."""


def release_in(root: Path, origin: Path, remote: Path, *arguments: str) -> None:
    """Another person's release, from beginning to end."""
    run(Project(root, origin, remote), "release", *arguments)


def yank_in(root: Path, origin: Path, remote: Path) -> None:
    """Another person withdraws the newest version."""
    run(Project(root, origin, remote), "yank", "latest", "--reason", "wrong")


def second_clone(project: Project, place: Path, rows: int | None) -> Project:
    """A clone with other data on a branch called like its folder (None: with the same commit)."""
    clone = project.clone(place)
    if rows is not None:
        clone.git("switch", "--quiet", "--create", place.name, "HEAD^")
        clone.params(rows=rows)
        clone.commit(f"{rows} rows")
    return clone


def digests(project: Project) -> list[str]:
    """The digest of every version, in order."""
    return [manifest(project.remote, tag)["digest"] for tag in tags(project)]


@pytest.mark.parametrize("step", slow_but({BETWEEN}, [BEFORE, BETWEEN]))
def test_another_release_comes_between(edited: Project, tmp_path: Path, step: Step) -> None:
    """Other data released between plan and record, or record and tag: both become versions."""
    other = second_clone(edited, tmp_path / "other", 50)
    act = partial(release_in, other.root, other.origin, other.remote, "--branch", "other")
    result = run(edited, "release", "--json", points=[Point(step=step, act=act)])
    assert "is planned again" in result.err
    assert result.json["released"] is True
    names = tags(edited)
    assert len(names) == 3
    assert len(set(digests(edited))) == 3, "no data was released twice or lost"
    newest = manifest(edited.remote, names[-1])
    assert newest["tag"] == result.json["tag"]
    assert newest["baseline"] == names[-2], "compared with what was released meanwhile"
    for name in names:
        assert_whole(edited, name)


@pytest.mark.parametrize("step", slow_but({BETWEEN}, [BEFORE, BETWEEN]))
def test_the_same_data_comes_between(edited: Project, tmp_path: Path, step: Step) -> None:
    """The same commit released in between: one version, and the slower one says nothing to do."""
    edited.commit("The lock")
    edited.push()
    other = edited.clone(tmp_path / "other")
    run(edited, "check")
    edited.dvc("push", "--quiet")
    act = partial(release_in, other.root, other.origin, other.remote)
    result = run(edited, "release", "--json", points=[Point(step=step, act=act)]).json
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
    result = run(edited, "release", "--json", points=[Point(step=BETWEEN, act=act)]).json
    assert result["released"] is False
    assert len(tags(edited)) == 2
    assert len(set(digests(edited))) == 2


def test_a_yank_comes_between(edited: Project) -> None:
    """The baseline withdrawn between plan and tag: planned again, and still one version."""
    act = partial(yank_in, edited.root, edited.origin, edited.remote)
    result = run(edited, "release", "--json", points=[Point(step=BETWEEN, act=act)])
    assert result.json["tag"] == "data-v2"
    assert tags(edited) == ["data-v1", "data-v1-yanked", "data-v2"]
    assert_whole(edited, "data-v2")


def refuse_tags(project: Project, *, yes: bool) -> None:
    """The origin refuses every push that has a tag in it, as a hook or a ruleset does."""
    hook = project.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    if yes:
        hook.write_text("#!/bin/sh\n! grep refs/tags/\n")
        hook.chmod(0o755)
    else:
        hook.unlink()


@pytest.mark.slow  # one that comes between, above, is planned again
def test_releases_that_were_refused_are_planned_again(edited: Project, tmp_path: Path) -> None:
    """Two are refused at the push of their tags; run again, each is compared with the one before.

    Nothing is left of the first tries: the numbers have no hole, and each baseline is the version
    before.
    """
    other = second_clone(edited, tmp_path / "other", 50)
    refuse_tags(edited, yes=True)
    for place, arguments in ((edited, ()), (other, ("--branch", "other"))):
        assert "refused the tag data-v2" in run(place, "release", *arguments, code=3).text
    refuse_tags(edited, yes=False)
    assert run(edited, "release", "--json").json["tag"] == "data-v2"
    assert run(other, "release", "--json", "--branch", "other").json["tag"] == "data-v3"
    assert tags(edited) == ["data-v1", "data-v2", "data-v3"]
    assert manifest(edited.remote, "data-v3")["baseline"] == "data-v2"
    for name in tags(edited):
        assert_whole(edited, name)


def test_a_tag_that_github_refuses_its_workflows_has_a_remedy(
    edited: Project, tmp_path: Path
) -> None:
    """The branch got other workflow files meanwhile, so no workflow may tag the commit."""
    other = second_clone(edited, tmp_path / "other", 50)
    refuse_tags(edited, yes=True)
    other.git("fetch", "--quiet", "origin")
    other.git("checkout", "--quiet", "--force", "-B", "next", "origin/main")
    other.write(".github/workflows/data.yml", "name: data\n")
    other.commit("Update an action", ".github")
    other.git("push", "--quiet", "origin", "next:main")
    text = run(edited, "release", code=3).text
    assert "The workflow files of main changed after this commit" in text
    refuse_tags(edited, yes=False)
    assert run(edited, "release", "--json").json["tag"] == "data-v2"


@pytest.mark.slow  # test_bundle.py ends when it is overtaken
def test_one_that_is_always_overtaken_ends_with_run_it_again(
    edited: Project, tmp_path: Path
) -> None:
    """When the time for planning again is up: exit 3, never a conflict."""
    other = second_clone(edited, tmp_path / "other", 50)
    act = partial(release_in, other.root, other.origin, other.remote, "--branch", "other")
    done = run(edited, "release", points=[Point(step=BETWEEN, act=act)], prepare=hurry, code=3)
    assert "Run the command again" in done.text
    assert tags(edited) == ["data-v1", "data-v2"]
    assert run(edited, "release", "--json").json["tag"] == "data-v3"


def hurry() -> None:
    """No time to plan again."""
    from datarelease.flows.release import release

    release.REPLANNING_TIME = -1.0


RACERS = 6


@pytest.mark.slow  # one that comes between, above, is planned again
def test_many_at_once(released: Project, tmp_path: Path) -> None:
    """Six release other data at the same moment: all become versions, numbered without a hole."""
    clones = []
    for number in range(RACERS):
        clone = released.clone(tmp_path / f"clone-{number}")
        clone.git("switch", "--quiet", "--create", clone.root.name)
        clone.params(rows=30 + number)
        clone.commit("Other data")
        clones.append(clone)
    begun = [start(one, "release", "--json", "--branch", one.root.name) for one in clones]
    ends = [one.wait() for one in begun]
    assert [end.code for end in ends] == [0] * RACERS, [end.err for end in ends]
    numbers = sorted(end.json["version"] for end in ends)
    assert numbers == list(range(2, RACERS + 2))
    assert tags(released) == [f"data-v{number}" for number in range(1, RACERS + 2)]
    for number in numbers:
        assert manifest(released.remote, f"data-v{number}")["baseline"] == f"data-v{number - 1}"
        assert_whole(released, f"data-v{number}")
    assert len(set(digests(released))) == RACERS + 1


@pytest.mark.parametrize(
    "rows",
    # Both come between the same steps in the tests above.
    [
        pytest.param(50, id="other data"),
        pytest.param(None, id="the same commit"),
    ],
)
def test_really_at_once(edited: Project, tmp_path: Path, rows: int | None) -> None:
    """Two processes begun together, two rounds: both end well, and nothing is lost or doubled."""
    if rows is None:
        edited.commit("The lock")
        edited.push()
        edited.dvc("push", "--quiet")
    other = second_clone(edited, tmp_path / "other", rows)
    branches: list[tuple[str, ...]] = [(), ("--branch", "other") if rows is not None else ()]
    for lap in range(2):
        begun = [
            start(place, "release", "--json", *branch)
            for place, branch in zip((edited, other), branches, strict=True)
        ]
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
            if rows is not None and lap < 1:
                data = place.root / "data/people.csv"
                params = place.read_yaml("params.yaml")["make"]["rows"]
                assert len(data.read_text().splitlines()) == params + 1
                place.params(rows=params + 1, seed=lap + 10 + (place is other))
                place.commit(f"Lap {lap}", "params.yaml")
                place.repro()
                place.commit("The lock", "dvc.lock")
