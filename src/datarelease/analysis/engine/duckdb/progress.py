"""A progress bar on stderr while DuckDB works; its own bar writes to stdout, where results go."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

_AFTER = 1.0
"""Seconds before a bar appears: short queries show none."""
_EVERY = 0.2
_WHOLE = 100.0


@contextmanager
def show_progress(connection: duckdb.DuckDBPyConnection, *, on: bool) -> Iterator[None]:
    """Show how far the running query is, if ``on`` and if stderr is a terminal."""
    if not on or not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(connection, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(connection: duckdb.DuckDBPyConnection, done: threading.Event) -> None:
    if done.wait(_AFTER):
        return
    from rich.console import Console  # noqa: PLC0415 - heavy: only where a bar is shown
    from rich.progress import Progress  # noqa: PLC0415 - heavy

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("reading", total=_WHOLE)
        while not done.wait(_EVERY):
            bars.update(task, completed=max(0.0, connection.query_progress()))


def prepare(connection: duckdb.DuckDBPyConnection, *, on: bool) -> None:
    """Have DuckDB measure its progress, and print nothing of it."""
    connection.execute(f"SET enable_progress_bar = {str(on).lower()}")
    connection.execute("SET enable_progress_bar_print = false")
