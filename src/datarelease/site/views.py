"""What the pages say of versions, datasets and columns, in the order in which they say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from datarelease.model.review.diff import Compatibility, Histogram, SchemaChange
from datarelease.model.versions.version import Version
from datarelease.render import columns as column_words
from datarelease.render import numbers as number
from datarelease.render import plots, words
from datarelease.render.words import Data, Phrase
from datarelease.site import charts
from datarelease.site.figures import ColumnFigures, DatasetFigures, VersionFigures
from datarelease.site.names import column_page, version_page
from datarelease.site.read import ReleasedVersion
from datarelease.site.timeline import NOTABLE_PSI, Timeline

MUCH_PSI = 0.25
_CHANGES = {
    "identical": ("plain", "same data"),
    "patch": ("patch", "patch"),
    "additive": ("additive", "additive"),
    "breaking": ("breaking", "breaking"),
}
_DAYS = 5 * 86_400.0


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


@dataclass(frozen=True)
class ColumnLine:
    """A column in the table of its dataset."""

    dataset: str
    column: ColumnFigures
    rows: int | None

    @property
    def page(self) -> str:
        """Where its page is."""
        return column_page(self.dataset, self.column.name)

    @property
    def type(self) -> str:
        """In the words of the schema, else its kind."""
        return self.column.type or self.column.kind

    @property
    def nulls(self) -> str:
        """Missing values, as a share of all rows."""
        if not self.column.nulls or not self.rows:
            return "0%"
        return number.share(number.ratio(self.column.nulls, self.rows))

    @property
    def distinct(self) -> str:
        """How many values it has."""
        return "" if self.column.distinct is None else number.count(self.column.distinct)

    @property
    def drift(self) -> tuple[str, str]:
        """Class and figure of its drift; empty where it hardly moved or does not apply."""
        psi = self.column.psi
        if psi is None or psi < NOTABLE_PSI:
            return "", ""
        return "much" if psi >= MUCH_PSI else "some", number.drift_value(psi)

    @property
    def middle(self) -> str:
        """Its range or its most frequent values, in a few words."""
        column = self.column
        if column.pii:
            return "values hidden"
        if column.labels:
            return ""
        if column.min is None or column.max is None:
            return ""
        low, high = (value_words(value, column) for value in (column.min, column.max))
        return low if low == high else f"{low} … {high}"

    @property
    def top(self) -> tuple[tuple[str, str], ...]:
        """The most frequent values with their shares."""
        shares = column_words.shares(self.column.counts)
        pairs = zip(self.column.labels, shares, strict=False)
        return tuple((label, number.share(part)) for label, part in pairs)[:3]

    @property
    def spark(self) -> str:
        """The outline of its distribution."""
        shares = column_words.shares(self.column.counts)
        wide = column_words.rebinned(shares, 16) if self.column.edges else shares[:12]
        return charts.sparkline_path(wide)


def value_words(value: object, column: ColumnFigures) -> str:
    """A smallest or largest value, short."""
    if isinstance(value, bool) or value is None:
        return number.scalar_text(value)
    if isinstance(value, int | float):
        years = column.kind == "number" and 1500 <= value <= 2200 and value == int(value)  # noqa: PLR2004
        return number.year(value) if years else number.decimal(value)
    text = str(value)
    return text.removesuffix("T00:00:00") if column.kind == "time" else text


def figure_words(column: ColumnFigures, name: str) -> str | None:
    """The figure called ``name`` as text; None: it has none."""
    value = getattr(column, name)
    if value is None:
        return None
    if name == "distinct":
        return number.count(value)
    if column.kind != "time" or name == "length_mean":
        return number.decimal(value)
    if name == "std":
        return number.duration(value)
    shown = number.moment(value)
    return shown.split(" ")[0] if (column.std or 0) > _DAYS else shown


def distribution_plot(column: ColumnFigures, *, compared: bool) -> plots.DistributionPlot | None:
    """Its distribution, with ``compared`` over that of the version before; None: it has none."""
    if not column.edges:
        return None
    return plots.distribution(histogram_of(column, compared=compared), column.kind)


def histogram_of(column: ColumnFigures, *, compared: bool) -> Histogram:
    """Its counts as the report has them."""
    return Histogram(
        labels=column.labels,
        edges=column.edges,
        before=column.before if compared and column.before else None,
        after=column.counts,
    )


def drifted(figures: VersionFigures, most: int) -> list[tuple[DatasetFigures, ColumnFigures]]:
    """The columns that moved most, worst first."""
    found = [
        (dataset, column)
        for dataset in figures.datasets
        for column in dataset.columns
        if (column.psi or 0.0) >= NOTABLE_PSI and column.counts and column.before
    ]
    return sorted(found, key=lambda pair: -(pair[1].psi or 0.0))[:most]
