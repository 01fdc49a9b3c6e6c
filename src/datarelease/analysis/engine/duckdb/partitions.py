"""The SQL that adds partition columns to a table. `csv` and `parquet` read the files."""

# ruff: noqa: S608 - names and paths become SQL by `quoted` and `literal` alone

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

import duckdb

from datarelease.analysis.engine.duckdb.sql import literal, quoted
from datarelease.analysis.engine.partitions import PartitionColumn, Value
from datarelease.analysis.engine.row_groups.reader import Spans
from datarelease.analysis.engine.tables import Table, UnreadableTable

_Read = Callable[[tuple[Path, ...]], str]
"""SQL of the function that reads these files."""
_Text = Callable[[str], str]
"""SQL of a column that such a function gives, as it is meant."""

SQL_TYPES = {"int64": "BIGINT", "date": "DATE", "string": "VARCHAR"}
_FOLDER, _FILE = (f"\N{SYMBOL FOR START OF TEXT}{name}" for name in ("folder", "file"))


def with_partitions(
    read: _Read,
    table: Table,
    columns: Sequence[PartitionColumn],
    inside: Sequence[str],
    text: _Text | None = None,
    *,
    part: str | None = None,
    number: tuple[str, Sequence[int]] | None = None,
    spans: Spans | None = None,
) -> str:
    """SQL of the columns ``inside`` the files, in their order, and of ``columns`` after them.

    A column called ``part`` has the place of the file in the list. ``number``, a name and the place
    of the first row of each file, gives a last column with the place of the row. With ``spans``
    there are only these rows, in this order.

    Files are distinguished by their place in the list: parts with equal bytes are one file of a
    cache.
    """
    if not columns and text is None and part is None and number is None and spans is None:
        return read(table.paths)
    # Under other names, for a column called `file_index` would hide DuckDB's own.
    meant = text or str
    own = [f"{meant(f'c{place}')} AS {quoted(name)}" for place, name in enumerate(inside)]
    names = ", ".join(f"c{place}" for place in range(len(inside)))
    values = [
        f"list_extract(CAST([{', '.join(map(_sql, column.values))}] AS {SQL_TYPES[column.type]}[]),"
        f" CAST(file_index AS BIGINT) + 1) AS {quoted(column.name)}"
        for column in columns
    ]
    if part is not None:
        values.append(f"CAST(file_index AS BIGINT) AS {quoted(part)}")
    if number is not None:
        first = f"list_extract({list(number[1])}::BIGINT[], CAST(file_index AS BIGINT) + 1)"
        values.append(f"{first} + CAST(file_row_number AS BIGINT) AS {quoted(number[0])}")
    query = f"SELECT {', '.join(own + values)} FROM {read(table.paths)} AS files({names})"
    if spans is not None:
        query = " UNION ALL ".join(f"{query} WHERE {rows}" for rows in _conditions(spans))
    return f"({query})"


def _conditions(spans: Spans) -> list[str]:
    """SQL of the rows of each file: DuckDB leaves out row groups by conditions on one column."""
    found = []
    for part, rows in groupby(spans, key=lambda span: span.part):
        places = " OR ".join(
            f"file_row_number BETWEEN {span.first} AND {span.end - 1}" for span in rows
        )
        found.append(f"file_index = {part} AND ({places})")
    return found or ["false"]


def check_agreement(
    connection: duckdb.DuckDBPyConnection,
    read: _Read,
    table: Table,
    columns: Sequence[PartitionColumn],
    inside: Sequence[str],
    text: _Text | None = None,
) -> None:
    """Refuse files that contain a partition column with other values.

    Raises:
        UnreadableTable: A row of a file has another value than the file's folder.
    """
    for column in (column for column in columns if column.name in inside):
        own = quoted(column.name)
        kind = connection.sql(f"SELECT {own} FROM {read(table.paths)}").types[0]
        beside = [_text(_FOLDER, column.texts), _text(_FILE, table.labels)]
        said = f"TRY_CAST({quoted(_FOLDER)} AS {kind})"
        rows_beside = with_partitions(read, table, beside, inside, text)
        query = (
            f"SELECT {quoted(_FILE)}, count(*) FROM {rows_beside} "
            f"WHERE {own} IS DISTINCT FROM {said} GROUP BY ALL ORDER BY ALL LIMIT 1"
        )
        for label, rows in connection.execute(query).fetchall():
            raise UnreadableTable(
                label,
                f"column {column.name!r} has another value than the folder in {rows} rows; "
                "leave the column out of the files, or move the rows",
            )


def _text(name: str, texts: tuple[str | None, ...]) -> PartitionColumn:
    return PartitionColumn(name=name, type="string", values=texts, texts=texts)


def _sql(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return literal(value.isoformat() if isinstance(value, dt.date) else value)
