"""The files that CONTRIBUTING names are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
NAMED = re.findall(
    r"`([a-z][a-zA-Z_./-]*(?:\.py|\.yml|/))`", (ROOT / "CONTRIBUTING.md").read_text("utf-8")
)
"""Of the repository, or of the package where it says ``flows/…``."""
PLACES = ("", "src", "src/datarelease")
PLACEHOLDER = "NAME"


def test_files_that_contributors_are_sent_to_exist() -> None:
    """A path on the page leads somewhere, from the top or from inside the package."""
    paths = {path for path in NAMED if PLACEHOLDER not in path}
    assert paths
    assert {
        path for path in paths if not any((ROOT / at / path).exists() for at in PLACES)
    } == set()
