"""A table as the engines read it: CSV in UTF-8, or Parquet."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from datarelease.analysis.engine.conversion.arrow_files import write_parquet
from datarelease.analysis.engine.conversion.copies import Copies
from datarelease.analysis.engine.conversion.json_lines import JsonLines
from datarelease.analysis.engine.csv.header import as_utf8
from datarelease.analysis.engine.tables import Table
from datarelease.errors import WorldError
from datarelease.progress import Advance, Progress

_SHOWN = 256 << 20
"""Bytes from which on converting takes long enough to be shown."""
_MEGABYTE = 1_000_000


def convert_table(table: Table, copies: Copies, progress: Progress | None = None) -> Table:
    """The same table in files of CSV in UTF-8 or of Parquet, which are ``copies`` where need be.

    Memory stays bounded, whatever the sizes of the files.

    Raises:
        UnreadableTable: A file is not what its name says.
        WorldError: The disk is full or not writable.
    """
    if table.format == "parquet":
        return table
    try:
        if table.format == "csv":
            return as_utf8(table, copies)
        return _as_parquet(table, copies, progress)
    except OSError as error:
        raise WorldError(
            f"{table.label(table.paths[0])} could not be converted "
            f"({error.strerror or 'disk error'}).",
            untouched="Nothing else was written.",
            remedy="Free space in the temporary directory, then run the same command again.",
        ) from None


def _as_parquet(table: Table, copies: Copies, progress: Progress | None) -> Table:
    labels = table.labels or tuple(path.name for path in table.paths)
    inferred = table.inferred
    if table.format == "jsonl":
        size = sum(path.stat().st_size for path in table.paths)
        with _tracked(progress if size > _SHOWN else None, size) as advance:
            lines = JsonLines(table, advance)
            targets, inferred = lines.write(copies), lines.said
    else:
        targets = tuple(
            copies.of((path, label), ".parquet", partial(write_parquet, path, label))
            for path, label in zip(table.paths, labels, strict=True)
        )
    return dataclasses.replace(
        table, paths=targets, labels=labels, format="parquet", inferred=inferred
    )


@contextmanager
def _tracked(progress: Progress | None, size: int) -> Iterator[Advance]:
    """A bar of megabytes; what is advanced are bytes."""
    if progress is None:
        yield lambda _: None
        return
    done = 0
    with progress.track("Reading JSON Lines", size // _MEGABYTE, "MB") as advance:

        def advance_bytes(count: int) -> None:
            nonlocal done
            advance((done + count) // _MEGABYTE - done // _MEGABYTE)
            done += count

        yield advance_bytes
