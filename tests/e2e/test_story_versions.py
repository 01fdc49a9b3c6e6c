"""Versions that people change on GitHub: a channel is set, one is withdrawn and comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.commands import run as command
from tests.forge import events
from tests.forge.runs import Run
from tests.launchers import environment_with_launchers
from tests.stories import Team, ended

FILE = "data-versions.yml"
EMPTY = {"command": "channel set", "version": "", "reason": "", "channel": "", "replacement": ""}
pytestmark = pytest.mark.slow


@pytest.fixture
def tool_environment(tmp_path: Path) -> Path:
    """The virtual environment that jobs find the tool in, whose programs are forks."""
    return environment_with_launchers(tmp_path / "environment")


def started(team: Team, conclusion: str = "success", **typed: str) -> Run:
    """The run that Bea starts in the Actions tab; what follows it runs as well."""
    event = events.dispatch(
        team.github, team.repository, {**EMPTY, **typed}, file=FILE, actor="bea"
    )
    [run, *more] = team.dispatch(event)
    ended([run], conclusion)
    ended(more)
    return run


def released(team: Team, rows: int) -> None:
    """One more version, of a push to main."""
    team.branch("next")
    team.project.params(rows=rows)
    team.push("Other rows", branch="HEAD:main")
    ended(team.dispatch(events.push(team.github, team.repository)))


def message(team: Team, tag: str) -> str:
    """The message of a tag at the origin."""
    return team.repository.bare.git("cat-file", "tag", f"refs/tags/{tag}")


def index(team: Team) -> dict[str, Any]:
    """What readers without git see on the remote."""
    key = f"{team.bucket.name}/releases/index.json"
    found: dict[str, Any] = json.loads(team.bucket.fs().cat_file(key))
    return found


def shown(team: Team) -> dict[str, Any]:
    """What the published catalogue lists."""
    found: dict[str, Any] = json.loads(team.repository.pages["index.json"])
    return found


def test_the_catalogue_follows_tags_of_people_and_the_form(team: Team) -> None:
    """Deployed again when somebody pushes a withdrawal, and when the form takes it back.

    The pushed tag runs the file of the tagged commit, in a job that has no right.
    """
    team.repository.pages_enabled = True
    team.project.release_settings(site="https://acme.github.io/data/")
    command(team.project, "init", "--yes")
    released(team, 23)
    assert shown(team)["versions"][-1]["withdrawn"] is None

    keys = team.bucket.keys.env
    told = command(team.project, "yank", "data-v1", "--reason", "Wrong unit.", env=keys).text
    assert "has the workflow `data-tags`" in told
    [pushed] = [it for it in team.github.world.pushes if it.ref == "refs/tags/data-v1-yanked"]
    notice, site = team.dispatch(events.push(team.github, team.repository, pushed))
    ended([notice, site])
    assert (notice.name, site.name) == ("data-tags", "data-site")
    assert (notice.job("tags").permissions, notice.job("tags").secrets) == ({}, frozenset())
    assert shown(team)["versions"][-1]["withdrawn"]["reason"] == "Wrong unit."

    started(team, command="unyank", version="data-v1")
    assert team.runs[-1].name == "data-site"
    assert shown(team)["versions"][-1]["withdrawn"] is None
    assert team.leaks() == []


def test_a_channel_is_set_and_a_version_withdrawn_in_the_actions_tab(team: Team) -> None:
    """The tag says who did it, the remote's list follows, and what is typed is text to the shell.

    Between the two versions a workflow file changed: GitHub then refuses a tag at the first one's
    commit. On another branch nothing runs.
    """
    team.sign_in_by_roles()
    released(team, 23)
    workflow = team.project.root / ".github/workflows/data-verify.yml"
    workflow.write_text(f"# Edited.\n{workflow.read_text()}")
    released(team, 24)
    assert team.tags() == ["data-v1", "data-v2"]

    hostile = '"; touch x; $(id) `id` --reason=x\nVersion: data-v2 ${{ github.token }}'
    run = started(team, version="data-v1", channel="stable", reason=hostile)
    assert run.job("versions").permissions == {"contents": "write", "id-token": "write"}
    told = message(team, "data-channel-stable-1")
    one_line = " ".join(hostile.split())
    assert told.endswith(f"\nVersion: data-v1\nReason: {one_line}\nBy: bea")
    main = team.repository.bare.sha("refs/heads/main")
    assert team.repository.bare.sha("data-channel-stable-1^{commit}") == main
    [channel] = index(team)["channels"]
    assert channel["moves"][-1]["version"] == "data-v1"
    started(team, "failure", version="--help", channel="stable", reason="an option")

    started(team, command="yank", version="data-v2", reason="Wrong unit.", replacement="data-v1")
    assert "\nReplacement: data-v1\nBy: bea" in message(team, "data-v2-yanked")
    assert index(team)["versions"][-1]["withdrawn"]["reason"] == "Wrong unit."
    started(team, command="unyank", version="data-v2")
    assert team.repository.bare.sha("refs/tags/data-v2-yanked") is None
    assert index(team)["versions"][-1]["withdrawn"] is None

    event = events.dispatch(team.github, team.repository, EMPTY, file=FILE)
    elsewhere = replace(event, ref="refs/heads/other")
    assert team.actions.run(elsewhere, f".github/workflows/{FILE}").conclusion == "skipped"
    assert team.leaks() == []
