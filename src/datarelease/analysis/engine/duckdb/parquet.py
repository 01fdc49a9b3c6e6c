"""The SQL that reads Parquet files: names, types, missing values."""

# ruff: noqa: S608 - names and paths become SQL by `quoted` and `literal` alone

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb.sqltypes import DuckDBPyType
from pyarrow import parquet

from datarelease.analysis.engine.csv.header import column_difference
from datarelease.analysis.engine.duckdb.csv import (
    Naming,
    Types,
    beside,
    converted,
    refuse_equal_names,
)
from datarelease.analysis.engine.duckdb.parquet_exact import (
    check_times,
    check_types,
    durations,
    fine_times,
)
from datarelease.analysis.engine.duckdb.partitions import (
    SQL_TYPES,
    check_agreement,
    with_partitions,
)
from datarelease.analysis.engine.duckdb.sql import parquet_source, quoted
from datarelease.analysis.engine.partitions import PartitionColumn, partition_columns
from datarelease.analysis.engine.row_groups.reader import Spans
from datarelease.analysis.engine.shapes.text_shapes import TextShape
from datarelease.analysis.engine.tables import Table, UnreadableTable


@dataclass(frozen=True)
class ParquetFiles:
    """Parquet files with the same columns, matched by name."""

    table: Table
    columns: tuple[tuple[str, DuckDBPyType], ...]
    """(name, type) of those inside the files."""
    folders: tuple[PartitionColumn, ...]
    """Columns that only folders have."""
    durations: dict[str, int]
    """Those that hold durations, and how many nanoseconds their unit has."""
    _shapes: tuple[str, ...]
    """Columns and types of each part; equal for parts that are read in the same way."""
    _suspects: dict[Path, frozenset[str]]
    """Columns of each part whose times are yet to be looked at."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the order of the first part, those of folders after them."""
        return (*(name for name, _ in self.columns), *(column.name for column in self.folders))

    def shapes(
        self,
        connection: duckdb.DuckDBPyConnection,  # noqa: ARG002 - the same face as CsvFiles
        types: Types,  # noqa: ARG002 - files say their types
    ) -> tuple[str, ...]:
        """Columns and types of each part; equal for parts that are read in the same way."""
        if self.table.inferred:  # copies of JSON Lines
            return (TextShape(columns=self.table.inferred).text,) * len(self.table.paths)
        return self._shapes

    @classmethod
    def open(cls, connection: duckdb.DuckDBPyConnection, table: Table) -> ParquetFiles:
        """The files of ``table``, their columns compared part by part.

        Raises:
            UnreadableTable: A part has other columns or types than the first, or folders
                contradict each other or the files.
        """
        first: dict[str, DuckDBPyType] = {}
        schema: pa.Schema | None = None
        suspects: dict[Path, frozenset[str]] = {}
        lengths: dict[str, int] = {}
        shapes: dict[Path, str] = {}
        for path in table.paths[:1] if table.alike else dict.fromkeys(table.paths):
            relation = connection.sql(f"FROM {parquet_source((path,))}")
            names, label = tuple(relation.columns), table.label(path)
            with parquet.ParquetFile(path) as file:
                arrow, shapes[path] = file.schema_arrow, _shape(file)
            if path != table.paths[0] and arrow.equals(schema):
                suspects[path] = suspects[table.paths[0]]
            else:
                # DuckDB renames a column that it would take for another.
                refuse_equal_names(label, tuple(arrow.names))
                schema = schema or arrow
                check_types(label, arrow, schema)
                suspects[path] = fine_times(arrow)
                lengths |= durations(arrow)
            columns = dict(zip(names, relation.types, strict=True))
            first = first or columns
            if set(columns) != set(first):
                raise UnreadableTable(label, column_difference(tuple(first), names))
            for name, kind in columns.items():
                # A part whose column is all null says nothing about the column's type.
                both = merged_type(first[name], kind)
                if both is None:
                    reason = f"column {name!r} is {kind}, in the first part {first[name]}"
                    raise UnreadableTable(label, reason)
                first[name] = both
        for path in table.paths:  # those that were not asked
            shapes.setdefault(path, shapes[table.paths[0]])
            suspects.setdefault(path, suspects[table.paths[0]])
        partitions = partition_columns(table)
        folders = beside(table, tuple(first), partitions)
        check_agreement(connection, parquet_source, table, partitions, tuple(first))
        _check_lengths(connection, table, lengths)
        each = tuple(shapes[path] for path in table.paths)
        return cls(table, tuple(first.items()), folders, lengths, each, suspects)

    def query(
        self,
        connection: duckdb.DuckDBPyConnection,  # noqa: ARG002 - the same face as CsvFiles
        types: Types,
        unread: Naming,
        names: Sequence[str],
        *,
        once: bool,  # noqa: ARG002 - Parquet is cheap to read again
        part: str | None = None,
        number: str | None = None,
        spans: Spans | None = None,
    ) -> str:
        """SQL of the columns as the files say, or as ``types`` say; see `with_partitions`.

        A column called ``number`` has the place of the row in the table.
        """
        for path, fine in self._suspects.items():
            if asked := fine.intersection(names):
                check_times(path, self.table.label(path), asked)
                self._suspects[path] = fine - asked
        parts = []
        found = dict(self.columns)
        kinds = {name: str(read_as(kind)) for name, kind in self.columns}
        kinds |= {column.name: SQL_TYPES[column.type] for column in self.folders}
        for name in names:
            kind = kinds[name]
            column = value = quoted(name)
            if kind in {"FLOAT", "DOUBLE"}:
                value = f"CASE WHEN NOT isnan({column}) THEN {column} END"
            elif name in self.durations:
                value = f"{column} * {self.durations[name]}"
            elif name in found and kind != str(found[name]):
                value = f"CAST({column} AS {kind})"
            if name in types:
                text = converted(value, kind, types[name])
                parts.append(f"{text} AS {column}")
                parts.append(f"CASE WHEN {text} IS NULL THEN {value} END AS {unread(name)}")
            else:
                parts.append(f"{value} AS {column}")
        inside = tuple(name for name, _ in self.columns)
        if part is not None:
            parts.append(quoted(part))
        first = None
        if number is not None:
            parts.append(quoted(number))
            first = number, self._first_rows()
        read = partial(parquet_source, alike=self.table.alike)
        source = with_partitions(
            read, self.table, self.folders, inside, part=part, number=first, spans=spans
        )
        return f"SELECT {', '.join(parts)} FROM {source}"

    def _first_rows(self) -> tuple[int, ...]:
        """The place of the first row of each part."""
        rows = {path: parquet.read_metadata(path).num_rows for path in {*self.table.paths}}
        return tuple(accumulate((rows[path] for path in self.table.paths[:-1]), initial=0))


def _shape(file: parquet.ParquetFile) -> str:
    """The digest of a file's columns with their types, those of Parquet and those of Arrow."""
    # The first line of the former is the place of an object in memory.
    stored = str(file.schema).partition("\n")[2]
    told = file.schema_arrow.remove_metadata().to_string(show_field_metadata=False)
    return hashlib.sha256(f"{stored}\n{told}".encode()).hexdigest()


def _check_lengths(
    connection: duckdb.DuckDBPyConnection, table: Table, lengths: Mapping[str, int]
) -> None:
    """Refuse durations that 64 bits of nanoseconds, in which they are compared, do not hold.

    Raises:
        UnreadableTable: One is longer than 292 years.
    """
    for name, factor in lengths.items():
        longest = (2**63 - 1) // factor
        query = (
            f"SELECT count(*) FROM {parquet_source(table.paths)} "
            f"WHERE {quoted(name)} NOT BETWEEN {-longest} AND {longest}"
        )
        if factor > 1 and connection.execute(query).fetchall() != [(0,)]:
            what = f"column {name!r} holds durations of more than 292 years"
            raise UnreadableTable("", f"{what}, which cannot be compared exactly")


_NULL = "null"
#: Those with an equal in Narwhals, by DuckDB's identifiers; all others are read as text.
_KNOWN = frozenset(
    {
        "hugeint", "bigint", "integer", "smallint", "tinyint", "uhugeint", "ubigint", "uinteger",
        "usmallint", "utinyint", "double", "float", "varchar", "date", "timestamp_s",
        "timestamp_ms", "timestamp", "timestamp_ns", "timestamp with time zone", "boolean", "time",
        "blob", "decimal", _NULL,
    }
)  # fmt: skip
_ZONED_NANOSECONDS = "timestamptz_ns"


def read_as(kind: DuckDBPyType) -> DuckDBPyType:
    """The type with an equal in Narwhals that a column is read as: mostly its own.

    Nested types keep their shape. Types without an equal are read as their text, which is exact;
    zoned times in nanoseconds as microseconds, since `parquet_exact` refuses finer ones.

    >>> str(read_as(duckdb.sqltype("UUID[]"))), str(read_as(duckdb.sqltype("INTEGER")))
    ('VARCHAR[]', 'INTEGER')
    """
    if kind.id == "list":
        return duckdb.list_type(read_as(kind.child))
    if kind.id == "struct":
        return duckdb.struct_type({n: read_as(inner) for n, inner in _children(kind).items()})
    if kind.id == "map":
        return duckdb.map_type(*map(read_as, _children(kind).values()))
    if kind.id == _ZONED_NANOSECONDS:
        return duckdb.sqltype("TIMESTAMP WITH TIME ZONE")
    return kind if kind.id in _KNOWN else duckdb.sqltype("VARCHAR")


def merged_type(one: DuckDBPyType, two: DuckDBPyType) -> DuckDBPyType | None:
    """The type of a column that is ``one`` in a part and ``two`` in another; None: there is none.

    They are the same, but where one is of nothing but nulls, as a whole or inside.
    """
    if one == two or _NULL in {one.id, two.id}:
        return two if one.id == _NULL else one
    if one.id != two.id or one.id not in {"list", "struct", "map"}:
        return None
    if one.id == "list":
        inner = merged_type(one.child, two.child)
        return duckdb.list_type(inner) if inner is not None else None
    left, right = _children(one), _children(two)
    fields = {name: merged_type(kind, right[name]) for name, kind in left.items() if name in right}
    found = {name: kind for name, kind in fields.items() if kind is not None}
    if list(left) != list(right) or len(found) < len(left):
        return None
    return duckdb.map_type(*found.values()) if one.id == "map" else duckdb.struct_type(found)


def _children(kind: DuckDBPyType) -> dict[str, DuckDBPyType]:
    """The types inside a struct or map, by name."""
    return {name: inner for name, inner in kind.children if isinstance(inner, DuckDBPyType)}
