"""The files that CONTRIBUTING names are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NAMED = re.findall(
    r"`([a-z][a-zA-Z_./-]*(?:\.py|\.yml|/))`", (ROOT / "CONTRIBUTING.md").read_text("utf-8")
)
"""Of the repository, or of the package where it says ``flows/…``."""
PLACES = ("", "src", "src/datarelease")
PLACEHOLDER = "NAME"


@pytest.mark.parametrize("path", sorted({path for path in NAMED if PLACEHOLDER not in path}))
def test_a_file_that_contributors_are_sent_to_exists(path: str) -> None:
    """A path on the page leads somewhere, from the top or from inside the package."""
    assert any((ROOT / place / path).exists() for place in PLACES)
