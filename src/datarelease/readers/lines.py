"""Lines to paste that read the objects of a dataset where they are, with other tools.

Objects are named by their hash and have no ending, so each line says what the files are. What a
line reads is what these tools make of the files: `dr.load` also knows the types that were checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from datarelease.analysis.engine.duckdb.sql import escaped_pattern, literal, quoted
from datarelease.analysis.engine.partitions import (
    PartitionColumn,
    PartitionType,
    Value,
    partition_columns,
)
from datarelease.analysis.engine.tables import Table
from datarelease.errors import ConfigError
from datarelease.model.data.table_format import (
    FORMAT_NAMES,
    Compression,
    compression,
    delimiter_of_name,
)

Language = Literal["duckdb", "spark", "polars"]
LANGUAGES: tuple[Language, ...] = ("duckdb", "spark", "polars")
_SQL = {"int64": "BIGINT", "date": "DATE", "string": "VARCHAR"}


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """Files whose folders say the same."""

    addresses: tuple[str, ...]
    folders: tuple[tuple[str, PartitionType, Value], ...]


@dataclass(frozen=True, kw_only=True)
class _Files:
    """What a line has to say of the files."""

    table: Table
    packed: Compression | None

    @property
    def delimiter(self) -> str:
        return self.table.csv.delimiter or delimiter_of_name(self.table.labels[0]) or ","


def line_for(language: Language, table: Table, addresses: Sequence[str]) -> str:
    """The line that reads a table in ``language``.

    Args:
        language: The tool.
        table: Its format, dialect and the labels of its parts.
        addresses: Where they are, in the same order.

    Raises:
        ConfigError: The tool does not read such files, or not from there.
    """
    columns = partition_columns(table)
    texts = (text for column in columns for text in (column.name, *column.texts) if text)
    if not all(text.isprintable() for text in texts):
        raise ConfigError(
            "A folder of the dataset has a name with control characters, which cannot be written "
            "in one line.",
            untouched="",
            remedy="Load it with dr.load.",
        )
    packed = {compression(label) for label in table.labels}
    if len(packed) > 1:
        raise ConfigError(
            "Some files of the dataset are compressed and some are not: one line cannot read both.",
            untouched="",
            remedy="Load it with dr.load.",
        )
    files = _Files(table=table, packed=packed.pop())
    return _LINES[language](files, _grouped(columns, addresses))


def _grouped(columns: Sequence[PartitionColumn], addresses: Sequence[str]) -> list[_Parts]:
    groups: dict[tuple[tuple[str, PartitionType, Value], ...], list[str]] = {}
    for place, address in enumerate(addresses):
        folders = tuple((one.name, one.type, one.values[place]) for one in columns)
        groups.setdefault(folders, []).append(address)
    return [_Parts(addresses=tuple(there), folders=said) for said, there in groups.items()]


def _duckdb(files: _Files, groups: Sequence[_Parts]) -> str:
    if files.table.format == "arrow":
        raise _unread("DuckDB", files)
    selects = []
    for group in groups:
        listed = ", ".join(literal(escaped_pattern(address)) for address in group.addresses)
        said = "".join(
            f", CAST({_sql(value)} AS {_SQL[kind]}) AS {quoted(name)}"
            for name, kind, value in group.folders
        )
        selects.append(f"SELECT *{said} FROM {_duckdb_call(files, listed)}")  # noqa: S608 - quoted
    return " UNION ALL BY NAME ".join(selects) + ";"


def _duckdb_call(files: _Files, listed: str) -> str:
    plain = "hive_partitioning = false"
    packed = f", compression = '{files.packed}'" if files.packed else ""
    if files.table.format == "parquet":
        return f"read_parquet([{listed}], {plain}, union_by_name = true)"
    if files.table.format == "jsonl":
        # Without these, fields that the first lines or files lack are left out in silence.
        whole = "sample_size = -1, union_by_name = true"
        return f"read_json([{listed}], format = 'newline_delimited', {whole}, {plain}{packed})"
    dialect = files.table.csv
    # A tab would not survive a terminal; DuckDB reads it as it is written in C.
    delimiter = literal(files.delimiter.replace("\t", r"\t"))
    nulls = ", ".join(map(literal, dialect.null_values)) or "''"
    more = "".join(
        f", {name} = {literal(value)}"
        for name, value in (
            ("decimal_separator", dialect.decimal if dialect.decimal != "." else None),
            ("thousands", dialect.thousands),
            ("encoding", dialect.encoding if dialect.encoding != "utf-8" else None),
        )
        if value
    )
    return (
        f"read_csv([{listed}], header = true, delim = {delimiter}, quote = '\"', "
        f"escape = '\"', skip = {dialect.skip_rows}, nullstr = [{nulls}], {plain}{more}{packed})"
    )


def _polars(files: _Files, groups: Sequence[_Parts]) -> str:
    dialect = files.table.csv
    if dialect.thousands or dialect.encoding != "utf-8":
        raise _unread("Polars", files)
    calls = {
        "parquet": "scan_parquet([{}], glob=False, hive_partitioning=False)",
        "jsonl": "scan_ndjson([{}], infer_schema_length=None)",
        "arrow": "scan_ipc([{}], glob=False, hive_partitioning=False)",
        "csv": (
            f"scan_csv([{{}}], glob=False, separator={json.dumps(files.delimiter)}, "
            f"skip_rows={dialect.skip_rows}, null_values={json.dumps(dialect.null_values)}"
            f"{', decimal_comma=True' if dialect.decimal == ',' else ''}, try_parse_dates=True)"
        ),
    }
    if files.table.format == "jsonl":
        # Of several files in one call, Polars takes the fields of the first one alone.
        groups = [replace(group, addresses=(one,)) for group in groups for one in group.addresses]
    frames = []
    for group in groups:
        # Of lines of JSON, Polars takes no paths but patterns.
        named = escaped_pattern if files.table.format == "jsonl" else str
        listed = ", ".join(json.dumps(named(address)) for address in group.addresses)
        said = ", ".join(
            f"{_polars_value(kind, value)}.alias({json.dumps(name)})"
            for name, kind, value in group.folders
        )
        call = "pl." + calls[files.table.format].format(listed)
        frames.append(f"{call}.with_columns({said})" if said else call)
    if len(frames) == 1:
        return frames[0]
    return f'pl.concat([{", ".join(frames)}], how="diagonal_relaxed")'


def _spark(files: _Files, groups: Sequence[_Parts]) -> str:
    dialect = files.table.csv
    if files.table.format == "arrow" or files.packed or dialect.changes.keys() - {"delimiter"}:
        raise _unread("Spark", files)
    # Without multiLine, a line end inside quotes ends the row.
    calls = {
        "parquet": "spark.read.parquet({})",
        "jsonl": "spark.read.json([{}])",
        "csv": f"spark.read.csv([{{}}], header=True, inferSchema=True, multiLine=True, "
        f"sep={json.dumps(files.delimiter)}, escape='\"')",
    }
    # Fields that no line of a folder has are missing columns.
    missing = ", allowMissingColumns=True" if files.table.format == "jsonl" else ""
    frames = []
    for group in groups:
        listed = ", ".join(json.dumps(_for_spark(address)) for address in group.addresses)
        said = "".join(
            f", {json.dumps(f'CAST({_sql(value)} AS {_SPARK[kind]}) AS {_backquoted(name)}')}"
            for name, kind, value in group.folders
        )
        call = calls[files.table.format].format(listed)
        frames.append(f'{call}.selectExpr("*"{said})' if said else call)
    first, *others = frames
    return first + "".join(f".unionByName({other}{missing})" for other in others)


_SPARK = {"int64": "BIGINT", "date": "DATE", "string": "STRING"}
_LINES: Mapping[Language, Callable[[_Files, Sequence[_Parts]], str]] = {
    "duckdb": _duckdb,
    "polars": _polars,
    "spark": _spark,
}


_HADOOP_PATTERN = "*?[]{}\\"


def _for_spark(address: str) -> str:
    """An address as Hadoop's file systems name it."""
    if found := next((char for char in _HADOOP_PATTERN if char in address), None):
        raise ConfigError(
            f"Spark takes the {found!r} in {address} for a pattern: it would not find the file.",
            untouched="",
            remedy="Give the directory another name, or get the files: `datarelease get`.",
        )
    scheme, mark, rest = address.partition("://")
    if not mark:
        return f"file://{address}"
    if scheme in {"s3", "gs"}:
        return f"{'s3a' if scheme == 's3' else scheme}://{rest}"
    raise ConfigError(
        f"Spark does not read {scheme}:// by such an address.",
        untouched="",
        remedy="Use the addresses without --sql, and write them as your cluster names them; "
        "or get the files: `datarelease get`.",
    )


def _backquoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _sql(value: Value) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else literal(str(value))


def _polars_value(kind: PartitionType, value: Value) -> str:
    if kind == "date" and value is not None:
        return f"pl.lit({json.dumps(str(value))}).str.to_date()"
    types = {"int64": "pl.Int64", "date": "pl.Date", "string": "pl.String"}
    plain = "None" if value is None else json.dumps(value)
    return f"pl.lit({plain}, dtype={types[kind]})"


def _unread(tool: str, files: _Files) -> ConfigError:
    named = f"{'compressed ' if files.packed else ''}{FORMAT_NAMES[files.table.format]}"
    return ConfigError(
        f"{tool} cannot read these files with one line: {named}, written as they are.",
        untouched="",
        remedy="Use the addresses without --sql, or load the dataset with dr.load.",
    )
