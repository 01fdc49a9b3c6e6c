"""Different values of a column of numbers that are kept beside its cells.

They say what the smallest and the largest value of a cell are after it lost the ones of before, and
what the cells are where those that are kept are not fine enough. So no part is read for that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from datarelease.analysis.profiling.cells import EXACT, Floats, Grid, Integers, floats, ordered
from datarelease.analysis.profiling.parts.cell_changes import (
    OtherValuesError,
    Shift,
    ShiftedGrid,
    summed,
    which_among,
)
from datarelease.analysis.profiling.parts.kept_keys import KeptKeys
from datarelease.analysis.profiling.parts.value_keys import KeyBatch, Keys

_SIGN = np.uint64(1 << 63)
_ALL = 1 << 64
_SLACK = 2048
"""Integers beyond `EXACT` are at most so far from their float."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CellValues:
    """The different values of a column, in the order of their keys."""

    keys: KeptKeys
    integers: Literal["signed", "unsigned"] | None = None
    """How keys of whole numbers are read; None: they are `keys_of_points`."""
    divisor: int = 1
    """How many of them are at one position: a thousand nanoseconds in a microsecond."""
    outermost: int | None = None
    """So many of the smallest and of the largest values of each cell are kept; None: all are."""

    def closed(self, shifted: ShiftedGrid, before: Grid, shift: Shift) -> ShiftedGrid:
        """The grid without those open cells of which the kept values say the bounds.

        Args:
            shifted: Made of ``before`` and ``shift``.
            before: The grid of all values before.
            shift: What changed among the values of the grid.

        Raises:
            OtherValuesError: The values are not those of the grid.
        """
        cells, level = shifted.open, before.level
        if not len(cells):
            return shifted
        points, rows = self._inside(cells, level)
        starts = _starts(points, cells, level)
        at = np.flatnonzero(which_among(before.lo >> level, cells))
        sizes = np.diff(starts, append=len(points))
        whole = np.add.reduceat(rows, starts) == before.counts[at]
        ends = points[starts], points[starts + sizes - 1]
        bounds = before.lo[at], before.hi[at]
        if not (whole | (self.outermost is not None)).all() or not np.array_equal(ends, bounds):
            raise OtherValuesError
        some = shift.inside(cells, level)
        now, left = summed(np.concatenate((points, some.points)), np.concatenate((rows, some.by)))
        # Of a value that is not kept, what is lost says nothing: it is between those that are.
        if (left[np.isin(now >> level, cells[whole])] < 0).any():
            raise OtherValuesError
        now = now[left > 0]
        rank = np.arange(len(points)) - np.repeat(starts, sizes)
        back = np.repeat(sizes, sizes) - 1 - rank
        told = [self._tell(points, side, now, cells, level, whole=whole) for side in (rank, back)]
        known = told[0] & told[1]
        grid = shifted.grid
        lo, hi = grid.lo.copy(), grid.hi.copy()
        places = np.flatnonzero(which_among(grid.lo >> level, cells[known]))
        first = np.searchsorted(now >> level, cells[known])
        last = np.searchsorted(now >> level, cells[known], "right") - 1
        lo[places], hi[places] = now[first], now[last]
        return ShiftedGrid(grid=replace(grid, lo=lo, hi=hi), open=cells[~known])

    def after(self, shift: Shift) -> tuple[Integers, Integers]:
        """All values after a change, ascending, and the rows of each.

        Raises:
            OtherValuesError: Not all are known, or they do not fit the change.
        """
        if self.outermost is not None:
            raise OtherValuesError
        keys, rows = self.keys.all()
        points = np.concatenate((self._points(keys), shift.points))
        now, left = summed(points, np.concatenate((rows, shift.by)))
        if (left < 0).any():
            raise OtherValuesError
        return now, left

    def integers_at(self, point: int) -> dict[int, int]:
        """The whole numbers before the change that stand at a place, and the rows of each."""
        keys, rows = self.keys.overlapping(*self._ranges(np.array([point]), np.array([point])))
        here = self._points(keys) == point
        return dict(zip(self._numbers(keys[here]).tolist(), rows[here].tolist(), strict=True))

    def _tell(
        self,
        points: Integers,
        rank: npt.NDArray[np.intp],
        now: Integers,
        cells: Integers,
        level: int,
        *,
        whole: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.bool_]:
        """For each cell, whether a value is left at an end beyond which there are no others."""
        outer = points[rank < (self.outermost or 0)]
        left = outer[which_among(outer, now)]
        told: npt.NDArray[np.bool_] = whole | which_among(cells, left >> level)
        return told & which_among(cells, now >> level)

    def _inside(self, cells: Integers, level: int) -> tuple[Integers, Integers]:
        """The values in these cells, ascending, and the rows of each."""
        lows = cells << level
        keys, rows = self.keys.overlapping(*self._ranges(lows, lows | ((1 << level) - 1)))
        points = self._points(keys)
        within = which_among(points >> level, cells)
        return summed(points[within], rows[within])

    def _points(self, keys: Keys) -> Integers:
        if self.integers is None:
            return (keys ^ _SIGN).view(np.int64)
        return ordered((self._numbers(keys) // self.divisor).astype(np.float64))

    def _numbers(self, keys: Keys) -> Integers | Keys:
        return keys if self.integers == "unsigned" else keys.view(np.int64)

    def _ranges(self, lows: Integers, highs: Integers) -> tuple[Keys, Keys]:
        """Keys between which those of all values between points are."""
        if self.integers is None:
            return keys_of_points(lows), keys_of_points(highs)
        info = np.iinfo(np.uint64 if self.integers == "unsigned" else np.int64)
        pairs = [
            self._between(low, high, int(info.min), int(info.max))
            for low, high in zip(floats(lows).tolist(), floats(highs).tolist(), strict=True)
        ]
        first, last = ([n % _ALL for n in side] for side in zip(*pairs, strict=True))
        return np.array(first, np.uint64), np.array(last, np.uint64)

    def _between(self, low: float, high: float, least: int, largest: int) -> tuple[int, int]:
        """Whole numbers, on the same side of zero, between which those of a range of floats are."""
        first = math.floor(low) if math.isfinite(low) else least
        last = math.ceil(high) if math.isfinite(high) else largest
        if max(abs(first), abs(last)) > EXACT:
            first, last = first - _SLACK, last + _SLACK
        first, last = first * self.divisor, (last + 1) * self.divisor - 1
        below = low < 0
        first = min(max(first, least if below else 0), largest)
        return first, max(first, min(last, -1 if below else largest))


def keys_of_points(points: Integers) -> Keys:
    """The keys of numbers by their place among floats, as `ordered` has it."""
    return points.view(np.uint64) ^ _SIGN


def keys_of_positions(positions: Floats) -> Keys:
    """The keys of numbers."""
    return keys_of_points(ordered(positions))


def outermost(chain: Sequence[Grid], most: int) -> tuple[int, Callable[[KeyBatch], KeyBatch]]:
    """How many values of each end of a cell are kept, if no more than ``most`` are in all.

    Also what leaves these of a batch of all values, each once; nothing is left out if all may stay.
    """
    number = max(1, most // (2 * sum(len(grid.counts) for grid in chain)))

    def fewer(batch: KeyBatch) -> KeyBatch:
        if len(batch.keys) <= most:
            return batch
        points = (batch.keys ^ _SIGN).view(np.int64)
        kept = np.zeros(len(points), np.bool_)
        for grid in chain:
            numbers = points >> grid.level
            starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))
            sizes = np.diff(starts, append=len(points))
            rank = np.arange(len(points)) - np.repeat(starts, sizes)
            outer = (rank < number) | (np.repeat(sizes, sizes) - rank <= number)
            kept |= outer & which_among(numbers, grid.lo >> grid.level)
        rows = np.ones(len(points), np.int64) if batch.rows is None else batch.rows
        return KeyBatch(keys=batch.keys[kept], rows=rows[kept])

    return number, fewer


def _starts(points: Integers, cells: Integers, level: int) -> npt.NDArray[np.intp]:
    """The places of the first values of cells.

    Raises:
        OtherValuesError: A cell has no value.
    """
    if not which_among(cells, np.unique(points >> level)).all():
        raise OtherValuesError
    return np.searchsorted(points >> level, cells)
