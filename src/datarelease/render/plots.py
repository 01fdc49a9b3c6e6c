"""Geometry of the plots in the HTML report; the templates draw it.

Sizes are SVG user units of a view box; every number is rounded to a tenth, which keeps a report of
hundreds of columns small. No colour is set here: classes name what a shape is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from datarelease.model.data.profile import ColumnKind
from datarelease.model.review.diff import Histogram
from datarelease.render import escape
from datarelease.render import numbers as number
from datarelease.render.columns import logarithmic, shares

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
class DistributionPlot(Axes):
    """Both sides of a histogram as outlines, closed at the bottom; "" for a side not there."""

    before: str
    after: str
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
class History(Axes):
    """Row counts over versions as a line with points."""

    line: str
    points: tuple[Point, ...]
    noun: str
    """What is counted."""
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
        x=_x_axis(labels),
        y=_y_axis(peak),
        alt=_alt(sides, labels, log=log),
        logarithmic=log,
    )


def _bounds(histogram: Histogram, kind: ColumnKind) -> tuple[str, ...]:
    if len(histogram.labels) == len(histogram.edges):
        return tuple(escape.clean(label, 20) for label in histogram.labels)
    shown = number.moment if kind == "time" else number.decimal
    return tuple(map(shown, histogram.edges))


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
    found = list(zip_longest(histogram.labels, before, after))[: len(histogram.labels)]
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


def history(
    versions: Sequence[tuple[str, int]], *, current: bool, noun: str = "row"
) -> History | None:
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
        x=tuple(reversed(_apart(labels[::-1]))),
        y=tuple(Label(LEFT - 6, _y(t.at / top * 0.92), t.label, "end") for t in y_ticks),
        noun=noun,
        alt=f"{noun.capitalize()}s by version: "
        + ", ".join(f"{tag} {number.count(rows)}" for tag, rows in versions[-12:])
        + ".",
    )


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what stands there."""

    at: float
    label: str


def number_ticks(lo: float, hi: float, most: int = 5) -> tuple[Tick, ...]:
    """At most about ``most`` round numbers within the bounds (Heckbert, Nice numbers, 1990).

    >>> [t.label for t in number_ticks(0, 97)]
    ['0', '20', '40', '60', '80']
    """
    span = hi - lo
    if not math.isfinite(span) or span <= 0:
        return ()
    raw = span / most
    power = math.floor(math.log10(raw))
    step = next(m * 10.0**power for m in (1, 2, 5, 10) if m * 10.0**power >= raw * 0.999)
    first, last = math.ceil(lo / step - 1e-9), math.floor(hi / step + 1e-9)
    if last - first > 2 * most:  # numbers so close that floats cannot tell them apart
        return ()
    size = max(abs(lo), abs(hi))
    return tuple(Tick(i * step, _short(i * step, step, size)) for i in range(first, last + 1))


def _short(value: float, step: float, size: float) -> str:
    """A tick's number as short as its step allows; ``size`` (of the axis) chooses the unit.

    >>> _short(1500000, 500000, 2e6), _short(0.25, 0.05, 1), _short(5000, 5000, 2e4)
    ('1.5M', '0.25', '5k')
    """
    for factor, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        # Years and other numbers of four digits read better written out.
        if (1e4 if unit == "k" else factor) <= size < 1e15:  # noqa: PLR2004
            return f"{_plain(value / factor, step / factor)}{unit if value else ''}"
    if not value or 1e-4 <= size < 1e15:  # noqa: PLR2004
        return _plain(value, step)
    return number.decimal(value)


def _plain(value: float, step: float) -> str:
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    comma = "," if abs(value) >= 1e4 else ""  # noqa: PLR2004 - 2024 may be a year
    text = f"{value:{comma}.{min(digits, 12)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text.replace("-", "\u2212")
