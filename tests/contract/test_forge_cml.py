"""The stand-in for CML asks what CML 0.20.6 asks; CML_BIN holds the real one to these tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.forge.records import Pull, Repository
from tests.forge.server import GitHubServer

CML = Path(os.environ.get("CML_BIN") or Path(__file__).parents[1] / "forge" / "cml")
SHA = "ab" * 20
WATERMARK = f'![](https://cml.dev/watermark.png#{SHA} "CML watermark datarelease")'

Posting = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def post(github: GitHubServer, pull: Pull, tmp_path: Path) -> Posting:
    """Runs ``cml comment update`` in a folder outside any repository, as the report job does."""

    def run(text: str, **more: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "report.md").write_text(text)
        token = github.world.workflow_token("acme/data", {"pull-requests": "write"})
        environment = {
            **os.environ,
            "CML_REPO": f"{github.url}/acme/data",
            "REPO_TOKEN": token,
            "ITERATIVE_DO_NOT_TRACK": "1",
            "GITHUB_REPOSITORY": "acme/data",
            "GITHUB_SERVER_URL": github.url,
            "GITHUB_ACTOR": "ann",
            "GITHUB_SHA": SHA,
            **more,
        }
        return subprocess.run(
            [str(CML), "comment", "update", f"--target=pr/{pull.number}", "--publish=false",
             "--watermark-title=datarelease", "report.md"],
            cwd=tmp_path,
            env={name: value for name, value in environment.items() if value},
            check=False,
            capture_output=True,
            text=True,
        )  # fmt: skip

    return run


def requests_of(github: GitHubServer) -> list[tuple[str, str]]:
    """Method and path of each request but the one about the actor."""
    asked = [(request.method, request.path) for request in github.requests]
    return [it for it in asked if not it[1].startswith("/users/")]


def test_it_writes_one_comment_and_then_changes_it(
    github: GitHubServer, repo: Repository, pull: Pull, post: Posting
) -> None:
    """List and create the first time, list and update the second; the watermark ends the body."""
    done = post("# one\n")
    assert done.returncode == 0, done.stderr
    (comment,) = repo.comments_on(pull.number)
    assert done.stdout.strip().endswith(f"#issuecomment-{comment.id}")
    assert comment.body == f"# one\n\n\n{WATERMARK}"
    assert comment.user.login == "github-actions[bot]"
    assert post("# two\n").returncode == 0
    assert [it.body for it in repo.comments_on(pull.number)] == [f"# two\n\n\n{WATERMARK}"]
    listed = f"/repos/acme/data/issues/{pull.number}/comments"
    assert requests_of(github) == [
        ("GET", listed),
        ("POST", listed),
        ("GET", listed),
        ("PATCH", f"/repos/acme/data/issues/comments/{comment.id}"),
    ]
    assert github.asked("GET", "/users/ann")


def test_it_looks_at_nobodys_name(
    github: GitHubServer, repo: Repository, pull: Pull, post: Posting
) -> None:
    """A stranger's comment with our watermark is taken for ours, whatever commit it names."""
    mark = WATERMARK.replace(SHA, "cd" * 20)
    github.world.comment(repo, pull.number, login="mallory", body=f"mine\n\n{mark}")
    other = mark.replace("datarelease", "another")
    github.world.comment(repo, pull.number, login="mallory", body=f"other\n\n{other}")
    assert post("# one\n").returncode == 0
    first, second = repo.comments_on(pull.number)
    assert first.body.startswith("# one")
    assert second.body.startswith("other")


def test_it_looks_at_thirty_comments(
    github: GitHubServer, repo: Repository, pull: Pull, post: Posting
) -> None:
    """Past the first page it finds nothing, and adds a comment each time."""
    for number in range(30):
        github.world.comment(repo, pull.number, login="ann", body=str(number))
    assert post("# one\n").returncode == 0
    assert post("# two\n").returncode == 0
    assert len(repo.comments_on(pull.number)) == 32


@pytest.mark.parametrize(
    ("text", "more"),
    [
        pytest.param("x" * 65_536, {}, id="too long"),
        pytest.param(
            "x", {"REPO_TOKEN": "", "GITHUB_TOKEN": ""}, id="no token", marks=pytest.mark.slow
        ),
        pytest.param("x", {"REPO_TOKEN": "ghs_wrong"}, id="wrong token"),
        pytest.param("x", {"CML_REPO": ""}, id="no repository", marks=pytest.mark.slow),
    ],
)
def test_it_fails(
    repo: Repository, pull: Pull, post: Posting, text: str, more: dict[str, str]
) -> None:
    """Exit 1 and nothing posted: too long a body, no token, a wrong one, or nowhere to post."""
    assert post(text, **more).returncode == 1
    assert repo.comments_on(pull.number) == []


def test_it_fails_as_the_api_does(github: GitHubServer, post: Posting) -> None:
    """A refused request is an exit code other than 0."""
    github.fail("GET", r"/comments$", 502, times=10)
    assert post("# one\n").returncode == 1
