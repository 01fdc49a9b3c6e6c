"""The SQL that reads CSV files: names, types, missing values. Parquet files: `parquet`."""

# ruff: noqa: S608 - names and paths become SQL by `quoted` and `literal` alone

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import duckdb
import narwhals as nw

from datarelease.analysis.engine.column_types import type_name
from datarelease.analysis.engine.csv.header import Header
from datarelease.analysis.engine.csv.types import misfit, number_text, parse_sql, sql_type
from datarelease.analysis.engine.duckdb.csv_types import narrowest_types
from datarelease.analysis.engine.duckdb.partitions import (
    SQL_TYPES,
    check_agreement,
    with_partitions,
)
from datarelease.analysis.engine.duckdb.sql import csv_source, literal, quoted
from datarelease.analysis.engine.partitions import PartitionColumn, partition_columns
from datarelease.analysis.engine.shapes.text_shapes import NO_VALUES, TEXT, TextShape, inferred_type
from datarelease.analysis.engine.tables import PART, Table, UnreadableTable

Types = Mapping[str, nw.dtypes.DType]
Naming = Callable[[str], str]
_NO_TEXT = "\x1f\x1fno text of any file\x1f\x1f"
"""DuckDB needs a text that means a missing value."""


def refuse_equal_names(label: str, names: tuple[str, ...]) -> None:
    """Refuse names that DuckDB, which ignores case, would take for one another.

    Raises:
        UnreadableTable: Two columns share a name, or names differ in upper and lower case only.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other is not name or names.count(name) > 1:
            said = "two columns are called" if other == name else "columns differ only in case:"
            pair = repr(name) if other == name else f"{other!r}, {name!r}"
            raise UnreadableTable(label, f"{said} {pair}")


@dataclass(frozen=True)
class CsvFiles:
    """CSV files in UTF-8: text with a header, read as the table's dialect says."""

    table: Table
    header: Header
    spool: str | None = None
    """Begins the names of temporary tables that a large file is read into, once for each set of
    types, so that later queries need not parse it; DuckDB spills them. None: the file is small."""
    partitions: tuple[PartitionColumn, ...] = ()
    """Columns that folders have; the files may have them, too, with the same values."""
    _inferred: dict[str, str] = field(default_factory=dict)
    """What the values of these files decided, as `TextShape` calls it."""
    _spooled: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        connection: duckdb.DuckDBPyConnection,
        table: Table,
        header: Header,
        spool: str | None,
    ) -> CsvFiles:
        """The files of ``table``, all of which have this header.

        Raises:
            UnreadableTable: Names of columns repeat, or folders contradict each other or the files.
        """
        files = cls(table, header, spool)
        columns = partition_columns(table)
        beside(table, header.columns, columns)
        check_agreement(connection, files._read, table, columns, header.columns, files._text)
        return replace(files, partitions=columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the order of the header, those of folders after them."""
        return tuple(dict.fromkeys((*self.header.columns, *(c.name for c in self.partitions))))

    @property
    def splits(self) -> bool:
        """Whether somebody may ask for the part of a row."""
        return len(self.table.paths) > 1 and bool(self.table.digests)

    def shapes(self, connection: duckdb.DuckDBPyConnection, types: Types) -> tuple[str, ...]:
        """How each part is read, in equal texts: all parts of these files are read alike."""
        folders = {column.name for column in self.partitions}
        names = [name for name in self.header.columns if name not in folders]
        self._infer(connection, [name for name in names if name not in types])
        shape = TextShape(
            delimiter=self.header.delimiter,
            line_end=self.header.line_end,
            columns=tuple((name, self._kind(name, types)) for name in names),
        )
        return (shape.text,) * len(self.table.paths)

    def says(self, inferred: tuple[tuple[str, str], ...]) -> bool:
        """Whether the values of these files alone say that columns are of these types."""
        return all(self._inferred.get(name) == kind for name, kind in inferred)

    def query(
        self,
        connection: duckdb.DuckDBPyConnection,
        types: Types,
        unread: Naming,
        names: Sequence[str],
        *,
        once: bool,
        part: str | None = None,
        number: str | None = None,
    ) -> str:
        """SQL of the columns as ``types`` say and, for the others, as their values look.

        What one query reads ``once`` is not spooled. A column called ``part`` has the place of the
        part, one called ``number`` the place of the row in the table.
        """
        columns = [quoted(n) for n in names] + [unread(n) for n in names if n in types]
        columns += [quoted(part)] if part is not None else []
        if self.spool is None or once:
            rows = f"({self._converting(connection, types, unread, names, part)})"
        else:
            rows = self._spooled_rows(connection, types, unread)
        if number is not None:
            columns.append(f"row_number() OVER () - 1 AS {quoted(number)}")
        return f"SELECT {', '.join(columns)} FROM {rows}"

    def _spooled_rows(
        self, connection: duckdb.DuckDBPyConnection, types: Types, unread: Naming
    ) -> str:
        """The temporary table with all rows, read as ``types`` say."""
        part = PART if self.splits else None
        query = self._converting(connection, types, unread, self.names, part)
        if query not in self._spooled:
            name = f"{self.spool}{len(self._spooled)}"
            connection.execute(f"CREATE TEMP TABLE {name} AS {query}").fetchall()
            self._spooled[query] = name
        return self._spooled[query]

    def _converting(
        self,
        connection: duckdb.DuckDBPyConnection,
        types: Types,
        unread: Naming,
        names: Sequence[str],
        part: str | None,
    ) -> str:
        typed = {column.name: SQL_TYPES[column.type] for column in self.partitions}
        self._infer(connection, [name for name in names if name not in {*types, *typed}])
        inner, outer = [], []
        for place, name in enumerate(names):
            if name in typed:
                value = f"CAST({quoted(name)} AS {typed[name]})"
                value = converted(value, typed[name], types.get(name))
            else:
                kind = self._kind(name, types)
                dtype = types.get(name) or inferred_type(kind)
                numeric = dtype.is_numeric()
                text = number_text(quoted(name), self.table.csv) if numeric else quoted(name)
                value = _no_nan(parse_sql(text, dtype) or quoted(name), dtype)
                if name not in types and name not in self._inferred:
                    value = self._refusing(name, kind, value)
            inner.append(f"{value} AS v{place}")
            outer.append(f"v{place} AS {quoted(name)}")
            if name in types:
                inner.append(f"{quoted(name)} AS r{place}")
                rest = f"r{place}"
                if types[name].is_float():  # a NaN was read, though it is null here
                    rest = f"CASE WHEN lower({rest}) NOT IN ('nan', '-nan') THEN {rest} END"
                outer.append(f"CASE WHEN v{place} IS NULL THEN {rest} END AS {unread(name)}")
        if part is not None:
            inner.append(quoted(part))
            outer.append(quoted(part))
        source = self._source(part)
        return f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {source})"

    def _kind(self, name: str, types: Types) -> str:
        """As `TextShape` calls the type of a column that was asked of `_infer`, or is given."""
        if name in types:
            return type_name(types[name])
        return self._inferred.get(name) or self._given[name]

    @cached_property
    def _given(self) -> dict[str, str]:
        """The types that other parts are said to have, too."""
        return dict(self.table.inferred)

    def _refusing(self, name: str, kind: str, value: str) -> str:
        """SQL of ``value`` that fails for text which does not look like the type of the others.

        That other parts have this type is only said, by a memo that anybody may have written.
        """
        if kind == TEXT:
            return value
        column = quoted(name)
        doubt = f"{column} IS NOT NULL"
        if kind != NO_VALUES:
            doubt = misfit(column, inferred_type(kind), self.table.csv)
        return f"CASE WHEN {doubt} THEN error('a value of another type') ELSE {value} END"

    def _infer(self, connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
        """Find the types of columns, as far as they are not known."""
        asked = [name for name in names if name not in {*self._inferred, *self._given}]
        source = self._source(None)
        for name, dtype in narrowest_types(connection, source, asked, self.table.csv).items():
            self._inferred[name] = type_name(dtype) if dtype is not None else NO_VALUES

    def _source(self, part: str | None) -> str:
        """SQL of all columns, those of the files as text, missing values as NULL."""
        inside = self.header.columns
        added = [column for column in self.partitions if column.name not in inside]
        return with_partitions(self._read, self.table, added, inside, self._text, part=part)

    def _read(self, paths: tuple[Path, ...]) -> str:
        """SQL of the columns of files as text, missing values other than empty ones as NULL.

        Empty texts are not passed to the reader as missing values: it would skip one after the last
        column, and a delimiter at the end of a line would go unnoticed. In a table of one column
        only they are passed, so that a blank line is a row; otherwise blank lines are dropped.
        """
        names = self.header.columns
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
        told = [text for text in self.table.csv.null_values if text]
        nulls = ", ".join(map(literal, told)) or literal(_NO_TEXT)
        nulls = literal("") if len(names) == 1 else nulls
        end = self.header.line_end
        new_line = f", new_line={literal(repr(end)[1:-1])}" if end else ""
        return csv_source(
            paths,
            f"header=true, skip={self.table.csv.skip_rows}, columns={{{columns}}}, "
            f"delim={literal(self.header.delimiter)}, quote='\"', escape='\"', comment='', "
            f"nullstr=[{nulls}], max_line_size=67108864{new_line}",
        )

    def _text(self, column: str) -> str:
        """SQL of a column that `_read` gives, with the other missing values as NULL."""
        missing = self.table.csv.null_values
        if len(self.header.columns) > 1:
            return f"nullif({column}, '')" if "" in missing else column
        column = f"coalesce({column}, '')"
        listed = ", ".join(map(literal, missing))
        # No more than one column is read so: the list becomes a join, which needs memory.
        return f"CASE WHEN {column} NOT IN ({listed}) THEN {column} END" if listed else column


def _no_nan(value: str, dtype: nw.dtypes.DType) -> str:
    # pandas takes NaN for missing; here too, so that no comparison meets it.
    if isinstance(dtype, (nw.Float32, nw.Float64)):
        return f"CASE WHEN NOT isnan({value}) THEN {value} END"
    return value


def beside(
    table: Table, inside: tuple[str, ...], columns: tuple[PartitionColumn, ...]
) -> tuple[PartitionColumn, ...]:
    """Those columns of folders that the files do not have themselves.

    Raises:
        UnreadableTable: DuckDB would take two names for one.
    """
    added = tuple(column for column in columns if column.name not in inside)
    refuse_equal_names(table.label(table.paths[0]), (*inside, *(column.name for column in added)))
    return added


def converted(value: str, kind: str, dtype: nw.dtypes.DType | None) -> str:
    """SQL for ``value``, of DuckDB's type ``kind``, as ``dtype``; NULL where it is none."""
    target = sql_type(dtype) if dtype is not None else None
    if dtype is None or target is None or type_name(dtype) == kind:
        return value
    if kind == "VARCHAR":
        return parse_sql(value, dtype) or value
    if dtype.is_integer() and kind in {"FLOAT", "DOUBLE"}:
        return f"CASE WHEN {value} = trunc({value}) THEN TRY_CAST({value} AS {target}) END"
    return f"TRY_CAST({value} AS {target})"
