"""Geometry of the plots of the pipeline; the templates draw it, as they draw those of columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from datarelease.model.review.pipeline import (
    MOST_PLOTS,
    MOST_POINTS,
    PlotChange,
    PlotKind,
    PlotPoints,
)
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
    CategoryBar,
    Label,
    number_ticks,
)

_MOST_BARS = 12
_FARTHEST = 1e300
_LETTER = 6.6
"""Width of a letter, generously."""


@dataclass(frozen=True, kw_only=True)
class CurvePlot(Axes):
    """Both sides of a plot: a line each, or dots; "" or nothing for a side not there."""

    before: str
    after: str
    dots_before: tuple[tuple[float, float], ...]
    dots_after: tuple[tuple[float, float], ...]
    alt: str


@dataclass(frozen=True, kw_only=True)
class PlotCard:
    """A plot of the pipeline as the page shows it."""

    name: str
    file: str
    kind: PlotKind
    x: str
    y: str
    sides: tuple[bool, bool]
    """Whether there is an old and a new one."""
    curve: CurvePlot | None
    bars: tuple[tuple[CategoryBar, str], ...]
    """Each with its values in words."""
    more_bars: int


def plot_cards(plots: Sequence[PlotChange]) -> tuple[PlotCard, ...]:
    """The plots that can be drawn."""
    return tuple(_card(plot) for plot in plots[:MOST_PLOTS])


def _card(plot: PlotChange) -> PlotCard:
    bars, more = _bars(plot) if plot.kind == "bar" else ((), 0)
    return PlotCard(
        name=plot.name,
        file=plot.file,
        kind=plot.kind,
        x=plot.x,
        y=plot.y,
        sides=(plot.before is not None, plot.after is not None),
        curve=None if plot.kind == "bar" else _curve(plot),
        bars=bars,
        more_bars=more,
    )


def _pairs(side: PlotPoints | None) -> list[tuple[float, float]]:
    """The points of a side, which may come from elsewhere: in number and size within bounds."""
    found = [] if side is None else list(zip(side.x, side.y, strict=False))[:MOST_POINTS]
    return [(x, y) for x, y in found if max(abs(x), abs(y)) < _FARTHEST]


def _curve(plot: PlotChange) -> CurvePlot | None:
    before, after = _pairs(plot.before), _pairs(plot.after)
    every = [*before, *after]
    if not every:
        return None
    x, y = (_scale([point[axis] for point in every]) for axis in (0, 1))

    def at(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
        width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return tuple(
            (round(LEFT + width * x.part(a), 1), round(HEIGHT - BOTTOM - height * y.part(b), 1))
            for a, b in points
        )

    old, new = at(before), at(after)
    line = plot.kind == "line"
    return CurvePlot(
        before=_path(old) if line else "",
        after=_path(new) if line else "",
        dots_before=old if not line or len(old) == 1 else (),
        dots_after=new if not line or len(new) == 1 else (),
        x=_x_labels(x),
        y=tuple(
            Label(LEFT - 6, round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part, 1), text, "end")
            for part, text in y.ticks(3)
        ),
        alt=_alt(plot, before, after),
    )


@dataclass(frozen=True)
class _Scale:
    lo: float
    hi: float

    def part(self, value: float) -> float:
        return (value - self.lo) / (self.hi - self.lo) if self.hi > self.lo else 0.5

    def ticks(self, most: int) -> list[tuple[float, str]]:
        found = [(self.part(t.at), t.label) for t in number_ticks(self.lo, self.hi, most)]
        return found or [(0.5, number.decimal(self.lo))]


def _scale(values: Sequence[float]) -> _Scale:
    return _Scale(min(values), max(values))


def _x_labels(scale: _Scale) -> tuple[Label, ...]:
    labels, reach = [], -math.inf
    for part, text in scale.ticks(5):
        half = len(text) * _LETTER / 2 + 1
        x = min(max(LEFT + (WIDTH - LEFT - RIGHT) * part, half), WIDTH - half)
        if x - half > reach + 6:
            labels.append(Label(round(x, 1), HEIGHT - 6, text, "middle"))
            reach = x + half
    return tuple(labels)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) if len(points) > 1 else ""


def _alt(plot: PlotChange, *sides: Sequence[tuple[float, float]]) -> str:
    said = [
        f"{word}, from {number.decimal(min(y for _, y in side))} to "
        f"{number.decimal(max(y for _, y in side))}, last {number.decimal(side[-1][1])}"
        for word, side in zip(("before", "after"), sides, strict=True)
        if side
    ]
    axes = f"{escape.clean(plot.y, 60)} by {escape.clean(plot.x, 60)}"
    return f"{axes}: {'; '.join(said)}."


def _bars(plot: PlotChange) -> tuple[tuple[tuple[CategoryBar, str], ...], int]:
    old, new = (
        {} if side is None else dict(zip(side.labels[:MOST_POINTS], side.y, strict=False))
        for side in (plot.before, plot.after)
    )
    top = max((abs(value) for value in (*old.values(), *new.values())), default=0.0)
    labels = list(dict.fromkeys([*new, *old]))
    bars = []
    for label in labels[:_MOST_BARS]:
        before, after = old.get(label), new.get(label)
        bar = CategoryBar(
            label=label,
            before=before,
            after=after,
            width_before=_width(before, top),
            width_after=_width(after, top),
        )
        values = (number.decimal(value) for value in (before, after) if value is not None)
        bars.append((bar, " → ".join(values)))
    return tuple(bars), max(len(labels) - _MOST_BARS, 0)


def _width(value: float | None, top: float) -> float:
    return round(abs(value or 0.0) / top * 100, 1) if top else 0.0
