"""The Python interface of readers: versions, loaded, opened, listed and copied.

Each function reads a repository (the one around, or ``repo=``) or, with one more name in front,
the address of a remote, which takes neither git nor DVC. ``import datarelease`` loads this module
when the first of them is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from datarelease.app.catalogue import open_catalogue
from datarelease.app.copy_version import copy_version
from datarelease.app.readers import open_address, text_engine
from datarelease.app.repository import open_repository
from datarelease.app.version_list import Versions
from datarelease.flows.repository import find_version
from datarelease.flows.versions.files import ReleasedFiles, files_of_version
from datarelease.flows.versions.read import bring_all, table_of_version
from datarelease.progress import Warnings
from datarelease.readers.address import read_versions
from datarelease.readers.arguments import read_names, refuse_repo, refuse_text
from datarelease.readers.datasets import dataset_there, files_there
from datarelease.readers.tables import Question, load_table, open_of_version, open_there

Frame = Literal["pandas", "pyarrow", "polars", "duckdb"]
_Place = str | Path


def versions(address: _Place | None = None, *, repo: _Place | None = None) -> Versions:
    """The released versions of a project, the oldest first.

    Args:
        address: A remote, which is read without git and DVC: see `load`. None: read a repository.
        repo: The git repository: a directory or an address (https, ssh, git, file), with
            ``#subdirectory=DIR`` for a project that is not at its top. None: the current directory.

    Returns:
        A list of `Version`, which prints as a table. ``.to_frame()`` gives it as a
        ``pandas.DataFrame``.

    Raises:
        ConfigError: There is no DVC repository, or no version.
        WorldError: The git remote or the address does not answer.

    Examples:
        >>> import datarelease as dr
        >>> [version.tag for version in dr.versions()]
        ['data-v1', 'data-v2']
        >>> dr.versions()[-1].rows
        (('events', 40), ('people', 25))
    """
    if address is None:
        return Versions(open_catalogue(repo))
    refuse_repo(repo)
    return Versions(read_versions(open_address(str(address), progress=Warnings())))


def load(
    *names: _Place,
    version: str | None = None,
    dataset: str | None = None,
    columns: Sequence[str] | None = None,
    engine: Frame = "pandas",
    repo: _Place | None = None,
) -> Any:
    """One dataset of a version as a data frame.

    ``load(VERSION, DATASET)`` reads a git repository: the current one, or ``repo``.
    ``load(ADDRESS, VERSION, DATASET)`` reads a remote alone, without git and DVC. ADDRESS is a
    directory, ``s3://bucket/prefix``, ``gs://…``, ``azure://…`` or ``https://…``. Such a reader
    trusts the remote; in a repository, the tag proves what the manifest has to be.

    Only the files of that dataset are fetched, into a cache, and their hashes are checked. They are
    read as they were checked: with the same dialect, the same missing values and the same types.
    Folders called ``key=value`` inside the dataset become columns, and so does an index that pandas
    wrote.

    Args:
        names: VERSION and DATASET, or ADDRESS, VERSION and DATASET. VERSION is ``data-v3``, ``v3``
            or ``3``, ``latest``, or the name of a channel. DATASET is a name in
            ``dvc.yaml: artifacts``.
        version: VERSION, given by name.
        dataset: DATASET, given by name.
        columns: The columns to read, in this order. None: all columns.
        engine: The library of the result.
        repo: The git repository: a directory or an address (https, ssh, git, file), with
            ``#subdirectory=DIR`` for a project that is not at its top. None: the current directory.
            If a repository has several projects, a whole tag says which one you mean.

    Returns:
        A table with one row for each row of the dataset: a ``pandas.DataFrame``, a
        ``pyarrow.Table``, a ``polars.DataFrame`` or a ``duckdb.DuckDBPyRelation``, as ``engine``
        says.

    Warns:
        WithdrawnVersionWarning: The version is withdrawn. The message has the reason and the
            version to use instead.

    Raises:
        ConfigError: There is no such version, dataset, column or engine, or it is a dataset of
            files.
        ErasedVersionError: The data of the version was erased.
        WorldError: An object is missing or damaged, or a remote does not answer.
        TypeError: VERSION or DATASET is missing.

    Examples:
        >>> import datarelease as dr
        >>> people = dr.load("data-v2", "people")
        >>> people.shape
        (25, 5)
        >>> dr.load("latest", "people", columns=["id", "plan"]).dtypes.astype(str).to_dict()
        {'id': 'int64', 'plan': 'str'}
    """
    refuse_text(columns)
    address, found, name = read_names(names, version, dataset, repo)
    if address is not None:
        reader = open_address(address, progress=Warnings())
        there = dataset_there(reader, found, name)
        opens = text_engine(reader.progress)
        return load_table(
            there.table(), dict(there.dataset.types), opens, columns=columns, engine=engine
        )
    repository = open_repository(repo, found, progress=Warnings())
    held, table = table_of_version(repository, find_version(repository, found), name)
    bring_all(repository, held)
    return load_table(table, dict(held.types), repository.engine, columns=columns, engine=engine)


def open_dataset(
    *names: _Place,
    version: str | None = None,
    dataset: str | None = None,
    columns: Sequence[str] | None = None,
    where: Sequence[tuple[str, str, Any]] | None = None,
    engine: Frame = "duckdb",
    verified: bool | None = None,
    repo: _Place | None = None,
) -> Any:
    """One dataset of a version, opened lazily: rows are read when a query needs them.

    ``open(VERSION, DATASET)`` reads a git repository, ``open(ADDRESS, VERSION, DATASET)`` a remote
    alone, as `load` does. Of Parquet files, only those in the folders that ``where`` asks for are
    read. Files of other formats are always fetched whole, and their hashes are checked.

    Args:
        names: VERSION and DATASET, or ADDRESS, VERSION and DATASET. VERSION is ``data-v3``, ``v3``
            or ``3``, ``latest``, or the name of a channel. DATASET is a name in
            ``dvc.yaml: artifacts``. ADDRESS is a remote: see `load`.
        version: VERSION, given by name.
        dataset: DATASET, given by name.
        columns: The columns to read, in this order. None: all columns.
        where: Conditions that a row has to meet, all of them, such as ``[("age", ">=", 18)]``. The
            operators are ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in`` and ``not in`` (with
            a list). None: all rows.
        engine: The library of the result.
        verified: True: Parquet files are fetched whole and their hashes are checked. False: a query
            reads only the columns and row groups that it needs, from the remote. Such ranges have
            no hash to be checked by. None: True for a repository, False for an address.
        repo: As in `load`.

    Returns:
        A lazy table: a ``duckdb.DuckDBPyRelation``, a ``polars.LazyFrame`` or a
        ``pyarrow.dataset.Dataset`` (which also has the columns that conditions name), as ``engine``
        says. ``pandas`` gives a ``pandas.DataFrame``, which is not lazy.

    Warns:
        WithdrawnVersionWarning: The version is withdrawn. The message has the reason and the
            version to use instead.

    Raises:
        ConfigError: There is no such version, dataset, column or engine, or a condition cannot be
            used.
        ErasedVersionError: The data of the version was erased.
        WorldError: An object is missing or damaged, or a remote does not answer.
        TypeError: VERSION or DATASET is missing.

    Examples:
        >>> import datarelease as dr
        >>> people = dr.open("data-v2", "people", where=[("id", "<=", 10)])
        >>> people.aggregate("count(*)").fetchall()
        [(10,)]
    """
    refuse_text(columns)
    address, found, name = read_names(names, version, dataset, repo)
    question = Question(engine=engine, columns=columns, where=where, verified=verified)
    if address is not None:
        there = dataset_there(open_address(address, progress=Warnings()), found, name)
        return open_there(there, text_engine(there.reader.progress), question)
    repository = open_repository(repo, found, progress=Warnings())
    return open_of_version(repository, find_version(repository, found), name, question)


def files(
    *names: _Place,
    version: str | None = None,
    dataset: str | None = None,
    repo: _Place | None = None,
) -> ReleasedFiles:
    """The files of one dataset of a version. No file is fetched yet.

    ``files(VERSION, DATASET)`` reads a git repository, ``files(ADDRESS, VERSION, DATASET)`` a
    remote alone. For a table, these are its part files.

    Args:
        names: VERSION and DATASET, or ADDRESS, VERSION and DATASET, as in `load`.
        version: VERSION, given by name.
        dataset: DATASET, given by name.
        repo: The git repository: a directory or an address (https, ssh, git, file), with
            ``#subdirectory=DIR`` for a project that is not at its top. None: the current directory.

    Returns:
        A sequence of `ReleasedFile`, sorted by path. ``[0]`` finds a file by its place and
        ``["cats/1.png"]`` by its path.

    Warns:
        WithdrawnVersionWarning: The version is withdrawn. The message has the reason and the
            version to use instead.

    Raises:
        ConfigError: There is no such version or dataset.
        ErasedVersionError: The data of the version was erased.
        WorldError: The manifest is missing, or a remote does not answer.
        TypeError: VERSION or DATASET is missing.

    Examples:
        >>> import datarelease as dr
        >>> parts = dr.files("data-v1", "events")
        >>> parts.paths
        ('part-0.csv', 'part-1.csv', 'part-2.csv')
        >>> parts["part-0.csv"].read_bytes()[:18]
        b'event,person,value'
    """
    address, found, name = read_names(names, version, dataset, repo)
    if address is not None:
        return files_there(open_address(address, progress=Warnings()), found, name)
    repository = open_repository(repo, found, progress=Warnings())
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
    """The files of a version, copied into a directory with their paths of the repository.

    ``get(VERSION, DEST)`` reads a git repository, ``get(ADDRESS, VERSION, DEST)`` a remote alone.
    Each file is checked against the SHA-256 in the manifest. Files that are already there stay.

    Args:
        names: VERSION and DEST, or ADDRESS, VERSION and DEST. DEST is a directory; the others are
            as in `load`.
        version: VERSION, given by name.
        dest: DEST, given by name.
        datasets: Names of the datasets to copy. Empty: all datasets.
        metadata: Copy the descriptions as well: ``croissant.json``, ``datapackage.json``,
            ``odcs.yaml``, ``SHA256SUMS``, the citation and the licence.
        force: Overwrite files that differ.
        repo: The git repository: a directory or an address (https, ssh, git, file), with
            ``#subdirectory=DIR`` for a project that is not at its top. None: the current directory.

    Returns:
        The paths of the files, below DEST.

    Warns:
        WithdrawnVersionWarning: The version is withdrawn. The message has the reason and the
            version to use instead.

    Raises:
        ConfigError: There is no such version or dataset, or a file that differs is in the way.
        ErasedVersionError: The data of the version was erased.
        WorldError: An object is missing or damaged, or a remote does not answer.
        TypeError: VERSION or DEST is missing.

    Examples:
        >>> import datarelease as dr
        >>> [path.as_posix() for path in dr.get("data-v1", "people-v1", datasets=["people"])]
        ['people-v1/data/people.csv']
    """
    address, found, name = read_names(names, version, dest, repo, ("VERSION", "DEST"))
    copied = copy_version(
        found,
        Path(name),
        datasets,
        repo=repo,
        address=address,
        metadata=metadata,
        overwrite=force,
        progress=Warnings(),
    )
    return (*copied.files, *copied.metadata)
