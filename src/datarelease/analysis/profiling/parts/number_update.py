"""The numbers of a column, after rows lost some of them and gained others."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pyarrow as pa

from datarelease.analysis.profiling.cells import Grid, floats
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
from datarelease.analysis.profiling.parts.known_columns import (
    KnownColumn,
    exact_number,
    exact_total,
)
from datarelease.analysis.profiling.parts.part_changes import ColumnChange
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
    before: Sequence[Grid]
    """The chain before the change."""
    grids: Sequence[ShiftedGrid]
    """Each grid of the chain; its values are those in the heavy cells of before."""

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
        grids = []
        for place, grid in enumerate(chain):
            if place:
                limited = chain[place - 1].limited(limit)
                cells = heavy_cells(chain[place - 1], limit, chain[0].count)
                shift = shift.inside(cells, limited.level)
            grids.append(ShiftedGrid.of(grid, shift))
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
            before=chain,
            grids=grids,
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
            OtherValuesError: The values would be on a finer grid, or other cells are heavy.
        """
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
                break
            if place == len(self.grids):
                raise OtherValuesError
            before = self.before[place - 1]
            cells = heavy_cells(before, self.limit, self.before[0].count)
            same = limited.level == before.limited(self.limit).level
            if not same or not which_among(heavy, cells).all():
                raise OtherValuesError
            grid = restricted(self.grids[place].grid, heavy, limited.level)
        grid = chain[0].limited(self.limit)
        numbers = Numbers(low=self._end(0), high=self._end(-1), total=self.total, grid=grid)
        return numbers, chain

    def _end(self, place: int) -> Exact:
        known = self.high if place else self.low
        if known is not None:
            return known
        grid = self.grids[0].grid
        point = (grid.hi if place else grid.lo)[place : place + 1 or None]
        exact = self.line.exact(float(floats(point)[0]))
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
