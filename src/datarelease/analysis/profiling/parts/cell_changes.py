"""Cells of which values are taken away, and to which others are added.

How many values a cell holds follows from its number before. So do its smallest and largest value,
unless one of these was taken away from all rows that are known to have it: then the cell is open,
and is read again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from datarelease.analysis.profiling.cells import Floats, Grid, Integers, ordered


class OtherValuesError(Exception):
    """What is known of a column does not fit the values that are taken away, or says too little."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shift:
    """By how much values of a column are more frequent than before; those that are not are none."""

    points: Integers
    """Each value once, as `ordered`; ascending."""
    by: Integers
    """Never 0; less where the value became less frequent."""

    @classmethod
    def of(cls, before: Floats, after: Floats) -> Self:
        """The difference of two lots of values, in any order."""
        points = np.concatenate((ordered(before), ordered(after)))
        by = np.concatenate((np.full(len(before), -1), np.full(len(after), 1)))
        return cls(**dict(zip(("points", "by"), summed(points, by), strict=True)))

    def inside(self, cells: Integers, level: int) -> Shift:
        """What changed in these ``cells``, which are numbers at ``level``, sorted."""
        within = which_among(self.points >> level, cells)
        return Shift(points=self.points[within], by=self.by[within])


@dataclass(frozen=True, kw_only=True, eq=False)
class ShiftedGrid:
    """A grid after a change; bounds of open cells are those of before."""

    grid: Grid
    open: Integers
    """The numbers of cells whose smallest or largest value is not known."""

    @classmethod
    def of(cls, grid: Grid, shift: Shift) -> Self:
        """The grid after the change.

        Raises:
            OtherValuesError: It does not hold the values that are taken away.
        """
        level, gone = grid.level, shift.by < 0
        numbers, points = grid.lo >> level, shift.points[gone]
        places = np.searchsorted(numbers, points >> level)
        lo, hi = (_at(bounds, places) for bounds in (grid.lo, grid.hi))
        if ((places == len(numbers)) | (points < lo) | (points > hi)).any():
            raise OtherValuesError
        counts = grid.counts.copy()
        np.add.at(counts, places, shift.by[gone])
        if (counts < 0).any():
            raise OtherValuesError
        # A cell of a single value says how often it occurs. Of others it is known how many rows had
        # their bounds at least.
        ends = grid.ends or (np.ones(len(numbers), np.int64),) * 2
        low, high = (_at(rows, places) <= -shift.by[gone] for rows in ends)
        lost = places[((low & (points == lo)) | (high & (points == hi))) & (lo < hi)]
        filled = counts > 0
        opened = np.unique(numbers[lost[filled[lost]]])
        new = shift.points[~gone]
        lows = np.concatenate((grid.lo[filled], new))
        highs = np.concatenate((grid.hi[filled], new))
        order = np.argsort(lows >> level, kind="stable")
        whole = np.concatenate((counts[filled], shift.by[~gone]))[order]
        cells = lows[order] >> level
        starts = np.flatnonzero(np.concatenate(([True], cells[1:] != cells[:-1])))
        if not len(order):
            empty = replace(grid, lo=lows, hi=highs, counts=whole, ends=None)
            return cls(grid=empty, open=opened)
        shifted = replace(
            grid,
            lo=np.minimum.reduceat(lows[order], starts),
            hi=np.maximum.reduceat(highs[order], starts),
            counts=np.add.reduceat(whole, starts),
            ends=None,
        )
        return cls(grid=shifted, open=opened)

    def closed(self, found: Grid) -> Grid:
        """The grid with the open cells as they are ``found``, among all values that are in them.

        Raises:
            OtherValuesError: Others were found than are known.
        """
        grid = self.grid
        if found.level > grid.level:
            raise OtherValuesError
        found = found.coarser(grid.level)
        places = np.flatnonzero(which_among(grid.lo >> grid.level, self.open))
        same = np.array_equal(found.lo >> found.level, self.open)
        if not same or not np.array_equal(found.counts, grid.counts[places]):
            raise OtherValuesError
        lo, hi = grid.lo.copy(), grid.hi.copy()
        lo[places], hi[places] = found.lo, found.hi
        return replace(grid, lo=lo, hi=hi)


def restricted(grid: Grid, cells: Integers, level: int) -> Grid:
    """The values of a grid in these ``cells``, which are numbers at a coarser ``level``."""
    within = which_among(grid.lo >> level, cells)
    lo, hi, counts = (side[within] for side in (grid.lo, grid.hi, grid.counts))
    return replace(grid, lo=lo, hi=hi, counts=counts, ends=None)


def summed(points: Integers, by: Integers) -> tuple[Integers, Integers]:
    """Each point once, ascending, with the sum of its numbers; without those whose sum is 0."""
    order = np.argsort(points, kind="stable")
    points = points[order]
    starts = np.flatnonzero(np.diff(points)) + 1
    starts = np.concatenate((np.zeros(min(1, len(points)), np.intp), starts))
    sums = np.add.reduceat(by[order], starts) if len(starts) else by
    kept = sums != 0
    return points[starts][kept], sums[kept]


def which_among(numbers: npt.NDArray[np.int64], known: Integers) -> npt.NDArray[np.bool_]:
    """Which numbers are among those that are ``known``, which are sorted."""
    places = np.searchsorted(known, numbers)
    among: npt.NDArray[np.bool_] = (places < len(known)) & (_at(known, places) == numbers)
    return among


def _at(values: Integers, places: npt.NDArray[np.intp]) -> Integers:
    """The values at these places; any value for places behind the last one."""
    if not len(values):
        return np.zeros(len(places), np.int64)
    return values[np.minimum(places, len(values) - 1)]
