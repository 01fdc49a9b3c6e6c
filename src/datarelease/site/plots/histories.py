"""Figures over all versions: which charts a dataset and a column have, drift, changes of schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datarelease.model.review.diff import SchemaChange
from datarelease.model.versions.version import Version
from datarelease.render import numbers as number
from datarelease.render.columns import shares
from datarelease.site.content.timeline import NOTABLE_PSI, ColumnHistory, DatasetHistory, Timeline
from datarelease.site.plots.series import SeriesPlot, Values, series

Chart = tuple[str, SeriesPlot | None]
_MOST_CATEGORIES = 5
_NEWEST = 60
"""Versions that the map of drift shows."""
_MOST_COLUMNS = 80
_STEPS = (0.1, 0.25, 0.5, 1.0)


def _whole(value: float) -> str:
    return number.count(round(value))


def dataset_charts(timeline: Timeline, history: DatasetHistory) -> tuple[Chart, ...]:
    """Rows (or files) and bytes over versions."""
    title = f"{history.noun.capitalize()}s"
    amounts: Values = history.amounts
    sizes: Values = history.sizes
    return (
        (
            title,
            series(timeline.tags, [(title, amounts)], title=title, write=_whole, zero=True),
        ),
        (
            "Size",
            series(
                timeline.tags,
                [("Size", sizes)],
                title="Size",
                write=lambda value: number.size(round(value)),
                ticks=lambda value: number.size(round(value)).replace(".0 ", " "),
                zero=True,
            ),
        ),
    )


def column_charts(timeline: Timeline, history: ColumnHistory) -> tuple[Chart, ...]:
    """What is known of a column, each figure over versions; those without two values left out."""
    return tuple(chart for chart in _charts(timeline, history) if chart[1] is not None)


def _charts(timeline: Timeline, history: ColumnHistory) -> Iterator[Chart]:
    tags, kind = timeline.tags, history.latest.kind
    write = number.moment if kind == "time" else number.decimal
    ticks = (lambda value: number.moment(value)[:7]) if kind == "time" else None
    median, mean = history.values("median"), history.values("mean")
    if any(value is not None for value in (*median, *mean)):
        yield (
            "Median and mean",
            series(
                tags,
                [("median", median), ("mean", mean)],
                title="Median and mean",
                write=write,
                ticks=ticks,
            ),
        )
    yield (
        "Missing values",
        series(
            tags,
            [("Missing values", history.null_rates)],
            title="Share of missing values",
            write=number.share,
            ticks=lambda value: f"{value:.0%}",
            zero=True,
        ),
    )
    yield (
        "Drift against the version before (PSI)",
        series(
            tags,
            [("PSI", history.values("psi"))],
            title="Population stability index",
            write=number.drift_value,
            zero=True,
            guides=_STEPS[:2],
        ),
    )
    if history.latest.labels:
        yield "Most frequent values", _categories(tags, history)
    if kind == "number":
        std = history.values("std")
        yield "Standard deviation", series(tags, [("std", std)], title="Standard deviation")
    yield (
        "Distinct values",
        series(
            tags,
            [("distinct", history.values("distinct"))],
            title="Distinct values",
            write=_whole,
            zero=True,
        ),
    )
    if kind == "text":
        length = history.values("length_mean")
        yield "Mean length", series(tags, [("length", length)], title="Mean length")


def _categories(tags: tuple[str, ...], history: ColumnHistory) -> SeriesPlot | None:
    chosen = [label for label in history.latest.labels if label != "(other)"][:_MOST_CATEGORIES]
    found = [
        dict(zip(point.labels, shares(point.counts), strict=False)) if point else {}
        for point in history.points
    ]
    lines: list[tuple[str, Values]] = [
        (label, [held.get(label, 0.0) if held else None for held in found]) for label in chosen
    ]
    return series(
        tags,
        lines,
        title="Shares of the most frequent values",
        write=number.share,
        ticks=lambda value: f"{value:.0%}",
        zero=True,
    )


@dataclass(frozen=True, kw_only=True)
class DriftCell:
    """A column in a version that moved."""

    x: int
    step: int
    """1 to 4, the more the stronger; 0: the version has no such column."""
    text: str


@dataclass(frozen=True, kw_only=True)
class DriftMap:
    """Columns by versions: where something moved."""

    tags: tuple[str, ...]
    rows: tuple[tuple[ColumnHistory, tuple[DriftCell, ...]], ...]
    still: int
    """Columns that never moved, which have no row."""
    older: int
    """Versions that are not shown."""


def drift_map(timeline: Timeline, history: DatasetHistory) -> DriftMap | None:
    """Where columns drifted in the newest versions; None: nowhere, or there is one version."""
    start = max(len(timeline.tags) - _NEWEST, 0)
    tags = timeline.tags[start:]
    found = [(column, _cells(tags, column, start)) for column in history.columns]
    moved = [(column, cells) for column, cells in found if any(cell.step for cell in cells)]
    if not moved or len(tags) < 2:  # noqa: PLR2004
        return None
    moved.sort(key=lambda row: -sum(cell.step for cell in row[1]))
    return DriftMap(
        tags=tags,
        rows=tuple(moved[:_MOST_COLUMNS]),
        still=len(found) - len(moved),
        older=start,
    )


def _cells(tags: tuple[str, ...], column: ColumnHistory, start: int) -> tuple[DriftCell, ...]:
    cells = []
    for x, (tag, point) in enumerate(zip(tags, column.points[start:], strict=True)):
        psi = point.psi if point else None
        if point is None:
            cells.append(DriftCell(x=x, step=0, text=f"{tag}: no such column"))
        elif psi is not None and psi >= NOTABLE_PSI:
            step = sum(psi >= limit for limit in _STEPS)
            cells.append(DriftCell(x=x, step=step, text=f"{tag}: PSI {number.drift_value(psi)}"))
    return tuple(cells)


def schema_history(
    timeline: Timeline, history: DatasetHistory
) -> tuple[tuple[Version, tuple[SchemaChange, ...]], ...]:
    """The versions that changed the schema of a dataset, newest first."""
    found = [
        (released.version, point.changes)
        for released, point in zip(timeline.versions, history.points, strict=True)
        if point is not None and point.changes
    ]
    return tuple(reversed(found))
