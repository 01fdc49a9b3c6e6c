"""Tables of a version as data frames, and opened lazily, by the library that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from datarelease.analysis.engine.lazy.open import library, open_parquet, open_rows
from datarelease.analysis.engine.lazy.parquet import ParquetPaths
from datarelease.analysis.engine.lazy.stored_files import StoredFiles
from datarelease.analysis.engine.tables import Engine, Table
from datarelease.flows.versions.dataset_at import as_table
from datarelease.flows.versions.read import refuse_files
from datarelease.readers.datasets import DatasetThere


def load_table(
    table: Table,
    types: Mapping[str, str],
    text_engine: Callable[[], Engine],
    *,
    columns: Sequence[str] | None,
    engine: str,
) -> Any:
    """A table as a data frame of the library ``engine``; ``text_engine`` reads its text.

    Raises:
        ConfigError: No such column or library; or it is a dataset of files.
        WorldError: A file is no such table.
    """
    if find_spec("pyarrow") is None:
        from datarelease.analysis.engine.lazy.light import light_frame  # noqa: PLC0415 - DuckDB

        return light_frame(table, types, columns=columns, engine=engine)
    from datarelease.analysis.engine.frames import read_frame  # noqa: PLC0415 - an optional part

    with text_engine() as reader:
        return read_frame(reader, table, columns=columns, engine=engine, types=types)


def open_table(
    table: Table,
    types: Mapping[str, str],
    text_engine: Callable[[], Engine],
    *,
    columns: Sequence[str] | None,
    where: Sequence[Sequence[Any]] | None,
    engine: str,
) -> Any:
    """A table whose files are on this machine, opened lazily by the library ``engine``.

    Raises:
        ConfigError: No such column or library, or a condition that cannot be used.
        WorldError: A file is no such table.
    """
    library(engine)
    if table.format == "parquet":
        files = ParquetPaths(paths=tuple(map(str, table.paths)), labels=table.labels)
        return open_parquet(files, engine=engine, columns=columns, where=where)
    loaded = "pyarrow" if engine == "pandas" else engine
    rows = load_table(table, types, text_engine, columns=None, engine=loaded)
    return open_rows(rows, engine=engine, columns=columns, where=where)


def open_there(
    there: DatasetThere,
    text_engine: Callable[[], Engine],
    *,
    columns: Sequence[str] | None,
    where: Sequence[Sequence[Any]] | None,
    engine: str,
) -> Any:
    """A table at an address, opened lazily: of Parquet only what a query needs is read.

    Raises:
        ConfigError: No such column or library, or a condition that cannot be used.
        WorldError: The address cannot be read, or a file is no such table.
    """
    library(engine)
    refuse_files(there.dataset, there.tag)
    reader, files = there.reader, there.dataset.files
    listed = as_table(there.declared, {file.path: Path(file.key) for file in files})
    kept = [reader.cache.find(file.sha256, file.size) for file in files]
    far = reader.source.folder is None and not all(kept)
    if listed.format != "parquet" or (far and engine == "polars" and not find_spec("pyarrow")):
        table, types = there.table(), dict(there.dataset.types)
        return open_table(table, types, text_engine, columns=columns, where=where, engine=engine)
    known = {file.path: (file, at) for file, at in zip(files, kept, strict=True)}
    parts = [known[label] for label in listed.labels]
    if far:
        fs = StoredFiles(reader.source, {file.key: file.size for file, _ in parts})
        paths = tuple(file.key for file, _ in parts)
    else:
        fs, folder = None, reader.source.folder
        paths = tuple(str(at or (folder or Path()) / file.key) for file, at in parts)
    opened = ParquetPaths(paths=paths, labels=listed.labels, fs=fs)
    return open_parquet(opened, engine=engine, columns=columns, where=where)
