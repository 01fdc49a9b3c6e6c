"""Tables of a version as data frames, and opened lazily, by the library that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from datarelease.analysis.engine.lazy.open import library, open_parquet, open_rows
from datarelease.analysis.engine.lazy.parquet import ParquetPaths
from datarelease.analysis.engine.lazy.stored_files import Ranges, StoredFiles
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table
from datarelease.flows.repository import Repository
from datarelease.flows.versions.dataset_at import as_table
from datarelease.flows.versions.ranges import find_ranges
from datarelease.flows.versions.read import bring, refuse_files, table_of_version
from datarelease.model.versions.manifest import ManifestDataset
from datarelease.model.versions.version import Version
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


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of a table: the arguments of `dr.open` beside those that name it."""

    engine: str
    columns: Sequence[str] | None = None
    where: Sequence[Sequence[Any]] | None = None
    verified: bool | None = None
    """Whole files are fetched and their hashes checked; None: as is usual where the table is."""

    def parts(self, table: Table) -> frozenset[str]:
        """The labels of the parts to be read: of Parquet, those in the folders asked for."""
        if table.format != "parquet":
            return frozenset(table.labels)
        files = ParquetPaths(paths=tuple(map(str, table.paths)), labels=table.labels)
        return files.asked(self.where)


def open_of_version(repository: Repository, version: Version, name: str, question: Question) -> Any:
    """A table of a version in a repository, opened lazily.

    Its files are fetched whole, and checked, unless the question is content with ranges.

    Raises:
        ConfigError: No such dataset, column or library, or a condition that cannot be used.
        WorldError: An object is missing or damaged, or a remote does not answer.
    """
    library(question.engine)
    dataset, table = table_of_version(repository, version, name)
    parts = question.parts(table)
    if table.format == "parquet" and question.verified is False:
        here, away = find_ranges(repository, dataset, parts)
        return _open_ranges(dataset, table, here, away, question)
    bring(repository, dataset, ((f.path, f.md5) for f in dataset.files if f.path in parts))
    return _open_here(table, dict(dataset.types), repository.engine, question)


def open_there(there: DatasetThere, text_engine: Callable[[], Engine], question: Question) -> Any:
    """A table at an address, opened lazily: of Parquet only what a query needs is read.

    Raises:
        ConfigError: No such column or library, or a condition that cannot be used.
        WorldError: The address cannot be read, or a file is no such table.
    """
    library(question.engine)
    refuse_files(there.dataset, there.tag)
    reader, files = there.reader, there.dataset.files
    listed = as_table(there.declared, {file.path: Path(file.key) for file in files})
    parts = question.parts(listed)
    kept = {file.path: reader.cache.find(file.sha256, file.size) for file in files}
    here = {path: at for path, at in kept.items() if at is not None}
    if (folder := reader.source.folder) is not None:
        here = {file.path: here.get(file.path, folder / file.key) for file in files}
    unread = question.engine == "polars" and parts - here.keys() and not find_spec("pyarrow")
    if listed.format != "parquet" or question.verified or unread:
        wanted = [file for file in files if file.path in parts]
        fetched = zip((file.path for file in wanted), there.fetch(wanted), strict=True)
        places = {file.path: Path(file.key) for file in files} | dict(fetched)
        table = as_table(there.declared, places)
        return _open_here(table, dict(there.dataset.types), text_engine, question)
    return _open_ranges(there.dataset, listed, here, reader.source, question)


def _open_here(
    table: Table, types: Mapping[str, str], text_engine: Callable[[], Engine], question: Question
) -> Any:
    """A table whose files are on this machine."""
    asked: dict[str, Any] = {"columns": question.columns, "where": question.where}
    if table.format == "parquet":
        files = ParquetPaths(paths=tuple(map(str, table.paths)), labels=table.labels)
        return open_parquet(files, engine=question.engine, **asked)
    loaded = "pyarrow" if question.engine == "pandas" else question.engine
    rows = load_table(table, types, text_engine, columns=None, engine=loaded)
    return open_rows(rows, engine=question.engine, **asked)


def _open_ranges(
    dataset: ManifestDataset,
    table: Table,
    here: Mapping[str, Path],
    away: Ranges,
    question: Question,
) -> Any:
    """A table of Parquet whose files are read in ranges: those ``here`` (by path), or ``away``."""
    known = {file.path: file for file in dataset.files}
    files = [known[label] for label in table.labels]
    if question.parts(table) <= here.keys():
        paths, fs = tuple(str(here.get(file.path, file.key)) for file in files), None
    else:
        paths = tuple(file.key for file in files)
        local = {file.key: here[file.path] for file in files if file.path in here}
        fs = StoredFiles(away, {file.key: file.size for file in files}, local)
    opened = ParquetPaths(paths=paths, labels=table.labels, fs=fs)
    return open_parquet(
        opened, engine=question.engine, columns=question.columns, where=question.where
    )
