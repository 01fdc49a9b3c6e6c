"""Connections to DuckDB as the engine has them, with their limits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import duckdb

from datarelease.analysis.engine.duckdb.query_progress import measure_progress
from datarelease.analysis.engine.tables import Table
from datarelease.progress import Advance, Progress, Quiet

_LARGE = 64 << 20
"""Bytes of a table that is worth a second engine."""
_ENOUGH = 128 << 20
"""Bytes of memory with which an engine need not spill at once."""

_THREADS = 4
"""Threads with which one engine leaves processors idle: two are as fast one after the other."""


def connect(
    temp_directory: Path, memory_limit: str, threads: int, *, progress: bool
) -> duckdb.DuckDBPyConnection:
    """A database in memory that downloads nothing and knows one time zone, UTC.

    Rows keep the order of the files: examples and samples are the same on every run.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": memory_limit,
            "temp_directory": str(temp_directory),
            "threads": str(threads),
            "preserve_insertion_order": "true",
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    # The smallest and largest value that a Parquet file records leave NaN out; DuckDB (2.0)
    # concludes from them that there is none, and `isnan` is then false for every row.
    connection.execute("SET disabled_optimizers = 'statistics_propagation'")
    measure_progress(connection, on=progress)
    return connection


def is_for_two(table: Table, memory: int, threads: int) -> bool:
    """Whether two engines with so much memory and so many threads each read a table in less time.

    Text would be parsed by both.
    """
    if table.format != "parquet" or memory < _ENOUGH or threads < _THREADS:
        return False
    return sum(path.stat().st_size for path in table.paths if path.is_file()) >= _LARGE


@contextmanager
def shared(
    connection: duckdb.DuckDBPyConnection, memory: int, usual: str, directory: Path
) -> Iterator[Path]:
    """Queries keep within so many bytes, and another database has the directory for spilling.

    Databases that spill into the same directory would write the same files. Afterwards, queries
    keep within the ``usual`` limit.

    Raises:
        OSError: Nothing can be written below ``directory``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="second-", dir=directory) as scratch:
        connection.execute(f"SET memory_limit = '{memory}B'")
        try:
            yield Path(scratch)
        finally:
            connection.execute(f"SET memory_limit = '{usual}'")


class LaterProgress(Quiet):
    """Shows no bars until it is told to."""

    def __init__(self, progress: Progress | None) -> None:
        """``progress`` shows them then, if it is there."""
        self._progress = progress
        self._shown = False

    def show(self) -> None:
        """Show bars from now on."""
        self._shown = True

    def track(self, label: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """A bar, or nothing."""
        if self._shown and self._progress is not None:
            return self._progress.track(label, total, unit)
        return nullcontext(lambda _: None)
