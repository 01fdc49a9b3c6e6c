"""What releases are made of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.project import Project


@pytest.fixture
def edited(copy: Callable[[str], Project]) -> Project:
    """Released as data-v1, edited since and checked: a release here computes nothing of the data.

    Half of its time would go to that. A clone of the project knows nothing, and computes it.
    """
    return copy("checked")
