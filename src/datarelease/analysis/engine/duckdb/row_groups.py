"""Row groups of Parquet tables, read by DuckDB at their places; see `row_groups.reader`."""

# ruff: noqa: S608 - queries of frames, which are SQL by themselves

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import duckdb
import narwhals as nw

from datarelease.analysis.engine.duckdb.csv import CsvFiles, Naming
from datarelease.analysis.engine.duckdb.errors import translated
from datarelease.analysis.engine.duckdb.parquet import ParquetFiles
from datarelease.analysis.engine.row_groups.alignment import align
from datarelease.analysis.engine.row_groups.chunks import column_digests, columns_of_few_values
from datarelease.analysis.engine.row_groups.reader import Alignment, Spans
from datarelease.analysis.engine.tables import Table


class DuckDBRowGroups:
    """Row groups of the tables that an engine has opened."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        opened: Callable[[Table], CsvFiles | ParquetFiles],
        unread: Naming,
        rows: int,
    ) -> None:
        """``rows``: about how many of them are compared at once."""
        self._connection = connection
        self._opened = opened
        self._unread = unread
        self._rows = rows

    def align(
        self,
        before: Table,
        after: Table,
        key: Sequence[str],
        columns: Sequence[str],
        retyped: Collection[str],
    ) -> Alignment | None:
        """The rows with the same keys in the same order; see `RowGroupReader.align`."""
        if {before.format, after.format} != {"parquet"}:
            return None
        with translated([before, after]):
            paths = before.paths, after.paths
            return align(paths, key, columns, retyped, rows=self._rows)

    def digests(self, table: Table) -> dict[str, str]:
        """By column, the digest of its bytes; see `RowGroupReader.digests`."""
        if table.format != "parquet" or len(table.paths) != 1:
            return {}
        with translated([table]):
            return column_digests(table.paths[0])

    def few_values(self, table: Table) -> frozenset[str]:
        """Columns of text with few different values; see `RowGroupReader.few_values`."""
        if table.format != "parquet" or len(table.paths) != 1:
            return frozenset()
        with translated([table]):
            return columns_of_few_values(table.paths[0])

    def scan(self, table: Table, spans: Spans) -> nw.LazyFrame[Any]:
        """A lazy frame over these rows, in this order; see `RowGroupReader.scan`."""
        files = self._opened(table)
        if not isinstance(files, ParquetFiles):
            raise TypeError("only Parquet tables have row groups")
        with translated([files.table]):
            query = files.query(
                self._connection, {}, self._unread, files.names, once=True, spans=spans
            )
            return nw.from_native(self._connection.sql(query))

    def side_by_side(self, one: nw.LazyFrame[Any], other: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """The rows of two frames by their places; see `RowGroupReader.side_by_side`."""
        natives: list[Any] = [frame.to_native() for frame in (one, other)]
        left, right = (f"({native.sql_query()})" for native in natives)
        query = f"SELECT * FROM {left} POSITIONAL JOIN {right}"
        return nw.from_native(self._connection.sql(query))
