"""Tables as data frames where pyarrow is not installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datarelease.analysis.engine.lazy.open import LAZY, library, open_parquet
from datarelease.analysis.engine.lazy.parquet import ParquetPaths
from datarelease.analysis.engine.lazy.relation import csv_relation
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.errors import ConfigError, WorldError
from datarelease.model.data.table_format import FORMAT_NAMES, compression

_ENGINES = ("duckdb", "polars")


def light_frame(
    table: Table, types: Mapping[str, str], *, columns: Sequence[str] | None, engine: str
) -> Any:
    """A table as a relation of DuckDB or a frame of Polars.

    Parquet is read by these libraries themselves, delimited text as a check reads it.

    Raises:
        ConfigError: Another library is asked for, or the files are of a format that pyarrow reads.
        WorldError: A file is no such table.
    """
    if engine not in _ENGINES:
        if engine not in LAZY:
            library(engine)  # which says what there is
        needed = "pandas pyarrow" if engine == "pandas" else "pyarrow"
        raise ConfigError(
            f"engine={engine!r} needs pyarrow, which is not installed.",
            remedy=f"Install it: pip install {needed}. Without it, engine='duckdb' and "
            "engine='polars' work.",
        )
    if table.format == "parquet":
        files = ParquetPaths(paths=tuple(map(str, table.paths)), labels=table.labels)
        frame = open_parquet(files, engine=engine, columns=columns, where=None)
        return frame if engine == "duckdb" else frame.collect()
    packed = any(compression(label) for label in table.labels)
    if table.format != "csv" or packed:
        named = f"{'compressed ' if packed else ''}{FORMAT_NAMES[table.format]}"
        raise ConfigError(
            f"The dataset is {named}: it needs the package pyarrow, which is not installed.",
            remedy="Install it: pip install pyarrow",
        )
    try:
        relation = csv_relation(table, types, columns)
    except UnreadableTable as error:
        raise WorldError(
            f"The files cannot be read: {error}",
            untouched="Nothing was changed.",
            remedy="`datarelease get` copies the files as they are.",
        ) from error
    return relation if engine == "duckdb" else library("polars").DataFrame(relation)
