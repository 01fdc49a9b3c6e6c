"""Adopting: somebody else's DVC repository, and this very repository."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.commands import run as command
from tests.conftest import REF
from tests.forge import events
from tests.forge.server import GitHubServer
from tests.get_started import fresh_clone, make_get_started
from tests.own_files import copy_own_files
from tests.project import Project
from tests.servers import S3Server
from tests.stories import NAME, ROOT, Team, ended, hosted, installed_tool, on_bucket

from datarelease.model.project import REPOSITORY


@pytest.mark.slow
def test_a_repository_not_made_by_us_is_adopted_with_one_command(
    s3_server: S3Server, github: GitHubServer, tmp_path: Path
) -> None:
    """Fresh clone, `init --yes`, push: a release, then a comment with a real diff, then the next.

    Its source data was added with `dvc add` and is on a private bucket, which checks cannot read.
    The files name the commit of the tool that ran; on GitHub there are roles and no keys.
    """
    bucket = s3_server.bucket()
    made = make_get_started(tmp_path / "made", remote=bucket.url())
    on_bucket(made, bucket)
    made.push()
    made.dvc("push", "--quiet", env=bucket.keys.env)
    clone = fresh_clone(made, tmp_path / "clone")
    tree, env = installed_tool(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "datarelease", "init", "--yes"],
        cwd=clone.root, env={**env, **bucket.keys.env}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert_complete(clone, commit=tree.git("rev-parse", "HEAD"))
    team = hosted(clone, bucket, github, tmp_path)
    team.sign_in_by_roles()

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


def assert_complete(project: Project, *, commit: str) -> None:
    """The workflows name that commit, linters find nothing in them, the doctor lacks nothing."""
    folder = project.root / ".github" / "workflows"
    text = "".join(path.read_text() for path in folder.iterdir())
    assert set(re.findall(rf"{REPOSITORY}[\w./-]*@(\w+)", text)) == {commit}
    for linter in (["actionlint"], ["zizmor", "--offline", "--quiet", ".github"]):
        program = Path(sys.executable).with_name(linter[0])
        done = subprocess.run(
            [str(program), *linter[1:]],
            cwd=project.root, check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    lines = command(project, "doctor", "--json", "--github", NAME, code=None).json["lines"]
    [line] = [line for line in lines if line["check"] == "workflows"]
    assert (line["state"], line["found"]) == ("ok", "check, report, release, verify")


@pytest.mark.slow
def test_the_files_that_the_page_shows_are_enough(team: Team) -> None:
    """Copied from docs/adopt/workflows.md, with a version of the tool: comment, digest, release."""
    page = (ROOT / "docs/adopt/workflows.md").read_text()
    files = [
        block for block in re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
        if block.startswith("name:")
    ]  # fmt: skip
    folder = team.project.root / ".github" / "workflows"
    for path in folder.iterdir():
        path.unlink()
    for name, text in zip(("data", "data-report", "data-release"), files, strict=True):
        (folder / f"{name}.yml").write_text(text.replace("@COMMIT", f"@{REF}"))
    team.sign_in_by_roles()
    team.push("Copy the files of the page", branch="HEAD:main")
    pull = team.propose("more", rows=24)
    ended(team.checked(pull))
    assert "merging publishes **data-v1**" in team.comment(pull)
    [status] = team.repository.statuses_of(pull.head)
    assert (status.context, status.state) == ("datarelease/check", "success")
    ended(team.merged(pull, "squash"))
    assert team.tags() == ["data-v1"]
    assert "Published as **data-v1**" in team.comment(pull)
    [manifest] = [a for a in team.page("data-v1").assets if a.name == "manifest.json"]
    digest = json.loads(manifest.content)["digest"]
    assert f" · {digest}" in str(status.description)
    assert team.leaks() == []


@pytest.mark.slow
def test_the_reusable_release_serves_a_repository_of_its_owner(
    adopted_template: Path, s3_server: S3Server, github: GitHubServer, tmp_path: Path
) -> None:
    """Files as earlier versions wrote them: one call builds, publishes with secrets, announces."""
    project = Project.copied(adopted_template, tmp_path / "clone")
    bucket = s3_server.bucket()
    on_bucket(project, bucket)
    workflows = f"{REPOSITORY}/.github/workflows"
    document = {
        "name": "data",
        "on": {"pull_request": {}, "push": {"branches": ["main"]}},
        "permissions": {},
        "jobs": {
            "check": {
                "if": "github.event_name == 'pull_request'",
                "permissions": {"contents": "read"},
                "uses": f"{workflows}/check.yml@{REF}",
            },
            "release": {
                "if": "github.event_name == 'push'",
                "permissions": {
                    "contents": "write", "pull-requests": "write", "statuses": "read",
                    "id-token": "write", "attestations": "write",
                },
                "uses": f"{workflows}/release.yml@{REF}",
                "secrets": {
                    name: f"${{{{ secrets.{name} }}}}"
                    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DISPATCH_TOKEN")
                },
            },
        },
    }  # fmt: skip
    (project.root / ".github/workflows/data-release.yml").unlink()
    project.write(".github/workflows/data.yml", yaml.safe_dump(document, sort_keys=False))
    project.commit("Release as earlier versions did")
    team = hosted(project, bucket, github, tmp_path, name=f"{REPOSITORY.partition('/')[0]}/data")
    pull = team.propose("more", rows=24)
    ended(team.checked(pull))
    [run, *_] = team.merged(pull)
    ended([run])
    assert [job for job, it in run.jobs.items() if it.result == "success"] == [
        "release / build / build", "release / publish", "release / announce / announce",
    ]  # fmt: skip
    assert team.tags() == ["data-v1"]
    assert "Published as **data-v1**" in team.comment(pull)
    assert team.leaks() == []


@pytest.mark.slow
def test_this_repository_releases_its_own_data(
    s3_server: S3Server, github: GitHubServer, tmp_path: Path
) -> None:
    """Its workflow files are started by their own triggers: comment, merge, data-v1, site.

    The site itself is not built: tests/e2e/test_own_workflows.py builds the handbook.
    """
    project = Project(tmp_path / "clone", tmp_path / "origin.git", tmp_path / "remote")
    project.root.mkdir()
    copy_own_files(project.root)
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
    [release] = team.merged(pull, "rebase", follow=False)
    assert release.name == "release", "no page of the handbook changed"
    ended([release])
    after = team.actions.started(team.actions.completed(release))
    assert after == [".github/workflows/site.yml"]
    assert team.tags() == ["data-v1"]
    assert "Published as **data-v1**" in team.comment(pull)
    assert team.leaks() == []
