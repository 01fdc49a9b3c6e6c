"""Spark's faults as ours.

Its messages quote data, which may be personal: none of their text leaves this module, only the
kind of fault does. A fault of the engine is never one of the data: only a file that Arrow cannot
read either is called unreadable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import grpc
import pyarrow as pa
from pyarrow import parquet
from pyspark.errors import (
    AnalysisException,
    ParseException,
    PySparkException,
    PySparkTypeError,
    PySparkValueError,
    UnsupportedOperationException,
)

from datarelease.analysis.engine.errors import EngineFailedError, UnsupportedQueryError
from datarelease.analysis.engine.tables import Table, UnreadableTable

_DAMAGED = "not a readable Parquet file: it is damaged, cut short, or something else"
_REFUSED = (
    AnalysisException,
    ParseException,
    UnsupportedOperationException,
    PySparkTypeError,
    PySparkValueError,
)


@contextmanager
def spark_faults(tables: Sequence[Table], server: str) -> Iterator[None]:
    """Raise Spark's errors as errors of this package, without the data in their text.

    Raises:
        UnreadableTable: A file of ``tables`` is damaged.
        UnsupportedQueryError: Spark cannot plan the query.
        EngineFailedError: Anything else: memory, disk, network, the cluster.
    """
    try:
        yield
    except _REFUSED as error:
        raise UnsupportedQueryError(server, _kind(error)) from None
    except (PySparkException, grpc.RpcError, pa.ArrowException) as error:
        _refuse_damaged(tables)
        raise EngineFailedError(
            f"{server} failed while it ran a query ({_kind(error)}).",
            untouched="Nothing was written.",
            remedy="Its own log says more. Run the same command again, or use "
            "`release.engine: duckdb`.",
        ) from None


def _kind(error: Exception) -> str:
    """The kind of a fault: its class, and Spark's name for it where it has one."""
    condition = error.getCondition() if isinstance(error, PySparkException) else None
    if isinstance(error, grpc.RpcError):
        code = getattr(error, "code", None)
        condition = code().name if callable(code) else None
    return ", ".join(filter(None, (type(error).__name__, condition)))


def _refuse_damaged(tables: Sequence[Table]) -> None:
    """Read the files of this machine once more, where a query failed.

    Raises:
        UnreadableTable: One cannot be read.
    """
    for table in tables:
        for path in table.paths if table.format == "parquet" else ():
            try:
                with parquet.ParquetFile(path) as file:
                    for batch in file.iter_batches():
                        batch.validate()
            except (pa.ArrowException, OSError):
                raise UnreadableTable(table.label(path), _DAMAGED) from None
