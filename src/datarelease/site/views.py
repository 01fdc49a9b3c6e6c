"""What the pages say of versions, datasets and columns, in the order in which they say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from datarelease.model.review.diff import Compatibility, SchemaChange
from datarelease.model.site_names import version_page
from datarelease.model.versions.changelog import ChangelogEntry
from datarelease.model.versions.version import Version
from datarelease.render import numbers as number
from datarelease.render import words
from datarelease.render.history import change_notes, fate_notes
from datarelease.render.words import Data, Phrase
from datarelease.site.columns import MUCH_PSI
from datarelease.site.content.derive import note_phrase
from datarelease.site.content.figures import ColumnFigures, DatasetFigures, VersionFigures
from datarelease.site.content.read import ReleasedVersion
from datarelease.site.content.timeline import Timeline

_CHANGES = {
    "identical": ("plain", "same data"),
    "patch": ("patch", "patch"),
    "additive": ("additive", "additive"),
    "breaking": ("breaking", "breaking"),
}


@dataclass(frozen=True)
class VersionView:
    """A version among the others."""

    released: ReleasedVersion
    timeline: Timeline

    @property
    def version(self) -> Version:
        """As its tag tells it."""
        return self.released.version

    @property
    def figures(self) -> VersionFigures:
        """Of its documents."""
        return self.released.figures

    @property
    def page(self) -> str:
        """Where its page is."""
        return version_page(self.version.tag)

    @property
    def pull_page(self) -> str:
        """Where its pull request is; empty: not known."""
        pull = self.figures.pull
        return f"{self._github}/pull/{pull}" if self._github and pull is not None else ""

    @property
    def commit_page(self) -> str:
        """Where its commit is; empty: not known."""
        return f"{self._github}/commit/{self.version.commit}" if self._github else ""

    @property
    def _github(self) -> str:
        address = self.timeline.content.address
        return address if address.startswith("https://github.com/") else ""

    @property
    def day(self) -> str:
        """When it was released."""
        return self.version.date[:10]

    @property
    def change(self) -> tuple[str, str]:
        """Class and word of its compatibility; the first version has none."""
        if self.version.trailer("Baseline") is None:
            return "plain", "first"
        return _CHANGES.get(self.version.trailer("Compatibility") or "", ("plain", "unknown"))

    @property
    def latest(self) -> bool:
        """Whether ``latest`` names it."""
        return self.version == self.timeline.content.catalogue.latest

    @property
    def rolled(self) -> str | None:
        """The version whose data it has again."""
        return self.version.trailer("Rollback-Of")

    @property
    def withdrawal(self) -> str | None:
        """Why, since when and for what it was withdrawn; None: it is in force."""
        return self.timeline.content.catalogue.withdrawal(self.version)

    @property
    def erasure(self) -> str | None:
        """When and why its data was erased; None: it was not."""
        return self.timeline.content.catalogue.erasure(self.version)

    @property
    def state(self) -> str:
        """What sets it apart from versions to use: ``erased``, ``withdrawn``, or nothing."""
        if self.version.erased is not None:
            return "erased"
        return "withdrawn" if self.version.yank is not None else ""

    @property
    def replacement(self) -> Version | None:
        """What to use instead, where it was withdrawn."""
        return self.timeline.content.catalogue.replacement(self.version)

    @cached_property
    def size(self) -> int | None:
        """Bytes of all datasets; None: not known."""
        sizes = [dataset.size for dataset in self.figures.datasets if dataset.size is not None]
        return sum(sizes) if sizes else None

    @property
    def rows(self) -> int | None:
        """Rows of all tables; None: it has no table."""
        return _total(self.figures.datasets, of_files=False)

    @property
    def files(self) -> int | None:
        """Files of all datasets of files; None: it has none."""
        return _total(self.figures.datasets, of_files=True)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names that mean it now."""
        return self.timeline.content.catalogue.channels_at(self.version)

    @property
    def entry(self) -> ChangelogEntry:
        """What is to be told of it in the history."""
        return ChangelogEntry(
            version=self.version,
            report=None,
            withdrawal=self.withdrawal,
            erasure=self.erasure,
            moves=self.timeline.moves.get(self.version.tag, ()),
        )

    @property
    def news(self) -> tuple[Phrase, ...]:
        """What changed in it, in sentences."""
        notes = self.figures.notes
        told = None if notes is None else tuple(map(note_phrase, notes))
        return change_notes(self.entry, told)

    @property
    def fate(self) -> tuple[Phrase, ...]:
        """What became of it, in sentences."""
        return fate_notes(self.entry)

    @property
    def highlights(self) -> tuple[Phrase, ...]:
        """What is new in it, a line for each dataset that changed, at most five."""
        if self.version.trailer("Baseline") is None:
            said = [_first(dataset) for dataset in self.figures.datasets]
        else:
            said = [line for d in self.figures.datasets if (line := dataset_change(d))]
            said += [(Data(name), " was removed") for name in self.figures.removed]
        more = len(said) - _MOST_LINES
        return (*said[:_MOST_LINES], *([(f"and {more} more datasets",)] if more > 0 else []))


_MOST_LINES = 5


def _total(datasets: Sequence[DatasetFigures], *, of_files: bool) -> int | None:
    amounts = [d.amount for d in datasets if d.of_files == of_files and d.amount is not None]
    return sum(amounts) if amounts else None


def _first(dataset: DatasetFigures) -> Phrase:
    return (Data(dataset.name), f": {amount_words(dataset)}")


def amount_words(dataset: DatasetFigures) -> str:
    """How many rows or files it holds, and how many columns."""
    noun = "file" if dataset.of_files else "row"
    held = "unknown" if dataset.amount is None else number.counted(dataset.amount, noun)
    columns = number.counted(len(dataset.columns), "column")
    return f"{held}, {columns}" if dataset.columns else held


def dataset_change(dataset: DatasetFigures) -> Phrase:
    """What changed in a dataset, in a line; empty: nothing did."""
    if dataset.status == "identical" and not dataset.changes:
        return ()
    if dataset.status == "added":
        return (Data(dataset.name), f" is new: {amount_words(dataset)}")
    parts = [
        part
        for part in (
            _amounts(dataset),
            words.change_counts(dataset.changes),
            _moved(dataset.columns),
        )
        if part
    ]
    return (Data(dataset.name), f": {'; '.join(parts) or 'other values'}")


def _amounts(dataset: DatasetFigures) -> str:
    noun = "file" if dataset.of_files else "row"
    before, after = dataset.before, dataset.amount
    if before is not None and after is not None and before != after:
        by = number.change(before, after)
        return f"{number.count(before)} → {number.counted(after, noun)} ({by})"
    rows = dataset.rows
    if rows is None:
        return ""
    parts = [(rows.added, "added"), (rows.removed, "removed"), (rows.changed, "changed")]
    return number.listed("row", parts)


def _moved(columns: Sequence[ColumnFigures]) -> str:
    much = [column for column in columns if (column.psi or 0.0) >= MUCH_PSI]
    return f"{number.counted(len(much), 'column')} drifted" if much else ""


def breaking_first(changes: Sequence[SchemaChange]) -> list[SchemaChange]:
    """Changes of a schema, worst first."""
    return sorted(changes, key=lambda change: change.compatibility, reverse=True)


def breaks(change: SchemaChange) -> bool:
    """Whether it breaks readers."""
    return change.compatibility is Compatibility.BREAKING
