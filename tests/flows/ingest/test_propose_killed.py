"""Killed anywhere on its way, the same command run again ends in one proposal with every event."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.broker import Broker
from tests.commands import DVC, KILLED, Point, run, start
from tests.forge.server import GitHubServer
from tests.project import Project
from tests.proposing import NAME, Hosted, branches, hosted, plan_of, streaming
from tests.roads import events

from datarelease.progress import Step

DESK = "datarelease.adapters.git.scratch_clone:ScratchGit"
PULLS = "datarelease.adapters.github.repository:GitHub"
PROPOSE = "datarelease.ingest.propose.proposal_commit"
FIRST = f"stream/{NAME}/000001-1"
POINTS = [
    Point(function=f"{DESK}.make", when="after"),
    Point(function=f"{DESK}.take", when="after"),
    Point(function="datarelease.ingest.propose.propose:extended", when="after"),
    Point(function=f"{PROPOSE}:write", when="after"),
    Point(function=f"{DVC}.repro", when="after"),
    Point(function=f"{PROPOSE}:check", when="after"),
    Point(step=Step.SEND),
    Point(step=Step.UPLOAD, call=2, when="after"),
    Point(function=f"{PROPOSE}:deliver", when="after"),
    Point(function=f"{DESK}.claim", when="after"),
    Point(function=f"{DESK}.create", when="after"),
    Point(function=f"{PULLS}.create_pull"),
    Point(function=f"{PULLS}.create_pull", when="after"),
]
QUICK = {
    "after deliver 1", "after ScratchGit.create 1", "after GitHub.create_pull 1",
}  # fmt: skip
"""After the push of the data, the branch, the pull request."""


@pytest.fixture
def hub(
    broker: Broker, github: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Hosted:
    """A stream of a real topic with a hundred events, on GitHub; nothing was proposed yet."""
    project = Project.copied(streaming("empty"), tmp_path / "project")
    topic = broker.topic(NAME, partitions=2)
    made = hosted(project, github)
    params = (project.root / "params.yaml").read_text()
    made.edit("params.yaml", params.replace(f"topic: {NAME}", f"topic: {topic}"))
    broker.produce(topic, events(range(100)))
    for name, value in {**broker.env, **made.env}.items():
        monkeypatch.setenv(name, value)
    return made


def assert_one(hub: Hosted) -> None:
    """One open pull request, from the one branch, with all of the topic."""
    assert [(pull.branch, pull.open) for pull in hub.pulls] == [(FIRST, True)]
    assert list(branches(hub.project)) == ["main", FIRST]
    plan = plan_of(hub.project, FIRST)
    assert sum(span.end for batch in plan.batches for span in batch.spans) == 100
    assert hub.project.git("status", "--short") == ""


@pytest.mark.slow
def test_killed_again_and_again(hub: Hosted) -> None:
    """Runs that get one step further each before they are killed still end in one proposal.

    The origin's address has no credentials: the token is all there is.
    """
    assert run(hub.project, "ingest", "waiting", NAME, "--json").json["events"] == 100
    for point in POINTS:
        if str(point) in QUICK:
            run(hub.project, "ingest", "propose", NAME, points=[point], code=KILLED)
    last = run(hub.project, "ingest", "propose", NAME, "--json").json
    assert (last["state"], last["pull"]) == ("open", 1)
    assert_one(hub)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS, ids=str)
def test_killed_at_a_point(hub: Hosted, point: Point) -> None:
    """Whatever the point, the second run opens the pull request, or finds it open."""
    run(hub.project, "ingest", "propose", NAME, points=[point], code=KILLED)
    again = run(hub.project, "ingest", "propose", NAME, "--json").json
    opened = str(point) != "after GitHub.create_pull 1"
    assert again["state"] == ("opened" if opened else "open")
    assert_one(hub)
    third = run(hub.project, "ingest", "propose", NAME, "--json").json
    assert (third["state"], len(hub.pulls)) == ("open", 1)


@pytest.mark.slow
def test_many_at_once(hub: Hosted, tmp_path: Path) -> None:
    """Three machines at the same moment, for real: one pull request."""
    machines = [hub.project]
    for number in (1, 2):
        folder = tmp_path / f"machine-{number}"
        hub.project.git("clone", "--quiet", str(hub.project.origin), str(folder))
        other = Project(folder, hub.project.origin, hub.project.remote)
        other.git("remote", "set-url", "origin", hub.github.clone_url("acme/data"))
        other.write(".dvc/config.local", f"['remote \"storage\"']\n    url = {other.remote}\n")
        machines.append(other)
    started = [start(machine, "ingest", "propose", NAME, "--json") for machine in machines]
    ended = [one.wait() for one in started]
    assert [done.code for done in ended] == [0, 0, 0], [done.err for done in ended]
    assert {done.json["pull"] for done in ended} == {1}
    assert_one(hub)
    assert os.environ["GITHUB_TOKEN"] not in "".join(done.text for done in ended)
