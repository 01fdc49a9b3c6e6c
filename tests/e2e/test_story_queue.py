"""A merge queue, and a DVC root below the repository's own, on a GitHub of their own."""

from __future__ import annotations

import dataclasses
import json

import pytest
from tests.conftest import REF
from tests.forge import events
from tests.forge.records import Push
from tests.project import Project
from tests.stories import Team, ended

from datarelease.adopt.setup import workflow_files
from datarelease.model.project import ToolRef


@pytest.mark.slow
def test_a_merge_queue_gets_its_status_and_releases_what_was_reviewed(team: Team) -> None:
    """The group's commit becomes main's: its status let it in, the pull request's is the review."""
    pull = team.propose("queued", rows=24)
    ended(team.checked(pull))
    [before] = team.comments(pull)
    group = events.merge_group(team.github, team.repository, pull.number)
    runs = {run.name: run for run in team.dispatch(group)}
    ended(runs)
    assert set(runs) == {"data", "data-report"}
    [status] = team.repository.statuses_of(group.sha)
    assert (status.context, status.state) == ("datarelease/check", "success")
    assert str(status.description).startswith("merge queue · ")
    assert [(c.id, c.body) for c in team.comments(pull)] == [(before.id, before.body)]

    bare, main = team.repository.bare, "refs/heads/main"
    start = str(bare.sha(main))
    bare.set(main, group.sha)
    team.github.world.pushes.append(
        Push(
            repository=team.repository.full_name, ref=main, before=start, after=group.sha,
            user="ann", kind="web",
        )
    )  # fmt: skip
    team.github.world.refresh(team.repository)
    ended(team.dispatch(events.push(team.github, team.repository)))
    assert team.tags() == ["data-v1"]
    assert "Published as **data-v1**" in team.comment(pull)
    assets = {asset.name: asset.content for asset in team.page("data-v1").assets}
    manifest = json.loads(assets["manifest.json"])
    assert manifest["reviewed"] == manifest["digest"]
    assert team.leaks() == []


@pytest.mark.slow
def test_a_dvc_root_below_the_repositorys_own(team: Team) -> None:
    """With the files that `init` writes: checked, reviewed under its name, released, and shown."""
    top = team.project.root
    inner = top / "models" / "churn"
    inner.mkdir(parents=True)
    for entry in list(top.iterdir()):
        if entry.name not in {".git", ".github", "models"}:
            entry.rename(inner / entry.name)
    for path in (top / ".github" / "workflows").glob("data*.yml"):
        path.unlink()
    files = workflow_files(
        branch="main", ref=ToolRef(name=REF), requirements="", directory="models/churn"
    )
    for name, text in files.items():
        (top / name).write_text(text)
    team = dataclasses.replace(
        team, project=Project(inner, team.project.origin, team.project.remote)
    )
    team.repository.pages_enabled = True
    team.push("One level down", branch="HEAD:main")
    pull = team.propose("more", rows=24)
    ended(team.checked(pull))
    [status] = team.repository.statuses_of(pull.head)
    assert (status.context, status.state) == ("datarelease/check models/churn", "success")
    [before] = [c.body for c in team.repository.comments_on(pull.number)]
    assert '"CML watermark datarelease models/churn"' in before
    merged = team.merged(pull)
    ended(merged)
    assert team.tags() == ["data-v1"]
    assert [run.name for run in merged] == ["data-models-churn-release", "data-models-churn-site"]
    [after] = [c.body for c in team.repository.comments_on(pull.number)]
    assert "Published as **data-v1**" in after
    manifest = json.loads(
        next(a.content for a in team.page("data-v1").assets if a.name == "manifest.json")
    )
    assert manifest["reviewed"] == manifest["digest"]
    pages = team.repository.pages
    assert "data-v1" in pages["index.html"].decode()
    shown = [(it["tag"], it["digest"]) for it in json.loads(pages["index.json"])["versions"]]
    assert shown == [("data-v1", manifest["digest"])]
    assert team.leaks() == []
