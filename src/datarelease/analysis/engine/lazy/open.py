"""A table opened lazily by the library that is asked for, each loaded where it is needed."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from datarelease.analysis.engine.lazy.conditions import Condition, checked, combined
from datarelease.analysis.engine.lazy.parquet import ParquetPaths
from datarelease.errors import ConfigError
from datarelease.model.wording import suggestion

LAZY = ("duckdb", "polars", "pyarrow", "pandas")
_WHERE = Sequence[Sequence[Any]] | None


def open_parquet(
    files: ParquetPaths, *, engine: str, columns: Sequence[str] | None, where: _WHERE
) -> Any:
    """Parquet files as what the library ``engine`` calls a lazy table; pandas has none.

    Raises:
        ConfigError: No such column or library, or a condition that cannot be used.
    """
    if engine == "duckdb":
        from datarelease.analysis.engine.lazy.relation import (  # noqa: PLC0415 - heavy: DuckDB
            narrowed,
            parquet_relation,
        )

        # The footers of parts that no row is asked of are not read.
        first = parquet_relation(files.part([0]))
        names, conditions = _asked(first.columns, columns, where)
        return narrowed(parquet_relation(files.only(conditions)), names, conditions)
    if engine == "polars" and files.fs is None:
        return _scanned(library("polars"), files, columns, where)
    needed = library("pyarrow")
    other = library(engine) if engine != "pyarrow" else needed
    from datarelease.analysis.engine.lazy.arrow import (  # noqa: PLC0415 - an optional part
        arrow_condition,
        arrow_dataset,
        narrowed_dataset,
    )

    dataset = arrow_dataset(files)
    names, conditions = _asked(dataset.schema.names, columns, where)
    dataset = arrow_dataset(files.only(conditions))
    if engine == "pyarrow":
        return narrowed_dataset(dataset, names, conditions)
    if engine == "polars":
        return narrowed_frame(other, other.scan_pyarrow_dataset(dataset), names, conditions)
    from datarelease.analysis.engine.frames import frame_of  # noqa: PLC0415 - an optional part

    return frame_of(dataset.to_table(columns=names, filter=arrow_condition(conditions)), engine)


def open_rows(rows: Any, *, engine: str, columns: Sequence[str] | None, where: _WHERE) -> Any:
    """A whole table as the same; for pandas it is an Arrow table, else what ``engine`` loads.

    Raises:
        ConfigError: As `open_parquet`.
    """
    if engine == "duckdb":
        from datarelease.analysis.engine.lazy.relation import narrowed  # noqa: PLC0415 - heavy

        names, conditions = _asked(rows.columns, columns, where)
        return narrowed(rows, names, conditions)
    if engine == "polars":
        names, conditions = _asked(rows.columns, columns, where)
        return narrowed_frame(library("polars"), rows.lazy(), names, conditions)
    from datarelease.analysis.engine.lazy.arrow import (  # noqa: PLC0415 - an optional part
        arrow_condition,
        narrowed_dataset,
        rows_dataset,
    )

    names, conditions = _asked(rows.column_names, columns, where)
    if engine == "pyarrow":
        return narrowed_dataset(rows_dataset(rows), names, conditions)
    from datarelease.analysis.engine.frames import frame_of  # noqa: PLC0415 - an optional part

    expression = arrow_condition(conditions)
    kept = rows if expression is None else rows.filter(expression)
    return frame_of(kept if names is None else kept.select(names), engine)


def narrowed_frame(
    polars: Any, frame: Any, columns: Sequence[str] | None, conditions: Sequence[Condition]
) -> Any:
    """Some rows and columns of a lazy frame of Polars."""
    expression = combined(
        conditions,
        column=polars.col,
        value=polars.lit,
        member=lambda column, values: column.is_in(values),
        null=lambda column: column.is_null(),
    )
    if expression is not None:
        frame = frame.filter(expression)
    return frame if columns is None else frame.select(list(columns))


def library(name: str) -> Any:
    """The library called ``name``, loaded.

    Raises:
        ConfigError: It is unknown, or not installed.
    """
    if name not in LAZY:
        raise ConfigError(f"engine={name!r} is unknown.", remedy=f"Known: {', '.join(LAZY)}.")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"Reading this dataset needs the package {name}, which is not installed.",
            remedy=f"Install it: pip install {name}",
        ) from error


def _scanned(polars: Any, files: ParquetPaths, columns: Sequence[str] | None, where: _WHERE) -> Any:
    """Files of this machine, by Polars itself."""
    partitions = files.partitions
    first = polars.scan_parquet(files.paths[0], hive_partitioning=False, glob=False)
    inside = first.collect_schema().names()
    beside = [column for column in partitions if column.name not in inside]
    names, conditions = _asked([*inside, *(c.name for c in beside)], columns, where)
    chosen = files.only(conditions)
    if not beside:
        frame = polars.scan_parquet(list(chosen.paths), hive_partitioning=False, glob=False)
        return narrowed_frame(polars, frame, names, conditions)
    types = {"int64": polars.Int64, "date": polars.Date, "string": polars.String}
    frame = polars.concat(
        polars.scan_parquet(path, hive_partitioning=False, glob=False).with_columns(
            polars.lit(column.values[place], dtype=types[column.type]).alias(column.name)
            for column in chosen.partitions
            if column.name not in inside
        )
        for place, path in enumerate(chosen.paths)
    )
    return narrowed_frame(polars, frame, names, conditions)


def _asked(
    known: Sequence[str], columns: Sequence[str] | None, where: _WHERE
) -> tuple[list[str] | None, tuple[Condition, ...]]:
    """The columns, each once, and the conditions, all of them about known ones."""
    unknown = [name for name in columns or () if name not in known]
    if unknown:
        raise ConfigError(
            f"There is no column {unknown[0]!r}.", remedy=suggestion(unknown[0], known)
        )
    return (None if columns is None else list(dict.fromkeys(columns))), checked(where, known)
