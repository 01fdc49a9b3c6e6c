"""The fake GitHub's git refuses and keeps what GitHub's does."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.forge.gitdir import WorkTree
from tests.forge.records import Repository
from tests.forge.server import GitHubServer


@pytest.fixture
def repo(github: GitHubServer, work: WorkTree) -> Repository:
    """A public repository of acme with main, topic and the tag data-v1."""
    work.git("tag", "data-v1", "main")
    return github.world.repository("acme/data", source=work.path)


def cloned(github: GitHubServer, folder: Path, token: str | None = None) -> WorkTree:
    """A clone of acme/data with a new commit on main."""
    WorkTree(path=folder.parent).git(
        "clone", "--quiet", github.clone_url("acme/data", token), str(folder)
    )
    clone = WorkTree(path=folder)
    clone.commit({"c.txt": "3\n"})
    return clone


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize("suffix", ["", ".git"])
def test_anybody_clones_what_is_public(github: GitHubServer, tmp_path: Path, suffix: str) -> None:
    """A public repository is cloned without a token, with or without .git in its address."""
    url = github.clone_url("acme/data").removesuffix(".git") + suffix
    WorkTree(path=tmp_path).git("clone", "--quiet", url, str(tmp_path / "clone"))
    assert (tmp_path / "clone" / "a.txt").read_text() == "1\n"


def test_nobody_clones_what_is_private(
    github: GitHubServer, repo: Repository, tmp_path: Path
) -> None:
    """A private repository is only for tokens that may read it."""
    repo.private = True
    anywhere = WorkTree(path=tmp_path)
    right = github.world.workflow_token("acme/data", {"contents": "read"})
    wrong = github.world.workflow_token("acme/data", {"issues": "write"})
    codes = [
        anywhere.run("ls-remote", github.clone_url("acme/data", token)).returncode
        for token in (None, wrong, right)
    ]
    assert codes == [128, 128, 0]


@pytest.mark.usefixtures("repo")
def test_a_push_takes_contents_write(github: GitHubServer, tmp_path: Path) -> None:
    """A token that reads does not push; one that writes does, and the push is remembered."""
    reads = github.world.workflow_token("acme/data", {"contents": "read"})
    writes = github.world.workflow_token("acme/data", {"contents": "write"})
    clone = cloned(github, tmp_path / "clone")
    refused = clone.run("push", github.clone_url("acme/data", reads), "main")
    assert "403" in refused.stderr
    clone.git("push", github.clone_url("acme/data", writes), "main")
    (push,) = github.world.pushes
    assert (push.ref, push.kind) == ("refs/heads/main", "workflow")
    assert push.after == clone.git("rev-parse", "HEAD")


def test_a_protected_branch_refuses_pushes_and_keeps_merges(
    github: GitHubServer, repo: Repository, tmp_path: Path
) -> None:
    """Alone the push of main is refused and the tag goes through; atomically neither does."""
    github.world.protect(repo, branch="main")
    token = github.world.workflow_token("acme/data", {"contents": "write"})
    clone, url = cloned(github, tmp_path / "clone"), github.clone_url("acme/data", token)
    clone.git("tag", "data-v2")
    both = ("HEAD:refs/heads/main", "refs/tags/data-v2")
    assert clone.run("push", "--atomic", url, *both).returncode == 1
    assert repo.bare.sha("refs/tags/data-v2") is None
    refused = clone.run("push", url, *both)
    assert "GH006: Protected branch update failed" in refused.stderr
    assert repo.bare.sha("refs/tags/data-v2") == clone.git("rev-parse", "HEAD")
    before = repo.bare.sha("main")
    pull = github.world.opened(repo, branch="topic", title="t", login="ann")
    github.world.merge(repo, pull.number, login="ann")
    assert repo.bare.sha("main") != before


def test_tags_of_versions_are_for_good(
    github: GitHubServer, repo: Repository, tmp_path: Path
) -> None:
    """With the ruleset no data-v tag moves or goes; without it, both work."""
    token = github.world.workflow_token("acme/data", {"contents": "write"})
    clone, url = cloned(github, tmp_path / "clone"), github.clone_url("acme/data", token)
    github.world.protect(repo, branch=None, tags=True)
    for spec in ("+HEAD:refs/tags/data-v1", ":refs/tags/data-v1"):
        assert "GH013" in clone.run("push", url, spec).stderr
    github.world.protect(repo, branch=None, tags=False)
    clone.git("push", url, ":refs/tags/data-v1")
    assert repo.bare.sha("refs/tags/data-v1") is None


def test_a_workflow_pushes_no_workflow_file_that_no_branch_has(
    github: GitHubServer, repo: Repository, tmp_path: Path
) -> None:
    """A commit with an older workflow file is tagged by people alone; a branch's own by both."""
    token = github.world.workflow_token("acme/data", {"contents": "write"})
    clone, url = cloned(github, tmp_path / "clone"), github.clone_url("acme/data", token)
    person = github.clone_url("acme/data", github.world.user_token("acme"))
    for text in ("name: old\n", "name: new\n"):
        clone.commit({".github/workflows/x.yml": text})
    assert "refusing to allow" in clone.run("push", url, "HEAD:refs/heads/main").stderr
    clone.git("push", person, "HEAD:refs/heads/main")
    clone.git("push", url, "HEAD:refs/tags/new")
    assert "refusing to allow" in clone.run("push", url, "HEAD^:refs/tags/old").stderr
    clone.git("push", person, "HEAD^:refs/tags/old")
    clone.git("push", url, ":refs/tags/old")
    assert repo.bare.sha("refs/tags/old") is None


def test_a_pull_request_follows_its_branch(
    github: GitHubServer, repo: Repository, tmp_path: Path
) -> None:
    """After a push the head and the trial merge are new, and the refs can be fetched."""
    pull = github.world.opened(repo, branch="topic", title="t", login="ann")
    before = (pull.head, pull.merge_commit)
    clone = cloned(github, tmp_path / "clone")
    clone.git("checkout", "--quiet", "topic")
    sha = clone.commit({"d.txt": "4\n"})
    clone.git("push", github.clone_url("acme/data", github.world.user_token("acme")), "topic")
    assert pull.head == sha != before[0]
    assert pull.merge_commit != before[1]
    clone.git("fetch", "origin", f"refs/pull/{pull.number}/merge")
    assert clone.git("rev-parse", "FETCH_HEAD^2") == sha


def test_what_was_pushed_is_searched(
    github: GitHubServer, repo: Repository, tmp_path: Path
) -> None:
    """A secret is found in git, also where a later commit took it away, and in what people see."""
    pulled = cloned(github, tmp_path / "clone")
    pulled.commit({"c.txt": "planted-1\n"})
    pulled.commit({"c.txt": "gone\n"})
    pulled.git("push", github.clone_url("acme/data", github.world.user_token("acme")), "main")
    pull = github.world.opened(repo, branch="topic", title="t", login="ann")
    made = github.world.comment(repo, pull.number, login="ann", body="see planted-2")
    assert repo.leaks(["planted-1"]) == ["git"]
    assert repo.leaks(["planted-2", "planted-3"]) == [f"comment {made.id}"]


@pytest.mark.slow  # stories that push as much are slow, too
def test_a_big_push_arrives_whole(github: GitHubServer, repo: Repository, tmp_path: Path) -> None:
    """More than git's post buffer travels in chunks."""
    clone = cloned(github, tmp_path / "clone")
    text = "".join(str(hash((number, "x"))) for number in range(150_000))
    clone.commit({"big.txt": text})
    clone.git("push", github.clone_url("acme/data", github.world.user_token("acme")), "main")
    assert repo.bare.git("show", "main:big.txt") == text
