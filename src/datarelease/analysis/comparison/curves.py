"""The points of a plot of the pipeline, from the rows of its file; few enough for a report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from datarelease.model.review.pipeline import MOST_POINTS, PlotKind, PlotPoints

PLOT_KINDS: Mapping[str, PlotKind] = {
    "linear": "line",
    "simple": "line",
    "smooth": "line",
    "scatter": "scatter",
    "scatter_jitter": "scatter",
    "bar_horizontal": "bar",
    "bar_horizontal_sorted": "bar",
}
"""How the templates of DVC are drawn; others are not."""
_LABEL = 60
_LARGEST = 1e300
"""Beyond, differences of floats overflow."""


def plot_points(
    rows: Sequence[Mapping[str, Any]], x: str | None, y: str, kind: PlotKind
) -> PlotPoints:
    """At most 120 points of the columns ``x`` and ``y``; rows without numbers there are left out.

    Without ``x``, or where it has anything but numbers, the number of the row takes its place. Of a
    line the smallest and the largest value of each stretch are kept, of a cloud every n-th point,
    of bars (the names are in the column ``y``, as in DVC's template) the first ones.
    """
    if kind == "bar":
        bars = [
            (str(row.get(y, ""))[:_LABEL].encode("utf-8", "replace").decode(), value)
            for row in rows
            if (value := _number(row.get(x or ""))) is not None
        ][:MOST_POINTS]
        return PlotPoints(labels=tuple(b[0] for b in bars), y=tuple(b[1] for b in bars))
    across = [None if x is None else _number(row.get(x)) for row in rows]
    places = (
        [float(place) for place in range(len(rows))]
        if any(place is None for place in across)
        else [place for place in across if place is not None]
    )
    found = [
        (place, value)
        for place, row in zip(places, rows, strict=True)
        if (value := _number(row.get(y))) is not None
    ]
    kept = _extremes(found) if kind == "line" else _every(found)
    return PlotPoints(x=tuple(p[0] for p in kept), y=tuple(p[1] for p in kept))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < _LARGEST else None


def _extremes(found: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """The smallest and the largest of each stretch, and the ends, in their order."""
    if len(found) <= MOST_POINTS:
        return found
    stretches = MOST_POINTS // 2 - 1
    kept = {0, len(found) - 1}
    for number in range(stretches):
        span = range(number * len(found) // stretches, (number + 1) * len(found) // stretches)
        kept |= {min(span, key=lambda i: found[i][1]), max(span, key=lambda i: found[i][1])}
    return [found[index] for index in sorted(kept)]


def _every(found: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    step = math.ceil(len(found) / MOST_POINTS) or 1
    return found[::step]
