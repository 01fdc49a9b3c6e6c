"""DuckDB for the events of one command: tables that are given, queries that are planned once."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pyarrow as pa

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.duckdb.errors import translated

_PIECE = 8_192


class EventEngine(DuckDBEngine):
    """The embedded engine, within its memory limit, spilling to disk."""

    _given = 0

    def give(self, table: pa.Table) -> GivenTable:
        """A table under a name of its own, whose rows may be replaced by others."""
        self._given += 1
        given = GivenTable(f"given_{self._given}", table)
        self._connection.register(given.name, given)
        return given

    def prepare(self, sql: str, given: GivenTable) -> PreparedQuery:
        """A query of ``given``, to be asked again and again of other rows."""
        name = f"query_of_{given.name}"
        self.run(f"PREPARE {name} AS {sql}")
        return PreparedQuery(self, name, given)

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


class GivenTable:
    """Rows that the engine reads whenever a query names them."""

    def __init__(self, name: str, table: pa.Table) -> None:
        """Give ``table`` at first."""
        self.name = name
        self._table = table
        self.was_read = False

    def replace(self, table: pa.Table) -> None:
        """Give ``table``, which has the same schema, to queries from now on."""
        # In pieces, since a piece is what a thread of the engine takes.
        pieces = table.combine_chunks().to_batches(max_chunksize=_PIECE)
        self._table = pa.Table.from_batches(pieces, self._table.schema)
        self.was_read = False

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows in Arrow's PyCapsule interface, by which the engine asks for them."""
        self.was_read = True
        return self._table.__arrow_c_stream__(requested_schema)


class PreparedQuery:
    """A query of rows that are given with each call.

    A registered table would be part of the plan for good; a `GivenTable` is asked for its rows by
    each run.
    """

    def __init__(self, engine: EventEngine, name: str, given: GivenTable) -> None:
        """Ask the statement called ``name``."""
        self._engine = engine
        self._name = name
        self._given = given

    def answers(self, rows: pa.Table) -> pa.Table:
        """The rows of the query where ``rows`` are those of the table."""
        self._given.replace(rows)
        found = self._engine.query(f"EXECUTE {self._name}")
        if not self._given.was_read:
            raise RuntimeError("the engine answered without a look at the rows")
        return found
