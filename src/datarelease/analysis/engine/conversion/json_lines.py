"""JSON Lines converted to Parquet: an object a line, its fields the columns.

A field that a line lacks is null there. All parts of a table get the same columns and types; what
these are, `json_types` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datarelease.analysis.engine.conversion.copies import Copies
from datarelease.analysis.engine.conversion.json_blocks import Block, read_blocks
from datarelease.analysis.engine.conversion.json_types import (
    LARGEST_EXACT,
    as_text,
    as_type,
    has_floats,
    json_columns,
    merged_columns,
    plain_type,
    stored_type,
    type_of_text,
    type_text,
)
from datarelease.analysis.engine.parquet_parts import leaves
from datarelease.analysis.engine.tables import Table, UnreadableTable

_MOST_COLUMNS = 10_000
_LONG = re.compile(rb"[:,\[\s]-?[0-9]{16,}[\s,}\]]")
"""A whole number that a float64 may not hold."""
_LONGER = re.compile(rb"[:,\[\s]-?[0-9]{19,}[\s,}\]]")
"""A whole number that an int64 may not hold."""

_Columns = dict[str, pa.DataType | None]


class _Widened(Exception):  # noqa: N818 - not an error: the columns are looked at anew
    """Values do not fit the columns known so far."""


@dataclass
class JsonLines:
    """The parts of a table of JSON Lines, and the columns that they have together."""

    table: Table
    advance: Callable[[int], None]
    """Told of the bytes that were parsed."""
    columns: _Columns = field(default_factory=dict)
    """None: a column of text."""

    def write(self, copies: Copies) -> tuple[Path, ...]:
        """Each part as a Parquet file.

        The columns of the first lines are tried first; where later ones do not fit them, all
        lines are looked at, and then all are written. Columns that other parts have, too, are not
        looked for.

        Raises:
            UnreadableTable: A line is not a JSON object, or the files have no fields, or other ones
                than other parts are said to have.
            OSError: The disk is full or not writable.
        """
        if self.table.inferred:
            try:
                self.columns = {name: type_of_text(text) for name, text in self.table.inferred}
                return self._write(copies)
            except (_Widened, ValueError):
                raise UnreadableTable("", "its fields are not those of other parts") from None
        self._look(first=True)
        try:
            return self._write(copies)
        except _Widened:
            self._look()
        while True:
            # Until no whole number is left that floats do not hold exactly.
            with suppress(_Widened):
                return self._write(copies)

    def _parts(self) -> Iterator[tuple[Path, str]]:
        labels = self.table.labels or tuple(path.name for path in self.table.paths)
        return zip(self.table.paths, labels, strict=True)

    def _look(self, *, first: bool = False) -> None:
        """Find the columns of all blocks, or of the ``first`` one that has any."""
        for path, label in self._parts():
            for block in read_blocks(path, label):
                self.columns = merged_columns(self.columns, _columns(block))
                if len(self.columns) > _MOST_COLUMNS:
                    what = f"its lines have more than {_MOST_COLUMNS:,} different fields"
                    raise UnreadableTable(label, what)
                if first and self.columns:
                    return
        if not self.columns:
            raise UnreadableTable(
                "", "the files have no lines with fields, so there are no columns"
            )

    def _write(self, copies: Copies) -> tuple[Path, ...]:
        return tuple(
            copies.of((path, label, self.said), ".parquet", partial(self._write_part, path, label))
            for path, label in self._parts()
        )

    @property
    def said(self) -> tuple[tuple[str, str], ...]:
        """The columns, as `Table.inferred` has them."""
        return tuple((name, type_text(kind)) for name, kind in self.columns.items())

    def _write_part(self, path: Path, label: str, target: Path) -> None:
        schema = pa.schema([(name, stored_type(kind)) for name, kind in self.columns.items()])
        with pq.ParquetWriter(target, schema, compression="lz4") as writer:
            for block in read_blocks(path, label):
                writer.write_table(self._rows(block, schema))
                self.advance(len(block.data))

    def _rows(self, block: Block, schema: pa.Schema) -> pa.Table:
        """The rows of a block in the columns known so far.

        Raises:
            _Widened: They do not fit.
        """
        types = dict(zip(schema.names, schema.types, strict=True))
        regular = types == self.columns
        table = block.table(types, strict=True) if regular else None
        if table is not None and not (_has_large(table) and _LONG.search(block.data)):
            return _in_order(table, schema)
        rows = list(block.objects())
        wider = merged_columns(self.columns, json_columns(rows))
        if wider != self.columns:
            raise _Widened
        columns = [self._column(name, [row.get(name) for row in rows]) for name in schema.names]
        return pa.Table.from_arrays(columns, schema=schema)

    def _column(self, name: str, values: list[Any]) -> pa.Array:
        kind = self.columns[name]
        if kind is None or stored_type(kind) != kind:
            return pa.array([as_text(value) for value in values], pa.string())
        try:
            return pa.array([as_type(value, kind) for value in values], kind)
        except OverflowError:
            self.columns[name] = None
            raise _Widened from None


def _columns(block: Block) -> _Columns:
    table = None if _LONGER.search(block.data) else block.table({}, strict=False)
    if table is None:
        return json_columns(block.objects())
    if "" in table.schema.names:
        next(row for row in block.objects() if "" in row)
    return {column.name: plain_type(column.type) for column in table.schema}


def _has_large(table: pa.Table) -> bool:
    """Floats are so large that whole numbers among them may not be exact."""
    chunks = (c for column in table.columns if has_floats(column.type) for c in column.chunks)
    floats = (leaf for chunk in chunks for leaf in leaves(chunk) if pa.types.is_floating(leaf.type))
    return any((pc.max(pc.abs(leaf)).as_py() or 0) >= LARGEST_EXACT for leaf in floats)


def _in_order(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """All columns of ``schema``, whose types the table's have."""
    columns = [
        table.column(column.name)
        if column.name in table.schema.names
        else pa.nulls(table.num_rows, column.type)
        for column in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
