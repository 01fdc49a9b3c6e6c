"""One dataset on one side of a comparison: in the work tree, or in a released version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datarelease.analysis.engine.tables import Table
from datarelease.errors import ConfigError
from datarelease.flows.cache import Objects
from datarelease.model.data.dataset import LOGGED_REMEDY, Dataset, logged_table, table_format
from datarelease.model.data.profile import Profile
from datarelease.model.data.validation import Contract
from datarelease.model.versions.snapshot import DataFile, DatasetSnapshot

if TYPE_CHECKING:
    from datarelease.analysis.engine.tables import Engine


@dataclass(frozen=True, kw_only=True)
class DatasetAt:
    """What is known of a dataset; the parts that cost something are asked for when needed."""

    label: str
    """A tag, or ``the work tree``."""
    released: bool
    dataset: Dataset
    content: DatasetSnapshot
    profile: Callable[[Engine], Profile]
    """Raises `UnreadableTable`."""
    contract: Callable[[], Contract | None]
    files: Callable[[], tuple[DataFile, ...]]
    """Lists the files; those the caller wants to read it has to ``ensure``."""


def table_of(
    dataset: Dataset, files: Sequence[DataFile], objects: Objects, *, whole: Sequence[DataFile] = ()
) -> Table:
    """The dataset's files in the cache as one table; files that are not tables are left out.

    ``whole`` are all files of the dataset, where ``files`` are only some of them.

    Raises:
        ConfigError: Files of two formats, or none that is a table.
    """
    return as_table(
        dataset,
        {file.path: objects.path(file.md5) for file in files},
        whole=[file.path for file in whole],
    )


def as_table(dataset: Dataset, files: Mapping[str, Path], *, whole: Sequence[str] = ()) -> Table:
    """The files (name inside the dataset: where it is) as one table, in the order of names.

    ``whole`` are the names of all files of the dataset, where ``files`` are only some of them.

    Raises:
        ConfigError: Files of two formats, or none that is a table; a table of Delta and the like.
    """
    if logged := logged_table(files):
        raise ConfigError(
            f"dvc.yaml: artifacts.{dataset.name}.path: {dataset.path!r} is {logged.reason}.",
            untouched="Nothing was written.",
            remedy=LOGGED_REMEDY,
        )
    kinds = {kind for name in files if (kind := table_format(name))}
    if len(kinds) != 1:
        what = "both CSV and Parquet files" if kinds else "no CSV or Parquet file"
        raise ConfigError(
            f"dvc.yaml: artifacts.{dataset.name}.path: {dataset.path!r} has {what}.",
            untouched="Nothing was written.",
            remedy=(
                "A dataset is a .csv or .parquet file, or a directory of parts of one kind. If "
                "the data is not in the work tree yet, get it with `dvc repro` or `dvc pull`."
            ),
        )
    [kind] = kinds
    names = sorted(name for name in files if table_format(name))
    return Table(
        paths=tuple(files[name] for name in names),
        format=kind,
        labels=tuple(names),
        siblings=tuple(sorted(name for name in whole if table_format(name) == kind)),
        csv=dataset.csv,
    )
