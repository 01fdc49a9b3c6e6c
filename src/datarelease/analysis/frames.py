"""Tables as the data frames that people work with."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa

from datarelease.analysis.engine import Engine, unread_name
from datarelease.analysis.table import Table, UnreadableTable
from datarelease.errors import ConfigError, WorldError

Types = Mapping[str, nw.dtypes.DType]
LIBRARIES = ("pandas", "pyarrow", "polars", "duckdb")


def read_frame(
    reader: Engine,
    table: Table,
    *,
    columns: Sequence[str] | None,
    engine: str,
    types: Types | None = None,
) -> Any:
    """All parts of a table as one data frame of the library called ``engine``.

    CSV files are read as a check reads them: by ``reader``, in the table's own dialect, with
    columns of ``types``, or of the types that their values have. A column whose values are not
    all of the type in ``types`` (a release may be allowed to have some) is text.

    Raises:
        ConfigError: The library is unknown or not installed, or there is no such column.
        WorldError: A file is no such table.
    """
    if engine not in LIBRARIES:
        raise ConfigError(
            f"engine={engine!r} is unknown.", remedy=f"Known: {', '.join(LIBRARIES)}."
        )
    try:
        library = importlib.import_module(engine)
    except ImportError as error:
        raise ConfigError(
            f"engine={engine!r} needs the package {engine}.", remedy=f"pip install {engine}"
        ) from error
    names = list(dict.fromkeys(columns)) if columns is not None else None
    if table.format == "csv":
        return _FRAMES[engine](library, _arrow(reader, table, names, types or {}))
    return _parquet(engine, library, table, names)


def _arrow(reader: Engine, table: Table, names: list[str] | None, types: Types) -> pa.Table:
    """The table, or some of its columns, read by one query."""
    try:
        known = reader.columns(table)
        _refuse_unknown(names, known)
        wanted = list(known) if names is None else names
        given = {name: dtype for name, dtype in types.items() if name in wanted}
        given |= dict.fromkeys(_misread(reader, table, given), nw.String())
        frame = reader.scan(table, given, wanted, once=True)
        return reader.arrow(frame.select(*wanted))
    except UnreadableTable as error:
        raise WorldError(
            f"The files cannot be read: {error}",
            untouched="Nothing was changed.",
            remedy="`datarelease get` brings the files as they are.",
        ) from error


def _misread(reader: Engine, table: Table, types: Types) -> list[str]:
    """The columns that hold something which is no value of the type in ``types``."""
    asked = [name for name, dtype in types.items() if not isinstance(dtype, nw.String)]
    if not asked:
        return []
    frame = reader.scan(table, {name: types[name] for name in asked}, asked, once=True)
    counts = (nw.col(unread_name(name)).count().alias(f"n{n}") for n, name in enumerate(asked))
    (row,) = reader.collect(frame.select(*counts))
    return [name for place, name in enumerate(asked) if row[f"n{place}"]]


def _refuse_unknown(names: Sequence[str] | None, known: Sequence[str]) -> None:
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise ConfigError(
            f"There is no column {unknown[0]!r}.", remedy=f"Columns: {', '.join(known)}."
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
            name: column.to_pandas(types_mapper=nullable.get if column.null_count else None)
            for name, column in zip(table.column_names, table.columns, strict=True)
        }
    )


_FRAMES: Mapping[str, Callable[[Any, pa.Table], Any]] = {
    "pandas": _to_pandas,
    "pyarrow": lambda _, table: table,
    "polars": lambda polars, table: polars.from_arrow(table),
    "duckdb": lambda duckdb, table: duckdb.from_arrow(table),
}


def _parquet(engine: str, library: Any, table: Table, names: list[str] | None) -> Any:
    readers = {
        "pandas": _pandas_parquet,
        "pyarrow": _pyarrow_parquet,
        "polars": _polars_parquet,
        "duckdb": lambda duckdb, *asked: duckdb.from_arrow(_pyarrow_parquet(None, *asked)),
    }
    try:
        return readers[engine](library, table, names)
    except (ValueError, KeyError, OSError) as error:
        _refuse_unknown(names, _known_columns(table))
        # The library's message may quote data.
        raise WorldError(f"{engine} cannot read the files ({type(error).__name__}).") from error


def _pandas_parquet(pandas: Any, table: Table, columns: list[str] | None) -> Any:
    frames = [pandas.read_parquet(path, columns=columns) for path in table.paths]
    frame = frames[0] if len(frames) == 1 else pandas.concat(frames, ignore_index=True)
    return frame if columns is None else frame[columns]


def _pyarrow_parquet(_: Any, table: Table, columns: list[str] | None) -> Any:
    dataset = importlib.import_module("pyarrow.dataset")
    return dataset.dataset([str(p) for p in table.paths], format="parquet").to_table(columns)


def _polars_parquet(polars: Any, table: Table, columns: list[str] | None) -> Any:
    return polars.concat([polars.read_parquet(_stream(p), columns=columns) for p in table.paths])


def _stream(path: Path) -> Any:
    return path.open("rb")


def _known_columns(table: Table) -> list[str]:
    dataset = importlib.import_module("pyarrow.dataset")
    try:
        schema = dataset.dataset(str(table.paths[0]), format="parquet").schema
    except (ValueError, OSError):
        return []
    return list(schema.names)
