"""A lazy frame kept on disk as Parquet for as long as several queries need it.

CSV text is parsed once instead of once a query, and a join runs once instead of once an example.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow.parquet as pq

from datarelease.analysis.engine.tables import Engine, Table
from datarelease.errors import WorldError

_BATCH = 100_000
_LARGE = 64 << 20


@contextmanager
def staged(
    engine: Engine, frame: nw.LazyFrame[Any], *, scratch: Path | None = None
) -> Iterator[nw.LazyFrame[Any]]:
    """The rows of ``frame``, read from a temporary Parquet file below ``scratch``.

    Raises:
        WorldError: The disk is full or not writable.
    """
    with tempfile.TemporaryDirectory(prefix="datarelease-", dir=scratch) as directory:
        path = Path(directory) / "stage.parquet"
        _write(engine, frame, path)
        yield engine.scan(Table(paths=(path,), format="parquet"))


@contextmanager
def reread(
    engine: Engine, table: Table, frame: nw.LazyFrame[Any], *, scratch: Path | None = None
) -> Iterator[nw.LazyFrame[Any]]:
    """``frame``, which reads ``table``, made cheap to read many times.

    Parquet is faster read again than copied, and large CSV files the engine itself keeps as
    Parquet; small ones are copied here.
    """
    if table.format == "csv" and sum(path.stat().st_size for path in table.paths) < _LARGE:
        with staged(engine, frame, scratch=scratch) as rows:
            yield rows
    else:
        yield frame


def _write(engine: Engine, frame: nw.LazyFrame[Any], path: Path) -> None:
    batches = engine.batches(frame, _BATCH)
    first = next(batches, None)
    # An engine hands out no batch of an empty table, hence no schema either.
    schema = frame.head(0).collect("pyarrow").to_arrow().schema if first is None else first.schema
    try:
        with pq.ParquetWriter(path, schema, compression="lz4") as writer:
            for batch in () if first is None else chain((first,), batches):
                writer.write_batch(batch)
    except OSError as error:
        raise WorldError(
            f"Intermediate results could not be written ({error.strerror or 'disk error'}).",
            untouched="Nothing else was written.",
            remedy="Free space in the temporary directory, then run the same command again.",
        ) from None
