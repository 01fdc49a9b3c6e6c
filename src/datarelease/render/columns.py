"""One column in the report: how far it moved, its figures in a few words, its bins as blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from datarelease.model.data.profile import ColumnKind, Scalar
from datarelease.model.review.diff import ColumnDiff, ColumnStats, Histogram
from datarelease.model.review.policy import VerdictLevel
from datarelease.render import numbers as number
from datarelease.render.words import Data, Phrase

_BLOCKS = "▁▂▃▄▅▆▇█"
_BLOCKS_WIDE = 12


def sparkline(shares: Sequence[float], *, peak: float | None = None) -> str:
    """One block a share, drawn against ``peak`` (default: the largest); only zero is the lowest.

    >>> sparkline([0, 1, 2, 4, 8]), sparkline([0, 0]), sparkline([])
    ('▁▂▃▅█', '▁▁', '')
    """
    top = max(shares, default=0.0) if peak is None else peak
    if top <= 0:
        return _BLOCKS[0] * len(shares)
    steps = len(_BLOCKS) - 1
    return "".join(
        _BLOCKS[min(steps, max(1, round(share / top * steps)))] if share > 0 else _BLOCKS[0]
        for share in shares
    )


def blocks(histogram: Histogram, width: int = _BLOCKS_WIDE) -> tuple[str, str]:
    """Both sides over one scale of shares, so that their heights compare; "" for a side not there.

    Neighbouring bins are merged down to ``width``; of categories the first ``width`` are drawn.
    """
    sides = [
        rebinned(shares(counts), width) if histogram.edges else shares(counts)[:width]
        for counts in (histogram.before, histogram.after)
    ]
    peak = max((share for side in sides for share in side), default=0.0)
    before, after = (sparkline(side, peak=peak) for side in sides)
    return before, after


def shares(counts: Sequence[float] | None) -> tuple[float, ...]:
    """Counts as parts of their sum; negative ones count as nothing."""
    counts = [max(count, 0.0) for count in counts or ()]
    largest = max(counts, default=0.0)
    if not largest:
        return tuple(counts)
    scaled = [count / largest for count in counts]  # a sum of huge counts would overflow
    total = sum(scaled)
    return tuple(count / total for count in scaled)


def rebinned(values: Sequence[float], width: int) -> tuple[float, ...]:
    """``values`` in at most ``width`` bins of equal width; a bin on a bound is divided by length.

    >>> rebinned((2, 2, 2), 2)
    (3.0, 3.0)
    """
    bins = len(values)
    if bins <= width:
        return tuple(values)
    out = [0.0] * width
    for index, value in enumerate(values):
        lo, hi = index * width / bins, (index + 1) * width / bins
        first, last = int(lo), min(int(hi), width - 1)
        if first == last:
            out[first] += value
        else:  # bins are narrower than groups, so one spans two at most
            part = (last - lo) / (hi - lo)
            out[first] += value * part
            out[last] += value * (1 - part)
    return tuple(out)


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


_NOTABLE = {"psi": 0.25, "ks": 0.20, "js": 0.10, "nulls": 0.05}
"""Values from which a drift counts as notable: PSI after Siddiqi's rule of thumb (0.1 moderate,
0.25 large); the others put the measures on one scale, to sort by and nothing else."""
_STILL = 0.05
"""A twentieth of what counts as notable: the column hardly moved."""
_DAYS = 5 * 86_400.0
_YEARS = (1500, 2200)
_LABELS: dict[ColumnKind, tuple[str, ...]] = {
    "number": ("mean", "median", "std", "distinct"),
    "time": ("median", "mean", "std", "distinct"),
    "text": ("distinct", "mean length"),
    "boolean": ("distinct",),
    "other": ("distinct",),
}
"""The figures of a column, in the order in which they are shown."""
_FIELDS = {"mean length": "length_mean"}


@dataclass(frozen=True)
class ColumnView:
    """A column, old and new."""

    diff: ColumnDiff
    level: VerdictLevel = "pass"
    """The worst that was found about it, failed checks included."""

    @property
    def name(self) -> str:
        """Of the column."""
        return self.diff.column

    @property
    def compares(self) -> bool:
        """Whether both versions have it."""
        return self.diff.before is not None and self.diff.after is not None

    @property
    def still(self) -> bool:
        """Whether it hardly moved between two versions, and nothing was found about it."""
        return self.compares and self.level == "pass" and self.drift_weight < _STILL

    @cached_property
    def drift_weight(self) -> float:
        """How far it moved, about 1 where that becomes notable; 0 where it did not."""
        diff = self.diff
        before, after = null_rate(diff.before), null_rate(diff.after)
        rise = 0.0 if before is None or after is None else after - before
        return max(
            (diff.psi or 0.0) / _NOTABLE["psi"],
            (diff.ks or 0.0) / _NOTABLE["ks"],
            (diff.js or 0.0) / _NOTABLE["js"],
            abs(rise) / _NOTABLE["nulls"],
        )

    @property
    def drift(self) -> tuple[str, ...]:
        """The drift statistics that apply, each with its name."""
        measures = (("PSI", self.diff.psi), ("KS", self.diff.ks), ("JS", self.diff.js))
        return tuple(
            f"{name}\u00a0{number.drift_value(value)}"
            for name, value in measures
            if value is not None
        )

    @property
    def nulls(self) -> str:
        """Null rates, old and new; one where they are equal or there is one side only."""
        rates = (null_rate(self.diff.before), null_rate(self.diff.after))
        return _arrow(*(None if rate is None else number.share(rate) for rate in rates))

    @property
    def logarithmic(self) -> bool:
        """Whether the bins of its distribution grow by tens."""
        histogram = self.diff.histogram
        return histogram is not None and logarithmic(histogram, self.diff.kind)

    @property
    def blocks(self) -> tuple[str, str]:
        """Its distribution, old and new, in a line of blocks each; empty where there is none."""
        return blocks(self.diff.histogram) if self.diff.histogram else ("", "")

    @property
    def moved(self) -> tuple[str, ...]:
        """The figures that changed: ``mean 41.2 → 55``.

        Only computed figures, never values of the data: minimum and maximum are not among them.
        """
        sides = self.diff.before, self.diff.after
        found = [(name, *(self.figure(side, name) for side in sides)) for name in self.labels]
        moved = [item for item in found if item[1] != item[2]]
        # A mean that reads like the median adds nothing.
        told = {(old, new): name for name, old, new in reversed(moved)}
        return tuple(
            f"{name} {_arrow(old, new)}" for name, old, new in moved if told[old, new] == name
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of its figures."""
        return _LABELS[self.diff.kind]

    def figure(self, stats: ColumnStats | None, label: str) -> str | None:
        """The figure called ``label`` of one side as text; None where there is none."""
        value = None if stats is None else getattr(stats, _FIELDS.get(label, label))
        if stats is None or value is None:
            return None
        if label == "distinct":
            return number.count(int(value))
        if self.years and label in {"mean", "median"}:
            return number.year(value)
        if self.diff.kind != "time" or label == "mean length":
            return number.decimal(value)
        if label == "std":
            return number.duration(value)
        shown = number.moment(value)
        # Hours say nothing about a column of months.
        return shown.split(" ")[0] if (stats.std or 0) > _DAYS else shown

    @cached_property
    def years(self) -> bool:
        """Whether its numbers are years, as far as the smallest and largest values tell."""
        sides = (side for side in (self.diff.before, self.diff.after) if side)
        bounds = [bound for side in sides for bound in (side.min, side.max)]
        return self.diff.kind == "number" and bool(bounds) and all(map(_year, bounds))


def _year(value: Scalar) -> bool:
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    return whole and _YEARS[0] <= value <= _YEARS[1]  # type: ignore[operator]


def null_rate(stats: ColumnStats | None) -> float | None:
    """Nulls per row; None where there is no such column."""
    return None if stats is None else number.ratio(stats.nulls, stats.rows)


def _arrow(before: str | None, after: str | None) -> str:
    """Old and new with an arrow between; once where they are equal or one is missing."""
    if before is None or after is None or before == after:
        return after or before or ""
    return f"{before} → {after}"


def still_groups(found: Sequence[ColumnView]) -> tuple[tuple[str, tuple[ColumnView, ...]], ...]:
    """The columns that did not move: unchanged ones, then those that hardly did."""
    groups = (
        ("Unchanged", tuple(column for column in found if not column.diff)),
        ("Little or no drift", tuple(column for column in found if column.diff)),
    )
    return tuple(group for group in groups if group[1])


def still_line(found: Sequence[ColumnView], most: int) -> Phrase:
    """The same in a line, at most ``most`` names of a group."""
    out: Phrase = ()
    for word, columns in still_groups(found):
        out = (*out, f"; {word.lower()}: " if out else f"{word}: ")
        for place, column in enumerate(columns[:most]):
            out = (*out, *([", "] if place else []), Data(column.name))
        if columns[most:]:
            out = (*out, f" and {number.counted(len(columns) - most, 'more column')}")
    return out
