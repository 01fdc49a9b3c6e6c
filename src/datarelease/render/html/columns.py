"""What the HTML templates draw of a column: figures, plot and place, prepared."""

from __future__ import annotations

from dataclasses import dataclass

from datarelease.model.review.diff import ColumnDiff, ColumnStats
from datarelease.model.review.policy import VerdictLevel
from datarelease.model.review.report import MASK, DatasetReport
from datarelease.render import columns
from datarelease.render import numbers as number
from datarelease.render.plots import geometry as plots
from datarelease.render.triage import Triage, null_rate

LEVELS: tuple[VerdictLevel, ...] = ("pass", "warn", "block")


@dataclass(frozen=True, kw_only=True)
class ColumnView:
    """A column's card and its line in the table."""

    diff: ColumnDiff
    anchor: str
    linked: bool
    """Whether there is a card to link to."""
    level: VerdictLevel
    state: str
    drift: str
    psi_width: float
    psi_limit: float | None
    """Where the limit is on the bar, in percent; None: there is none, or it is not known."""
    nulls: str
    nulls_before: float | None
    nulls_after: float | None
    plot: plots.DistributionPlot | None
    bars: tuple[plots.CategoryBar, ...]
    more_bars: int
    figures: tuple[tuple[str, str | None, str | None], ...]


def column_views(
    triage: Triage, part: DatasetReport, shown: tuple[ColumnDiff, ...], anchor: str, cards: int
) -> tuple[ColumnView, ...]:
    """The columns in the order given; the first ``cards`` of them get a plot and a table."""
    limits = [_limit(triage, part, column) or 0.0 for column in shown]
    top_psi = max([0.5, *limits, *(min(column.psi or 0.0, 1e9) for column in shown)])
    rates = [null_rate(side) or 0.0 for c in shown for side in (c.before, c.after)]
    top_nulls = max([0.05, *(min(rate, 1.0) for rate in rates)])
    return tuple(
        _column(triage, part, column, f"{anchor}c{i}", index < cards, top_psi, top_nulls)
        for index, (i, column) in enumerate(enumerate(shown, start=1))
    )


def _column(
    triage: Triage,
    part: DatasetReport,
    column: ColumnDiff,
    anchor: str,
    linked: bool,  # noqa: FBT001 - a fact about the column, not a mode
    top_psi: float,
    top_nulls: float,
) -> ColumnView:
    histogram = column.histogram if linked else None
    bars, more = plots.categories(histogram) if histogram and not histogram.edges else ((), 0)
    rates = [null_rate(side) for side in (column.before, column.after)]
    limit = None if column.psi is None else _limit(triage, part, column)
    widths = [None if rate is None else plots.bar(rate, top_nulls) for rate in rates]
    return ColumnView(
        diff=column,
        anchor=anchor,
        linked=linked,
        level=LEVELS[triage.level(part.name, column.column)],
        state=_state(column, part),
        drift=" · ".join(columns.drift(column)),
        psi_width=plots.bar(min(column.psi or 0.0, 1e9), top_psi),
        psi_limit=None if limit is None else plots.bar(limit, top_psi),
        nulls=columns.nulls(column),
        nulls_before=widths[0],
        nulls_after=widths[1],
        plot=plots.distribution(histogram, column.kind, years=columns.years(column))
        if histogram
        else None,
        bars=bars,
        more_bars=more,
        figures=_figures(column) if linked else (),
    )


def _limit(triage: Triage, part: DatasetReport, column: ColumnDiff) -> float | None:
    """The largest PSI that the policy lets pass without a finding."""
    rule = triage.report.psi_limit
    limit = None if rule is None else rule.of(part.name, column.column)
    return None if limit is None else min(max(limit, 0.0), 1e9)


def _state(column: ColumnDiff, part: DatasetReport) -> str:
    if part.diff.status != "changed" or (column.before and column.after):
        return ""
    return "added" if column.before is None else "removed"


def _figures(column: ColumnDiff) -> tuple[tuple[str, str | None, str | None], ...]:
    out = [("nulls", _nulls(column.before), _nulls(column.after))]
    out += [
        (
            label,
            columns.figure(column, column.before, label),
            columns.figure(column, column.after, label),
        )
        for label in columns.LABELS[column.kind]
    ]
    years = columns.years(column)
    out += [
        (
            label,
            _extreme(column.before, label, years=years),
            _extreme(column.after, label, years=years),
        )
        for label in ("min", "max")
    ]
    return tuple(item for item in out if item[1] is not None or item[2] is not None)


def _nulls(stats: ColumnStats | None) -> str | None:
    if stats is None:
        return None
    return f"{number.count(stats.nulls)} ({number.share(number.ratio(stats.nulls, stats.rows))})"


def _extreme(stats: ColumnStats | None, label: str, *, years: bool) -> str | None:
    value = None if stats is None else stats.min if label == "min" else stats.max
    if value is None or value == MASK:
        return None  # the card says that values are hidden
    if years and isinstance(value, int | float):
        return number.year(value)
    if isinstance(value, float):
        return number.decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number.count(value)
    return number.scalar_text(value)[:200].removesuffix("T00:00:00")
