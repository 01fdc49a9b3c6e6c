"""The Parquet files of one table, here or behind a file system, and those that a query needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datarelease.analysis.engine.lazy.conditions import Condition, checked, meets
from datarelease.analysis.engine.partitions import PartitionColumn, partition_columns
from datarelease.analysis.engine.tables import Table
from datarelease.errors import ConfigError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True, kw_only=True)
class ParquetPaths:
    """The part files of a table, at least one."""

    paths: tuple[str, ...]
    """On this machine, or of ``fs``."""
    labels: tuple[str, ...]
    """Paths inside the dataset, in the same order: folders called ``key=value`` are columns."""
    siblings: tuple[str, ...] = ()
    """The labels of all parts, where these are only some: types of partition columns depend on
    all."""
    fs: AbstractFileSystem | None = None
    """What reads the files; None: they are on this machine."""

    @property
    def partitions(self) -> tuple[PartitionColumn, ...]:
        """The columns that folders are.

        Raises:
            UnreadableTable: Folders contradict each other.
        """
        return partition_columns(
            Table(
                paths=tuple(map(Path, self.labels)),
                format="parquet",
                labels=self.labels,
                siblings=self.siblings,
            )
        )

    def only(self, conditions: Sequence[Condition]) -> ParquetPaths:
        """The parts whose folders meet conditions; the first one where none does.

        Raises:
            ConfigError: A condition compares a folder's value with one of another type.
        """
        columns = {column.name: column for column in self.partitions}
        about = [condition for condition in conditions if condition[0] in columns]
        try:
            kept = [
                place
                for place in range(len(self.paths))
                if all(meets(columns[one[0]].values[place], [one]) for one in about)
            ]
        except TypeError as error:
            kinds = ", ".join(f"{one[0]} is {columns[one[0]].type}" for one in about)
            raise ConfigError(
                f"where= compares a column with a value of another type: {error}.",
                remedy=f"Of the columns that are folders, {kinds}.",
            ) from None
        return self.part(kept or [0])

    def asked(self, where: Sequence[Sequence[Any]] | None) -> frozenset[str]:
        """The labels of the parts that opening the table with ``where`` reads.

        The first part is among them, since it says which columns there are.

        Raises:
            ConfigError: A condition cannot be used, or compares a folder's value with another type.
        """
        given = [one for one in where or () if isinstance(one, (tuple, list)) and one]
        conditions = checked(where, [one[0] for one in given])
        return frozenset((self.labels[0], *self.only(conditions).labels))

    def part(self, places: Sequence[int]) -> ParquetPaths:
        """The parts at these places."""
        return replace(
            self,
            paths=tuple(self.paths[place] for place in places),
            labels=tuple(self.labels[place] for place in places),
            siblings=self.siblings or self.labels,
        )
