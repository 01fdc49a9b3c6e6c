"""The numbers of a column, after rows lost some of them and gained others."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pyarrow as pa

from datarelease.analysis.profiling.cells import Grid, floats, ordered
from datarelease.analysis.profiling.column_numbers import Numbers
from datarelease.analysis.profiling.columns import Column
from datarelease.analysis.profiling.number_line import NumberLine
from datarelease.analysis.profiling.parts.cell_changes import (
    OtherValuesError,
    Shift,
    ShiftedGrid,
    restricted,
    which_among,
)
from datarelease.analysis.profiling.parts.cell_values import CellValues
from datarelease.analysis.profiling.parts.known_columns import (
    KnownColumn,
    exact_number,
    exact_total,
)
from datarelease.analysis.profiling.parts.part_changes import ColumnChange
from datarelease.analysis.profiling.parts.value_keys import integers_of
from datarelease.analysis.profiling.passes import heavy_cells
from datarelease.analysis.profiling.reading import Exact, Reading

_EMPTY = np.zeros(0, np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class ShiftedNumbers:
    """The numbers of a column after a change, before open cells are read."""

    line: NumberLine
    limit: int
    low: Exact | None
    """None: where the cells begin."""
    high: Exact | None
    total: Fraction
    whole_microseconds: bool
    """As in `Numbers`."""
    before: Sequence[Grid]
    """The chain before the change."""
    grids: Sequence[ShiftedGrid]
    """Each grid of the chain; its values are those in the heavy cells of before."""
    shifts: Sequence[Shift]
    """What changed among the values of each."""
    values: CellValues | None = None
    """The different values before the change, as far as they are kept."""

    @classmethod
    def of(
        cls,
        column: Column,
        known: KnownColumn,
        chain: Sequence[Grid],
        change: ColumnChange,
        limit: int,
    ) -> ShiftedNumbers:
        """The numbers after the change.

        Raises:
            OtherValuesError: What is known does not fit it.
        """
        if column.line is None or known.numbers is None:
            raise OtherValuesError
        low, high = exact_number(known.numbers.low), exact_number(known.numbers.high)
        total = exact_total(known.numbers.total)
        before, after = (_reading(column, side) for side in (change.before, change.after))
        shift = Shift.of(*(_EMPTY if one is None else one.positions for one in (before, after)))
        shifts = []
        for place in range(len(chain)):
            if place:
                limited = chain[place - 1].limited(limit)
                cells = heavy_cells(chain[place - 1], limit, chain[0].count)
                shift = shift.inside(cells, limited.level)
            shifts.append(shift)
        if before is not None:
            total -= before.total()
        if after is not None:
            total += after.total()
        return cls(
            line=column.line,
            limit=limit,
            low=_bound(low, _lows(before), _lows(after), operator.lt),
            high=_bound(high, _highs(before), _highs(after), operator.gt),
            total=total,
            whole_microseconds=known.numbers.whole_microseconds
            and (after is None or after.whole_microseconds),
            before=chain,
            grids=[ShiftedGrid.of(*one) for one in zip(chain, shifts, strict=True)],
            shifts=shifts,
        )

    def told_by(self, values: CellValues, change: ColumnChange) -> ShiftedNumbers:
        """With the open cells of which ``values``, those of before, say the bounds.

        Raises:
            OtherValuesError: The values do not fit the cells or the change.
        """
        grids = [
            values.closed(*one) for one in zip(self.grids, self.before, self.shifts, strict=True)
        ]
        found = replace(self, grids=grids, values=values)
        if values.integers is None or len(grids[0].open) or not grids[0].grid.count:
            return found
        low, high = (found.integers_at(place, change) for place in (0, -1))
        return replace(
            found,
            low=low[0] if found.low is None else found.low,
            high=high[-1] if found.high is None else found.high,
        )

    def closed(self, place: int, found: Grid) -> ShiftedNumbers:
        """With the open cells of the grid at a place of the chain as they were ``found``.

        Raises:
            OtherValuesError: Others were found than are known.
        """
        grid = self.grids[place]
        whole = ShiftedGrid(grid=grid.closed(found), open=grid.open[:0])
        return replace(self, grids=[*self.grids[:place], whole, *self.grids[place + 1 :]])

    def result(self) -> tuple[Numbers, list[Grid]]:
        """The numbers, and the chain that their grid begins.

        Raises:
            OtherValuesError: The values would be on a finer grid, or other cells are heavy, and not
                all values are known.
        """
        try:
            chain = self._chain()
        except OtherValuesError:
            chain = self._counted_anew()
        grid = chain[0].limited(self.limit)
        numbers = Numbers(
            low=self._end(0),
            high=self._end(-1),
            total=self.total,
            grid=grid,
            whole_microseconds=self.whole_microseconds,
        )
        return numbers, chain

    def _chain(self) -> list[Grid]:
        """The chain of the shifted grids."""
        chain: list[Grid] = []
        grid = self.grids[0].grid
        count = grid.count
        while True:
            # The level of the profile is the finest at which the values fit: told from above only.
            if not count or (grid.level and len(grid.counts) <= self.limit):
                raise OtherValuesError
            chain.append(grid)
            limited, place = grid.limited(self.limit), len(chain)
            heavy = limited.heavy(count)
            if not len(heavy):
                return chain
            if place == len(self.grids):
                raise OtherValuesError
            before = self.before[place - 1]
            cells = heavy_cells(before, self.limit, self.before[0].count)
            same = limited.level == before.limited(self.limit).level
            if not same or not which_among(heavy, cells).all():
                raise OtherValuesError
            grid = restricted(self.grids[place].grid, heavy, limited.level)

    def _counted_anew(self) -> list[Grid]:
        """The chain of all values, each of which is known."""
        if self.values is None:
            raise OtherValuesError
        points, rows = self.values.after(self.shifts[0])
        count = int(rows.sum())
        if not count or count != self.grids[0].grid.count:
            raise OtherValuesError
        first = self.before[0]
        whole = replace(first, level=0, lo=points, hi=points, counts=rows, ends=None)
        chain, grid = [], whole
        while True:
            chain.append(grid.limited(first.limit))
            limited = grid.limited(self.limit)
            heavy = limited.heavy(count)
            if not len(heavy):
                return chain
            grid = restricted(whole, heavy, limited.level)

    def integers_at(self, place: int, change: ColumnChange) -> list[int]:
        """The whole numbers at one end of the column, ascending: several may be one float."""
        if self.values is None:
            raise OtherValuesError
        grid = self.grids[0].grid
        point = int(grid.hi[-1] if place else grid.lo[0])
        counts = self.values.integers_at(point)
        for side, by in ((change.before, -1), (change.after, 1)):
            numbers = integers_of(side.column(0))
            positions = (numbers // self.values.divisor).astype(np.float64)
            here = numbers[ordered(positions) == point]
            for number, times in zip(*np.unique(here, return_counts=True), strict=True):
                counts[int(number)] = counts.get(int(number), 0) + by * int(times)
        if any(rows < 0 for rows in counts.values()):
            raise OtherValuesError
        left = sorted(number for number, rows in counts.items() if rows)
        if not left:
            raise OtherValuesError
        return left

    def _end(self, place: int) -> Exact:
        known = self.high if place else self.low
        if known is not None:
            return known
        grid = self.grids[0].grid
        point = (grid.hi if place else grid.lo)[place : place + 1 or None]
        exact = self.line.exact(float(floats(point)[0]), whole_microseconds=self.whole_microseconds)
        if exact is None:
            raise OtherValuesError
        return exact


def _reading(column: Column, side: pa.RecordBatch) -> Reading | None:
    return column.reading(side) if side.num_rows else None


def _lows(reading: Reading | None) -> Exact | None:
    return None if reading is None else reading.low


def _highs(reading: Reading | None) -> Exact | None:
    return None if reading is None else reading.high


def _bound(
    known: Exact, gone: Exact | None, new: Exact | None, beyond: Callable[[Exact, Exact], bool]
) -> Exact | None:
    """The smallest or largest value; None: it was one of those that are gone."""
    if gone is not None and beyond(gone, known):
        raise OtherValuesError
    if new is not None and not beyond(known, new):
        return new
    return None if gone is not None and not beyond(known, gone) else known
