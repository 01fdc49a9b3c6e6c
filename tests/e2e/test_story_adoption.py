"""Adopting: somebody else's DVC repository, and this very repository."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.commands import run as command
from tests.forge import events
from tests.forge.server import GitHubServer
from tests.get_started import fresh_clone, make_get_started
from tests.project import Project
from tests.servers import S3Server
from tests.stories import ROOT, ended, hosted, on_bucket

from datarelease.model.project import REPOSITORY


@pytest.mark.slow
def test_a_repository_not_made_by_us_is_adopted_with_one_command(
    s3_server: S3Server, github: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fresh clone, `init --yes`, push: a release, then a comment with a real diff, then the next.

    Its source data was added with `dvc add` and is on a private bucket, which checks cannot read.
    """
    bucket = s3_server.bucket()
    made = make_get_started(tmp_path / "made", remote=bucket.url())
    on_bucket(made, bucket)
    made.push()
    made.dvc("push", "--quiet", env=bucket.keys.env)
    clone = fresh_clone(made, tmp_path / "clone")
    with monkeypatch.context() as patched:
        for name, value in bucket.keys.env.items():
            patched.setenv(name, value)
        command(clone, "init", "--yes")
    team = hosted(clone, bucket, github, tmp_path)

    team.push("Release the data")
    ended(team.dispatch(events.push(github, team.repository)))
    assert team.tags() == ["data-v1"]
    assert "**Not reviewed**" in str(team.page("data-v1").body)

    team.branch("smaller")
    lines = (clone.root / "params.yaml").read_text()
    split = yaml.safe_load(lines)["prepare"]["split"]
    clone.write("params.yaml", lines.replace(f"split: {split}", "split: 0.3"))
    team.push("A larger test set")
    pull = github.world.opened(team.repository, branch="smaller", title="Split", login="ann")
    ended(team.checked(pull))
    assert "merging publishes **data-v2**" in team.comment(pull)
    assert "`prepare.split`" in team.comment(pull)
    ended(team.merged(pull, "squash"))
    assert team.tags() == ["data-v1", "data-v2"]
    assert "Published as **data-v2**" in team.comment(pull)
    assert team.leaks() == []


@pytest.mark.slow
def test_this_repository_releases_its_own_data(
    s3_server: S3Server, github: GitHubServer, tmp_path: Path
) -> None:
    """Its workflow files are started by their own triggers: comment, merge, data-v1."""
    project = Project(tmp_path / "clone", tmp_path / "origin.git", tmp_path / "remote")
    project.root.mkdir()
    for name in tracked():
        target = project.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target, follow_symlinks=False)
    project.git("init", "--quiet", "--initial-branch=main")
    project.git("remote", "add", "origin", str(project.origin))
    project.commit("All of it")
    bucket = s3_server.bucket()
    on_bucket(project, bucket)
    team = hosted(project, bucket, github, tmp_path, name=REPOSITORY)

    team.branch("fewer")
    lines = (project.root / "params.yaml").read_text()
    assert "rows: 20_000 " in lines
    project.write("params.yaml", lines.replace("rows: 20_000 ", "rows: 2_000 "))
    team.push("Fewer customers")
    pull = github.world.opened(team.repository, branch="fewer", title="Fewer", login="ann")
    runs = team.checked(pull)
    assert set(runs) == {"check", "report"}
    ended(runs)
    assert "merging publishes **data-v1**" in team.comment(pull)
    merged = team.merged(pull, "rebase")
    assert {run.name for run in merged} == {"release"}
    ended(merged)
    assert team.tags() == ["data-v1"]
    assert "Published as **data-v1**" in team.comment(pull)
    assert team.leaks() == []


def tracked() -> list[str]:
    """The files of this project that git tracks or would track, as they are here.

    Without ci.yml: it would run these very tests.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    return [name for name in listed if (ROOT / name).is_file() and not name.endswith("/ci.yml")]
