"""Recipes that begin with a few small files and no repository are played as they say."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.example_repositories import DOCS
from tests.sessions import Session

TEST = "tests/recipes/test_small_repositories.py"
Reader = Callable[[str], Session]
RENTS = """\
Stadt;Miete;Fläche;gemeldet am
Köln;1.234,50;72,5;31.01.2026
Düsseldorf;980,00;55;01.02.2026
Görlitz;410,25;61,3;15.02.2026
Köln;;40,0;16.02.2026
"""
FILES = {
    "archive/2026-01/prices.csv": "city,price\nAthens,1.50\nChania,1.70\n",
    "archive/2026-02/prices.csv": "city,price\nAthens,1.55\nChania,1.70\n",
    "archive/2026-03/prices.csv": "city,price\nAthens,1.55\nChania,1.80\nPatras,1.60\n",
    "sales/data/orders.csv": "order,item,pieces\n1,apple,3\n2,pear,1\n3,apple,2\n",
    "stock/data/items.csv": "item,shelf\napple,A1\npear,A2\n",
}


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """Makes a reader beside some files, with an empty repository of a name on the forge."""

    def make(name: str) -> Session:
        for path, text in FILES.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        origin = tmp_path / "forge" / name
        subprocess.run(["git", "init", "--quiet", "--bare", origin], check=True)
        return Session(
            tmp_path,
            replaced={"https://github.com/acme": str(origin.parent), "/srv/": f"{tmp_path}/srv-"},
        )

    return make


@pytest.mark.slow  # three releases of what the other recipes release once
def test_folders_of_versions_become_versions(reader: Reader) -> None:
    """The page folders-of-versions.md: three folders are three versions, in their order."""
    assert reader("prices").play(DOCS / "recipes" / "folders-of-versions.md", TEST) > 5


@pytest.mark.slow  # tests/flows/versions/test_projects.py
def test_two_projects_in_a_repository_are_released_apart(reader: Reader) -> None:
    """The page several-projects.md: each has its versions, workflows and readers."""
    assert reader("shop").play(DOCS / "recipes" / "several-projects.md", TEST) > 3


@pytest.mark.slow  # tests/flows/adopt/test_layouts.py adopts such numbers
def test_a_european_csv_file_is_read_as_it_is_meant(reader: Reader, tmp_path: Path) -> None:
    """The page european-csv.md: numbers are numbers, letters are right, dates can be dates."""
    session = reader("rents")
    session.place = tmp_path / "rents"
    subprocess.run(["git", "clone", "--quiet", tmp_path / "forge" / "rents", "rents"],
                   cwd=tmp_path, check=True, stderr=subprocess.DEVNULL)  # fmt: skip
    (session.place / "data").mkdir()
    (session.place / "data" / "rents.csv").write_bytes(RENTS.encode("cp1252"))
    assert session.play(DOCS / "recipes" / "european-csv.md", TEST) > 5
