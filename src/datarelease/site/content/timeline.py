"""Datasets and columns over all versions, and which values are never shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from datarelease.model.versions.changelog import ChannelMove, moves_by_version
from datarelease.model.versions.lineage import earlier_name, later_names
from datarelease.model.versions.version import Version
from datarelease.site.content.derive import masked
from datarelease.site.content.figures import ColumnFigures, DatasetFigures, KeptNote, VersionFigures
from datarelease.site.content.read import ReleasedVersion, SiteContent

NOTABLE_PSI = 0.1
"""Some drift; over 0.25 it is much (Siddiqi's rule of thumb)."""


@dataclass(frozen=True, kw_only=True)
class ColumnHistory:
    """A column over all versions."""

    dataset: str
    name: str
    points: tuple[ColumnFigures | None, ...]
    """As many as versions; None: a version that has no such column."""
    rows: tuple[int | None, ...]
    """Of the dataset."""

    @cached_property
    def latest(self) -> ColumnFigures:
        """The newest figures there are."""
        return next(point for point in reversed(self.points) if point is not None)

    @property
    def present(self) -> bool:
        """Whether the newest version has it."""
        return self.points[-1] is not None

    @property
    def null_rates(self) -> tuple[float | None, ...]:
        """Nulls per row."""
        return tuple(
            point.nulls / rows if point is not None and rows else None
            for point, rows in zip(self.points, self.rows, strict=True)
        )

    def values(self, name: str) -> tuple[float | None, ...]:
        """The figure called ``name`` in each version; what is no number is left out."""
        found = (getattr(point, name) if point is not None else None for point in self.points)
        return tuple(
            v if isinstance(v, int | float) and not isinstance(v, bool) else None for v in found
        )


@dataclass(frozen=True, kw_only=True)
class DatasetHistory:
    """A dataset over all versions."""

    name: str
    points: tuple[DatasetFigures | None, ...]
    became: tuple[str, ...] = ()
    """What it is called now, where it was renamed or split."""

    @cached_property
    def latest(self) -> DatasetFigures:
        """The newest figures there are."""
        return next(point for point in reversed(self.points) if point is not None)

    @property
    def present(self) -> bool:
        """Whether the newest version has it."""
        return self.points[-1] is not None

    @property
    def noun(self) -> str:
        """What it holds: rows, or files."""
        return "file" if self.latest.of_files else "row"

    @property
    def amounts(self) -> tuple[int | None, ...]:
        """Rows, or files."""
        return tuple(point.amount if point else None for point in self.points)

    @property
    def sizes(self) -> tuple[int | None, ...]:
        """Bytes."""
        return tuple(point.size if point else None for point in self.points)

    @cached_property
    def columns(self) -> tuple[ColumnHistory, ...]:
        """Those of the newest version in its order, then those that are gone, the last first."""
        names = dict.fromkeys(
            column.name for point in reversed(self.points) if point for column in point.columns
        )
        by_name = [
            {column.name: column for column in point.columns} if point else {}
            for point in self.points
        ]
        return tuple(
            ColumnHistory(
                dataset=self.name,
                name=name,
                points=tuple(columns.get(name) for columns in by_name),
                rows=self.amounts,
            )
            for name in names
        )


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """All versions, oldest first, and the datasets over them."""

    content: SiteContent
    versions: tuple[ReleasedVersion, ...]
    datasets: tuple[DatasetHistory, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        """Of the versions."""
        return tuple(released.version.tag for released in self.versions)

    @property
    def latest(self) -> ReleasedVersion | None:
        """The newest one that is in force."""
        newest = self.content.catalogue.latest
        return next((released for released in self.versions if released.version == newest), None)

    def named(self, dataset: str) -> tuple[str, str]:
        """What readers call the version to read a dataset from, and its tag.

        It is the newest one, or the last that had the dataset: of one that was split or retired,
        the newest has none.
        """
        newest = self.latest
        if newest is not None and newest.figures.dataset(dataset) is not None:
            return "latest", newest.version.tag
        having = [one.version for one in self.versions if one.figures.dataset(dataset) is not None]
        active = [version for version in having if version.yank is None and version.erased is None]
        tag = (active or having)[-1].tag
        return tag, tag

    @cached_property
    def moves(self) -> dict[str, tuple[ChannelMove, ...]]:
        """Of channels to each version, by its tag."""
        return moves_by_version(self.content.catalogue.channels)

    def name_now(self, name: str, version: Version) -> str:
        """What a dataset of a version is called now; of a split one its first part."""
        renames = [each.version for each in self.versions if each.version.renamed]
        return later_names(name, _after(version, renames))[0]

    def of(self, tag: str | None) -> ReleasedVersion | None:
        """The version ``tag``, or None."""
        return next((released for released in self.versions if released.version.tag == tag), None)


def timeline_of(content: SiteContent) -> Timeline:
    """The versions without values of columns that are ``pii`` in one of them, or of erased data."""
    renames = [each.version for each in content.versions if each.version.renamed]
    hidden = _hidden(content.versions, renames)
    erased = {released.version.tag for released in content.versions if released.version.erased}
    versions = tuple(
        replace(released, figures=_shown(released, hidden, erased, renames))
        for released in content.versions
    )
    names = dict.fromkeys(
        dataset.name for released in reversed(versions) for dataset in released.figures.datasets
    )
    return Timeline(
        content=content,
        versions=versions,
        datasets=tuple(
            DatasetHistory(
                name=name,
                points=tuple(_then(name, released, renames) for released in versions),
                became=tuple(now for now in later_names(name, renames) if now != name),
            )
            for name in sorted(names)
        ),
    )


def _then(
    name: str, released: ReleasedVersion, renames: Sequence[Version]
) -> DatasetFigures | None:
    """A dataset in a version, whatever it was called then."""
    figures = released.figures
    return figures.dataset(name) or figures.dataset(
        earlier_name(name, _after(released.version, renames))
    )


def _after(version: Version, renames: Sequence[Version]) -> list[Version]:
    return [other for other in renames if other.number > version.number]


def _hidden(versions: Iterable[ReleasedVersion], renames: Sequence[Version]) -> dict[str, set[str]]:
    """The columns of each dataset, by its name now, that are ``pii`` in any version."""
    hidden: dict[str, set[str]] = {}
    for released in versions:
        for dataset in released.figures.datasets:
            names = {column.name for column in dataset.columns if column.pii}
            for now in later_names(dataset.name, _after(released.version, renames)):
                hidden.setdefault(now, set()).update(names)
    return hidden


def _shown(
    released: ReleasedVersion,
    hidden: dict[str, set[str]],
    erased: set[str],
    renames: Sequence[Version],
) -> VersionFigures:
    figures, after = released.figures, _after(released.version, renames)
    datasets = tuple(
        masked(dataset, set().union(*(hidden[now] for now in later_names(dataset.name, after))))
        for dataset in figures.datasets
    )
    if figures.base in erased:
        datasets = tuple(_alone(dataset) for dataset in datasets)
    notes = _without(figures.notes, datasets, figures.datasets)
    same = all(new is old for new, old in zip(datasets, figures.datasets, strict=True))
    return figures if same else replace(figures, datasets=datasets, notes=notes)


def _without(
    notes: tuple[KeptNote, ...] | None,
    shown: Sequence[DatasetFigures],
    recorded: Sequence[DatasetFigures],
) -> tuple[KeptNote, ...] | None:
    """The sentences that name no column whose values were hidden only now."""
    late = {
        column.name
        for new, old in zip(shown, recorded, strict=True)
        for column, then in zip(new.columns, old.columns, strict=True)
        if column.pii and not then.pii
    }
    if notes is None or not late:
        return notes
    return tuple(note for note in notes if late.isdisjoint(text for _, text in note))


def _alone(dataset: DatasetFigures) -> DatasetFigures:
    """The dataset without the distributions of the version that it was compared with."""
    columns = tuple(replace(column, before=()) for column in dataset.columns)
    return replace(dataset, columns=columns)


def neighbours(
    versions: Sequence[ReleasedVersion], index: int
) -> tuple[Version | None, Version | None]:
    """The versions before and after the one at ``index``."""
    before = versions[index - 1].version if index else None
    after = versions[index + 1].version if index + 1 < len(versions) else None
    return before, after
