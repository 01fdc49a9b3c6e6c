"""DuckDB over tables that are in memory: a chunk of records, and what is remembered of a batch."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pyarrow as pa

from datarelease.analysis.engine.duckdb.errors import translated
from datarelease.analysis.engine.tables import DuckDBEngine


class EventEngine(DuckDBEngine):
    """The embedded engine, within its memory limit, spilling to disk."""

    def name(self, name: str, table: pa.Table) -> None:
        """Let queries call ``table`` by ``name``; another table may have had it."""
        self._connection.register(name, table)

    def query(self, sql: str) -> pa.Table:
        """The rows of a query."""
        with translated([]):
            return self._connection.sql(sql).to_arrow_table()

    def run(self, sql: str) -> None:
        """Run a statement that has no rows."""
        with translated([]):
            self._connection.execute(sql)

    def frame(self, sql: str) -> nw.LazyFrame[Any]:
        """A query as a Narwhals frame, for the checks of a schema."""
        with translated([]):
            return nw.from_native(self._connection.sql(sql))
