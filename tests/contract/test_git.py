"""The git adapter against real git: where we are, files, and objects made in silence."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.project import Project

from datarelease.adapters import process
from datarelease.adapters.git import batch
from datarelease.adapters.git.repository import Git
from datarelease.errors import ConfigError, WorldError

HOSTILE = [
    "sp ace.txt",
    'quo"te.txt',
    "zoë.txt",
    "日本/ファイル.txt",
    "tab\there",
    "-dash",
    "*",
    "[x]",
]


def open_git(root: Path) -> Git:
    """The adapter under the test's environment."""
    return Git(root, env=os.environ)


@pytest.fixture
def repo(tmp_path: Path) -> Project:
    """A clone with one commit at its bare origin."""
    made = Project(tmp_path / "work", tmp_path / "origin.git", tmp_path)
    made.root.mkdir()
    made.git("init", "--quiet", "--bare", str(made.origin))
    made.git("init", "--quiet")
    made.git("remote", "add", "origin", str(made.origin))
    made.write("a.txt", "one")
    made.commit("First")
    made.push()
    return made


# --- where we are


def test_no_repository_at_all(tmp_path: Path) -> None:
    """Outside of a repository nothing is claimed, and work that needs one is refused in words."""
    git = open_git(tmp_path)
    assert not git.is_repository()
    assert not git.has_remote()
    assert git.resolve("HEAD") is None
    with pytest.raises(ConfigError, match="not a git repository"):
        git.files()


def test_a_directory_that_is_gone(tmp_path: Path) -> None:
    """A missing directory is reported as such, not as a missing program."""
    with pytest.raises(ConfigError, match="does not exist"):
        open_git(tmp_path / "gone").files()


def test_no_git_program(tmp_path: Path) -> None:
    """Without git on PATH the message says what to install."""
    with pytest.raises(ConfigError, match="'git' was not found") as caught:
        Git(tmp_path, env={"PATH": str(tmp_path)}).files()
    assert "Install git" in caught.value.remedy


def test_a_repository_that_git_refuses_is_not_none(repo: Project) -> None:
    """A damaged repository is reported with git's reason, instead of `no repository`."""
    (repo.root / ".git" / "HEAD").write_text("garbage")
    with pytest.raises(ConfigError, match="git refuses the repository"):
        open_git(repo.root).is_repository()


def test_a_repository_without_commits(tmp_path: Path) -> None:
    """Before the first commit there is a branch, no HEAD, and files that are all untracked."""
    project = Project(tmp_path, tmp_path, tmp_path)
    project.git("init", "--quiet")
    project.write("a.txt", "x")
    git = open_git(tmp_path)
    assert git.is_repository()
    assert (git.branch(), git.resolve("HEAD"), git.has_remote()) == ("main", None, False)
    assert git.files() == ("a.txt",)
    assert git.changed() == (("a.txt", False),)
    assert git.tags("data-v").remote == ()


def test_branches_and_a_detached_head(repo: Project) -> None:
    """The branch is told while HEAD is on one; history and default branch are told either way."""
    git = open_git(repo.root)
    first = repo.head
    second = repo.commit("Second")
    assert (git.branch(), git.default_branch()) == ("main", "main")
    repo.git("checkout", "--quiet", "--detach")
    assert git.branch() is None
    assert git.resolve("HEAD") == git.resolve("main") == second
    assert git.is_ancestor(first, second)
    assert not git.is_ancestor(second, first)
    assert git.merge_base(first, second) == first
    assert git.resolve("no-such") is None
    assert git.resolve("--all") is None


def test_ancestry_near_a_commit_needs_no_process(
    repo: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parents of the newest commits, those of a merge too; git is asked about all others."""
    first = repo.head
    repo.git("switch", "--quiet", "--create", "side")
    side = repo.commit("Side")
    repo.git("switch", "--quiet", "main")
    line = [repo.commit(f"Commit {number}") for number in range(12)]
    repo.git("merge", "--quiet", "--no-ff", "--message", "Merge", "side")
    git = open_git(repo.root)
    assert git.is_repository()
    asked: list[tuple[str, ...]] = []
    attempt = git._git.attempt

    def listed(*words: str) -> process.Completed:
        asked.append(words)
        return attempt(*words)

    monkeypatch.setattr(git._git, "attempt", listed)
    assert git.is_ancestor(side, "HEAD")
    assert git.is_ancestor(line[-1], repo.head)
    assert git.is_ancestor(line[-5], line[-1])
    assert asked == []
    assert git.is_ancestor(first, repo.head)
    assert not git.is_ancestor(side, line[-1])
    assert not git.is_ancestor("no-such", repo.head)
    assert [words[0] for words in asked] == ["merge-base"] * 3


def test_git_says_where_a_shallow_history_ends(repo: Project, tmp_path: Path) -> None:
    """A parent that the clone does not have is no ancestor there."""
    first = repo.head
    second = repo.commit("Second")
    third = repo.commit("Third")
    repo.push()
    repo.git("clone", "--quiet", "--depth=2", f"file://{repo.origin}", str(tmp_path / "shallow"))
    git = open_git(tmp_path / "shallow")
    assert git.is_ancestor(second, third)
    assert not git.is_ancestor(first, second)


def test_an_origin_without_a_branch_has_no_default(tmp_path: Path) -> None:
    """An empty origin answers, and names no branch that exists."""
    project = Project(tmp_path, tmp_path / "o.git", tmp_path)
    project.git("init", "--quiet", "--bare", str(project.origin))
    project.git("init", "--quiet")
    project.git("remote", "add", "origin", str(project.origin))
    git = open_git(tmp_path)
    assert git.default_branch() is None
    assert git.fetch_branch("main") is None
    git.fetch_versions("data-v")
    assert git.tags("data-v").remote == ()


def test_dates_are_in_utc(repo: Project) -> None:
    """A commit's date is UTC wherever it was made and wherever it is read."""
    repo.run(
        "git", "commit", "--quiet", "--allow-empty", "-m", "Dated",
        env={"GIT_COMMITTER_DATE": "2026-03-01T01:30:00+05:30"},
    )  # fmt: skip
    assert open_git(repo.root).commit_date(repo.head) == "2026-02-28T20:00:00Z"


def test_the_environment_of_a_hook_leads_nowhere(
    repo: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run from a hook of another repository, the adapter still speaks of its own."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert open_git(repo.root).files() == ("a.txt",)


# --- files


def test_files_with_any_name(repo: Project) -> None:
    """Names come back as they are, from the work tree and from a revision, and can be read."""
    for name in HOSTILE:
        repo.write(name, name)
    git = open_git(repo.root)
    assert {path for path, tracked in git.changed() if not tracked} == set(HOSTILE)
    assert set(git.files()) == {"a.txt", *HOSTILE}
    repo.commit()
    assert set(git.files("HEAD")) == {"a.txt", *HOSTILE}
    assert [git.read("HEAD", name) for name in HOSTILE] == [name.encode() for name in HOSTILE]
    assert git.changed() == ()


def test_reading_what_is_not_a_file(repo: Project) -> None:
    """A missing file, a directory and a missing revision read as nothing."""
    repo.write("folder/x", b"\x00\xff\n\n")
    repo.commit()
    git = open_git(repo.root)
    assert git.read("HEAD", "folder/x") == b"\x00\xff\n\n"
    assert git.read("HEAD", "folder") is None
    assert git.read("HEAD", "none") is None
    assert git.read("none", "a.txt") is None


def test_a_subdirectory_sees_itself_only(repo: Project) -> None:
    """With a root below the repository's, paths are relative to it and others stay out."""
    repo.write("deep er/pkg/in.txt", "in")
    repo.write("out.txt", "out")
    repo.commit()
    repo.write("deep er/pkg/new.txt", "new")
    repo.write("deep er/pkg/in.txt", "edited")
    repo.write("out.txt", "edited")
    git = open_git(repo.root / "deep er" / "pkg")
    assert set(git.files()) == {"in.txt", "new.txt"}
    assert git.files("HEAD") == ("in.txt",)
    assert git.read("HEAD", "in.txt") == b"in"
    assert git.read("HEAD", "out.txt") is None
    assert set(git.changed()) == {("in.txt", True), ("new.txt", False)}


def test_changes_of_every_kind(repo: Project) -> None:
    """Edited, staged, renamed, deleted and new files are reported, ignored ones are not."""
    for name in ("edit", "stage", "move", "drop"):
        repo.write(name, name * 20)
    repo.write(".gitignore", "*.log\n")
    repo.commit()
    repo.write("edit", "x")
    repo.write("stage", "x")
    repo.git("add", "stage")
    repo.git("mv", "move", "moved")
    (repo.root / "drop").unlink()
    repo.write("new", "x")
    repo.write("x.log", "x")
    assert dict(open_git(repo.root).changed()) == {
        "edit": True, "stage": True, "move": True, "moved": True, "drop": True, "new": False,
    }  # fmt: skip


# --- commits made in silence


def test_a_commit_leaves_everything_where_it_was(repo: Project) -> None:
    """Files are added, replaced and removed in a new commit; branch, index and tree stay."""
    repo.write("gone/x", "x")
    repo.write("stay", "stay")
    parent = repo.commit()
    repo.write("a.txt", "dirty")
    before = (repo.head, repo.git("status", "--porcelain"))
    git = open_git(repo.root)
    files = {"a.txt": b"two\r\n", "new/deep/zoë x": b"\x00", "gone/x": None, "never": None}
    commit = git.commit_files(parent, files, "Release\n\nBody — ünïcode")
    assert (repo.head, repo.git("status", "--porcelain")) == before
    assert git.read(commit, "a.txt") == b"two\r\n"
    assert set(git.files(commit)) == {"a.txt", "new/deep/zoë x", "stay"}
    assert repo.git("log", "-1", "--format=%P|%B", commit) == f"{parent}|Release\n\nBody — ünïcode"
    repo.git("fsck", "--strict", "--no-dangling")


def test_equal_content_gives_an_equal_commit(repo: Project) -> None:
    """The same files on the same parent give the same commit, whatever the clock says."""
    git = open_git(repo.root)
    commits = {git.commit_files(repo.head, {"x": b"1", "y": b"2"}, "m") for _ in range(2)}
    os.environ["GIT_COMMITTER_DATE"] = "2001-01-01T00:00:00Z"
    commits.add(open_git(repo.root).commit_files(repo.head, {"y": b"2", "x": b"1"}, "m"))
    assert len(commits) == 1
    assert git.commit_files(repo.head, {"x": b"1"}, "m") not in commits


def test_a_commit_from_a_subdirectory(repo: Project) -> None:
    """Paths are relative to the root that the adapter was given."""
    repo.write("sub dir/x", "old")
    repo.commit()
    git = open_git(repo.root / "sub dir")
    commit = git.commit_files(repo.head, {"x": b"new", "y/z": b"1"}, "m")
    assert open_git(repo.root).read(commit, "sub dir/x") == b"new"
    assert open_git(repo.root).read(commit, "sub dir/y/z") == b"1"


def test_somebody_commits_where_nobody_is_known(repo: Project, home: Path) -> None:
    """Without a name in git's configuration commits and tags are made nevertheless."""
    (home / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    git = open_git(repo.root)
    commit = git.commit_files(repo.head, {"x": b"1"}, "m")
    tag = git.tag_object("data-v1", commit, "m")
    assert "datarelease <datarelease@localhost>" in repo.git("cat-file", "commit", commit)
    assert "tagger datarelease <datarelease@localhost>" in repo.git("cat-file", "tag", tag)


def test_refs_move_only_from_where_they_were(repo: Project) -> None:
    """Setting a ref compares and swaps; a branch's name is taken once."""
    git = open_git(repo.root)
    first, second = repo.head, git.commit_files(repo.head, {"x": b"1"}, "m")
    assert git.set_ref("refs/heads/main", second, old=first)
    assert not git.set_ref("refs/heads/main", first, old=first)
    assert repo.head == second
    git.adopt(["x"])
    assert git.changed() == (("x", True),)  # in the commit, not in the work tree
    assert git.new_branch("topic", first)
    assert git.new_branch("topic", first)
    assert not git.new_branch("topic", second)
    git.switch("topic")
    assert git.branch() == "topic"
    with pytest.raises(ConfigError, match="git switch failed"):
        git.switch("no-such")


def test_a_mirror_is_the_tip_of_a_repository_elsewhere(repo: Project, tmp_path: Path) -> None:
    """Files at a URL can be read; asked again, a newer tip is found."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    git = open_git(folder)
    url = f"file://{repo.origin}"
    assert git.mirror(url) == repo.head
    repo.write("a.txt", "two")
    repo.commit()
    repo.push()
    tip = git.mirror(url)
    assert tip == repo.head
    assert git.read(tip, "a.txt") == b"two"


def test_a_mirror_of_nothing(tmp_path: Path) -> None:
    """An empty repository is a wrong address; one that does not answer is the world's fault."""
    Project(tmp_path, tmp_path, tmp_path).git("init", "--quiet", "--bare", "empty.git")
    (tmp_path / "m").mkdir()
    with pytest.raises(ConfigError, match="has no commit"):
        open_git(tmp_path / "m").mirror(f"file://{tmp_path}/empty.git")
    (tmp_path / "n").mkdir()
    with pytest.raises(WorldError, match="did not do what was asked"):
        open_git(tmp_path / "n").mirror(f"file://{tmp_path}/none.git")


# --- objects, read by one process


def test_one_process_reads_everything(repo: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Revisions, files, trees and dates come from one process, which sees what is made later."""
    begun: list[Sequence[str]] = []
    begin = process.begin

    def counted(arguments: Sequence[str], **kwargs: Any) -> Any:
        begun.append(arguments)
        return begin(arguments, **kwargs)

    monkeypatch.setattr(batch, "begin", counted)
    git = open_git(repo.root)
    first = repo.head
    assert (git.resolve("HEAD"), git.files("HEAD"), git.commit_date("HEAD")[:2]) == (
        first, ("a.txt",), "20",
    )  # fmt: skip
    repo.write("later/two\nlines", "x" * 200_000)
    second = repo.commit()
    assert git.resolve("HEAD") == second
    assert set(git.files(second)) == {"a.txt", "later/two\nlines"}
    assert git.read(second, "later/two\nlines") == b"x" * 200_000
    assert len(begun) == 1
    git.close()
    assert git.read(second, "a.txt") == b"one"
    assert len(begun) == 2


def test_the_process_ends_with_its_repository(repo: Project) -> None:
    """Closed or forgotten, no process of git is left."""
    for forget in (Git.close, lambda _: None):
        before = set(psutil.Process().children())
        git = open_git(repo.root)
        git.resolve("HEAD")
        [process] = set(psutil.Process().children()) - before
        forget(git)
        del git
        gc.collect()
        assert not process.is_running()


def test_an_object_that_git_cannot_read_is_an_error(repo: Project) -> None:
    """A damaged object is told in git's words, and not taken for a file that is not there."""
    blob = repo.git("rev-parse", "HEAD:a.txt")
    place = repo.root / ".git" / "objects" / blob[:2] / blob[2:]
    place.chmod(0o600)
    place.write_bytes(b"garbage")
    git = open_git(repo.root)
    with pytest.raises(ConfigError, match="git cat-file failed: error: inflate"):
        git.read("HEAD", "a.txt")
    assert git.resolve("HEAD") == repo.head


def test_a_revision_that_is_not_there_has_no_files(repo: Project) -> None:
    """Files of a missing revision are an error; a directory that it lacks has none."""
    (repo.root / "new").mkdir()
    with pytest.raises(ConfigError, match="there is no revision 'none'"):
        open_git(repo.root).files("none")
    assert open_git(repo.root / "new").files("HEAD") == ()


def test_a_git_that_does_not_answer_is_stopped(repo: Project, tmp_path: Path) -> None:
    """A process that reads objects and does nothing is ended at the limit."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    git = Git(repo.root, env={**os.environ, "PATH": path}, timeout=0.5)
    before = set(psutil.Process().children())
    with pytest.raises(WorldError, match=r"git cat-file made no progress for 0\.5 seconds"):
        git.read("HEAD", "a.txt")
    assert set(psutil.Process().children()) <= before


def test_submodules_are_no_files(repo: Project) -> None:
    """A commit of another repository in a tree is left out, and so is what is below it."""
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.head},sub")
    repo.git("commit", "--quiet", "-m", "Submodule")
    assert open_git(repo.root).files("HEAD") == ("a.txt",)
