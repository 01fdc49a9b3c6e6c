"""The desk's clone: made whatever was left, branches only ever created, nothing above touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.project import Project

from datarelease.adapters.git.scratch_clone import ScratchGit, find_origin, lent_settings
from datarelease.errors import ConfigError, WorldError


@pytest.fixture
def origin(tmp_path: Path) -> Project:
    """A repository with a bare origin, which the desk is a clone of."""
    made = Project(tmp_path / "work", tmp_path / "origin.git", tmp_path)
    made.root.mkdir()
    made.git("init", "--quiet")
    made.write("a.txt", "1")
    made.commit("One")
    made.git("init", "--quiet", "--bare", str(made.origin))
    made.git("remote", "add", "origin", str(made.origin))
    made.push()
    return made


@pytest.fixture
def clone(origin: Project) -> ScratchGit:
    """A desk inside of the repository, made and laid out."""
    place = origin.root / "tmp" / "desk"
    made = ScratchGit(place, place, env=os.environ)
    made.make(str(origin.origin))
    made.take(made.tip("main"))
    return made


def test_the_remote_is_told_in_one_answer(clone: ScratchGit, origin: Project) -> None:
    """Default branch and heads; a remote without commits has neither."""
    assert clone.advertised() == ("main", {"main": origin.head})
    origin.git("init", "--quiet", "--bare", str(origin.remote / "empty.git"))
    clone.make(str(origin.remote / "empty.git"))
    assert clone.advertised() == (None, {})
    with pytest.raises(WorldError):
        clone.tip("main")


def test_a_branch_is_only_created(clone: ScratchGit, origin: Project) -> None:
    """One that exists stays as it is, even where the push would merely move it forward."""
    tip = clone.tip("main")
    commit = clone.commit_files(tip, {"b.txt": b"2"}, "Two")
    assert clone.create("stream/x/1", tip)
    assert clone.create("stream/x/1", commit) is False
    assert clone.advertised()[1]["stream/x/1"] == tip
    assert clone.withdraw("stream/x/1", commit) is False, "it is at another commit"
    assert clone.withdraw("stream/x/1", tip)
    assert clone.advertised()[1] == {"main": origin.head}


def test_what_was_seen_is_remembered(clone: ScratchGit, origin: Project) -> None:
    """A branch that went is known by its last commit, also after the desk was made ready again."""
    clone.create("stream/x/1", origin.head)
    clone.see("stream/x/")
    clone.withdraw("stream/x/1", origin.head)
    clone.make(str(origin.origin))
    clone.see("stream/x/")
    assert (clone.seen("stream/x/1"), clone.seen("stream/x/2")) == (origin.head, None)


def test_only_what_was_made_here_is_mine(clone: ScratchGit, origin: Project) -> None:
    """For a branch and a commit, both."""
    clone.claim("stream/x/1", origin.head)
    assert clone.is_mine("stream/x/1", origin.head)
    assert not clone.is_mine("stream/x/2", origin.head)
    assert not clone.is_mine("stream/x/1", "0" * 40)


def test_taking_a_commit_leaves_only_ignored_files(clone: ScratchGit) -> None:
    """Edits, files of nobody and locks of the dead go; what git ignores stays."""
    (clone.place / ".git" / "info").mkdir(exist_ok=True)
    (clone.place / ".git" / "info" / "exclude").write_text("/data\n")
    (clone.place / "a.txt").write_text("edited")
    (clone.place / "stray").mkdir()
    (clone.place / "stray" / "file").touch()
    (clone.place / "data").write_text("kept")
    (clone.place / ".git" / "index.lock").touch()
    clone.make(str(clone.remote_url()))
    clone.take(clone.tip("main"))
    assert (clone.place / "a.txt").read_text() == "1"
    assert sorted(path.name for path in clone.place.iterdir()) == [".git", "a.txt", "data"]


def test_without_its_own_repository_it_is_no_clone_of_the_one_above(
    clone: ScratchGit, origin: Project
) -> None:
    """Called there, git must not find the repository around it, and edit that."""
    origin.write("a.txt", "unsaved")
    for path in sorted((clone.place / ".git").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    with pytest.raises(ConfigError, match="not a git repository"):
        clone.take("HEAD")
    assert (origin.root / "a.txt").read_text() == "unsaved"


def test_merges_are_made_by_git(clone: ScratchGit) -> None:
    """Two parents where it goes; None, and nothing left behind, where both changed a line."""
    tip = clone.tip("main")
    one = clone.commit_files(tip, {"b.txt": b"2"}, "Two")
    other = clone.commit_files(tip, {"a.txt": b"2"}, "Other")
    merged = clone.merge(other, one, "Merge")
    assert merged is not None
    assert clone.parents(merged) == (other, one)
    assert clone.differing(other, merged) == ("b.txt",)
    third = clone.commit_files(tip, {"a.txt": b"3"}, "Third")
    assert clone.merge(other, third, "Merge") is None
    assert (clone.place / "a.txt").read_text() == "2"
    assert clone.changed() == ()


def test_the_origin_as_a_clone_elsewhere_needs_it(origin: Project) -> None:
    """Relative addresses become whole; settings to reach it are lent, others are not."""
    origin.git("config", "remote.origin.url", "../origin.git")
    assert find_origin(origin.root, env=os.environ) == str(origin.origin)
    origin.git("config", "http.https://hub.example/.extraheader", "AUTHORIZATION: basic x")
    origin.git("config", "user.name", "Robot")
    origin.git("config", "core.autocrlf", "true")
    assert dict(lent_settings(origin.root, env=os.environ)) == {
        "http.https://hub.example/.extraheader": "AUTHORIZATION: basic x",
        "user.name": "Robot",
    }
    origin.git("remote", "remove", "origin")
    assert find_origin(origin.root, env=os.environ) is None
