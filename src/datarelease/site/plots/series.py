"""Geometry of what moves over versions; templates draw it, in the frame of the report's plots."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, pairwise

from datarelease.render import escape
from datarelease.render import numbers as number
from datarelease.render.plots import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axes,
    Label,
    number_ticks,
)

MOST_DOTS = 80
"""Versions up to which each has a dot with its figure; beyond, a line says it alone."""
_LETTER = 6.6
_LARGEST = 1e300
Values = Sequence[float | None]
"""A figure for each version; None: there was none."""


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A version on a line."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, kw_only=True)
class SeriesLine:
    """One figure over versions."""

    name: str
    path: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True, kw_only=True)
class SeriesPlot(Axes):
    """Figures over versions: lines that share a scale."""

    lines: tuple[SeriesLine, ...]
    guides: tuple[float, ...]
    """Where limits are."""
    alt: str


Write = Callable[[float], str]


def series(
    tags: Sequence[str],
    lines: Sequence[tuple[str, Values]],
    *,
    title: str,
    write: Write = number.decimal,
    ticks: Write | None = None,
    zero: bool = False,
    guides: Sequence[float] = (),
) -> SeriesPlot | None:
    """Lines over the versions ``tags``; None where fewer than two versions have a figure.

    Args:
        tags: Of the versions, oldest first.
        lines: Names and figures, those of each line as many as tags.
        title: What is drawn, for people who hear it.
        write: Spells a figure.
        ticks: Spells one on the axis; default: as short as it can be.
        zero: The axis begins at zero.
        guides: Limits, drawn where the axis reaches them.
    """
    lines = [(name, [_finite(value) for value in values]) for name, values in lines]
    there = [value for _, values in lines for value in values if value is not None]
    if max((sum(v is not None for v in values) for _, values in lines), default=0) < 2:  # noqa: PLR2004
        return None
    low, high = min(there), max(there)
    low = min(low, 0.0) if zero else low
    if low == high:
        low, high = (
            (low, low + 1) if zero else (low - (abs(low) or 1) / 2, low + (abs(low) or 1) / 2)
        )
    room = (high - low) * 0.06
    low, high = (low if zero else low - room), high + room

    def y(value: float) -> float:
        part = number.ratio(value - low, high - low)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part, 1)

    drawn = []
    for name, values in lines:
        dots = tuple(
            Dot(x=_x(i, len(tags)), y=y(v), text=f"{tags[i]}: {write(v)}")
            for i, v in enumerate(values)
            if v is not None and len(tags) <= MOST_DOTS
        )
        drawn.append(SeriesLine(name=name, path=_path(values, y), dots=dots))
    return SeriesPlot(
        lines=tuple(drawn),
        guides=tuple(y(guide) for guide in guides if low < guide < high),
        x=_version_labels(tuple(tags)),
        y=tuple(
            Label(LEFT - 6, y(t.at), ticks(t.at) if ticks else t.label, "end")
            for t in number_ticks(low, high, 4)
        ),
        alt=_alt(title, tags, lines, write),
    )


def _scale(low: float, high: float, *, zero: bool) -> tuple[float, float]:
    """Ends of the axis, with a little room beyond the figures."""
    low = min(low, 0.0) if zero else low
    if low == high:
        half = (abs(low) or 1.0) / 2
        return (low, low + 1.0) if zero else (low - half, low + half)
    room = (high - low) * 0.06
    return (low if zero else low - room), high + room


def _finite(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return min(max(value, -_LARGEST), _LARGEST)


@lru_cache(8192)
def _x(index: int, count: int) -> float:
    """The middle of the place that a version has on the axis."""
    width = WIDTH - LEFT - RIGHT
    return round(LEFT + width * (index + 0.5) / count, 1)


def _path(values: Values, y: Callable[[float], float]) -> str:
    """A line through the figures, interrupted where there is none."""
    path, down = [], False
    for index, value in enumerate(values):
        if value is not None:
            path.append(f"{'L' if down else 'M'}{_x(index, len(values)):g} {y(value):g}")
        down = value is not None
    return "".join(path)


@lru_cache(16)
def _version_labels(tags: tuple[str, ...]) -> tuple[Label, ...]:
    """Tags below their places, the newest always, and others where there is room."""
    out: list[Label] = []
    reach = math.inf
    for index in range(len(tags) - 1, -1, -1):
        text = escape.clean(tags[index], 14)
        half = len(text) * _LETTER / 2 + 1
        x = min(max(_x(index, len(tags)), half), WIDTH - half)
        if x + half <= reach - 6:
            out.append(Label(round(x, 1), HEIGHT - 6, text, "middle"))
            reach = x - half
    return tuple(reversed(out))


def _alt(title: str, tags: Sequence[str], lines: Sequence[tuple[str, Values]], write: Write) -> str:
    said = []
    for name, values in lines:
        there = [(tags[i], v) for i, v in enumerate(values) if v is not None]
        if there:
            ends = f"{write(there[0][1])} in {there[0][0]}, {write(there[-1][1])} in {there[-1][0]}"
            said.append(f"{name} {ends}" if len(lines) > 1 else ends)
    return f"{title} over versions: {'; '.join(said)}."


# --- distributions of several versions


def rebinned_to(
    edges: Sequence[float], counts: Sequence[float], target: Sequence[float]
) -> list[float]:
    """Counts over other bins; within a bin values are spread evenly, and outermost bins are open.

    >>> rebinned_to((0, 2, 4), (2, 4), (0, 1, 2, 3, 4))
    [1.0, 1.0, 2.0, 2.0]
    >>> rebinned_to((0, 2, 4), (2, 4), (1, 2, 3))
    [2.0, 4.0]
    """
    sums = [0.0, *accumulate(counts)]

    def below(value: float) -> float:
        index = bisect_right(edges, value) - 1
        if index < 0:
            return 0.0
        if index >= len(counts):
            return sums[-1]
        part = number.ratio(value - edges[index], edges[index + 1] - edges[index])
        return sums[index] + counts[index] * part

    inner = [below(edge) for edge in target[1:-1]]
    return [high - low for low, high in pairwise([0.0, *inner, sums[-1]])]


@dataclass(frozen=True, kw_only=True)
class Ridge:
    """The distribution of one version in a row of its own."""

    tag: str
    path: str
    y: float


RIDGE_STEP = 30
RIDGE_LEFT = LEFT + 30
"""Where ridges begin: tags stand before them."""
_RIDGE_TOP = 46


def ridges(rows: Sequence[tuple[str, Sequence[float]]]) -> tuple[Ridge, ...]:
    """Outlines of distributions over the same bins, one above the other, oldest at the top."""
    peak = max((share for _, shares in rows for share in shares), default=0.0) or 1.0
    out = []
    for place, (tag, shares) in enumerate(rows):
        base = _RIDGE_TOP + place * RIDGE_STEP
        width = WIDTH - RIDGE_LEFT - RIGHT
        step = width / max(len(shares), 1)
        xs = [RIDGE_LEFT + step * (index + 0.5) for index in range(len(shares))]
        tops = [base - (_RIDGE_TOP - 8) * share / peak for share in shares]
        line = "L".join(f"{round(x, 1):g} {round(y, 1):g}" for x, y in zip(xs, tops, strict=True))
        path = f"M{RIDGE_LEFT:g} {base:g}L{line}L{WIDTH - RIGHT:g} {base:g}Z" if shares else ""
        out.append(Ridge(tag=tag, path=path, y=base))
    return tuple(out)


def ridge_labels(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Labels of a plot of one distribution, moved to where ridges stand."""
    scale = (WIDTH - RIDGE_LEFT - RIGHT) / (WIDTH - LEFT - RIGHT)
    moved = (replace(label, x=round(RIDGE_LEFT + (label.x - LEFT) * scale, 1)) for label in labels)
    return tuple(moved)


def sparkline_path(shares: Sequence[float], width: int = 96, height: int = 24) -> str:
    """A small closed outline of bars; empty where there is nothing to draw.

    >>> sparkline_path((1, 2), 10, 4)
    'M0 4V2H5V0H10V4Z'
    """
    peak = max(shares, default=0.0)
    if not 0 < peak < math.inf:
        return ""
    scale = height / peak
    # Whole units are fine enough here, and what is there is at least visible.
    tops = (height if s <= 0 else min(height - int(s * scale + 0.5), height - 1) for s in shares)
    parts = [f"V{top}{step}" for top, step in zip(tops, _steps(len(shares), width), strict=True)]
    return f"M0 {height}{''.join(parts)}V{height}Z"


@lru_cache(64)
def _steps(count: int, width: int) -> tuple[str, ...]:
    """Where each of the bars ends."""
    return tuple(f"H{round(width * (index + 1) / count, 1):g}" for index in range(count))


def trend_path(values: Values, width: float = 96, height: float = 24) -> str:
    """A small line of a figure over versions; empty where fewer than two have it."""
    values = [_finite(value) for value in values]
    there = [value for value in values if value is not None]
    if len(there) < 2:  # noqa: PLR2004
        return ""
    low, high = min(there), max(there)
    span = high - low
    step = width / max(len(values) - 1, 1)

    def y(value: float) -> float:
        part = number.ratio(value - low, span) if span else 0.5
        return round(height - 2 - (height - 4) * part, 1)

    path, down = [], False
    for index, value in enumerate(values):
        if value is not None:
            path.append(f"{'L' if down else 'M'}{round(step * index, 1):g} {y(value):g}")
        down = value is not None
    return "".join(path)
