"""CSV files in another encoding than UTF-8, copied into UTF-8, which is what the engine reads."""

from __future__ import annotations

import codecs
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.errors import WorldError
from datarelease.model.data.csv_dialect import UTF8

_CHUNK = 1 << 20
_SKIPPED = re.compile(rb"[^\r\n]+")


def as_utf8(table: Table, folder: Path) -> Table:
    """The same table in files that the engine can read, copied to ``folder`` where need be.

    A file is copied if it is not in UTF-8, or if lines above its header hold quotation marks,
    which would be taken for the beginning of a value. Lines keep their numbers. Memory stays
    bounded.

    Raises:
        UnreadableTable: A file is not in the encoding of the dialect.
        WorldError: The disk is full or not writable.
    """
    dialect = table.csv
    paths = []
    for number, path in enumerate(table.paths):
        if dialect.encoding == UTF8 and not _quotes_above(path, dialect.skip_rows):
            paths.append(path)
            continue
        copy = folder / f"{number}.csv"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with path.open("rb") as source, copy.open("wb") as target:
                for piece in _blanked(_decoded(source, table, path), dialect.skip_rows):
                    target.write(piece)
        except OSError as error:
            raise WorldError(
                f"{table.label(path)} could not be copied ({error.strerror or 'disk error'}).",
                untouched="Nothing else was written.",
                remedy="Free space in the temporary directory, then run the same command again.",
            ) from None
        paths.append(copy)
    if tuple(paths) == table.paths:
        return table
    # Parts with equal bytes are one file of a cache: only their places tell them apart.
    labels = table.labels or tuple(path.name for path in table.paths)
    return dataclasses.replace(table, paths=tuple(paths), labels=labels)


def _decoded(source: BinaryIO, table: Table, path: Path) -> Iterator[bytes]:
    """The file in UTF-8, piece by piece."""
    decoder = codecs.getincrementaldecoder(table.csv.encoding)()
    lines = 1
    while True:
        chunk = source.read(_CHUNK)
        try:
            text = decoder.decode(chunk, final=not chunk)
            encoded = text.encode(UTF8)
        except UnicodeError as error:
            read = error.object[: error.start] if isinstance(error, UnicodeDecodeError) else b""
            lines += read.decode(table.csv.encoding, errors="ignore").count("\n")
            reason = f"not {table.csv.encoding} (line {lines})"
            raise UnreadableTable(table.label(path), reason) from None
        lines += text.count("\n")
        yield encoded
        if not chunk:
            return


def _blanked(pieces: Iterator[bytes], lines: int) -> Iterator[bytes]:
    """The same text with nothing in its first lines but their ends."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head.splitlines()) > lines:
            break
    kept = head.splitlines(keepends=True)
    yield from (_SKIPPED.sub(b"", line) for line in kept[:lines])
    yield from kept[lines:]
    yield from pieces


def _quotes_above(path: Path, lines: int) -> bool:
    if not lines:
        return False
    with path.open("rb") as source:
        head = source.read(_CHUNK).splitlines()[:lines]
    return any(b'"' in line for line in head)
