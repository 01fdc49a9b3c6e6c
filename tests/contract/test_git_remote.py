"""The git adapter and its remote: tags, shallow clones, pushes that are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.project import Project

from datarelease.adapters.git.repository import Git
from datarelease.errors import WorldError

TAG = "refs/tags/data-v1"
MAIN = "refs/heads/main"
MESSAGES = [
    "",
    "one line",
    'data-v1: 日本 🎉 zoë\n\nBody with "quotes", | pipes and\ttabs\n\nDigest: abc\nCommit: def',
    "line\rends\x0b\x0c\x1c\x85\u2028in the middle",
    "<!-- @everyone --> `code` $(rm -rf)",
    "first\n\n\n\nlast\n",
]


def open_git(project: Project) -> Git:
    """The adapter under the test's environment."""
    return Git(project.root, env=os.environ)


@pytest.fixture
def repo(tmp_path: Path) -> Project:
    """A clone with three commits at its bare origin."""
    made = Project(tmp_path / "work", tmp_path / "origin.git", tmp_path)
    made.root.mkdir()
    made.git("init", "--quiet", "--bare", str(made.origin))
    made.git("init", "--quiet")
    made.git("remote", "add", "origin", str(made.origin))
    for number in range(3):
        made.write("a.txt", str(number))
        made.commit(f"Commit {number}")
    made.push()
    return made


def clone(repo: Project, target: Path, *options: str) -> Project:
    """Another clone of the same origin."""
    repo.git("clone", "--quiet", *options, f"file://{repo.origin}", str(target))
    return Project(target, repo.origin, repo.remote)


def hook(repo: Project, name: str, script: str) -> None:
    """Install a hook at the origin."""
    path = repo.origin / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


# --- tags


@pytest.mark.parametrize("message", MESSAGES)
def test_a_tag_comes_back_as_it_was_made(repo: Project, message: str) -> None:
    """Whatever its message holds, a pushed tag is read with name, commit and message."""
    git = open_git(repo)
    sha = git.tag_object("data-v1", repo.head, message)
    [result] = git.push({TAG: sha})
    assert result.accepted
    git.fetch_versions("data-v")
    [tag] = git.tags("data-v").remote
    assert (tag.name, tag.commit, tag.annotated, tag.sha) == ("data-v1", repo.head, True, sha)
    assert tag.message == message + "\n"
    repo.git("fsck", "--strict", "--no-dangling")


def test_tags_of_every_kind(repo: Project) -> None:
    """Lightweight and annotated tags, a tag of a tag and a tagged file are told apart."""
    head, blob = repo.head, repo.git("rev-parse", "HEAD:a.txt")
    repo.git("tag", "data-v1", "HEAD~1")
    repo.git("tag", "-a", "data-v2", "-m", "two")
    repo.git("tag", "-a", "data-v3", "-m", "three", "data-v2")
    repo.git("tag", "data-v4", blob)
    repo.git("tag", "-a", "data-v5\u2028", "-m", "odd")
    repo.git("tag", "other-v1")
    repo.git("push", "--quiet", "origin", "--tags")
    git = open_git(repo)
    git.fetch_versions("data-v")
    assert [(tag.name, tag.commit, tag.annotated) for tag in git.tags("data-v").remote] == [
        ("data-v1", repo.git("rev-parse", "HEAD~1"), False),
        ("data-v2", head, True),
        ("data-v3", head, True),
        ("data-v4", blob, False),
        ("data-v5\u2028", head, True),
    ]
    assert [tag.name for tag in git.tags("data-v").local][:2] == ["data-v1", "data-v2"]


@pytest.mark.parametrize("kind", ["PGP SIGNATURE", "SSH SIGNATURE", "SIGNED MESSAGE"])
def test_a_signature_is_no_part_of_the_message(repo: Project, kind: str) -> None:
    """What follows a message to sign it is left out, so that trailers stay last."""
    signature = f"-----BEGIN {kind}-----\n\niQEz: abc\n-----END {kind}-----"
    git = open_git(repo)
    git.push({TAG: git.tag_object("data-v1", repo.head, f"t\n\nDigest: abc\n{signature}")})
    git.fetch_versions("data-v")
    [tag] = git.tags("data-v").remote
    assert tag.message == "t\n\nDigest: abc\n"


def test_local_tags_neither_mislead_nor_are_touched(repo: Project, tmp_path: Path) -> None:
    """The remote's tags are kept apart: a local tag is not one of them, and is not overwritten."""
    git = open_git(repo)
    repo.git("tag", "data-v1", "HEAD~2")
    repo.git("tag", "data-v9")
    git.push({TAG: git.tag_object("data-v1", repo.head, "real")})
    git.fetch_versions("data-v")
    assert [(tag.name, tag.commit) for tag in git.tags("data-v").remote] == [("data-v1", repo.head)]
    assert repo.git("rev-parse", "data-v1") == repo.git("rev-parse", "HEAD~2")
    other = clone(repo, tmp_path / "other", "--no-tags")
    open_git(other).fetch_versions("data-v")
    assert other.git("tag", "--list") == ""


def test_tags_that_went_or_changed_at_the_remote(repo: Project) -> None:
    """Our copy follows the remote, also when a tag was deleted or moved by force."""
    git = open_git(repo)
    repo.git("push", "--quiet", "origin", "HEAD~2:refs/tags/data-v1", "HEAD:refs/tags/data-v2")
    git.fetch_versions("data-v")
    assert [tag.name for tag in git.tags("data-v").remote] == ["data-v1", "data-v2"]
    repo.git("push", "--quiet", "origin", ":refs/tags/data-v2", "+HEAD:refs/tags/data-v1")
    git.fetch_versions("data-v")
    assert [(tag.name, tag.commit) for tag in git.tags("data-v").remote] == [("data-v1", repo.head)]


def test_a_prefix_with_folders(repo: Project) -> None:
    """A tag prefix may hold slashes."""
    git = open_git(repo)
    git.push({"refs/tags/data/people/v1": git.tag_object("data/people/v1", repo.head, "x")})
    git.fetch_versions("data/people/v")
    assert [tag.name for tag in git.tags("data/people/v").remote] == ["data/people/v1"]


# --- shallow clones


def test_a_full_clone_stays_full(repo: Project, tmp_path: Path) -> None:
    """Bringing tags to a full clone cuts nothing off, tags on commits of their own included."""
    git = open_git(repo)
    side = git.commit_files(repo.head, {"x": b"1"}, "Release commit")
    git.push({TAG: git.tag_object("data-v1", side, "m")})
    other = clone(repo, tmp_path / "other", "--no-tags")
    elsewhere = open_git(other)
    elsewhere.fetch_versions("data-v")
    assert not elsewhere.is_shallow()
    assert elsewhere.read(side, "x") == b"1"
    assert elsewhere.is_ancestor(repo.head, side)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_clone_gets_tagged_files_and_then_history(
    repo: Project, tmp_path: Path, depth: int
) -> None:
    """In a shallow clone older versions can be read; completed, it is full and tells ancestry."""
    git = open_git(repo)
    first = repo.git("rev-parse", "HEAD~2")
    side = git.commit_files(repo.git("rev-parse", "HEAD~1"), {"x": b"1"}, "Release commit")
    git.push({TAG: git.tag_object("data-v1", first, "m")})
    git.push({"refs/tags/data-v2": git.tag_object("data-v2", side, "m")})
    other = clone(repo, tmp_path / "other", f"--depth={depth}", "--no-tags")
    shallow = open_git(other)
    shallow.fetch_versions("data-v")
    assert shallow.is_shallow()
    assert [tag.name for tag in shallow.tags("data-v").remote] == ["data-v1", "data-v2"]
    assert shallow.read(first, "a.txt") == b"0"
    assert shallow.read(side, "x") == b"1"
    shallow.complete_history()
    assert not shallow.is_shallow()
    assert shallow.is_ancestor(first, repo.head)
    assert shallow.is_ancestor(first, side)
    assert shallow.merge_base(side, repo.head) == repo.git("rev-parse", "HEAD~1")
    shallow.fetch_versions("data-v")
    assert not shallow.is_shallow()


def test_a_shallow_clone_before_the_first_version(repo: Project, tmp_path: Path) -> None:
    """No tag at the origin is not an error, though git exits with 1; a deleted tag is forgotten."""
    other = clone(repo, tmp_path / "shallow", "--depth=1")
    shallow = open_git(other)
    shallow.fetch_versions("data-v")
    assert shallow.tags("data-v").remote == ()
    repo.git("push", "--quiet", "origin", f"HEAD:{TAG}")
    shallow.fetch_versions("data-v")
    assert [tag.name for tag in shallow.tags("data-v").remote] == ["data-v1"]
    repo.git("push", "--quiet", "--delete", "origin", TAG)
    shallow.fetch_versions("data-v")
    assert shallow.tags("data-v").remote == ()
    repo.origin.rename(tmp_path / "away")
    with pytest.raises(WorldError, match="origin"):
        shallow.fetch_versions("data-v")


def test_a_branch_is_fetched_beside_our_own(repo: Project, tmp_path: Path) -> None:
    """The remote's newest commit of a branch is told and readable; no local branch moves."""
    other = clone(repo, tmp_path / "other")
    before = other.head
    repo.write("a.txt", "newer")
    repo.commit()
    repo.push()
    git = open_git(other)
    assert git.fetch_branch("main") == repo.head
    assert git.read(repo.head, "a.txt") == b"newer"
    assert other.head == other.git("rev-parse", "main") == before
    assert git.fetch_branch("none") is None


def test_tags_and_a_branch_are_fetched_together(repo: Project, tmp_path: Path) -> None:
    """One fetch brings both; a branch that the remote does not have leaves the tags as they are."""
    other = clone(repo, tmp_path / "other")
    repo.write("a.txt", "newer")
    repo.commit()
    repo.push()
    repo.git("tag", "-a", "data-v1", "-m", "one")
    repo.git("push", "--quiet", "origin", "data-v1")
    git = open_git(other)
    assert git.fetch_versions("data-v", branch="main") == repo.head
    assert [tag.name for tag in git.tags("data-v").remote] == ["data-v1"]
    assert git.containing(repo.git("rev-parse", "HEAD~1"), "data-v") == {"data-v1"}
    assert git.containing(other.commit("Later"), "data-v") == frozenset()
    repo.git("push", "--quiet", "--delete", "origin", "data-v1")
    assert git.fetch_versions("data-v", branch="none") is None
    assert git.tags("data-v").remote == ()
    repo.origin.rename(tmp_path / "away")
    with pytest.raises(WorldError, match="origin"):
        git.fetch_versions("data-v", branch="main")


# --- pushes


def test_a_push_of_what_is_there_is_accepted(repo: Project) -> None:
    """The same object again is no conflict."""
    git = open_git(repo)
    sha = git.tag_object("data-v1", repo.head, "m")
    assert [git.push({TAG: sha})[0].accepted for _ in range(2)] == [True, True]


def test_a_taken_tag_is_refused_and_stays(repo: Project, tmp_path: Path) -> None:
    """Another object under a name that is taken is refused, with the reason."""
    git = open_git(repo)
    first = git.tag_object("data-v1", repo.head, "first")
    git.push({TAG: first})
    other = open_git(clone(repo, tmp_path / "other", "--no-tags"))
    [result] = other.push({TAG: other.tag_object("data-v1", repo.head, "second")})
    assert (result.ref, result.accepted) == (TAG, False)
    assert "already exists" in result.reason
    assert repo.git("ls-remote", "origin", TAG).split()[0] == first


def test_all_or_nothing_when_the_branch_has_moved(repo: Project, tmp_path: Path) -> None:
    """An atomic push of a branch that moved leaves the tag unmade too."""
    other = clone(repo, tmp_path / "other")
    repo.commit("Faster")
    repo.push()
    git = open_git(other)
    commit = git.commit_files(other.head, {"x": b"1"}, "Release")
    tag = git.tag_object("data-v1", commit, "m")
    results = git.push({MAIN: commit, TAG: tag}, atomic=True)
    assert [(result.ref, result.accepted) for result in results] == [(MAIN, False), (TAG, False)]
    assert repo.git("ls-remote", "origin", TAG) == ""
    assert repo.git("ls-remote", "origin", MAIN).split()[0] == repo.head


def test_all_or_nothing_when_the_tag_is_taken(repo: Project) -> None:
    """An atomic push with a taken tag leaves the branch where it was."""
    git = open_git(repo)
    git.push({TAG: git.tag_object("data-v1", repo.head, "first")})
    commit = git.commit_files(repo.head, {"x": b"1"}, "Release")
    results = git.push({MAIN: commit, TAG: git.tag_object("data-v1", commit, "m")}, atomic=True)
    assert [result.accepted for result in results] == [False, False]
    assert repo.git("ls-remote", "origin", MAIN).split()[0] == repo.head


def test_a_protected_branch_refuses_and_the_tag_alone_goes_through(repo: Project) -> None:
    """Where the remote protects main, both are refused together and the tag is taken alone."""
    hook(repo, "update", '[ "$1" != refs/heads/main ] || { echo protected >&2; exit 1; }')
    git = open_git(repo)
    commit = git.commit_files(repo.head, {"x": b"1"}, "Release")
    tag = git.tag_object("data-v1", commit, "m")
    results = git.push({MAIN: commit, TAG: tag}, atomic=True)
    assert [result.accepted for result in results] == [False, False]
    assert repo.git("ls-remote", "origin", TAG) == ""
    assert git.push({TAG: tag})[0].accepted


def test_a_hook_that_refuses_everything(repo: Project) -> None:
    """A pre-receive hook's refusal is a refusal of each ref, not an unreachable remote."""
    hook(repo, "pre-receive", "echo no tags for you >&2; exit 1")
    git = open_git(repo)
    [result] = git.push({TAG: git.tag_object("data-v1", repo.head, "m")})
    assert not result.accepted
    assert "hook declined" in result.reason


def test_nothing_else_travels_with_a_push(repo: Project, home: Path) -> None:
    """Configuration that adds to a push (other tags, hooks) adds nothing to ours."""
    with (home / ".gitconfig").open("a") as config:
        config.write("[push]\n\tfollowTags = true\n\tdefault = matching\n")
    refusing = repo.root / ".git" / "hooks" / "pre-push"
    refusing.parent.mkdir(exist_ok=True)
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    repo.git("tag", "-a", "private", "-m", "x")
    git = open_git(repo)
    assert git.push({TAG: git.tag_object("data-v1", repo.head, "m")})[0].accepted
    assert "private" not in repo.git("ls-remote", "origin")


def test_a_ref_can_be_taken_back(repo: Project) -> None:
    """Pushing nothing to a ref deletes it."""
    git = open_git(repo)
    ref = "refs/tags/data-v1-yanked"
    git.push({ref: git.tag_object("data-v1-yanked", repo.head, "m")})
    assert git.push({ref: ""})[0].accepted
    assert repo.git("ls-remote", "origin", ref) == ""


@pytest.mark.parametrize(
    "work", ["fetch_versions", "fetch_branch", "default_branch", "push", "complete_history"]
)
def test_a_remote_that_does_not_answer(repo: Project, tmp_path: Path, work: str) -> None:
    """An unreachable remote is an error of the network, with its address but no credentials."""
    other = clone(repo, tmp_path / "other", "--depth=1")
    other.git("remote", "set-url", "origin", "http://robot:s3cret@127.0.0.1:1/data.git")
    git = open_git(other)
    calls = {
        "fetch_versions": lambda: git.fetch_versions("data-v"),
        "fetch_branch": lambda: git.fetch_branch("main"),
        "default_branch": git.default_branch,
        "push": lambda: git.push({TAG: other.head}),
        "complete_history": git.complete_history,
    }
    with pytest.raises(WorldError, match=r"http://127\.0\.0\.1:1/data\.git") as caught:
        calls[work]()
    assert "s3cret" not in str(caught.value)
    assert "robot" not in str(caught.value)
    assert "run the same command again" in caught.value.remedy
