"""The page spark.md is played with Sail on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests import commands
from tests.example_repositories import DOCS, beside_a_checkout
from tests.sessions import Session

TEST = "tests/recipes/test_spark_page.py"


@pytest.mark.slow
def test_a_check_with_spark_is_as_its_recipe_says(tmp_path: Path) -> None:
    """The check passes, and the statistics are those of DuckDB, byte for byte."""
    session = Session(beside_a_checkout(tmp_path))
    page, test = DOCS / "recipes" / "example-tabular.md", "tests/examples/test_example_tabular.py"
    for section in ("Set it up", "Release the first version"):
        assert session.play(page, test, section)
    duckdb = shutil.copytree(session.place, tmp_path / "duckdb", symlinks=True)
    assert session.play(DOCS / "recipes" / "spark.md", TEST) == 2
    changed = (session.place / "params.yaml").read_text(encoding="utf-8")
    (duckdb / "params.yaml").write_text(changed.replace("  engine: spark\n", ""), encoding="utf-8")
    commands.run(duckdb, "check")
    for name in ("profile.json", "validation.json"):
        results = [place / "reports" / "trips" / name for place in (session.place, duckdb)]
        assert results[0].read_bytes() == results[1].read_bytes(), name
