"""Tables as the data frames that people work with."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datarelease.analysis.table import Table
from datarelease.errors import ConfigError, WorldError


def read_frame(table: Table, *, columns: Sequence[str] | None, engine: str) -> Any:
    """All parts of a table as one data frame, read by the library called ``engine``.

    CSV is read with that library's own defaults; several parts are put one below the other in
    the order of their names.

    Raises:
        ConfigError: The library is unknown or not installed, or there is no such column.
        WorldError: A file is no such table.
    """
    readers = {"pandas": _pandas, "pyarrow": _pyarrow, "polars": _polars}
    if engine not in readers:
        raise ConfigError(f"engine={engine!r} is unknown.", remedy=f"Known: {', '.join(readers)}.")
    try:
        library = importlib.import_module(engine)
    except ImportError as error:
        raise ConfigError(
            f"engine={engine!r} needs the package {engine}.", remedy=f"pip install {engine}"
        ) from error
    names = list(columns) if columns is not None else None
    try:
        return readers[engine](library, table, names)
    except (ValueError, KeyError, OSError) as error:
        known = _known_columns(table)
        unknown = [name for name in names or () if name not in known]
        if unknown:
            raise ConfigError(
                f"There is no column {unknown[0]!r}.", remedy=f"Columns: {', '.join(known)}."
            ) from error
        # The library's message may quote data.
        raise WorldError(f"{engine} cannot read the files ({type(error).__name__}).") from error


def _pandas(pandas: Any, table: Table, columns: list[str] | None) -> Any:
    if table.format == "parquet":
        frames = [pandas.read_parquet(path, columns=columns) for path in table.paths]
    else:
        frames = [pandas.read_csv(path, usecols=columns) for path in table.paths]
    frame = frames[0] if len(frames) == 1 else pandas.concat(frames, ignore_index=True)
    return frame if columns is None else frame[columns]


def _pyarrow(_: Any, table: Table, columns: list[str] | None) -> Any:
    dataset = importlib.import_module("pyarrow.dataset")
    return dataset.dataset([str(p) for p in table.paths], format=table.format).to_table(columns)


def _polars(polars: Any, table: Table, columns: list[str] | None) -> Any:
    read = polars.read_parquet if table.format == "parquet" else polars.read_csv
    return polars.concat([read(_stream(path), columns=columns) for path in table.paths])


def _stream(path: Path) -> Any:
    return path.open("rb")


def _known_columns(table: Table) -> list[str]:
    dataset = importlib.import_module("pyarrow.dataset")
    try:
        schema = dataset.dataset(str(table.paths[0]), format=table.format).schema
    except (ValueError, OSError):
        return []
    return list(schema.names)
