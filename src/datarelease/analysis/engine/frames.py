"""Tables as the data frames that people work with."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import narwhals as nw
import pyarrow as pa

from datarelease.analysis.engine.column_types import named_type
from datarelease.analysis.engine.parquet_parts import (
    inner_types,
    leaves,
    parquet_columns,
    read_parts,
)
from datarelease.analysis.engine.partitions import text_columns
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table, UnreadableTable, unread_name
from datarelease.errors import ConfigError, WorldError
from datarelease.model.wording import nearest_name

LIBRARIES = ("pandas", "pyarrow", "polars", "duckdb")


def read_frame(
    reader: Engine,
    table: Table,
    *,
    columns: Sequence[str] | None,
    engine: str,
    types: Mapping[str, str] | None = None,
) -> Any:
    """All parts of a table as one data frame of the library called ``engine``.

    Parts are put one below the other in the order of their names, and partition columns stand
    last. Text is read as a check reads it: by ``reader``, in the table's own dialect, with
    columns of the named ``types``, or of those that their values have. A column whose values are
    not all of the type in ``types`` (a release may be allowed to have some) is text.

    Raises:
        ConfigError: The library is unknown or not installed, there is no such column, or the
            library cannot hold one.
        WorldError: A file is no such table.
    """
    library = _library(engine)
    names = list(dict.fromkeys(columns)) if columns is not None else None
    return _converted(engine, library, _rows(reader, table, names, types or {}))


def _library(engine: str) -> Any:
    if engine not in LIBRARIES:
        raise ConfigError(
            f"engine={engine!r} is unknown.", remedy=f"Known: {', '.join(LIBRARIES)}."
        )
    try:
        return importlib.import_module(engine)
    except ImportError as error:
        raise ConfigError(
            f"engine={engine!r} needs the package {engine}, which is not installed.",
            remedy=f"Install it: pip install {engine}",
        ) from error


def _rows(
    reader: Engine, table: Table, names: list[str] | None, types: Mapping[str, str]
) -> pa.Table:
    """The table, or some of its columns."""
    try:
        if table.format == "arrow":
            table = reader.converted(table)
        known = parquet_columns(table) if table.format == "parquet" else reader.columns(table)
        _refuse_unknown(names, known)
        wanted = list(known) if names is None else names
        if table.format == "parquet":
            return read_parts(table, wanted)
        asked = types.keys() & text_columns(table, wanted)
        given = {n: dtype for n in asked if (dtype := named_type(types[n])) is not None}
        rows = reader.arrow(reader.scan(table, given, wanted, once=True))
        unread = {name: rows[unread_name(name)] for name in given}
        broken = [name for name, rest in unread.items() if rest.null_count < len(rest)]
        if broken:
            given |= dict.fromkeys(broken, nw.String())
            rows = reader.arrow(reader.scan(table, given, wanted, once=True))
        return rows.select(wanted)
    except UnreadableTable as error:
        raise WorldError(
            f"The files cannot be read: {error}",
            untouched="Nothing was changed.",
            remedy="`datarelease get` copies the files as they are.",
        ) from error


def _refuse_unknown(names: Sequence[str] | None, known: Sequence[str]) -> None:
    unknown = [name for name in names or () if name not in known]
    if unknown:
        near = nearest_name(unknown[0], known)
        hint = f"Did you mean {near!r}? " if near else ""
        raise ConfigError(
            f"There is no column {unknown[0]!r}.",
            remedy=f"{hint}Columns: {', '.join(known)}.",
        )


def _to_pandas(pandas: Any, table: pa.Table) -> Any:
    """Columns of NumPy types; integers and booleans among nulls keep their type, and all digits."""
    nullable = {
        pa.bool_(): pandas.BooleanDtype(),
        pa.int8(): pandas.Int8Dtype(),
        pa.int16(): pandas.Int16Dtype(),
        pa.int32(): pandas.Int32Dtype(),
        pa.int64(): pandas.Int64Dtype(),
        pa.uint8(): pandas.UInt8Dtype(),
        pa.uint16(): pandas.UInt16Dtype(),
        pa.uint32(): pandas.UInt32Dtype(),
        pa.uint64(): pandas.UInt64Dtype(),
    }
    return pandas.DataFrame(
        {
            name: pandas.Series(column.to_pylist(), dtype=object)
            if _would_be_floats(column)
            else column.to_pandas(types_mapper=nullable.get if column.null_count else None)
            for name, column in zip(table.column_names, table.columns, strict=True)
        }
    )


def _would_be_floats(column: pa.ChunkedArray) -> bool:
    """Of integers in lists and structs that hold nulls as well, NumPy would make floats."""
    kinds = list(inner_types(column.type))
    if not pa.types.is_nested(column.type) or not any(map(pa.types.is_integer, kinds)):
        return False
    padded = column.null_count and any(map(pa.types.is_fixed_size_list, kinds))
    return bool(padded) or any(leaf.null_count for c in column.chunks for leaf in leaves(c))


_FRAMES: Mapping[str, Callable[[Any, pa.Table], Any]] = {
    "pandas": _to_pandas,
    "pyarrow": lambda _, table: table,
    "polars": lambda polars, table: polars.from_arrow(table),
    "duckdb": lambda duckdb, table: duckdb.from_arrow(table),
}


def frame_of(rows: pa.Table, engine: str) -> Any:
    """The rows of an Arrow table as a data frame of the library called ``engine``.

    Raises:
        ConfigError: It is not installed, or has no type that holds a column's values.
    """
    return _converted(engine, _library(engine), rows)


def _converted(engine: str, library: Any, rows: pa.Table) -> Any:
    """The rows as the library called ``engine`` holds them.

    Raises:
        ConfigError: It has no type that holds a column's values.
    """
    try:
        return _FRAMES[engine](library, rows)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # of no common kind, Rust's panics included; may quote data
        name = next((n for n in rows.column_names if not _holds(engine, library, rows, n)), None)
        if name is None:
            raise
        raise ConfigError(
            f"{engine} cannot hold the values of column {name!r}, which are of type "
            f"{rows.schema.field(name).type}.",
            remedy="Name the other columns in columns=, or use engine='pyarrow'.",
        ) from error


def _holds(engine: str, library: Any, rows: pa.Table, name: str) -> bool:
    try:
        _FRAMES[engine](library, rows.select([name]))
    except BaseException:  # noqa: BLE001 - whatever it is, this is the column
        return False
    return True
