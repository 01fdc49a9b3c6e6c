"""The whole road: events on a broker, a proposal, its review, a version, and people who load it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from tests.broker import Broker
from tests.commands import run
from tests.forge import events
from tests.forge.server import GitHubServer
from tests.goldens import Golden
from tests.project import REMOTE, Project
from tests.roads import NAME, fed, joined, produced
from tests.servers import S3Server
from tests.stories import Team, ended, hosted, on_bucket
from tests.versions import assert_whole, branch, manifest, tags

import datarelease as dr


@pytest.fixture
def team(
    adopted_template: Path,
    s3_server: S3Server,
    github: GitHubServer,
    broker: Broker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Team:
    """A team on GitHub that adopted data releases, then added a stream; nothing is released yet.

    Its topic has 300 orders and some records that are none.

    The environment is that of the machine where the ingester runs: with the broker's address, the
    keys of the bucket and a token. What runs on GitHub has none of them.
    """
    project = Project.copied(adopted_template, tmp_path / "clone")
    bucket = s3_server.bucket()
    on_bucket(project, bucket)
    topic = broker.topic("orders", partitions=2)
    produced(broker, topic, range(300))
    with monkeypatch.context() as patched:
        for name, value in broker.env.items():
            patched.setenv(name, value)
        joined(project, topic, auto_merge=True)
    team = hosted(project, bucket, github, tmp_path)
    project.secrets(REMOTE, bucket.keys)
    team.repository.roles["robot"] = "write"
    permissions = {"contents": "write", "pull-requests": "write", "statuses": "read"}
    for name, value in {
        **broker.env,
        "GITHUB_TOKEN": github.world.user_token("robot", permissions),
        "GITHUB_SERVER_URL": github.url,
        "GITHUB_API_URL": github.api_url,
    }.items():
        monkeypatch.setenv(name, value)
    return team


@pytest.mark.slow
def test_from_events_to_versions_on_github(team: Team, broker: Broker, transcripts: Golden) -> None:
    """Events, pull request, check, comment, merge, data-v1 on S3; then the same by itself."""
    project = team.project
    topic = project.read_yaml("params.yaml")["release"]["streams"][NAME]["topic"]
    done = run(project, "ingest", "propose", NAME, "--when-due", "--json").json
    assert (done["state"], done["events"], done["dead"]) == ("opened", 300, 2)
    [pull] = team.repository.pulls
    ended(team.checked(pull))
    first = team.comment(pull)
    assert "merging publishes **data-v1**" in first
    status = team.repository.statuses_of(pull.head)[0]
    assert (status.state, str(status.description)[-64:]) == ("success", done["digest"])
    left = run(project, "ingest", "merge", NAME, "--json").json
    assert left["state"] == "refused", "a first version is a person's"
    ended(team.merged(pull))
    assert team.tags() == ["data-v1"]
    assert sorted(dr.load("data-v1", NAME, repo=project.root)["id"]) == list(range(300))

    produced(broker, topic, range(300, 800))
    transcripts.names = {team.github.url: "https://github.com", topic: "shop.orders"}
    transcripts.show(project, "ingest", "propose", NAME, "--when-due", name="ingest-propose")
    again = run(project, "ingest", "propose", NAME, "--when-due", "--json").json
    assert (again["state"], [pull.number for pull in team.repository.pulls]) == ("open", [1, 2])
    waits = transcripts.show(project, "ingest", "merge", NAME, name="ingest-merge")
    assert ": waits, " in waits.out
    pull = team.repository.pulls[1]
    ended(team.checked(pull))
    assert "merging publishes **data-v2**" in team.comment(pull)
    assert "append" in team.comment(pull).lower()
    merged = run(project, "ingest", "merge", NAME, "--json").json
    assert (merged["state"], merged["pull"]) == ("merged", 2)
    ended(team.dispatch(events.push(team.github, team.repository)))
    assert team.tags() == ["data-v1", "data-v2"]
    assert "Published as **data-v2**" in team.comment(pull)
    assert sorted(dr.load("data-v2", NAME, repo=project.root)["id"]) == list(range(800))
    [stream] = dr.diff("data-v1", "data-v2", repo=project.root).streams
    assert (stream.append_only, stream.events, stream.dead) == (True, 500, 2)
    assert team.leaks() == []


@pytest.mark.slow
def test_from_events_to_versions_with_git_alone(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events, branch, merge, data-v1; more events, merged by themselves, data-v2 that appends."""
    for name, value in broker.env.items():
        monkeypatch.setenv(name, value)
    topic = broker.topic("orders", partitions=2)
    project = Project(tmp_path / "work", tmp_path / "origin.git", tmp_path / "remote")
    fed(project, topic, auto_merge=True)
    assert (
        run(project, "ingest", "propose", NAME, "--when-due", "--json").json["state"] == "nothing"
    )

    produced(broker, topic, range(300))
    done = run(project, "ingest", "propose", NAME, "--when-due", "--json").json
    assert (done["state"], done["events"], done["dead"]) == ("opened", 300, 2)
    first = run(project, "ingest", "merge", NAME, "--json").json
    assert first["state"] == "refused", "a first version is a person's"
    project.git("pull", "--quiet", "--no-rebase", "origin", done["branch"])
    project.git("push", "--quiet", "origin", "main", f":{done['branch']}")
    run(project, "release")
    assert tags(project) == ["data-v1"]
    assert_whole(project, "data-v1")
    rows = dr.load("data-v1", NAME, repo=project.root)
    assert sorted(rows["id"]) == list(range(300))

    produced(broker, topic, range(300, 800))
    more = run(project, "ingest", "propose", NAME, "--json").json
    assert (more["state"], more["events"], more["branch"]) == (
        "opened", 500, f"stream/{NAME}/000002-1",
    )  # fmt: skip
    merged = run(project, "ingest", "merge", NAME, "--json").json
    assert (merged["state"], merged["commit"]) == ("merged", branch(project))
    project.git("pull", "--quiet", "origin", "main")
    run(project, "release", "--reviewed", more["digest"])
    assert tags(project) == ["data-v1", "data-v2"]
    assert sorted(dr.load("data-v2", NAME, repo=project.root)["id"]) == list(range(800))
    [stream] = dr.diff("data-v1", "data-v2", repo=project.root).streams
    assert (stream.append_only, stream.events, stream.dead) == (True, 500, 2)
    project.dvc("pull", "--quiet")
    assert project.git("status", "--short") == "", "the data is nothing that git should take"
    spans = [
        (span["partition"], span["start"], span["end"])
        for batch in manifest(project.remote, "data-v2")["inputs"][0]["batches"]
        for span in batch["spans"]
    ]
    for partition in (0, 1):
        mine = [span for span in spans if span[0] == partition]
        assert all(one[2] == two[1] for one, two in pairwise(mine))
        assert mine[0][1] == 0
    assert sum(end - start for _, start, end in spans) == 300 + 30 + 3 + 500 + 50 + 3
