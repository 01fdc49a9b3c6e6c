"""Copies of folders: what git and DVC look at is as in the original."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.copies import copy_tree
from tests.forge.gitdir import WorkTree
from tests.project import Project


def test_a_copy_has_the_content_modes_times_and_links(tmp_path: Path) -> None:
    """Nothing of it is the file of the original, and a link leads where it led."""
    source = tmp_path / "source"
    (source / "empty").mkdir(parents=True)
    (source / "program").write_bytes(b"#!/bin/sh\n")
    (source / "program").chmod(0o755)
    (source / "kept").write_bytes(b"x" * 5000)
    (source / "kept").chmod(0o444)
    os.utime(source / "kept", ns=(1, 1_234_567_890))
    (source / "link").symlink_to("kept")
    (source / "folder").symlink_to("empty")
    copy = copy_tree(source, tmp_path / "new" / "copy")
    for original in source.iterdir():
        made = copy / original.name
        assert made.is_symlink() == original.is_symlink()
        if original.is_symlink():
            assert made.readlink() == original.readlink()
        elif original.is_file():
            assert made.read_bytes() == original.read_bytes()
            assert made.stat().st_mode == original.stat().st_mode
            assert made.stat().st_mtime_ns == original.stat().st_mtime_ns
            assert made.stat().st_ino != original.stat().st_ino
    assert list((copy / "empty").iterdir()) == []


def test_nothing_is_copied_over_a_folder(tmp_path: Path) -> None:
    """As with `shutil.copytree`, the target must not be there."""
    with pytest.raises(FileExistsError):
        copy_tree(tmp_path, tmp_path)


def test_a_copied_project_has_an_origin_of_its_own(project: Project, tmp_path: Path) -> None:
    """What is pushed from a copy is at its origin, and not at that of the original."""
    copied = Project.copied(project.root.parent, tmp_path / "copied")
    copied.commit("In the copy alone")
    copied.push()
    assert copied.git("ls-remote", str(copied.origin), "main").split()[0] == copied.head
    assert project.git("ls-remote", "origin", "main").split()[0] == project.head != copied.head


def test_the_commit_is_what_git_says(work: WorkTree) -> None:
    """On a branch, with the branch in the file of packed refs, and on no branch."""
    project = Project(work.path, work.path, work.path)
    assert project.head == work.git("rev-parse", "HEAD")
    work.git("pack-refs", "--all")
    assert project.head == work.git("rev-parse", "HEAD")
    work.git("checkout", "--quiet", "--detach", "main")
    assert project.head == work.git("rev-parse", "main")
