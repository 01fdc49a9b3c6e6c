"""DuckDB as the engine: opens tables, runs frames, translates its faults, shows its progress."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import duckdb
import narwhals as nw
import pyarrow as pa

from datarelease.analysis.engine.conversion.convert import convert_table
from datarelease.analysis.engine.conversion.copies import Copies
from datarelease.analysis.engine.csv.header import read_csv_header
from datarelease.analysis.engine.duckdb.csv import CsvFiles
from datarelease.analysis.engine.duckdb.errors import translated
from datarelease.analysis.engine.duckdb.parquet import ParquetFiles
from datarelease.analysis.engine.duckdb.query_progress import measure_progress, show_progress
from datarelease.analysis.engine.duckdb.repeated_hashes import (
    QueryRows,
    Repeated,
    RepeatedHashes,
    repeated_hashes,
)
from datarelease.analysis.engine.duckdb.row_groups import DuckDBRowGroups
from datarelease.analysis.engine.duckdb.sql import memory_limit, unread
from datarelease.analysis.engine.duckdb.unique_rows import count_by_hashes
from datarelease.analysis.engine.duckdb.value_counts import counted_values, key_query, less_memory
from datarelease.analysis.engine.keys import KeyRange, key_ranges
from datarelease.analysis.engine.staging import STAGED_ROWS, write_batches
from datarelease.analysis.engine.tables import PART, ROW, Table, UnreadableTable
from datarelease.analysis.engine.values import ValueCounts, python_rows
from datarelease.errors import WorldError
from datarelease.progress import Progress

_Types = Mapping[str, nw.dtypes.DType]
_Columns = dict[str, nw.dtypes.DType]
_HASHES = 64
"""Of so many parts of DuckDB's memory, as much as one may be held beside it for hashes."""
_SPOOL_FROM = 32 << 20
"""Bytes of CSV from which on reading it once into a temporary table is faster."""
_SCANS = 8
"""Scans that are kept, since they are asked for again and again, and DuckDB binds each anew."""
_RANGE_ROWS = 1_000_000
"""Rows of each table in one range of keys: enough that a query's start does not count, few enough
that its hash table stays near the processor."""
_GROUPS_A_THREAD = 2
"""Row groups of each table in a range: a thread reads one at a time."""


class DuckDBEngine:
    """The embedded engine: DuckDB in this process, within a memory limit, spilling to disk."""

    reads_addresses = False
    """It reads the files of this machine; see `Engine.reads_addresses`."""
    numbers = None
    """Rows are read in this process; see `Engine.numbers`."""

    def __init__(
        self,
        *,
        temp_directory: Path,
        memory_limit: str = "2GB",
        threads: int | None = None,
        progress: Progress | None = None,
        range_rows: int = _RANGE_ROWS,
    ) -> None:
        """Open a database in memory that downloads nothing and knows one time zone, UTC.

        Rows keep the order of the files: examples and samples are the same on every run.
        ``progress`` is told of queries that take longer than a second; tables are joined in ranges
        of about ``range_rows`` rows.
        """
        self._threads = threads or os.cpu_count() or 1
        self._range_rows = range_rows
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": memory_limit,
                "temp_directory": str(temp_directory),
                "threads": str(self._threads),
                "preserve_insertion_order": "true",
            },
        )
        self._connection.execute("SET TimeZone = 'UTC'")
        # The smallest and largest value that a Parquet file records leave NaN out; DuckDB (2.0)
        # concludes from them that there is none, and `isnan` is then false for every row.
        self._connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        self._memory_limit = memory_limit
        self._progress = progress
        measure_progress(self._connection, on=progress is not None)
        self._files: dict[Table, CsvFiles | ParquetFiles] = {}
        self._types: dict[tuple[Table, frozenset[tuple[str, nw.dtypes.DType]]], _Columns] = {}
        self._bound = lru_cache(_SCANS)(self._connection.sql)
        self._converted: dict[Table, Table] = {}
        self._temp_directory = temp_directory
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._copies = Copies(self._copies_folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def row_groups(self) -> DuckDBRowGroups:
        """What reads row groups at their places; see `Engine.row_groups`."""
        return DuckDBRowGroups(self._connection, self._opened, unread, self._range_rows)

    @property
    def order(self) -> tuple[str, ...]:
        """No columns: results are in file order; see `Engine.order`."""
        return ()

    def held(self, dtype: nw.dtypes.DType) -> nw.dtypes.DType:
        """The same type; see `Engine.held`."""
        return dtype

    def keep(self, frame: nw.LazyFrame[Any], directory: Path) -> nw.LazyFrame[Any]:
        """The rows of a frame, from a Parquet file; see `Engine.keep`."""
        path = directory / "stage.parquet"
        # No batch of an empty table is handed out, hence no schema either.
        batches = self.batches(frame, STAGED_ROWS)
        write_batches(path, batches, lambda: self.arrow(frame.head(0)).schema)
        return self.scan(Table(paths=(path,), format="parquet"))

    def converted(self, table: Table) -> Table:
        """The same table in files that DuckDB reads; see `Engine.converted`."""
        if table not in self._converted:
            for path in table.paths:
                if not path.is_file():
                    raise UnreadableTable(table.label(path), "there is no such file")
            if not table.paths:
                raise UnreadableTable("", "the dataset has no files")
            if table.format == "parquet":
                return table
            self._converted[table] = convert_table(table, self._copies, self._progress)
        return self._converted[table]

    def types(self, table: Table, types: _Types | None = None) -> dict[str, nw.dtypes.DType]:
        """The types of a table's columns; see `Engine.types`."""
        asked = table, frozenset((types or {}).items())
        if asked not in self._types:
            found = self.scan(table, types).collect_schema()
            self._types[asked] = {name: found[name] for name in self.columns(table)}
        return dict(self._types[asked])

    def scan(
        self,
        table: Table,
        types: _Types | None = None,
        columns: Sequence[str] | None = None,
        *,
        once: bool = False,
        ordered: bool = False,  # noqa: ARG002 - rows are in file order always
        numbered: bool = False,
    ) -> nw.LazyFrame[Any]:
        """A lazy frame over all files of a table; see `Engine.scan`."""
        files = self._opened(table)
        with translated([files.table]), show_progress(self._connection, self._progress):
            names, number = files.names if columns is None else columns, ROW if numbered else None
            query = files.query(
                self._connection, types or {}, unread, names, once=once, number=number
            )
            return nw.from_native(self._bound(query))

    def shapes(self, table: Table, types: _Types | None = None) -> tuple[str, ...]:
        """How each part is read; see `Engine.shapes`."""
        files = self._opened(table)
        with translated([files.table]), show_progress(self._connection, self._progress):
            return files.shapes(self._connection, types or {})

    def scan_parts(self, table: Table, types: _Types, columns: Sequence[str]) -> nw.LazyFrame[Any]:
        """A lazy frame with the part of each row; see `Engine.scan_parts`."""
        files = self._opened(table)
        with translated([files.table]), show_progress(self._connection, self._progress):
            query = files.query(self._connection, types, unread, columns, once=False, part=PART)
            return nw.from_native(self._connection.sql(query))

    def columns(self, table: Table) -> tuple[str, ...]:
        """The names of a table's columns, in order; see `Engine.columns`."""
        return self._opened(table).names

    def _opened(self, table: Table) -> CsvFiles | ParquetFiles:
        with translated([table]):
            if table not in self._files:
                self._files[table] = self._open(table)
        return self._files[table]

    def _open(self, table: Table) -> CsvFiles | ParquetFiles:
        plain = self._files.get(replace(table, inferred=()))
        if isinstance(plain, CsvFiles) and plain.says(table.inferred):
            return plain  # with what was read of it
        table = self.converted(table)
        if table.format == "csv":
            large = sum(path.stat().st_size for path in table.paths) > _SPOOL_FROM
            spool = f"csv{len(self._files)}_" if large else None
            return CsvFiles.open(self._connection, table, read_csv_header(table), spool)
        return ParquetFiles.open(self._connection, table)

    def _copies_folder(self) -> Path:
        """Where files are that were copied to be read; removed when the engine is closed."""
        if self._folder is None:
            self._temp_directory.mkdir(parents=True, exist_ok=True)
            self._folder = tempfile.TemporaryDirectory(prefix="csv-", dir=self._temp_directory)
        return Path(self._folder.name)

    def collect(self, frame: nw.LazyFrame[Any]) -> list[dict[str, Any]]:
        """The rows of a frame as plain Python values; see `Engine.collect`."""
        return python_rows(self.arrow(frame))

    def value_counts(
        self, frame: nw.LazyFrame[Any], *, top: int, weight: str | None = None
    ) -> ValueCounts:
        """What the column ``value`` of a frame holds; see `Engine.value_counts`."""
        native: Any = frame.to_native()
        asked = self._connection, *self._asked(native.sql_query())
        try:
            with less_memory(self._connection, self._memory_limit, self._memory, self._threads):
                return counted_values(*asked, top=top, weight=weight)
        except WorldError:  # texts so long that a few of them are too much
            return counted_values(*asked, top=top, weight=weight)

    def count_if_unique(self, frame: nw.LazyFrame[Any]) -> int | None:
        """The number of rows if no two are equal; see `Engine.count_if_unique`."""
        native: Any = frame.to_native()
        return count_by_hashes(*self._asked(native.sql_query()), frame.collect_schema().names())

    @cached_property
    def _memory(self) -> int:
        """The bytes that queries keep within, but for those that are given less."""
        return memory_limit(self._connection)

    def _asked(self, rows: str) -> tuple[QueryRows, Repeated]:
        """What answers queries that read ``rows``, which is SQL, as ``asked``."""
        memory = self._memory // _HASHES

        def ask(query: str) -> Iterator[pa.RecordBatch]:
            # As text: a relation binds each of its steps again for each query and changed setting.
            whole = f"WITH asked AS ({rows}) {query}"
            return self._batches(lambda: self._connection.sql(whole), STAGED_ROWS)

        def repeated(hashes: Iterable[pa.RecordBatch], most: int) -> RepeatedHashes | None:
            scratch = self._temp_directory
            return repeated_hashes(hashes, memory=memory, scratch=scratch, most=most)

        return ask, repeated

    def value_keys(
        self, frame: nw.LazyFrame[Any], salt: str, *, grouped: bool, rows: int
    ) -> Iterator[pa.RecordBatch]:
        """Keys of the texts in the column ``value``; see `Engine.value_keys`."""
        native: Any = frame.to_native()
        query = key_query(native.sql_query(), salt, grouped=grouped)
        return self._batches(lambda: self._connection.sql(query), rows)

    def rows(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """A lazy frame over an Arrow table; see `Engine.rows`."""
        return nw.from_native(self._connection.from_arrow(table))

    def arrow(self, frame: nw.LazyFrame[Any]) -> pa.Table:
        """The rows of a frame as one Arrow table; see `Engine.arrow`."""
        with (
            translated([files.table for files in self._files.values()]),
            show_progress(self._connection, self._progress),
        ):
            native: Any = frame.to_native()
            table: pa.Table = native.to_arrow_table()
        return table

    def batches(self, frame: nw.LazyFrame[Any], rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of a frame as Arrow batches; see `Engine.batches`."""
        return self._batches(frame.to_native, rows)

    def _batches(self, query: Callable[[], Any], rows: int) -> Iterator[pa.RecordBatch]:
        with (
            translated([files.table for files in self._files.values()]),
            show_progress(self._connection, self._progress),
            # Closed, since a connection with an unread result refuses the next query.
            query().to_arrow_reader(rows) as reader,
        ):
            yield from reader

    def key_ranges(self, before: Table, after: Table, column: str) -> tuple[KeyRange, ...]:
        """Ranges that are joined one after the other; see `Engine.key_ranges`."""
        if {before.format, after.format} != {"parquet"}:
            return ()
        paths, groups = (before.paths, after.paths), _GROUPS_A_THREAD * self._threads
        with translated([before, after]):
            return key_ranges(paths, column, rows=self._range_rows, row_groups=groups)
