"""The distribution of a numeric column as cells with exact counts, that add up.

A cell holds the values whose floats agree in their sign, their exponent and the leading bits of
their mantissa (as the buckets of OpenTelemetry's exponential histogram do): which cell a value is
in depends on nothing but the value and the number of bits that are left aside, the level. A column
is kept at the finest level at which its values fill at most 65,536 cells. More values never make
that level finer, so the cells of two parts of a table give those of both, in any order: batches,
files and machines are counted apart and added up. With up to 65,536 different values nothing is
left aside.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

import numpy as np
import numpy.typing as npt

from datarelease.model.data.profile import Cell

CELLS = 65_536
"""Filled cells of a column at most, in tables of up to 32 columns."""
_ALL_CELLS = 1 << 21
"""Those of all columns of a wider table."""
_FEW_CELLS = 4096
_FINE = 1024
"""Cells with more than 1/1024 of the values are counted again on a finer grid."""
_JOINED = 4096
"""Neighbours that hold no more than 1/4096 together are one cell, where there are many."""
EXACT = 2**53
"""Up to here every integer is a float of its own."""
_WINDOW = 1 << 19
"""Cells up to which counting in a table of all of them beats sorting the values."""

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Ends = tuple[Integers, Integers]
"""In how many rows the smallest and the largest value of each cell are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """How many values are in each filled cell, and the smallest and largest of them.

    Values stand as `ordered` integers, whose upper ``64 - level`` bits are the cell.
    """

    level: int
    limit: int
    """Filled cells at most."""
    lo: Integers
    hi: Integers
    counts: Integers
    ends: Ends | None = None
    """None: nobody counted."""

    @classmethod
    def of(cls, values: Floats, *, level: int = 0, limit: int = CELLS, ends: bool = False) -> Self:
        """The grid of finite values, at the level given if they do not need a coarser one.

        ``ends`` are counted if they are asked for.
        """
        points = ordered(values)
        empty = np.zeros(0, np.int64)
        grid = cls(level=level, limit=limit, lo=empty, hi=empty, counts=empty)
        grid = replace(grid, ends=(empty, empty) if ends else None)
        for side in _sides(points):
            lo, hi, counts = _table(side, level) or _sorted(side, level)
            if grid.ends is not None:
                single = (lo == hi).all()
                more = (counts, counts) if single else _count_ends(side, level)
                grid = replace(grid, ends=_joined(grid.ends, more))
            grid = replace(
                grid,
                lo=np.concatenate((grid.lo, lo)),
                hi=np.concatenate((grid.hi, hi)),
                counts=np.concatenate((grid.counts, counts)),
            )
        return grid.coarser(level).limited(limit)

    @classmethod
    def of_whole(
        cls, values: Integers, unit: int, *, level: int, limit: int, ends: bool
    ) -> Self | None:
        """The same of ``unit`` times whole numbers; None: they are far from each other or zero."""
        low, high = values.min().item(), values.max().item()
        if high - low >= min(limit, 2 * len(values)) or max(-low, high) * unit > EXACT:
            return None
        rows = np.bincount((values - low).astype(np.int64, copy=False))
        filled = np.flatnonzero(rows)
        points, counts = ordered((filled + low).astype(np.float64) * unit), rows[filled]
        known = (counts, counts) if ends else None
        grid = cls(level=0, limit=limit, lo=points, hi=points, counts=counts, ends=known)
        return grid.coarser(level).limited(limit)

    @classmethod
    def merged(cls, grids: Sequence[Self]) -> Self:
        """The grid of all values of at least one grid."""
        level = max(grid.level for grid in grids)
        lo = np.concatenate([grid.lo for grid in grids])
        hi = np.concatenate([grid.hi for grid in grids])
        counts = np.concatenate([grid.counts for grid in grids])
        order = np.argsort(lo, kind="stable")  # sorted runs, which this kind merges
        ends = [grid.ends for grid in grids if grid.ends is not None]
        low, high = _joined(*ends) if len(ends) == len(grids) else (None, None)
        known = None if low is None or high is None else (low[order], high[order])
        grid = replace(grids[0], lo=lo[order], hi=hi[order], counts=counts[order], ends=known)
        return grid.coarser(level).limited(min(grid.limit for grid in grids))

    @property
    def count(self) -> int:
        """How many values there are."""
        return int(self.counts.sum())

    @property
    def exact(self) -> bool:
        """Whether each cell is a single value."""
        return bool((self.lo == self.hi).all())

    def limited(self, limit: int) -> Self:
        """The same values at the finest level at which they fill at most ``limit`` cells."""
        level = self.level
        while 1 + np.count_nonzero(np.diff(self.lo >> level)) > limit:
            level += 1
        return replace(self.coarser(level), limit=limit)

    def coarser(self, level: int) -> Self:
        """The same values at another level; values of one cell lie one after the other."""
        starts = _starts(self.lo, level)
        if not len(starts):
            return replace(self, level=level)
        hi = np.maximum.reduceat(self.hi, starts)
        counts = np.add.reduceat(self.counts, starts)
        lo, ends = self.lo[starts], self.ends
        if ends is not None and len(starts) < len(self.lo):
            sizes = np.diff(starts, append=len(self.lo))
            at = (self.lo == np.repeat(lo, sizes), self.hi == np.repeat(hi, sizes))
            low, high = (
                np.add.reduceat(rows * here, starts) for rows, here in zip(ends, at, strict=True)
            )
            ends = low, high
        return replace(self, level=level, lo=lo, hi=hi, counts=counts, ends=ends)

    def heavy(self, count: int) -> Integers:
        """The cells, as numbers, that are no single value and hold too many of ``count`` values."""
        return np.asarray(self.lo >> self.level)[self._is_heavy(count)]

    def inside(self, values: Floats, cells: Integers) -> Floats:
        """Those of ``values`` that are in one of these ``cells``, which are sorted."""
        numbers = ordered(values) >> self.level
        places = np.minimum(np.searchsorted(cells, numbers), len(cells) - 1)
        inside: Floats = values[cells[places] == numbers]
        return inside

    def refined(self, finer: Self, count: int) -> Self:
        """With the heavy cells replaced by ``finer``, the grid of the values inside them."""
        light = ~self._is_heavy(count)
        lo = np.concatenate((self.lo[light], finer.lo))
        order = np.argsort(lo, kind="stable")
        hi = np.concatenate((self.hi[light], finer.hi))[order]
        counts = np.concatenate((self.counts[light], finer.counts))[order]
        return replace(self, lo=lo[order], hi=hi, counts=counts, ends=None)

    def deviation(self, mean: Fraction) -> float:
        """The population standard deviation, with values inside a cell spread evenly."""
        lo, hi, counts = floats(self.lo), floats(self.hi), self.counts
        # Squares of the largest floats are none, nor are those of the smallest.
        exponent = math.frexp(_width(float(lo[0]), float(hi[-1])))[1]
        low, high = np.ldexp(lo, -exponent), np.ldexp(hi, -exponent)
        low, high = low - low[0], high - low[0]
        offset = (mean - Fraction(float(lo[0]))) / Fraction(2) ** exponent
        apart = (low / 2 + high / 2) - float(offset)
        evenly = np.where(counts > 1, (counts + 1) / np.maximum(counts - 1, 1), 0.0)
        squares = counts * (apart * apart + (high - low) ** 2 / 12 * evenly)
        return math.ldexp(math.sqrt(math.fsum(squares.tolist()) / self.count), exponent)

    def cells(self) -> list[Cell]:
        """The cells with their bounds as floats; many light neighbours are joined."""
        lo, hi, counts = self.lo, self.hi, self.counts
        if len(counts) > 2 * _JOINED:
            total = self.count
            heavy = counts * _JOINED > total
            group = (np.cumsum(counts) - counts) * _JOINED // total
            first = heavy | (np.diff(group, prepend=-1) != 0)
            first[1:] |= heavy[:-1]
            starts = np.flatnonzero(first)
            lo, counts = lo[starts], np.add.reduceat(counts, starts)
            hi = hi[np.append(starts[1:], len(hi)) - 1]
        bounds = zip(floats(lo).tolist(), floats(hi).tolist(), counts.tolist(), strict=True)
        return [Cell(*cell) for cell in bounds]

    def _is_heavy(self, count: int) -> npt.NDArray[np.bool_]:
        return (self.lo < self.hi) & (self.counts * _FINE > count)


def cells_for(columns: int) -> int:
    """How many cells each column of a table of so many columns may fill.

    >>> cells_for(8), cells_for(100), cells_for(10_000)
    (65536, 20971, 4096)
    """
    return max(_FEW_CELLS, min(CELLS, _ALL_CELLS // max(1, columns)))


def ordered(values: Floats) -> Integers:
    """The bits of floats as integers that are in the same order; adjacent floats are too."""
    # Adding zero turns -0.0, which equals 0.0, into 0.0.
    bits = (values + 0.0).view(np.int64)
    return bits ^ ((bits >> 63) & sys.maxsize)


def floats(points: Integers) -> Floats:
    """The floats that `ordered` made these integers of."""
    bits: Integers = points ^ ((points >> 63) & sys.maxsize)
    return bits.view(np.float64)


def _starts(points: Integers, level: int) -> npt.NDArray[np.intp]:
    """The places of sorted points at which another cell begins, the first one among them."""
    later = np.flatnonzero(np.diff(points >> level)) + 1
    return np.concatenate((np.zeros(min(1, len(points)), np.intp), later))


def _sides(points: Integers) -> list[Integers]:
    """Negative values, zeros and positive ones: far from each other, however near the values."""
    if not len(points):
        return []
    if points.min() > 0:
        return [points]
    sides = (points[points < 0], points[points == 0], points[points > 0])
    return [side for side in sides if len(side)]


def _table(points: Integers, level: int) -> tuple[Integers, Integers, Integers] | None:
    """Smallest, largest and number by cell; None where the cells are too many for a table.

    A table of coarser cells will do, if each turns out to hold a single value.
    """
    first, last = int(points.min()), int(points.max())
    coarse = level
    window = min(_WINDOW, 2 * len(points))
    while (last >> coarse) - (first >> coarse) >= max(window, 1):
        coarse += 1
    numbers = (points >> coarse) - (first >> coarse)
    size = (last >> coarse) - (first >> coarse) + 1
    if coarse > level:
        single = np.empty(size, np.int64)
        single[numbers] = points
        if (single[numbers] != points).any():
            return None
    counts = np.bincount(numbers, minlength=size)
    filled = np.flatnonzero(counts)
    if coarse > level:
        return single[filled], single[filled], counts[filled]
    lo, hi = np.full(size, sys.maxsize), np.full(size, -sys.maxsize)
    np.minimum.at(lo, numbers, points)
    np.maximum.at(hi, numbers, points)
    return lo[filled], hi[filled], counts[filled]


def _sorted(points: Integers, level: int) -> tuple[Integers, Integers, Integers]:
    points = np.sort(points)
    starts = _starts(points, level)
    ends = np.append(starts[1:], len(points))
    return points[starts], points[ends - 1], ends - starts


def _count_ends(points: Integers, level: int) -> Ends:
    points = np.sort(points)
    values = _starts(points, 0)
    rows = np.diff(values, append=len(points))
    cells = _starts(points[values], level)
    return rows[cells], rows[np.append(cells[1:], len(values)) - 1]


def _joined(*ends: Ends) -> Ends:
    low, high = (np.concatenate(rows) for rows in zip(*ends, strict=True))
    return low, high


def _width(lo: float, hi: float) -> float:
    # The distance of two floats can be beyond the floats.
    return min(hi - lo, sys.float_info.max)
