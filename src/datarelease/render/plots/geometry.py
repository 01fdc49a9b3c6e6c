"""Geometry of the plots in the HTML report; the templates draw it.

Sizes are SVG user units of a view box; every number is rounded to a tenth, which keeps a report of
hundreds of columns small. No colour is set here: classes name what a shape is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from datarelease.model.data.profile import ColumnKind
from datarelease.model.review.diff import Histogram
from datarelease.render import escape
from datarelease.render import numbers as number
from datarelease.render.plots.sparkline import shares
from datarelease.render.plots.ticks import number_ticks

WIDTH = 360
HEIGHT = 150
LEFT, RIGHT, TOP, BOTTOM = 40, 10, 8, 22
_MOST_ROWS = 10**18
_LETTER = 6.6
"""Width of a letter, generously."""


@dataclass(frozen=True)
class Label:
    """A text on an axis."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True, kw_only=True)
class Axes:
    """Grid lines and labels."""

    x: tuple[Label, ...]
    y: tuple[Label, ...]


@dataclass(frozen=True, kw_only=True)
class DistributionPlot:
    """Both sides of a histogram as outlines, closed at the bottom; "" for a side not there."""

    before: str
    after: str
    axes: Axes
    alt: str
    logarithmic: bool


@dataclass(frozen=True, kw_only=True)
class CategoryBar:
    """A category with its shares, old and new; None for a side not there."""

    label: str
    before: float | None
    after: float | None
    width_before: float
    width_after: float


@dataclass(frozen=True, kw_only=True)
class Point:
    """A version in the history of row counts."""

    x: float
    y: float
    tag: str
    rows: int
    current: bool


@dataclass(frozen=True, kw_only=True)
class History:
    """Row counts over versions as a line with points."""

    line: str
    points: tuple[Point, ...]
    axes: Axes
    alt: str


def distribution(
    histogram: Histogram, kind: ColumnKind, *, years: bool = False
) -> DistributionPlot | None:
    """The outlines of a histogram with numeric or time bins; None where there is nothing to draw.

    Heights are shares of rows. Bins are drawn equally wide, whatever their bounds: the outermost
    ones are open, and those of skewed columns grow by tens (``analysis.comparison.histogram``).
    """
    bins = len(histogram.edges) - 1
    given = (histogram.before, histogram.after)
    sides = [shares(side)[:bins] if bins > 0 else () for side in given]
    peak = max((part for side in sides for part in side), default=0.0)
    if not 0 < peak < math.inf:
        return None
    labels = _bounds(histogram, kind)
    if years:
        labels = tuple(label.replace(",", "") for label in labels)
    log = logarithmic(histogram, kind)
    before, after = (_outline(side, bins, peak) for side in sides)
    return DistributionPlot(
        before=before,
        after=after,
        axes=Axes(x=_x_axis(labels), y=_y_axis(peak)),
        alt=_alt(sides, labels, log=log),
        logarithmic=log,
    )


_GROWS = 10
"""Bins of a linear axis are equally wide; those of a logarithmic one grow by more than this."""


def logarithmic(histogram: Histogram, kind: ColumnKind) -> bool:
    """Whether the bins grow by tens (``analysis.comparison.histogram``); plots say so."""
    # The outermost bins may be open.
    inner = histogram.edges[1:-1] if len(histogram.edges) > 4 else histogram.edges  # noqa: PLR2004
    if kind != "number" or len(inner) < 3 or inner[0] <= 0:  # noqa: PLR2004
        return False
    widths = [high - low for low, high in pairwise(inner)]
    return widths[0] > 0 and widths[-1] > _GROWS * widths[0]


def _bounds(histogram: Histogram, kind: ColumnKind) -> tuple[str, ...]:
    if len(histogram.labels) == len(histogram.edges):
        return tuple(escape.clean(label, 20) for label in histogram.labels)
    return tuple(number.measure(edge, kind) for edge in histogram.edges)


def _x(index: float, bins: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * index / bins, 1)


def _y(part: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part, 1)


def _outline(side: Sequence[float], bins: int, peak: float) -> str:
    if not any(side):
        return ""
    base = _y(0)
    path = [f"M{_x(0, bins):g} {base:g}"]
    level = base
    for index, part in enumerate(side):
        height = _y(part / peak)
        if height != level:
            path.append(f"V{height:g}")
            level = height
        path.append(f"H{_x(index + 1, bins):g}")
    return "".join([*path, f"V{base:g}"])


def _x_axis(labels: Sequence[str]) -> tuple[Label, ...]:
    """The bounds below their places: every one, or every second, third, … that has room."""
    bins = len(labels) - 1
    widest = max(len(label) for label in labels) * _LETTER + 10
    least = math.ceil(widest * bins / (WIDTH - LEFT - RIGHT))
    shown: list[Label] = []
    for step in range(max(least, 1), bins + 1):
        wanted = [
            Label(_x(index, bins), HEIGHT - 6, labels[index], "middle")
            for index in range(0, bins + 1, step)
        ]
        shown = _apart(wanted[::-1])[::-1]
        if len(shown) == len(wanted):
            break
    return tuple(shown)


def _apart(labels: Sequence[Label]) -> list[Label]:
    """Labels from right to left, moved inside the picture; those that touch one before are out."""
    out: list[Label] = []
    reach = math.inf
    for label in labels:
        half = len(label.text) * _LETTER / 2 + 1
        x = min(max(label.x, half), WIDTH - half)
        if x + half <= reach - 6:
            out.append(Label(round(x, 1), label.y, label.text, label.anchor))
            reach = x - half
    return out


def _y_axis(peak: float) -> tuple[Label, ...]:
    ticks = number_ticks(0, peak * 100, 3)
    return tuple(
        Label(LEFT - 6, _y(tick.at / 100 / peak), f"{tick.label}%", "end") for tick in ticks
    )


def _alt(sides: Sequence[Sequence[float]], labels: Sequence[str], *, log: bool) -> str:
    said = []
    for word, side in zip(("before", "after"), sides, strict=True):
        if any(side):
            top = max(range(len(side)), key=lambda i: side[i])
            lo, hi = labels[top], labels[top + 1]
            said.append(f"{word}, the fullest bin reaches from {lo} to {hi}")
    axis = " on a logarithmic axis" if log else ""
    return f"Distribution{axis}: {'; '.join(said)}."


def categories(histogram: Histogram, most: int = 10) -> tuple[tuple[CategoryBar, ...], int]:
    """The ``most`` frequent categories as bars (widths in percent), and how many there are more."""
    before, after = shares(histogram.before), shares(histogram.after)
    found = [
        (label, _at(before, index), _at(after, index))
        for index, label in enumerate(histogram.labels)
    ]
    found.sort(key=lambda item: -max(item[1] or 0.0, item[2] or 0.0))
    peak = max((max(old or 0.0, new or 0.0) for _, old, new in found), default=0.0) or 1.0
    bars = tuple(
        CategoryBar(
            label=label,
            before=old,
            after=new,
            width_before=round((old or 0.0) / peak * 100, 1),
            width_after=round((new or 0.0) / peak * 100, 1),
        )
        for label, old, new in found[:most]
    )
    return bars, max(len(found) - most, 0)


def _at(values: Sequence[float], index: int) -> float | None:
    return values[index] if index < len(values) else None


def history(versions: Sequence[tuple[str, int]], *, current: bool) -> History | None:
    """Row counts over versions, (tag, rows) each; ``current``: the last is the change itself.

    None for fewer than two versions: one point is not a history.
    """
    if len(versions) < 2:  # noqa: PLR2004
        return None
    versions = [(tag, min(max(rows, 0), _MOST_ROWS)) for tag, rows in versions]
    top = max(rows for _, rows in versions) or 1
    step = (WIDTH - LEFT - RIGHT - 40) / (len(versions) - 1)
    points = tuple(
        Point(
            x=round(LEFT + 20 + index * step, 1),
            y=_y(number.ratio(rows, top) * 0.92),
            tag=tag,
            rows=rows,
            current=current and index == len(versions) - 1,
        )
        for index, (tag, rows) in enumerate(versions)
    )
    y_ticks = number_ticks(0, number.ratio(top, 0.92), 3)
    labels = [Label(p.x, HEIGHT - 6, escape.clean(p.tag, 14), "middle") for p in points]
    return History(
        line="M" + "L".join(f"{point.x:g} {point.y:g}" for point in points),
        points=points,
        axes=Axes(
            x=tuple(reversed(_apart(labels[::-1]))),
            y=tuple(Label(LEFT - 6, _y(t.at / top * 0.92), t.label, "end") for t in y_ticks),
        ),
        alt="Rows by version: "
        + ", ".join(f"{tag} {number.count(rows)}" for tag, rows in versions[-12:])
        + ".",
    )


def bar(value: float, top: float) -> float:
    """The width of a bar in percent; something that is there is at least visible."""
    return round(min(max(value / top * 100, 1.5 if value else 0.0), 100.0), 1) if top else 0.0
