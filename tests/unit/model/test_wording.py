"""The nearest known name."""

from __future__ import annotations

import pytest

from datarelease.model.wording import nearest_name


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("polcy", "policy"),
        ("POLICY", "policy"),
        ("policy", None),
        ("x", None),
        ("Remote", "remotes"),
    ],
)
def test_a_misspelt_name_has_a_nearest(name: str, near: str | None) -> None:
    """In any case of letters; a name that is known, has none."""
    assert nearest_name(name, ["policy", "remotes"]) == near
