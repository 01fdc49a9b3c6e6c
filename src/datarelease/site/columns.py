"""What the pages say of one column of a version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from markupsafe import Markup
from markupsafe import escape as markup_escape

from datarelease.model.review.diff import Histogram
from datarelease.model.site_names import column_page
from datarelease.render import columns as column_words
from datarelease.render import escape, plots
from datarelease.render import numbers as number
from datarelease.render.html.environment import wrapped
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

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """Its counts as parts of their sum."""
        return column_words.shares(self.column.counts)

    @property
    def top(self) -> tuple[tuple[str, str], ...]:
        """The most frequent values with their shares."""
        pairs = zip(self.column.labels[:_TOP], self.shares, strict=False)
        return tuple((label, number.share(part)) for label, part in pairs)

    @property
    def spark(self) -> str:
        """The outline of its distribution."""
        wide = column_words.rebinned(self.shares, 16) if self.column.edges else self.shares[:12]
        return series.sparkline_path(wide)


_TOP = 3


def column_rows(lines: Iterable[ColumnLine], root: str) -> Markup:
    """The lines of a table of columns, whose heading ``parts.html.j2`` has.

    They are most of what a catalogue holds, and a template takes several times as long.
    """
    return Markup("\n".join(_row(line, root) for line in lines))  # noqa: S704 - escaped there


def _row(line: ColumnLine, root: str) -> str:
    kind, drift = line.drift
    spark, top, nulls = line.spark, line.top, line.nulls
    drawn = f'{_SPARK}{spark}"/></svg>' if spark else ""
    moved = f'<span class="drift-{kind}">{_html(drift)}</span>' if kind else ""
    values = (
        " ".join(
            f'<span><code dir="auto">{_html(number.scalar_text(value), 18)}</code> {_html(part)}'
            "</span>"
            for value, part in top
        )
        if top
        else _html(line.middle)
    )
    return (
        f'<tr><th scope="row"><a href="{_html(root + line.page)}"><code dir="auto">'
        f'{_name(line.column.name)}</code></a></th><td class="type">{_html(line.type)}</td>'
        f'<td>{drawn}</td><td class="middle">{values}</td>'
        f'<td class="end{" muted" if nulls == "0%" else ""}">{_html(nulls)}</td>'
        f'<td class="end">{_html(line.distinct)}</td><td class="end">{moved}</td></tr>'
    )


_SPARK = (
    '<svg class="spark bars" viewBox="0 0 96 24" preserveAspectRatio="none" aria-hidden="true">'
    '<path d="'
)


@lru_cache(16_384)
def _html(text: str, limit: int = 300) -> str:
    """A text as HTML, harmless as in every template."""
    return str(markup_escape(escape.clean(text, limit)))


@lru_cache(4096)
def _name(text: str) -> str:
    """A name that may go on in the next line."""
    return str(wrapped(text, 120))


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
