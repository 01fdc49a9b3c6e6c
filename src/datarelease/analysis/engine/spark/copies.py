"""Copies of tables that Spark cannot read itself, in types that it has, with the row's number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from datarelease.analysis.engine.errors import EngineRefusedError
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.spark.held import held_type
from datarelease.analysis.engine.staging import STAGED_ROWS, write_batches
from datarelease.analysis.engine.tables import ROW


def write_copy(embedded: Engine, frame: nw.LazyFrame[Any], path: Path) -> None:
    """Write the rows of a frame of the embedded engine as a Parquet file for Spark.

    Raises:
        EngineRefusedError: A column holds times that are finer than microseconds.
        UnreadableTable, WorldError: As `Engine.batches`.
    """

    def schema() -> pa.Schema:
        empty = embedded.arrow(frame.head(0))
        return _numbered(pa.RecordBatch.from_pylist([], empty.schema), 0).schema

    write_batches(path, _batches(embedded, frame), schema)


def _batches(embedded: Engine, frame: nw.LazyFrame[Any]) -> Iterator[pa.RecordBatch]:
    first = 0
    for batch in embedded.batches(frame, STAGED_ROWS):
        yield _numbered(batch, first)
        first += batch.num_rows


def _numbered(batch: pa.RecordBatch, first: int) -> pa.RecordBatch:
    """The batch in types that Spark has; ``first`` is the number of its first row."""
    names = [*batch.schema.names, ROW]
    columns = [_held(name, batch.column(name)) for name in batch.schema.names]
    numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
    return pa.RecordBatch.from_arrays([*columns, numbers], names)


def _held(name: str, column: pa.Array) -> pa.Array:
    kind = held_type(column.type)
    if pa.types.is_floating(kind):  # Sail tells the zeros apart
        column = pc.if_else(pc.equal(column, 0), pa.scalar(0, kind), column)
    if kind == column.type:
        return column
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        raise EngineRefusedError(
            f"Column {name!r} holds times finer than microseconds, which Spark does not have.",
            untouched="Nothing was written.",
            remedy="Use `release.engine: duckdb`, or write the times in microseconds.",
        ) from None
