"""Projects with a history for what is kept and what goes."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest
from tests.commands import run
from tests.conftest import environment, hermetic_environment
from tests.project import Project
from tests.versions import object_path

DAY = 24 * 3600.0


def age(folder: Path, days: float = 30) -> None:
    """Let every file below a folder be as old as that."""
    moment = time.time() - days * DAY
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (moment, moment))


def put_object(remote: Path, content: bytes, *, days: float = 30, tree: bool = False) -> str:
    """Put an object on a directory as remote; its hash."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest() + (".dir" if tree else "")
    path = object_path(remote, md5)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    moment = time.time() - days * DAY
    os.utime(path, (moment, moment))
    return md5


def stored(remote: Path) -> set[str]:
    """The keys of everything on a directory as remote."""
    return {p.relative_to(remote).as_posix() for p in remote.rglob("*") if p.is_file()}


@pytest.fixture(scope="session")
def history(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions, and a branch with data of its own that was pushed; all of it a month old."""
    folder = tmp_path_factory.mktemp("history")
    with environment(hermetic_environment(folder / "home")):
        project = Project.copied(templates / "edited", folder / "history")
        run(project, "release")
        project.git("switch", "--quiet", "-c", "topic")
        project.params(rows=7, parts=1)
        project.repro()
        project.commit("Fewer people")
        project.dvc("push", "--quiet")
        project.git("push", "--quiet", "origin", "topic")
        project.git("switch", "--quiet", "main")
        project.dvc("checkout", "--quiet")
        age(project.remote)
    return folder / "history"


@pytest.fixture
def two(history: Path, tmp_path: Path) -> Project:
    """A copy of it."""
    return Project.copied(history, tmp_path / "two")
