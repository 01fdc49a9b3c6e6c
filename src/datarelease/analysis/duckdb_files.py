"""The SQL that reads the files of a table: names, types, missing values. One class a format."""

# ruff: noqa: S608 - names and paths become SQL by `quoted` and `literal` alone

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import narwhals as nw
from pyarrow import parquet

from datarelease.analysis.column_types import type_name
from datarelease.analysis.csv_dialect import NA_STRINGS, Dialect, column_difference
from datarelease.analysis.csv_types import CANDIDATES, misfits, parse, sql_type
from datarelease.analysis.table import Table, UnreadableTable

Types = Mapping[str, nw.dtypes.DType]
Naming = Callable[[str], str]
_SAMPLE_ROWS = 5_000
#: Types without an equal in Narwhals or pandas; their text is what can be compared.
_READ_AS_TEXT = {"UUID", "BIT", "TIME WITH TIME ZONE", "TIME_NS", "BIGNUM", "VARIANT"}


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def file_list(paths: tuple[Path, ...]) -> str:
    """Paths as an SQL list, in which the letters of glob patterns stand for themselves."""
    escaped = ("".join(f"[{c}]" if c in "*?[" else c for c in str(path)) for path in paths)
    return "[" + ", ".join(literal(path) for path in escaped) + "]"


def check_names(label: str, names: tuple[str, ...]) -> None:
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
    """CSV files: text with a header, read the way pandas does."""

    table: Table
    dialect: Dialect
    spool: str | None = None
    """Begins the names of temporary tables that a large file is read into, once for each set of
    types, so that later queries need not parse it; DuckDB spills them. None: the file is small."""
    _inferred: dict[str, nw.dtypes.DType] = field(default_factory=dict)
    _spooled: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the order of the header."""
        return self.dialect.columns

    def query(
        self,
        connection: duckdb.DuckDBPyConnection,
        types: Types,
        unread: Naming,
        names: Sequence[str],
        *,
        once: bool,
    ) -> str:
        """SQL of the columns as ``types`` say and, for the others, as their values look.

        What one query reads ``once`` is not spooled.
        """
        if self.spool is None or once:
            return self._converting(connection, types, unread, names)
        query = self._converting(connection, types, unread, self.names)
        if query not in self._spooled:
            name = f"{self.spool}{len(self._spooled)}"
            connection.execute(f"CREATE TEMP TABLE {name} AS {query}").fetchall()
            self._spooled[query] = name
        columns = [quoted(n) for n in names] + [unread(n) for n in names if n in types]
        return f"SELECT {', '.join(columns)} FROM {self._spooled[query]}"

    def _converting(
        self,
        connection: duckdb.DuckDBPyConnection,
        types: Types,
        unread: Naming,
        names: Sequence[str],
    ) -> str:
        self._infer(connection, [name for name in names if name not in types])
        inner, outer = [], []
        for place, name in enumerate(names):
            dtype = types.get(name) or self._inferred[name]
            value = parse(quoted(name), dtype)
            inner.append(f"{_no_nan(value or quoted(name), dtype)} AS v{place}")
            outer.append(f"v{place} AS {quoted(name)}")
            if name in types:
                inner.append(f"{quoted(name)} AS r{place}")
                outer.append(f"CASE WHEN v{place} IS NULL THEN r{place} END AS {unread(name)}")
        return f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {self._source()})"

    def _source(self) -> str:
        """SQL of all columns as text, missing values as NULL."""
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in self.dialect.columns)
        nulls = ", ".join(literal(text) for text in NA_STRINGS)
        return (
            f"read_csv({file_list(self.table.paths)}, auto_detect=false, header=true, "
            f"columns={{{columns}}}, delim={literal(self.dialect.delimiter)}, quote='\"', "
            f"escape='\"', comment='', nullstr=[{nulls}], max_line_size=67108864)"
        )

    def _infer(self, connection: duckdb.DuckDBPyConnection, names: list[str]) -> None:
        """Find the narrowest type that every value fits: a sample proposes, all values confirm.

        A type that all values fit fits those of the sample, so the outcome does not depend on it.
        """
        names = [name for name in names if name not in self._inferred]
        options = self._proposed(connection, names) if names else {}
        while any(options.values()):
            asked = {name: left[0] for name, left in options.items() if left}
            for name, fits in self._confirmed(connection, asked).items():
                if fits is None:  # nothing but missing values
                    options[name] = []
                elif fits:
                    self._inferred[name] = asked[name]
                    del options[name]
                else:
                    options[name].remove(asked[name])
        self._inferred.update({name: nw.String() for name in options})

    def _proposed(
        self, connection: duckdb.DuckDBPyConnection, names: list[str]
    ) -> dict[str, list[nw.dtypes.DType]]:
        """The types that the values of the first rows fit, by column.

        The columns are stacked: an expression for each of hundreds would take DuckDB long to plan.
        """
        tests = ", ".join(misfits("v", candidate) for candidate in CANDIDATES)
        columns = ", ".join(quoted(name) for name in names)
        sample = f"(SELECT {columns} FROM {self._source()} LIMIT {_SAMPLE_ROWS})"
        stacked = f"UNPIVOT {sample} ON COLUMNS(*) INTO NAME n VALUE v"
        query = f"SELECT n, {tests} FROM ({stacked}) GROUP BY n"
        seen = {name: counts for name, *counts in connection.execute(query).fetchall()}
        return {
            name: [
                candidate
                for candidate, bad in zip(CANDIDATES, seen.get(name, [0] * 9), strict=False)
                if not bad
            ]
            for name in names
        }

    def _confirmed(
        self, connection: duckdb.DuckDBPyConnection, asked: dict[str, nw.dtypes.DType]
    ) -> dict[str, bool | None]:
        """Whether all values of a column fit the type asked about; None: it has no values."""
        tests = [
            f"CASE WHEN count({quoted(name)}) > 0 THEN {misfits(quoted(name), candidate)} = 0 END"
            for name, candidate in asked.items()
        ]
        query = f"SELECT {', '.join(tests)} FROM {self._source()}"
        (row,) = connection.execute(query).fetchall()
        return dict(zip(asked, row, strict=True))


def _no_nan(value: str, dtype: nw.dtypes.DType) -> str:
    # pandas takes NaN for missing; here too, so that no comparison meets it.
    if isinstance(dtype, (nw.Float32, nw.Float64)):
        return f"CASE WHEN NOT isnan({value}) THEN {value} END"
    return value


@dataclass(frozen=True)
class ParquetFiles:
    """Parquet files with the same columns, matched by name."""

    table: Table
    columns: tuple[tuple[str, str], ...]
    """(name, DuckDB type)."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the order of the first part."""
        return tuple(name for name, _ in self.columns)

    @classmethod
    def open(cls, connection: duckdb.DuckDBPyConnection, table: Table) -> ParquetFiles:
        """The files of ``table``, their columns compared part by part.

        Raises:
            UnreadableTable: A part has other columns or types than the first.
        """
        first: dict[str, str] = {}
        for path in table.paths:
            source = f"FROM read_parquet({file_list((path,))})"
            relation = connection.sql(source)
            names = tuple(relation.columns)
            # DuckDB renames a column that it would take for another.
            check_names(table.label(path), tuple(parquet.read_schema(path).names))
            columns = dict(zip(names, map(str, relation.types), strict=True))
            first = first or columns
            if set(columns) != set(first):
                difference = column_difference(tuple(first), names)
                raise UnreadableTable(table.label(path), difference)
            for name, kind in columns.items():
                if kind != first[name] and '"NULL"' not in {kind, first[name]}:
                    reason = f"column {name!r} is {kind}, in the first part {first[name]}"
                    raise UnreadableTable(table.label(path), reason)
            # A part whose column is all null says nothing about the column's type.
            first |= {n: k for n, k in columns.items() if first[n] == '"NULL"'}
        return cls(table, tuple(first.items()))

    def query(
        self,
        connection: duckdb.DuckDBPyConnection,  # noqa: ARG002 - the same face as CsvFiles
        types: Types,
        unread: Naming,
        names: Sequence[str],
        *,
        once: bool,  # noqa: ARG002 - Parquet is cheap to read again
    ) -> str:
        """SQL of the columns as the files say, or as ``types`` say."""
        parts = []
        kinds = dict(self.columns)
        for name in names:
            kind = kinds[name]
            column = value = quoted(name)
            if kind in {"FLOAT", "DOUBLE"}:
                value = f"CASE WHEN NOT isnan({column}) THEN {column} END"
            elif kind in _READ_AS_TEXT:
                value = f"CAST({column} AS VARCHAR)"
            if name in types:
                converted = _converted(value, kind, types[name])
                parts.append(f"{converted} AS {column}")
                parts.append(f"CASE WHEN {converted} IS NULL THEN {value} END AS {unread(name)}")
            else:
                parts.append(f"{value} AS {column}")
        by_name = ", union_by_name=true" if len(self.table.paths) > 1 else ""
        return (
            f"SELECT {', '.join(parts)} FROM read_parquet({file_list(self.table.paths)}{by_name})"
        )


def _converted(value: str, kind: str, dtype: nw.dtypes.DType) -> str:
    target = sql_type(dtype)
    if target is None or type_name(dtype) == kind:
        return value
    if kind == "VARCHAR":
        return parse(value, dtype) or value
    if dtype.is_integer() and kind in {"FLOAT", "DOUBLE"}:
        return f"CASE WHEN {value} = trunc({value}) THEN TRY_CAST({value} AS {target}) END"
    return f"TRY_CAST({value} AS {target})"
