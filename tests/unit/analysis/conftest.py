"""What tests of tables in parts share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.part_versions import OpenedFiles


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for files by their content, for memos, and for what spills."""
    return tmp_path_factory.mktemp("parts")


@pytest.fixture
def engine(place: Path) -> Iterator[OpenedFiles]:
    """An engine that counts the parts that it opens."""
    with OpenedFiles(place) as engine:
        yield engine
