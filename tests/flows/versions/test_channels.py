"""Channels: set, read wherever a version is named, and what a withdrawal does to them."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from tests.commands import KILLED, Point, run
from tests.project import Project
from tests.versions import branch, commit, message, tags

import datarelease as dr
from datarelease.errors import WithdrawnVersionWarning
from datarelease.progress import Step

pytestmark = pytest.mark.one_dataset


@pytest.fixture
def three(released: Project) -> Project:
    """data-v1 is a release; data-v2 and data-v3 are its tag under other names, for lists."""
    return with_tags(released)


def with_tags(project: Project) -> Project:
    """The same with two more tags at the origin."""
    text = message(project, "data-v1").partition("\n\n")[2]
    for number in (2, 3):
        named = text.replace("data-v1:", f"data-v{number}:")
        project.git("tag", "--annotate", "--message", named, f"data-v{number}", "HEAD")
    project.git("push", "--quiet", "origin", "data-v2", "data-v3")
    return project


def moves_of(project: Project) -> list[str]:
    """The tags of channels at the origin."""
    return [tag for tag in tags(project) if "channel-" in tag]


def set_stable(project: Project, version: str, *, code: int = 0) -> str:
    """What ``channel set stable`` prints, or the error that it ends with."""
    reason = f"to {version}"
    done = run(project, "channel", "set", "stable", version, "--reason", reason, code=code)
    return done.text if code else done.out.strip()


def test_a_channel_is_a_version_wherever_one_is_named(
    three: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set, moved and moved back: commands and Python read the version, and the tags are history."""
    assert "no channel yet" in run(three, "channel", "list").out
    assert set_stable(three, "v2") == "stable is now data-v2"
    assert set_stable(three, "2") == "stable is data-v2 already"
    assert set_stable(three, "data-v1") == "stable is now data-v1; it was data-v2"
    assert moves_of(three) == ["data-channel-stable-1", "data-channel-stable-2"]
    assert "\nVersion: data-v1\nReason: to data-v1" in message(three, "data-channel-stable-2")
    monkeypatch.chdir(three.root)
    assert len(dr.load("stable", "people")) == 20
    assert run(three, "verify", "stable", "--json").json["faults"] == []
    assert run(three, "show", "stable", "--json").json["tag"] == "data-v1"
    run(three, "channel", "set", "beta", "stable", "--reason", "the same for now")
    [beta, stable] = run(three, "channel", "list", "--json").json
    assert (beta["name"], beta["version"], beta["set_to"]) == ("beta", "data-v1", "data-v1")
    moves = [(m["version"], m["reason"], m["by"]) for m in stable["moves"]]
    who = three.git("config", "user.name")
    assert moves == [("data-v2", "to v2", who), ("data-v1", "to data-v1", who)]
    listed = run(three, "list").out.splitlines()
    assert listed[1].endswith("latest")
    assert listed[3].endswith("beta, stable")
    assert [v["tag"] for v in run(three, "list", "--json").json] == [
        "data-v3",
        "data-v2",
        "data-v1",
    ]


def test_a_channel_falls_back_over_a_withdrawn_version(
    three: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a warning; withdrawn by the channel's name it is once, and unyank brings it back."""
    set_stable(three, "data-v1")
    set_stable(three, "data-v2")
    run(three, "yank", "stable", "--reason", "wrong | prices\n**bold**")
    again = run(three, "yank", "stable", "--reason", "once more", code=2).text
    assert "data-v2 is withdrawn already" in again
    monkeypatch.chdir(three.root)
    with pytest.warns(WithdrawnVersionWarning, match="stable falls back to .* data-v1") as caught:
        assert len(dr.load("stable", "people")) == 20
    assert "data-v2 was withdrawn on" in str(caught[0].message)
    [listed] = run(three, "channel", "list", "--json").json
    assert (listed["version"], listed["set_to"]) == ("data-v1", "data-v2")
    assert "data-v2 (withdrawn: data-v1 is used)" in run(three, "channel", "list").out
    refused = set_stable(three, "data-v2", code=2)
    assert "The channel stable cannot be set to it." in refused
    assert "datarelease unyank data-v2" in refused
    assert run(three, "unyank", "stable").out == "data-v2 is in use again\n"
    assert run(three, "channel", "list", "--json").json[0]["version"] == "data-v2"
    index = json.loads((three.remote / "releases/index.json").read_bytes())
    assert [move["version"] for move in index["channels"][0]["moves"]] == ["data-v1", "data-v2"]


def test_a_channel_whose_every_version_is_withdrawn_says_so(three: Project) -> None:
    """Nothing else is read in its place; the remedy names the command that sets it."""
    set_stable(three, "data-v1")
    run(three, "yank", "data-v1", "--reason", "wrong")
    text = run(three, "get", "stable", "out", code=2).text
    assert "no active version" in text
    assert "datarelease channel set stable" in text


def test_names_and_reasons_are_asked_for(three: Project) -> None:
    """A misspelt channel has its neighbour named, and what cannot name one is refused."""
    set_stable(three, "data-v1")
    assert "Did you mean 'stable'?" in run(three, "show", "stbale", code=2).text
    for name in ("v3", "latest", "Stable"):
        done = run(three, "channel", "set", name, "data-v1", "--reason", "x", code=2)
        assert f"{name!r} is not a valid name of a channel" in done.text
    assert "A reason" in run(three, "channel", "set", "a", "1", "--reason", " ", code=2).text
    assert moves_of(three) == ["data-channel-stable-1"]


def move_in(root: Path, origin: Path, remote: Path) -> None:
    """Another person sets the channel."""
    set_stable(Project(root, origin, remote), "data-v3")


def test_of_two_who_set_a_channel_at_once_one_does(three: Project) -> None:
    """The other is told who was faster, with exit code 3, and may run the command again."""
    act = partial(move_in, three.root, three.origin, three.remote)
    command = ("channel", "set", "stable", "data-v2", "--reason", "mine")
    done = run(three, *command, points=[Point(step=Step.PUSH, act=act)], code=3)
    who = three.git("config", "user.name")
    assert f"{who} set the channel stable to data-v3 at the same time: to data-v3" in done.text
    assert "The channel was not set." in done.text
    assert run(three, *command).out == "stable is now data-v2; it was data-v3\n"


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_a_channel_is_set(three: Project, when: str) -> None:
    """The same command run again ends with one move."""
    command = ("channel", "set", "stable", "data-v2", "--reason", "mine")
    run(three, *command, points=[Point(step=Step.PUSH, when=when)], code=KILLED)  # type: ignore[arg-type]
    run(three, *command)
    assert moves_of(three) == ["data-channel-stable-1"]


def test_tags_made_by_hand_take_their_numbers_and_move_nothing(three: Project) -> None:
    """A lightweight tag, or one about another tag, is no move of the channel."""
    three.git("tag", "data-channel-stable-1")
    text = "data-channel-beta-1: beta is data-v1\n\nVersion: data-v1"
    three.git("tag", "--annotate", "--message", text, "data-channel-stable-2")
    three.git("push", "--quiet", "origin", "data-channel-stable-1", "data-channel-stable-2")
    assert run(three, "channel", "list", "--json").json == []
    assert set_stable(three, "data-v1") == "stable is now data-v1"
    assert moves_of(three)[-1] == "data-channel-stable-3"


def test_a_declared_channel_is_set_by_the_release(three: Project) -> None:
    """After a merge, also without data to release; once, and a fault is a warning."""
    run(three, "yank", "data-v3", "--reason", "made by hand")
    run(three, "yank", "data-v2", "--reason", "made by hand")
    three.release_settings(
        channels={
            "stable": {"version": "data-v1", "reason": "It is complete."},
            "beta": {"version": "data-v2", "reason": "The next one."},
        }
    )
    three.commit("Channels", "params.yaml")
    three.push()
    done = run(three, "release")
    assert "The channel beta was not set to data-v2: data-v2 was withdrawn" in done.text
    assert moves_of(three) == ["data-channel-stable-1"]
    assert "Reason: It is complete." in message(three, "data-channel-stable-1")
    run(three, "release")
    assert moves_of(three) == ["data-channel-stable-1"]


@pytest.mark.slow  # test_races.py tags such a commit
def test_a_workflow_tags_a_commit_whose_workflow_files_a_branch_has(three: Project) -> None:
    """GitHub refuses its token others; the message names the version, and who started the run."""
    env = {
        "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "https://api.github.com", "GITHUB_REPOSITORY": "acme/data",
        "GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_SHA": "1" * 40, "GITHUB_ACTOR": "bea",
    }  # fmt: skip
    command = ("channel", "set", "stable")
    run(three, *command, "data-v1", "--reason", "checked", env=env)
    assert commit(three, "data-channel-stable-1") == commit(three, "data-v1")
    three.write(".github/workflows/data.yml", "name: data\n")
    three.release_settings(site="https://acme.github.io/data/")
    three.commit("Add a workflow", ".github", "params.yaml")
    three.push()
    head = branch(three)
    told = run(three, *command, "data-v2", "--reason", "checked", env=env).text
    assert "shows this after `data-site`, which the end of `data-versions` starts" in told
    run(three, "yank", "data-v1", "--reason", "wrong", "--replacement", "", env=env)
    assert head != commit(three, "data-v1")
    for tag in ("data-channel-stable-2", "data-v1-yanked"):
        assert commit(three, tag) == head
        assert "\nBy: bea" in message(three, tag)
    listed = run(three, "list", "--json").json
    assert [(one["tag"], one["yanked"] is None) for one in listed] == [
        ("data-v3", True), ("data-v2", True), ("data-v1", False),
    ]  # fmt: skip
    [channel] = run(three, "channel", "list", "--json").json
    assert (channel["version"], channel["moves"][-1]["by"]) == ("data-v2", "bea")
    run(three, *command, "data-v3", "--reason", "by a person")
    assert commit(three, "data-channel-stable-3") == commit(three, "data-v3")


def test_a_custom_prefix_has_channels_of_its_own(three: Project) -> None:
    """Tags of channels begin like those of versions, without the last v."""
    three.release_settings(tag_prefix="people/v")
    text = message(three, "data-v1").partition("\n\n")[2].replace("data-v1:", "people/v1:")
    three.git("tag", "--annotate", "--message", text, "people/v1")
    three.git("push", "--quiet", "origin", "people/v1")
    set_stable(three, "people/v1")
    assert moves_of(three) == ["people/channel-stable-1"]
    assert run(three, "list").out.splitlines()[1].endswith("latest, stable")
