"""What the pages say of one column of a version."""

from __future__ import annotations

from dataclasses import dataclass

from datarelease.model.review.diff import Histogram
from datarelease.model.site_names import column_page
from datarelease.render import columns as column_words
from datarelease.render import numbers as number
from datarelease.render import plots
from datarelease.site.content.figures import ColumnFigures, DatasetFigures, VersionFigures
from datarelease.site.content.timeline import NOTABLE_PSI
from datarelease.site.plots import series

MUCH_PSI = 0.25
_DAYS = 5 * 86_400.0


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
        return series.sparkline_path(wide)


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
