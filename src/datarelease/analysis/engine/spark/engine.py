"""Spark as the engine: opens tables on a server of Spark Connect, runs frames, translates faults.

Everything that a file says of itself (its columns, their types, whether parts fit together) the
embedded engine finds out, so that both engines say the same of it. Parquet files of plain types are
then read by Spark; all others it reads from copies that the embedded engine writes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import narwhals as nw
import pyarrow as pa

from datarelease.analysis.engine.errors import EngineFailedError, UnsupportedQueryError
from datarelease.analysis.engine.keys import KeyRange
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.spark.cluster import refuse_prepared, refuse_unreadable
from datarelease.analysis.engine.spark.copies import write_copy
from datarelease.analysis.engine.spark.errors import spark_faults
from datarelease.analysis.engine.spark.held import held, held_type, refuse_unheld
from datarelease.analysis.engine.spark.narwhals_private import narwhals_frame
from datarelease.analysis.engine.spark.number_counts import SparkNumberCounts
from datarelease.analysis.engine.spark.parquet import PlainFiles, plain_files
from datarelease.analysis.engine.spark.session import Session, open_session, server_name
from datarelease.analysis.engine.spark.spark_private import arrow_batches
from datarelease.analysis.engine.spark.value_counts import count_if_unique, count_values
from datarelease.analysis.engine.staging import of_size
from datarelease.analysis.engine.tables import ROW, Table, unread_name
from datarelease.analysis.engine.values import ValueCounts, python_rows

_Types = Mapping[str, nw.dtypes.DType]
_Copied = tuple[Table, tuple[tuple[str, nw.dtypes.DType], ...], tuple[str, ...]]


class SparkEngine:
    """The distributed engine: Spark by Spark Connect, beside an embedded engine."""

    def __init__(self, embedded: Engine, *, scratch: Path, address: str | None = None) -> None:
        """Open a session on the server at ``address``, or on one that this process starts.

        ``scratch`` is where copies of tables are written that Spark cannot read itself.

        Raises:
            ConfigError: The address is none, or what is needed is not installed.
            WorldError: The server does not answer.
        """
        self._embedded = embedded
        self._server = server_name(address)
        self._session: Session = open_session(address)
        self._scratch = tempfile.TemporaryDirectory(prefix="spark-", dir=scratch)
        self._numbers = SparkNumberCounts(self._run)
        self._plain: dict[Table, PlainFiles | None] = {}
        self._copies: dict[_Copied, str] = {}

    def __enter__(self) -> Self:
        self._embedded.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._session.close()
        finally:
            self._scratch.cleanup()
            self._embedded.__exit__(*error)

    @property
    def reads_addresses(self) -> bool:
        """The server is another machine; see `Engine.reads_addresses`."""
        return not self._session.same_machine

    @property
    def numbers(self) -> SparkNumberCounts | None:
        """Counts numbers on another machine; see `Engine.numbers`.

        On this one it takes three times the time of reading them.
        """
        return None if self._session.same_machine else self._numbers

    row_groups = None
    """Spark chooses what it reads; see `Engine.row_groups`."""

    @property
    def order(self) -> tuple[str, ...]:
        """The number of the row; see `Engine.order`."""
        return (ROW,)

    def held(self, dtype: nw.dtypes.DType) -> nw.dtypes.DType:
        """Spark's type for the values; see `Engine.held`."""
        return held(dtype)

    def converted(self, table: Table) -> Table:
        """The table in plain files of this machine; see `Engine.converted`."""
        return self._admitted(table).converted(table)

    def columns(self, table: Table) -> tuple[str, ...]:
        """The names of a table's columns, in order; see `Engine.columns`."""
        return self._admitted(table).columns(table)

    def types(self, table: Table, types: _Types | None = None) -> dict[str, nw.dtypes.DType]:
        """The types of a table's columns; see `Engine.types`."""
        return self._admitted(table).types(table, types)

    def scan(
        self,
        table: Table,
        types: _Types | None = None,
        columns: Sequence[str] | None = None,
        *,
        once: bool = False,  # noqa: ARG002 - a copy is made where Spark cannot do without
        ordered: bool = False,
        numbered: bool = False,
    ) -> nw.LazyFrame[Any]:
        """A lazy frame over all files of a table; see `Engine.scan`."""
        ordered = ordered or numbered
        given = dict(types or {})
        names = self.columns(table) if columns is None else tuple(columns)
        refuse_unheld(table.label(table.paths[0]), self.types(table, given))
        plain = self._plain_files(table)
        if self.reads_addresses:
            refuse_prepared(table, names, given, ordered=ordered)
        with spark_faults(self._suspects([table]), self._server):
            if plain is not None and not ordered and not given.keys() & set(names):
                return narwhals_frame(plain.read(self._session.spark, names))
            whole = self.columns(table) if plain is None else names
            asked = {name: dtype for name, dtype in given.items() if name in whole}
            copy = self._copied(table, asked, whole)
            frame = narwhals_frame(self._session.spark.read.parquet(copy))
            rest = (unread_name(name) for name in names if name in given)
            return frame.select(*names, *rest, *([ROW] if ordered else []))

    def _admitted(self, table: Table) -> Engine:
        """The engine that says what the files say of themselves, if Spark can read them.

        Raises:
            EngineRefusedError: It cannot.
        """
        if self.reads_addresses:
            refuse_unreadable(table)
        return self._embedded

    def _suspects(self, tables: Iterable[Table]) -> list[Table]:
        """Those whose files are here, to be looked at where a query fails."""
        return [] if self.reads_addresses else list(tables)

    def _plain_files(self, table: Table) -> PlainFiles | None:
        if table not in self._plain:
            plain = plain_files(table, here=self._session.same_machine)
            if plain is not None:
                self._count(plain, table)
            self._plain[table] = plain
        return self._plain[table]

    def _count(self, plain: PlainFiles, table: Table) -> None:
        """Make sure that Spark finds all files: Sail takes one that is missing for an empty one."""
        with spark_faults(self._suspects([table]), self._server):
            seen = self._session.spark.read.parquet(*plain.addresses).count()
        if seen != plain.rows:
            raise EngineFailedError(
                f"{self._server} finds {seen:,} rows in {table.label(table.paths[0])} and the "
                f"other files of the table, which hold {plain.rows:,}.",
                untouched="Nothing was written.",
                remedy="Make the same files available to it, then run the same command again.",
            )

    def _copied(self, table: Table, types: _Types, names: tuple[str, ...]) -> str:
        """Where Spark finds a copy of columns of ``table``, read as ``types`` say."""
        key = table, tuple(sorted(types.items(), key=lambda item: item[0])), names
        if key not in self._copies:
            path = Path(self._scratch.name) / f"table{len(self._copies)}.parquet"
            write_copy(self._embedded, self._embedded.scan(table, types, names, once=True), path)
            self._copies[key] = str(path)
        return self._copies[key]

    def shapes(
        self,
        table: Table,  # noqa: ARG002 - all rows are one frame
        types: _Types | None = None,  # noqa: ARG002
    ) -> tuple[str, ...]:
        """None: tables are read as a whole; see `Engine.shapes`."""
        return ()

    def scan_parts(
        self,
        table: Table,  # noqa: ARG002 - whatever it is
        types: _Types,  # noqa: ARG002
        columns: Sequence[str],  # noqa: ARG002
    ) -> nw.LazyFrame[Any]:
        """Refused, as there are no `shapes`; see `Engine.scan_parts`."""
        raise UnsupportedQueryError(self._server, "rows of parts")

    def collect(self, frame: nw.LazyFrame[Any]) -> list[dict[str, Any]]:
        """The rows of a frame as plain Python values; see `Engine.collect`."""
        return python_rows(self.arrow(frame))

    def value_counts(
        self, frame: nw.LazyFrame[Any], *, top: int, weight: str | None = None
    ) -> ValueCounts:
        """What the column ``value`` of a frame holds; see `Engine.value_counts`."""
        return count_values(self, frame, top=top, weight=weight)

    def count_if_unique(self, frame: nw.LazyFrame[Any]) -> int | None:
        """The number of rows if no two are equal; see `Engine.count_if_unique`."""
        return count_if_unique(self, frame)

    def value_keys(
        self,
        frame: nw.LazyFrame[Any],  # noqa: ARG002 - whatever it is
        salt: str,  # noqa: ARG002
        *,
        grouped: bool,  # noqa: ARG002
        rows: int,  # noqa: ARG002
    ) -> Iterator[pa.RecordBatch]:
        """Refused, as there are no `shapes`; see `Engine.value_keys`."""
        raise UnsupportedQueryError(self._server, "keys of values")

    def rows(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """A lazy frame over an Arrow table; see `Engine.rows`."""
        with spark_faults([], self._server):
            types = [field.with_type(held_type(field.type)) for field in table.schema]
            held_table = table.cast(pa.schema(types))
            return narwhals_frame(self._session.spark.createDataFrame(held_table))

    def key_ranges(self, before: Table, after: Table, column: str) -> tuple[KeyRange, ...]:  # noqa: ARG002 - one join
        """None: a cluster distributes the join by itself; see `Engine.key_ranges`."""
        return ()

    def arrow(self, frame: nw.LazyFrame[Any]) -> pa.Table:
        """The rows of a frame as one Arrow table; see `Engine.arrow`."""
        return self._run(_in_order(frame).to_native())

    def _run(self, native: Any) -> pa.Table:
        with spark_faults(self._suspects(self._plain), self._server):
            table: pa.Table = native.toArrow()
        return table

    def batches(self, frame: nw.LazyFrame[Any], rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of a frame as Arrow batches; see `Engine.batches`."""
        with spark_faults(self._suspects(self._plain), self._server):
            yield from of_size(arrow_batches(_in_order(frame).to_native()), rows)

    def keep(self, frame: nw.LazyFrame[Any], directory: Path) -> nw.LazyFrame[Any]:
        """The rows of a frame, kept as Parquet files; see `Engine.keep`."""
        with spark_faults(self._suspects(self._plain), self._server):
            native: Any = frame.to_native()
            if self.reads_addresses:
                return narwhals_frame(native.persist())
            path = str(directory / "kept")
            native.write.parquet(path)
            return narwhals_frame(self._session.spark.read.schema(native.schema).parquet(path))


def _in_order(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The frame in file order, if it is of an ordered scan."""
    names = frame.collect_schema().names()
    return frame.sort(ROW).select([n for n in names if n != ROW]) if ROW in names else frame
