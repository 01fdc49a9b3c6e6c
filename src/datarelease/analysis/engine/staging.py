"""A lazy frame kept for as long as several queries need it.

CSV text is parsed once instead of once a query, and a join runs once instead of once an example.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table
from datarelease.errors import WorldError

STAGED_ROWS = 100_000
_LARGE = 64 << 20


@contextmanager
def staged(
    engine: Engine, frames: Sequence[nw.LazyFrame[Any]], *, scratch: Path | None = None
) -> Iterator[nw.LazyFrame[Any]]:
    """The rows of all ``frames``, computed once, in a temporary directory below ``scratch``.

    The frames, one at least, have the same columns; they are computed one after the other.

    Raises:
        WorldError: The disk is full or not writable.
    """
    with tempfile.TemporaryDirectory(prefix="datarelease-", dir=scratch) as directory:
        kept = []
        for number, frame in enumerate(frames):
            place = Path(directory) / str(number)
            place.mkdir()
            kept.append(engine.keep(frame, place))
        yield nw.concat(kept) if len(kept) > 1 else kept[0]


@contextmanager
def reread(
    engine: Engine, table: Table, frame: nw.LazyFrame[Any], *, scratch: Path | None = None
) -> Iterator[nw.LazyFrame[Any]]:
    """``frame``, which reads ``table``, made cheap to read many times.

    Parquet is faster read again than copied, and large CSV files the engine itself keeps as
    Parquet; small ones are copied here.
    """
    if table.format == "csv" and sum(path.stat().st_size for path in table.paths) < _LARGE:
        with staged(engine, (frame,), scratch=scratch) as rows:
            yield rows
    else:
        yield frame


def write_batches(
    path: Path, batches: Iterator[pa.RecordBatch], schema: Callable[[], pa.Schema]
) -> None:
    """Write batches as a Parquet file; ``schema`` is asked for where there are none.

    Raises:
        WorldError: The disk is full or not writable.
    """
    first = next(batches, None)
    try:
        columns = schema() if first is None else first.schema
        with pq.ParquetWriter(path, columns, compression="lz4") as writer:
            for batch in () if first is None else chain((first,), batches):
                writer.write_batch(batch)
    except OSError as error:
        raise WorldError(
            f"Intermediate results could not be written ({error.strerror or 'disk error'}).",
            untouched="Nothing else was written.",
            remedy="Free space in the temporary directory, then run the same command again.",
        ) from None


def of_size(batches: Iterator[pa.RecordBatch], rows: int) -> Generator[pa.RecordBatch, None, None]:
    """The same rows in batches of ``rows`` each, but for the last one."""
    waiting: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        while size + batch.num_rows >= rows:
            head = batch.slice(0, rows - size)
            yield pa.concat_batches([*waiting, head])
            batch = batch.slice(head.num_rows)  # noqa: PLW2901 - its rest
            waiting, size = [], 0
        if batch.num_rows:
            waiting.append(batch)
            size += batch.num_rows
    if waiting:
        yield pa.concat_batches(waiting)
