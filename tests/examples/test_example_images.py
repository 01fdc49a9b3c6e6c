"""The example of pictures is played as its page says, and so is its README."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.commands import run
from tests.example_repositories import DOCS, EXAMPLES, beside_a_checkout
from tests.sessions import Session

NAME = "tests/examples/test_example_images.py"


@pytest.mark.slow  # its parts are in tests/flows/check/test_files.py
def test_the_page_of_the_images_example_is_true(tmp_path: Path) -> None:
    """First release, an edit with its report, a blocked mistake, a roll-back, and the README."""
    session = Session(beside_a_checkout(tmp_path))
    assert session.play(DOCS / "recipes" / "example-images.md", NAME) > 7
    session.play(EXAMPLES / "images" / "README.md", NAME)
    assert "nothing to do: everything is already there" in run(session.place, "init").text
