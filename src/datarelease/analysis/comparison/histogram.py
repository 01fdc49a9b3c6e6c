"""Both sides of a column over shared bins, from profiles alone; for plots and sparklines.

Draw bins equally wide: the outermost ones may be open (they take in what is beyond the central
98 % of the values, so that one outlier does not flatten the picture; their outer bound is then
the smallest or largest value), and bins of very skewed columns grow by tenfold steps 1, 2, 5, 10.
"""

from __future__ import annotations

import datetime as dt
import math
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from datarelease.analysis.comparison.distribution import Distribution, shared_counts
from datarelease.model.data.profile import ColumnProfile
from datarelease.model.review.diff import Histogram

_BINS = 24
_DAY = 86_400.0
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - labels show times as the data has them
_SECONDS = (1, 5, 15, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
_DAYS = (1, 2, 7, 14)
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 300, 1200)
_LARGEST = sys.float_info.max
_PRECISE = 1e12
_LOG_LOW, _LOG_HIGH = 1e-280, 1e300
_SKEW = 10
"""The upper tail is so many times as long as the lower one: bins on a logarithmic scale."""


def histogram(
    before: ColumnProfile | None, after: ColumnProfile | None, rows: tuple[int, int]
) -> Histogram | None:
    """Counts of both sides over about 24 shared bins, or over the most frequent categories.

    None for pii columns, columns without values on either side, and text that is all unique.

    Args:
        before: The column before, None if there was none.
        after: The column after, None if there is none.
        rows: Rows of the two tables.
    """
    sides = [side for side in (before, after) if side is not None]
    if any(side.pii for side in sides):
        return None
    if any(side.cells for side in sides):
        return _over_bins(before, after)
    if any(side.top for side in sides):
        return _over_categories(before, after, rows)
    return None


def _over_bins(before: ColumnProfile | None, after: ColumnProfile | None) -> Histogram:
    filled = [side for side in (before, after) if side and side.cells]
    distributions = [Distribution.of(side) for side in filled]
    low = min(side.cells[0].lo for side in filled)
    high = max(side.cells[-1].hi for side in filled)
    inner_low = min(one.quantile(1, 100) for one in distributions)
    inner_high = max(one.quantile(99, 100) for one in distributions)
    if high - low <= 3 * (inner_high - inner_low):
        inner_low, inner_high = low, high
    time = filled[-1].kind == "time"
    if time:
        edges = _time_edges(inner_low, inner_high)
    else:
        middle = max(one.median for one in distributions)
        whole = all(one.step for one in distributions)
        edges = _number_edges(inner_low, middle, inner_high, whole=whole, positive=low >= 0)
    edges = _ascending(edges, inner_low, inner_high)
    return Histogram(
        labels=_labels(edges, low, high, time=time),
        edges=tuple(edges),
        before=_counted(before, edges),
        after=_counted(after, edges),
    )


def _ascending(edges: Sequence[float], low: float, high: float) -> list[float]:
    """The edges without repetitions and within the floats, at least two of them."""
    finite = sorted({min(max(edge, -_LARGEST), _LARGEST) + 0.0 for edge in edges})
    if len(finite) > 1:
        return finite
    return [
        max(math.nextafter(low, -math.inf), -_LARGEST),
        min(math.nextafter(high, math.inf), _LARGEST),
    ]


def _labels(edges: Sequence[float], low: float, high: float, *, time: bool) -> tuple[str, ...]:
    shown = [min(low, edges[0]), *edges[1:-1], max(high, edges[-1])]
    if not time:
        return tuple(f"{edge:,.6g}" if abs(edge) < 1e6 else f"{edge:.4g}" for edge in shown)  # noqa: PLR2004
    days = all(edge % _DAY == 0 for edge in edges)
    return tuple(_date(edge, days=days) for edge in shown)


def _date(seconds: float, *, days: bool) -> str:
    try:
        moment = _EPOCH + dt.timedelta(seconds=seconds)
    except OverflowError:  # a year beyond Python's calendar
        return f"year {1970 + seconds / (365.2425 * _DAY):.0f}"
    return moment.date().isoformat() if days else moment.isoformat(" ", "seconds")


def _counted(column: ColumnProfile | None, edges: Sequence[float]) -> tuple[float, ...] | None:
    """Values in each bin, closed below; the outermost bins take all that is beyond."""
    if column is None:
        return None
    if not column.cells:
        return (0.0,) * (len(edges) - 1)
    distribution = Distribution.of(column)
    inner = [distribution.below(edge) for edge in edges[1:-1]]
    counts = pairwise([0.0, *inner, float(distribution.count)])
    return tuple(round(high - low, 1) for low, high in counts)


def _number_edges(
    low: float, middle: float, high: float, *, whole: bool, positive: bool
) -> list[float]:
    if positive and high - middle > _SKEW * (middle - low) and _LOG_LOW < middle < high < _LOG_HIGH:
        edges = _log_edges(max(low, high * 1e-9), high)
        if len(edges) > _BINS // 4:
            return edges
    if low == high:
        half = 0.5 if whole or not low else abs(low) / 2
        return [low - half, high + half]
    if whole and high - low < _BINS:
        return [float(edge) for edge in range(math.floor(low), math.floor(high) + 2)]
    step = _nice(min(high - low, _LARGEST) / _BINS, whole=whole)
    if not step or max(-low, high) / step > _PRECISE:
        return _even(low, high)  # too near each other, as floats go, for round numbers between
    first, last = math.floor(low / step), math.floor(high / step) + 1
    return [number * step for number in range(first, last + 1)]


def _even(low: float, high: float) -> list[float]:
    shares = [number / _BINS for number in range(_BINS + 1)]
    return [low * (1 - share) + high * share for share in shares]


def _nice(step: float, *, whole: bool) -> float:
    power = math.floor(math.log10(step)) if step else 0
    for factor in (1, 2, 2.5, 5, 10):
        nice = factor * 10.0**power
        if nice >= step and not (whole and nice % 1):
            return nice
    return 10.0 ** (power + 1)


def _log_edges(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if len(decades) * 3 <= _BINS + 6 else (1,)
    edges = [factor * 10.0**decade for decade in decades for factor in factors]
    return edges[max(0, bisect_right(edges, low) - 1) : bisect_left(edges, high) + 1]


def _time_edges(low: float, high: float) -> list[float]:
    span = max(high - low, 1e-6)
    for step in (*_SECONDS, *(days * _DAY for days in _DAYS)):
        if span / step <= _BINS:
            first, last = math.floor(low / step), math.floor(high / step) + 1
            return [number * float(step) for number in range(first, last + 1)]
    months = span / (30.44 * _DAY)
    return _month_edges(low, high, next((n for n in _MONTHS if months / n <= _BINS + 2), 12_000))


def _month_edges(low: float, high: float, step: int) -> list[float]:
    try:
        start, end = (_EPOCH + dt.timedelta(seconds=bound) for bound in (low, high))
        first = (start.year * 12 + start.month - 1) // step
        last = (end.year * 12 + end.month - 1) // step + 1
        months = [number * step for number in range(first, last + 1)]
        dates = [dt.datetime(month // 12, month % 12 + 1, 1) for month in months]  # noqa: DTZ001
    except (OverflowError, ValueError):  # beyond Python's calendar
        return _even(low, high)
    return [(date - _EPOCH).total_seconds() for date in dates]


def _over_categories(
    before: ColumnProfile | None, after: ColumnProfile | None, rows: tuple[int, int]
) -> Histogram | None:
    sides = (before, after)
    listed = [number for number, side in enumerate(sides) if side is not None and side.top]
    # Where only one side has categories, it stands in for the other until the counts are told.
    one, two = (sides[number if number in listed else listed[0]] for number in (0, 1))
    known = tuple(rows[number if number in listed else listed[0]] for number in (0, 1))
    if one is None or two is None:
        return None
    shared = shared_counts(one, two, (known[0], known[1]))
    if shared is None:
        return None
    counts: list[tuple[float, ...] | None] = []
    for number, side in enumerate(sides):
        if side is not None and side.top:
            told = (c.after if number else c.before for c in shared)
            counts.append(tuple(round(count, 1) for count in told))
        elif side is not None and side.nulls == rows[number]:
            counts.append((0.0,) * len(shared))
        else:  # no such column, or values too many to be listed
            counts.append(None)
    return Histogram(
        labels=tuple(category.value for category in shared),
        edges=(),
        before=counts[0],
        after=counts[1],
    )
