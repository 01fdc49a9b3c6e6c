"""Rows that a check found, all of them, as a Parquet file: written while they are read, bounded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datarelease.analysis.engine.row_columns import (
    FILE_CHANGE_COLUMNS,
    FILE_VIOLATION_COLUMNS,
    row_batch,
)
from datarelease.analysis.engine.values import python_rows, text_scalar
from datarelease.model.review.diff import FileChange

LONGEST_CELL = 1_000
"""Characters of a text that are written; what is longer is cut."""
MOST_FILE_BYTES = 256 << 20
"""Of a file, about: a wide table can reach it before the budget of rows is used up."""
BATCH = 100_000
"""Rows in memory at once."""
TOTAL_ROWS = b"datarelease.total_rows"
"""The metadata of such a file that says how many rows there are, those left out included."""
_CONTROL = r"[\x00-\x1f\x7f]"


class RowWriter:
    """A Parquet file that takes rows until there are enough; a context manager."""

    def __init__(self, path: Path, budget: int, most_bytes: int = MOST_FILE_BYTES) -> None:
        """Write to ``path``, at most ``budget`` rows and about ``most_bytes``."""
        self.rows = 0
        self.total = 0
        """How many rows there are; said before the file is closed."""
        self._room = budget
        self._most_bytes = most_bytes
        self._sink = path.open("wb")
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.add_key_value_metadata({TOTAL_ROWS: str(max(self.total, self.rows))})
            self._writer.close()
        self._sink.close()

    @property
    def room(self) -> int:
        """How many rows it still takes."""
        return self._room

    def add(self, rows: pa.RecordBatch) -> None:
        """Write as many of these rows as there is room for; all batches have the same columns."""
        rows = rows.slice(0, self._room)
        if not rows.num_rows:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._sink, rows.schema, compression="zstd")
        self._writer.write_batch(rows.cast(self._writer.schema))
        self.rows += rows.num_rows
        self._room -= rows.num_rows
        if self._sink.tell() > self._most_bytes:
            self._room = 0

    def add_files(self, check: str, paths: Sequence[str], values: Sequence[str]) -> None:
        """Write files that fail a check, in the columns that failing rows have."""
        size = len(paths)
        columns = {
            "check": pa.array([check] * size, pa.string()),
            "column": pa.nulls(size, pa.string()),
            "value": pa.array(values, pa.string()),
            "key.file": pa.array(paths, pa.string()),
            "row": pa.nulls(size, pa.int64()),
        }
        self.add(row_batch(FILE_VIOLATION_COLUMNS, columns))

    def add_file_changes(self, changes: Sequence[FileChange]) -> None:
        """Write files that were added, removed, changed or renamed."""
        columns = {
            "kind": pa.array([change.kind for change in changes], pa.string()),
            "key.file": pa.array([change.path for change in changes], pa.string()),
            "old.file": pa.array([change.old_path or None for change in changes], pa.string()),
            "old.bytes": pa.array([change.before for change in changes], pa.int64()),
            "new.bytes": pa.array([change.after for change in changes], pa.int64()),
        }
        self.add(row_batch(FILE_CHANGE_COLUMNS, columns))


def rows_in(data: bytes) -> tuple[int, int] | None:
    """How many rows a file of a `RowWriter` has, and how many there were; None: it is none."""
    try:
        found = pq.read_metadata(pa.BufferReader(data))
        return found.num_rows, int((found.metadata or {})[TOTAL_ROWS])
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return None


def fair_shares(counts: Sequence[int], budget: int) -> list[int]:
    """How many rows of each kind are written: equal parts; what one leaves goes to the others.

    >>> fair_shares([5, 100, 50], 60)
    [5, 28, 27]
    """
    shares = [0] * len(counts)
    order = sorted(range(len(counts)), key=lambda place: (counts[place], -place))
    for left, place in zip(range(len(order), 0, -1), order, strict=True):
        shares[place] = min(counts[place], budget // left)
        budget -= shares[place]
    return shares


def shown(column: pa.Array) -> pa.Array:
    """Values as a file of rows has them: their own type if it is plain, else text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return shown(column.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pc.utf8_slice_codeunits(column.cast(pa.string()), 0, LONGEST_CELL)
    if any(plain(kind) for plain in _PLAIN):
        return column
    return texts(column)


_PLAIN: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_boolean,
    pa.types.is_decimal,
    pa.types.is_date,
    pa.types.is_timestamp,
)


def texts(column: pa.Array) -> pa.Array:
    """Values as text: times in ISO 8601, bytes by their number, what has parts as JSON."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return pc.replace_substring(column.cast(pa.string()), " ", "T", max_replacements=1)
    if pa.types.is_time(kind) or any(plain(kind) for plain in _PLAIN):
        return column.cast(pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        sizes = pc.binary_length(column).cast(pa.string())
        return pc.binary_join_element_wise(sizes, " bytes", "")
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_nested(kind) or pa.types.is_duration(kind):
        rows = python_rows(pa.table({"v": column}))
        return pa.array([_text(row["v"]) for row in rows], pa.string())
    return shown(column)


def _text(value: object) -> str | None:
    if value is None:
        return None
    parts = isinstance(value, (list, Mapping))
    text = json.dumps(value, default=str, ensure_ascii=False) if parts else str(value)
    return text[:LONGEST_CELL]


def with_mask(column: pa.Array, mask: str) -> pa.Array:
    """``mask`` in place of each value that there is."""
    return pc.if_else(column.is_null(), text_scalar(None), text_scalar(mask))


def json_objects(columns: Mapping[str, pa.Array]) -> pa.Array:
    """Texts of several columns as one JSON object a row."""
    parts: list[pa.Array | str] = []
    for name, column in columns.items():
        text = pc.replace_substring(column, "\\", "\\\\")
        text = pc.replace_substring(text, '"', '\\"')
        for char in "\n\r\t":
            text = pc.replace_substring(text, char, json.dumps(char)[1:-1])
        text = pc.replace_substring_regex(text, _CONTROL, "\ufffd")
        quoted = pc.binary_join_element_wise('"', text, '"', "")
        value = pc.coalesce(quoted, pa.scalar("null"))
        begin = f"{', ' if parts else '{'}{json.dumps(name, ensure_ascii=False)}: "
        parts += [begin, value]
    return pc.binary_join_element_wise(*parts, "}", "")
