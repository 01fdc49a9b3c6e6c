"""The bytes of columns in Parquet files: equal ones hold equal values, and are not decoded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pyarrow import parquet

from datarelease.analysis.engine.row_groups.reader import RowSpan

_BLOCK = 1 << 20
"""Bytes that are read at once."""
_WRONG_SIZES = "parquet-cpp version 1."
"""Writers (until 2018) that recorded too few bytes of a column (PARQUET-816)."""

_MANY_ROWS = 1 << 19
"""Rows from which on it is worth a query of its own to look at each value once."""
_FEW_BYTES = 2
"""Bytes a row in which numbers of values are, and the values: some thousand at most."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """The bytes of a leaf column in a row group."""

    start: int
    size: int
    described: tuple[object, ...]
    """What else it takes to decode them."""


class ParquetBytes:
    """A Parquet file whose bytes are read as its footer says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._metadata = parquet.read_metadata(path)
        schema = self._metadata.schema
        self._leaves: dict[str, list[tuple[int, tuple[object, ...]]]] = {}
        """The places of the leaves of each column, and what they are."""
        if (self._metadata.created_by or "").startswith(_WRONG_SIZES):
            return
        # A name with a dot is not told from a leaf inside: such columns are compared by values.
        # Some types (durations, say) are told by Arrow's schema alone.
        types = {f.name: str(f.type) for f in schema.to_arrow_schema() if "." not in f.name}
        for place in range(len(schema)):
            leaf = schema.column(place)
            if (name := leaf.path.partition(".")[0]) in types:
                described = types[name], str(leaf), leaf.length
                self._leaves.setdefault(name, []).append((place, described))

    @property
    def columns(self) -> dict[str, str]:
        """Those whose bytes are known, and what they are."""
        return {
            name: repr([described for _, described in leaves])
            for name, leaves in self._leaves.items()
        }

    def chunks(self, group: int, name: str) -> list[Chunk] | None:
        """The bytes of a column in a row group; None: they are not known."""
        if name not in self._leaves:
            return None
        found = self._metadata.row_group(group)
        return [_chunk(found.column(place), leaf) for place, leaf in self._leaves[name]]

    def blocks(self, chunk: Chunk) -> Iterator[bytes]:
        """The bytes of a chunk; a block that is not all there is empty."""
        # Not kept open: a table may have more parts than a process may open files.
        with self._path.open("rb", buffering=0) as file:
            file.seek(chunk.start)
            for start in range(0, chunk.size, _BLOCK):
                size = min(_BLOCK, chunk.size - start)
                block = file.read(size)
                yield block if len(block) == size else b""

    def groups(self, part: int) -> Iterator[RowGroup]:
        """The row groups that have rows."""
        first = 0
        for number in range(self._metadata.num_row_groups):
            end = first + self._metadata.row_group(number).num_rows
            if end > first:
                span = RowSpan(part=part, first=first, end=end)
                yield RowGroup(file=self, number=number, span=span)
            first = end


@dataclass(frozen=True, kw_only=True)
class RowGroup:
    """A row group of a part of a table."""

    file: ParquetBytes
    number: int
    span: RowSpan

    def sizes(self, columns: Sequence[str]) -> tuple[object, ...] | None:
        """What is equal where columns have the same bytes; None: their bytes are not known."""
        found = [self.file.chunks(self.number, name) for name in columns]
        chunks = [(chunk.size, chunk.described) for some in found for chunk in some or ()]
        return None if None in found else (self.span.rows, *chunks)

    def digest(self, columns: Sequence[str]) -> bytes | None:
        """The SHA-256 of the bytes of columns; None: they are not known, or not all there."""
        digest = hashlib.sha256(repr(self.sizes(columns)).encode())
        for name in columns:
            for chunk in self.file.chunks(self.number, name) or ():
                for block in self.file.blocks(chunk):
                    if not block:
                        return None
                    digest.update(block)
        return digest.digest()

    def differs(self, other: RowGroup, name: str) -> bool:
        """Whether a column has other bytes in another row group, or they are not known."""
        mine, others = self.file.chunks(self.number, name), other.file.chunks(other.number, name)
        if mine is None or others is None:
            return True
        if [(c.size, c.described) for c in mine] != [(c.size, c.described) for c in others]:
            return True
        return any(
            block != facing or not block
            for chunk, other_chunk in zip(mine, others, strict=True)
            for block, facing in zip(
                self.file.blocks(chunk), other.file.blocks(other_chunk), strict=True
            )
        )


def column_digests(path: Path) -> dict[str, str]:
    """By column, the SHA-256 of its bytes in all row groups, and of what it takes to decode them.

    Left out are columns whose bytes are not known, or are not all there.

    Raises:
        OSError: The file cannot be read.
    """
    file = ParquetBytes(path)
    groups = list(file.groups(0))

    def digest(column: tuple[str, str]) -> tuple[str, str] | None:
        name, described = column
        found = hashlib.sha256(described.encode())
        for group in groups:
            part = group.digest([name])
            if part is None:
                return None
            found.update(part)
        return name, found.hexdigest()

    with ThreadPoolExecutor(os.cpu_count()) as readers:
        return dict(filter(None, readers.map(digest, file.columns.items())))


def columns_of_few_values(path: Path) -> frozenset[str]:
    """Columns of text whose values all row groups have in a dictionary, and in few bytes a row.

    Raises:
        OSError: The file cannot be read.
    """
    metadata = parquet.read_metadata(path)
    if metadata.num_rows < _MANY_ROWS:
        return frozenset()
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    texts = {
        place: metadata.schema.column(place).path
        for place in range(metadata.num_columns)
        if metadata.schema.column(place).logical_type.type == "STRING"
    }
    return frozenset(
        name
        for place, name in texts.items()
        if all(_has_few_values(group.column(place)) for group in groups if group.num_rows)
    )


def _has_few_values(column: parquet.ColumnChunkMetaData) -> bool:
    few = column.total_uncompressed_size <= _FEW_BYTES * column.num_values
    return bool(column.has_dictionary_page and few)


def _chunk(column: parquet.ColumnChunkMetaData, leaf: tuple[object, ...]) -> Chunk:
    pages = column.data_page_offset
    start = pages
    if column.has_dictionary_page and column.dictionary_page_offset:
        start = min(pages, column.dictionary_page_offset)
    described = (*leaf, column.compression, column.num_values, column.file_path, pages - start)
    return Chunk(start=start, size=column.total_compressed_size, described=described)
