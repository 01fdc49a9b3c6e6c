"""One dataset on one side of a comparison: in the work tree, or in a released version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datarelease.analysis.table import Table
from datarelease.errors import ConfigError
from datarelease.flows.content import Objects
from datarelease.model.dataset import Dataset, Format, table_format
from datarelease.model.profile import Profile
from datarelease.model.snapshot import DataFile, DatasetSnapshot
from datarelease.model.validation import Contract

if TYPE_CHECKING:
    from datarelease.analysis.engine import Engine


@dataclass(frozen=True, kw_only=True)
class Side:
    """What is known of a dataset; the parts that cost something are asked for when needed."""

    label: str
    """A tag, or ``the work tree``."""
    dataset: Dataset
    content: DatasetSnapshot
    profile: Callable[[Engine], Profile | None]
    """None: the files cannot be read as tables."""
    contract: Callable[[], Contract | None]
    files: Callable[[], tuple[DataFile, ...]]
    """Lists the files; those the caller wants to read it has to ``ensure``."""


def table_of(dataset: Dataset, files: Sequence[DataFile], objects: Objects) -> Table:
    """The dataset's files in the cache as one table; files that are no tables are left out.

    Raises:
        ConfigError: Files of two formats, or none that is a table.
    """
    formats: dict[Format, list[DataFile]] = {}
    for file in files:
        if found := table_format(file.path):
            formats.setdefault(found, []).append(file)
    if len(formats) != 1:
        what = "both CSV and Parquet files" if formats else "no CSV or Parquet file"
        raise ConfigError(
            f"dvc.yaml: artifacts.{dataset.name}.path: {dataset.path!r} has {what}.",
            untouched="Nothing was changed.",
            remedy="A dataset is a .csv or .parquet file, or a directory of parts of one kind.",
        )
    [(kind, members)] = formats.items()
    members.sort(key=lambda file: file.path)
    return Table(
        paths=tuple(objects.path(file.md5) for file in members),
        format=kind,
        labels=tuple(file.path for file in members),
    )
