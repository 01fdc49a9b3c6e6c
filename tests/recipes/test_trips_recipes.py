"""Recipes that go on where the tabular example has its first version are played as they say."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.conftest import environment, hermetic_environment
from tests.example_repositories import DOCS, beside_a_checkout
from tests.sessions import Session, marked_blocks

TEST = "tests/recipes/test_trips_recipes.py"
PAGES = {name: DOCS / "recipes" / name for name in (
    "policies.md", "readable-paths.md", "reading-elsewhere.md", "two-remotes.md",
)}  # fmt: skip
POLICIES = list(dict.fromkeys(block.section for block in marked_blocks(PAGES["policies.md"], TEST)))


# The policies, remotes and readers of these pages are tested one by one in tests/flows.
@pytest.fixture(scope="module", params=[pytest.param("data-v1", marks=pytest.mark.slow)])
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the tabular example, released as data-v1, its origin and its remote."""
    home = tmp_path_factory.mktemp("released")
    with environment(hermetic_environment(home / "home")):
        folder = beside_a_checkout(home)
        session = Session(folder)
        page = DOCS / "recipes" / "example-tabular.md"
        for section in ("Set it up", "Release the first version"):
            assert session.play(page, "tests/examples/test_example_tabular.py", section)
    return folder


@pytest.fixture
def session(released: Path, tmp_path: Path) -> Session:
    """A reader in a copy of it."""
    folder = shutil.copytree(released, tmp_path / "here", symlinks=True)
    replaced = {
        "/srv/backup": str(tmp_path / "backup"),
        "s3://acme-data/trips": str(folder / "trips-remote"),
        "https://github.com/acme/trips": str(folder / "trips.git"),
    }
    place = folder / "trips"
    config = place / ".dvc" / "config"  # an address that is right from other repositories, too
    config.write_text(config.read_text().replace("../../trips-remote", f"{folder}/trips-remote"))
    subprocess.run(
        ["git", "commit", "--quiet", "--all", "--message", "Move"], cwd=place, check=True
    )
    subprocess.run(["git", "push", "--quiet"], cwd=place, check=True)
    return Session(place, replaced=replaced)


@pytest.mark.parametrize("section", POLICIES)
def test_a_policy_does_what_its_recipe_says(session: Session, section: str) -> None:
    """Each section begins from data-v1: what blocks, what warns, and what allows it."""
    assert session.play(PAGES["policies.md"], TEST, section) > 1


@pytest.mark.parametrize("name", sorted(PAGES.keys() - {"policies.md"}))
def test_a_recipe_with_a_released_version_is_true(session: Session, name: str) -> None:
    """Two remotes, readable paths, and readers elsewhere."""
    assert session.play(PAGES[name], TEST) > 1
