"""How far a query of DuckDB is, told while it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from datarelease.progress import Progress

_AFTER = 1.0
"""Seconds before a bar appears: short queries show none."""
_EVERY = 0.2
_WHOLE = 100


@contextmanager
def show_progress(
    connection: duckdb.DuckDBPyConnection, progress: Progress | None
) -> Iterator[None]:
    """Tell ``progress`` how many per cent of the running query are done; None: nobody is told."""
    if progress is None:
        yield
        return
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(connection, progress, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(
    connection: duckdb.DuckDBPyConnection, progress: Progress, done: threading.Event
) -> None:
    if done.wait(_AFTER):
        return
    shown = 0
    with progress.track("Querying tables", _WHOLE, "%") as advance:
        while not done.wait(_EVERY):
            # Below zero while DuckDB does not know yet.
            reached = max(shown, int(connection.query_progress()))
            advance(reached - shown)
            shown = reached


def measure_progress(connection: duckdb.DuckDBPyConnection, *, on: bool) -> None:
    """Have DuckDB measure its progress, and print nothing of it."""
    connection.execute(f"SET enable_progress_bar = {str(on).lower()}")
    connection.execute("SET enable_progress_bar_print = false")
