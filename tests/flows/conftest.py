"""Projects on their way, made once and copied: released, and edited after a release."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.commands import run
from tests.conftest import chosen, environment, hermetic_environment
from tests.project import Project


@pytest.fixture(scope="session")
def templates(project_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``template`` (built), ``released`` (data-v1), ``edited`` (params since; lock not in git).

    ``checked`` is ``edited`` after a check: what it computed of the data is known.
    """
    return released_and_edited(project_template, tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="session")
def one_dataset_templates(
    one_dataset_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same with people alone."""
    return released_and_edited(one_dataset_template, tmp_path_factory.mktemp("one-released"))


def released_and_edited(template: Path, folder: Path) -> Path:
    """Copy a built project to ``folder``, release it, and edit it after that."""
    Project.copied(template, folder / "template")
    with environment(hermetic_environment(folder / "home")):
        released = Project.copied(template, folder / "released")
        run(released, "release")
        shutil.rmtree(released.root / "reports")
        edited = Project.copied(folder / "released", folder / "edited")
        edited.params(rows=25, parts=4)
        edited.commit("More people and events")
        edited.push()
        edited.repro()
        checked = Project.copied(folder / "edited", folder / "checked")
        run(checked, "check")
        shutil.rmtree(checked.root / "reports")
        for project in (released, edited, checked):
            shutil.rmtree(project.root / ".dvc" / "tmp", ignore_errors=True)
    return folder


Copy = Callable[[str], Project]


@pytest.fixture
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Copy:
    """Makes a project of its own from one of the templates."""
    templates = chosen(request, "one_dataset_templates", "templates")

    def make(name: str) -> Project:
        return Project.copied(templates / name, tmp_path / name)

    return make


@pytest.fixture
def built(copy: Copy) -> Project:
    """Data built and committed, nothing released."""
    return copy("template")


@pytest.fixture
def released(copy: Copy) -> Project:
    """Released as data-v1."""
    return copy("released")


@pytest.fixture
def edited(copy: Copy) -> Project:
    """Released as data-v1; params were edited and pushed since, the new lock is not in git."""
    return copy("edited")
