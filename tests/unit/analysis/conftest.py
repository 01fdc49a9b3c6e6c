"""What tests of tables share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.part_versions import OpenedFiles


@pytest.fixture(scope="module", autouse=True)
def _shared_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Engines of a module with equal settings are connections to one database.

    DuckDB builds the catalog of its functions for each database anew, which takes it longer than
    what most tests ask. Temporary tables and the time zone are those of a connection.
    """
    opened: dict[tuple[tuple[str, Any], ...], duckdb.DuckDBPyConnection] = {}
    connect, spill = duckdb.connect, str(tmp_path_factory.mktemp("spill"))

    def sharing(
        database: str = ":memory:", *, config: dict[str, Any] | None = None
    ) -> duckdb.DuckDBPyConnection:
        settings = {**(config or {}), "temp_directory": spill}
        key = tuple(sorted(settings.items()))
        if key not in opened:
            opened[key] = connect(database, config=settings)
        return opened[key].cursor()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", sharing)
        yield
    for connection in opened.values():
        connection.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for files by their content, for memos, and for what spills."""
    return tmp_path_factory.mktemp("parts")


@pytest.fixture
def engine(place: Path) -> Iterator[OpenedFiles]:
    """An engine that counts the parts that it opens."""
    with OpenedFiles(place) as engine:
        yield engine
