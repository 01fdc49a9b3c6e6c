"""The Python interface of readers: versions, loaded, opened, listed and copied.

Each function reads a repository (the one around, or ``repo=``) or, with one more name in front,
the address of a remote, which takes neither git nor DVC. ``import datarelease`` loads this module
when the first of them is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from datarelease.app.readers import open_address, text_engine
from datarelease.app.repository import open_catalogue, open_repository
from datarelease.app.version_list import Versions
from datarelease.errors import ConfigError
from datarelease.flows.repository import Repository, find_version
from datarelease.flows.versions.files import ReleasedFiles, files_of_version
from datarelease.flows.versions.read import get as get_files
from datarelease.flows.versions.read import table_of_version
from datarelease.model.git_address import without_credentials
from datarelease.progress import Warnings
from datarelease.readers.address import find_at, read_versions
from datarelease.readers.datasets import (
    dataset_there,
    files_there,
    get_there,
    load_table,
    open_table,
    open_there,
)
from datarelease.readers.metadata import write_metadata_there

Frame = Literal["pandas", "pyarrow", "polars", "duckdb"]
_Place = str | Path


def versions(address: _Place | None = None, *, repo: _Place | None = None) -> Versions:
    """The released versions, oldest first: a list that prints as a table.

    ``.to_frame()`` gives them as a ``pandas.DataFrame``.

    Args:
        address: The address of a remote, which is read without git and DVC; see `load`.
        repo: A directory, or an address (https, ssh, git, file), with ``#subdirectory=DIR`` for a
            project that is not at its top; None: the current directory.

    Raises:
        ConfigError: No DVC repository, or no version, there.
        WorldError: The git remote, or the address, does not answer.
    """
    if address is None:
        return Versions(open_catalogue(repo))
    _refuse_repo(repo)
    return Versions(read_versions(open_address(str(address), progress=Warnings())))


def load(
    *names: _Place,
    version: str | None = None,
    dataset: str | None = None,
    columns: Sequence[str] | None = None,
    engine: Frame = "pandas",
    repo: _Place | None = None,
) -> Any:
    """One dataset of a version as a data frame: ``load(VERSION, DATASET)``.

    ``load(ADDRESS, VERSION, DATASET)`` reads a remote alone, without git and DVC: a directory,
    ``s3://bucket/prefix``, ``gs://…``, ``azure://…`` or ``https://…``. It trusts the remote where a
    repository has the tag's word.

    Only that dataset's files are fetched (into a cache; hashes are checked), and only ``columns``
    are read. Files are read as they were when they were checked: the same dialect, the same
    missing values, the same types. Folders called ``key=value`` inside the dataset are columns, and
    so is an index that pandas wrote.

    Args:
        names: VERSION and DATASET, or ADDRESS and these. VERSION is ``data-v3``, ``v3``, ``3``,
            ``latest`` or the name of a channel, DATASET a name in ``dvc.yaml: artifacts``.
        version: VERSION, by its name.
        dataset: DATASET, by its name.
        columns: Which columns, in this order; None: all.
        engine: ``pandas`` gives a ``pandas.DataFrame``, ``pyarrow`` a ``pyarrow.Table``,
            ``polars`` a ``polars.DataFrame``, ``duckdb`` a ``duckdb.DuckDBPyRelation``.
        repo: A directory, or an address (https, ssh, git, file), with ``#subdirectory=DIR`` for a
            project that is not at its top; None: the current directory. Of several projects, a
            whole tag says which one is meant.

    Warns:
        WithdrawnVersionWarning: It was withdrawn; why and what to use instead is in the message.

    Raises:
        ConfigError: No such version, dataset, column or engine; or it is a dataset of files.
        WorldError: An object is missing or damaged, or a remote does not answer.
    """
    address, found, name = _meant(names, version, dataset)
    if address is not None:
        _refuse_repo(repo)
        reader = open_address(address, progress=Warnings())
        there = dataset_there(reader, found, name)
        opens = text_engine(reader.progress)
        return load_table(
            there.table(), dict(there.dataset.types), opens, columns=columns, engine=engine
        )
    repository = open_repository(repo, found, progress=Warnings())
    table, types = table_of_version(repository, find_version(repository, found), name)
    return load_table(table, types, repository.engine, columns=columns, engine=engine)


def open_dataset(
    *names: _Place,
    version: str | None = None,
    dataset: str | None = None,
    columns: Sequence[str] | None = None,
    where: Sequence[tuple[str, str, Any]] | None = None,
    engine: Frame = "duckdb",
    repo: _Place | None = None,
) -> Any:
    """One dataset of a version, opened lazily: ``dr.open(VERSION, DATASET)``.

    ``dr.open(ADDRESS, VERSION, DATASET)`` reads a remote alone, as `load` does; of Parquet files
    there, only the columns and row groups that a query needs are read, whose hashes are not
    checked then. Other formats, and what a repository has, are fetched first.

    Args:
        names: VERSION and DATASET, or ADDRESS and these.
        version: VERSION, by its name.
        dataset: DATASET, by its name.
        columns: Which columns, in this order; None: all.
        where: Rows that meet all of these conditions, as in ``[("age", ">=", 18)]``: with ``==``,
            ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in`` and ``not in`` (lists). None: all rows.
        engine: ``duckdb`` gives a ``duckdb.DuckDBPyRelation``, ``polars`` a ``polars.LazyFrame``,
            ``pyarrow`` a ``pyarrow.dataset.Dataset`` (with the columns that conditions name, too),
            ``pandas`` a ``pandas.DataFrame``, which is not lazy.
        repo: As in `load`.

    Warns:
        WithdrawnVersionWarning: It was withdrawn; why and what to use instead is in the message.

    Raises:
        ConfigError: No such version, dataset, column or engine, or a condition that cannot be used.
        WorldError: An object is missing or damaged, or a remote does not answer.
    """
    address, found, name = _meant(names, version, dataset)
    if address is not None:
        _refuse_repo(repo)
        reader = open_address(address, progress=Warnings())
        there = dataset_there(reader, found, name)
        opens = text_engine(reader.progress)
        return open_there(there, opens, columns=columns, where=where, engine=engine)
    repository = open_repository(repo, found, progress=Warnings())
    table, types = table_of_version(repository, find_version(repository, found), name)
    opens = repository.engine
    return open_table(table, types, opens, columns=columns, where=where, engine=engine)


def files(
    *names: _Place,
    version: str | None = None,
    dataset: str | None = None,
    repo: _Place | None = None,
) -> ReleasedFiles:
    """The files of one dataset of a version: a sequence, of which no file is fetched yet.

    ``files(VERSION, DATASET)``, or ``files(ADDRESS, VERSION, DATASET)`` of a remote alone.

    Each has ``path``, ``name``, ``size``, ``md5`` and ``sha256``; ``.open()`` and ``.read_bytes()``
    fetch it into a cache first, where the hash is checked. A file is found by its place or by
    its path: ``files("data-v3", "images")["cats/1.png"]``. Of a table they are its part files.

    Args:
        names: VERSION and DATASET, or ADDRESS and these.
        version: VERSION, by its name.
        dataset: DATASET, by its name.
        repo: A directory, or an address (https, ssh, git, file); None: the current directory.

    Warns:
        WithdrawnVersionWarning: It was withdrawn; why and what to use instead is in the message.

    Raises:
        ConfigError: No such version or dataset.
        WorldError: The manifest is missing, or a remote does not answer.
    """
    address, found, name = _meant(names, version, dataset)
    if address is not None:
        _refuse_repo(repo)
        return files_there(open_address(address, progress=Warnings()), found, name)
    repository = open_repository(repo, progress=Warnings())
    return files_of_version(repository, find_version(repository, found), name)


def get(
    *names: _Place,
    version: str | None = None,
    dest: _Place | None = None,
    datasets: Sequence[str] = (),
    metadata: bool = False,
    force: bool = False,
    repo: _Place | None = None,
) -> tuple[Path, ...]:
    """The files of a version, put below a directory as they are in the repository.

    ``get(VERSION, DEST)``, or ``get(ADDRESS, VERSION, DEST)`` of a remote alone. ``version`` and
    ``dest`` give these by their names; ``datasets`` are the only ones that are wanted. With
    ``metadata``, `croissant.json`, `datapackage.json`, `odcs.yaml` and `SHA256SUMS` are there too.

    Warns:
        WithdrawnVersionWarning: It was withdrawn; why and what to use instead is in the message.

    Raises:
        ConfigError: No such version or dataset, or a file that differs is in the way.
        WorldError: An object is missing or damaged, or a remote does not answer.
    """
    address, found, name = _meant(names, version, dest, ("VERSION", "DEST"))
    if address is not None:
        _refuse_repo(repo)
        reader = open_address(address, progress=Warnings())
        wanted = find_at(reader, found)
        paths = get_there(reader, wanted, Path(name), datasets, overwrite=force)
        return (*paths, *(write_metadata_there(reader, wanted, Path(name)) if metadata else ()))
    repository: Repository = open_repository(repo, found, progress=Warnings())
    wanted = find_version(repository, found)
    paths = get_files(repository, wanted, Path(name), datasets, overwrite=force)
    if not metadata:
        return paths
    from datarelease.flows.release.metadata import write_metadata  # noqa: PLC0415 - heavy

    return (*paths, *write_metadata(repository, wanted, Path(name)))


def _meant(
    names: Sequence[_Place],
    version: str | None,
    other: _Place | None,
    called: tuple[str, str] = ("VERSION", "DATASET"),
) -> tuple[str | None, str, str]:
    """The address (None: a repository), the version, and the dataset or directory."""
    given = [*map(str, names)]
    asked = [version, None if other is None else str(other)]
    lacking = sum(name is None for name in asked)
    if len(given) - lacking not in {0, 1}:
        raise TypeError(f"name {' and '.join(called)}, or ADDRESS, {' and '.join(called)}")
    address = given.pop(0) if len(given) > lacking else None
    found, name = (given.pop(0) if name is None else name for name in asked)
    if address is None and "://" in found:
        raise ConfigError(
            f"{without_credentials(found)!r} is an address, and no version.",
            untouched="Nothing was read.",
            remedy=f"Name ADDRESS, {' and '.join(called)}: such as 'latest' after the address.",
        )
    return address, found, name


def _refuse_repo(repo: _Place | None) -> None:
    if repo is not None:
        raise ConfigError(
            "An address and repo= are both given.",
            untouched="Nothing was read.",
            remedy="Name the remote's address, or the git repository with repo=.",
        )
