"""Tables as DuckDB relations, without pyarrow: what a light installation reads with."""

# ruff: noqa: S608 - names and paths become SQL by `quoted` and `literal` alone

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import narwhals as nw

from datarelease.analysis.engine.column_types import named_type
from datarelease.analysis.engine.csv.header import read_csv_header
from datarelease.analysis.engine.duckdb.csv import CsvFiles
from datarelease.analysis.engine.duckdb.partitions import with_partitions
from datarelease.analysis.engine.duckdb.sql import literal, parquet_source, quoted
from datarelease.analysis.engine.lazy.conditions import Condition, combined
from datarelease.analysis.engine.lazy.parquet import ParquetPaths
from datarelease.analysis.engine.partitions import text_columns
from datarelease.analysis.engine.tables import Table, unread_name

SCHEME = "datarelease"
"""Of the paths that a file system of ours reads for DuckDB."""


def parquet_relation(files: ParquetPaths) -> duckdb.DuckDBPyRelation:
    """Parquet files as a relation: columns of folders last."""
    connection = _connected()
    if files.fs is None:
        source = parquet_source(tuple(map(Path, files.paths)))
    else:
        connection.register_filesystem(files.fs)
        listed = ", ".join(literal(f"{SCHEME}://{path}") for path in files.paths)
        by_name = ", union_by_name=true" if len(files.paths) > 1 else ""
        source = f"read_parquet([{listed}], hive_partitioning=false{by_name})"
    inside = connection.sql(f"FROM {source}").columns
    beside = [column for column in files.partitions if column.name not in inside]
    table = Table(paths=tuple(map(Path, files.labels)), format="parquet", labels=files.labels)
    return connection.sql(f"FROM {with_partitions(lambda _: source, table, beside, inside)}")


def csv_relation(
    table: Table, types: Mapping[str, str], columns: Sequence[str] | None
) -> duckdb.DuckDBPyRelation:
    """Delimited text, not compressed, as a relation, read as a check reads it.

    A column whose values are not all of the type in ``types`` is text.

    Raises:
        UnreadableTable: A file is no such table.
    """
    connection = _connected()
    files = CsvFiles.open(connection, table, read_csv_header(table), None)
    names = list(files.names if columns is None else columns)
    asked = types.keys() & text_columns(table, names)
    given = {n: dtype for n in asked if (dtype := named_type(types[n])) is not None}

    def query() -> str:
        return files.query(connection, given, _unread, names, once=True)

    if given:
        broken = ", ".join(f"count({_unread(name)})" for name in given)
        (counts,) = connection.execute(f"SELECT {broken} FROM ({query()})").fetchall()
        given |= {name: nw.String() for name, count in zip(given, counts, strict=True) if count}
    chosen = ", ".join(map(quoted, names))
    return connection.sql(f"SELECT {chosen} FROM ({query()})")


def narrowed(
    relation: duckdb.DuckDBPyRelation,
    columns: Sequence[str] | None,
    conditions: Sequence[Condition],
) -> duckdb.DuckDBPyRelation:
    """Some rows and columns of a relation."""
    expression = combined(
        conditions,
        column=duckdb.ColumnExpression,
        value=duckdb.ConstantExpression,
        member=lambda column, values: column.isin(*map(duckdb.ConstantExpression, values)),
        null=lambda column: column.isnull(),
    )
    if expression is not None:
        relation = relation.filter(expression)
    if columns is None:
        return relation
    return relation.select(*map(duckdb.ColumnExpression, columns))


def _connected() -> duckdb.DuckDBPyConnection:
    """A database in memory that downloads nothing and knows one time zone, UTC."""
    connection = duckdb.connect(
        ":memory:",
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _unread(name: str) -> str:
    return quoted(unread_name(name))
