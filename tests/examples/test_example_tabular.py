"""The example of a table is played as its page says, and so is its README."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.commands import run
from tests.example_repositories import DOCS, EXAMPLES, beside_a_checkout
from tests.sessions import Session

NAME = "tests/examples/test_example_tabular.py"


@pytest.mark.slow  # tests/flows goes as far part by part
def test_the_page_of_the_tabular_example_is_true(tmp_path: Path) -> None:
    """First release, an edit with its report, a blocked mistake, a roll-back, and the README."""
    session = Session(beside_a_checkout(tmp_path))
    assert session.play(DOCS / "recipes" / "example-tabular.md", NAME) > 7
    session.play(EXAMPLES / "tabular" / "README.md", NAME)
    assert (
        "nothing to do: everything is already there"
        in run(session.place, "init", "--dataset", "data/trips.parquet").text
    )
