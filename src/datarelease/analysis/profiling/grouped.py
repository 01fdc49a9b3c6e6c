"""Numbers and times of a table counted in cells by an engine that is elsewhere.

What comes from it are cells, not values. How fine the cells have to be is found out in rounds, each
with cells that are surely not too many to be sent; as a rule the second round is the last one. The
outcome is that of `batches`: it depends on the values alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa

from datarelease.analysis.engine.number_counts import LOWER_BITS, NumberCounts, NumberFigures
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.profiling.cells import Grid, Integers, ordered
from datarelease.analysis.profiling.column_numbers import Numbers
from datarelease.analysis.profiling.columns import (
    FEW,
    Column,
    FirstPass,
    Read,
    groups_of,
)
from datarelease.analysis.profiling.number_line import NumberLine

_MANTISSA = 52
_WITHIN = (1 << _MANTISSA) - 1
_COARSEST = _MANTISSA + 1
"""One more than the level at which a cell holds one sign and exponent."""
_SENT = 1 << 21
"""Cells of all columns that one query returns, but for columns whose limits ask for more."""
_Inside = Mapping[str, tuple[int, Sequence[int]]]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Counted:
    """The cells of a column, and the sum of the floats in them."""

    grid: Grid
    total: Fraction


def grouped_pass(engine: Engine, read: Read, columns: Sequence[Column], limit: int) -> FirstPass:
    """What is known after the engine counted the columns of numbers and times."""
    source = _source(engine)
    numeric = [column for column in columns if not column.counted]
    rows = 0
    filled: dict[str, int] = {}
    numbers: dict[str, Numbers] = {}
    for some in groups_of(numeric, FEW) or [numeric]:
        frame = read(some or columns[:1])
        lines = {column.name: line for column in some if (line := column.line)}
        others = [column.name for column in some if column.name not in lines]
        rows, counts, figures = source.figures(frame, others, list(lines))
        filled |= counts
        starts = {name: _start(one, limit) for name, one in figures.items()}
        for name, counted in _counted(source, read, some, starts, {}).items():
            numbers[name] = _numbers(lines[name], figures[name], counted)
    return FirstPass(rows=rows, filled=filled, numbers=numbers, distinct={})


def grouped_refined(
    engine: Engine,
    read: Read,
    columns: Sequence[Column],
    grids: Mapping[str, Grid],
    heavy: Mapping[str, Integers],
) -> dict[str, Grid]:
    """The values inside heavy cells of these columns, on finer grids."""
    source = _source(engine)
    found: dict[str, Grid] = {}
    for some in groups_of(columns, FEW):
        starts, inside = {}, {}
        for name in (column.name for column in some):
            grid = grids[name]
            chosen = np.isin(grid.lo >> grid.level, heavy[name])
            lo, hi, counts = (each[chosen] for each in (grid.lo, grid.hi, grid.counts))
            starts[name] = replace(grid, lo=lo, hi=hi, counts=counts)
            inside[name] = (grid.level, heavy[name].tolist())
        counted = _counted(source, read, some, starts, inside)
        found |= {name: one.grid for name, one in counted.items()}
    return found


def _source(engine: Engine) -> NumberCounts:
    if engine.numbers is None:
        raise TypeError("the engine counts no numbers")
    return engine.numbers


def _start(figures: NumberFigures, limit: int) -> Grid:
    """All values of a column in one cell, coarser than any that is counted."""
    lo, hi = ordered(np.array([figures.lowest, figures.highest], np.float64))
    counts = np.array([figures.count], np.int64)
    return Grid(level=_COARSEST, limit=limit, lo=lo[None], hi=hi[None], counts=counts)


def _counted(
    source: NumberCounts,
    read: Read,
    columns: Sequence[Column],
    starts: Mapping[str, Grid],
    inside: _Inside,
) -> dict[str, _Counted]:
    """The cells of columns at the finest levels at which they are within their limits.

    ``starts`` has what is known of each column: coarser cells.
    """
    found: dict[str, _Counted] = {}
    known = dict(starts)
    while known:
        sent = _SENT // len(columns)
        levels = {name: _finest(grid, sent) for name, grid in known.items()}
        some = [column for column in columns if column.name in known]
        cells = source.cells(read(some), levels, inside)
        for place, (name, level) in enumerate(levels.items()):
            own = cells.filter(np.equal(cells["column"].to_numpy(), place))
            grid = _grid(own, level, known[name].limit)
            if level == 0 or grid.exact or len(grid.counts) > grid.limit:
                settled = replace(grid, level=0) if grid.exact else grid
                total = _total(own, level)
                found[name] = _Counted(grid=settled.limited(grid.limit), total=total)
                del known[name]
            else:
                known[name] = grid
    return found


def _finest(grid: Grid, sent: int) -> int:
    """The finest level at which the values of a grid surely fill at most so many cells.

    It is finer than the grid, which has one cell, or no more than its limit.
    """
    most = max(sent, 2 * grid.limit)
    level = min(grid.level, _COARSEST)
    while level > 0:
        finer = level - 1
        cells = np.minimum(grid.counts, (grid.hi >> finer) - (grid.lo >> finer) + 1)
        if level < grid.level and cells.sum() > most:
            break
        level = finer
    return level


def _grid(cells: pa.Table, level: int, limit: int) -> Grid:
    order = np.argsort(cells["lo"].to_numpy())
    lo, hi, counts = (cells[name].to_numpy()[order] for name in ("lo", "hi", "count"))
    return Grid(level=level, limit=limit, lo=lo, hi=hi, counts=counts)


def _numbers(line: NumberLine, figures: NumberFigures, counted: _Counted) -> Numbers:
    low, high = (_exact(line, bound) for bound in (figures.low, figures.high))
    whole = figures.total is not None and not line.wide
    total = Fraction(figures.total or 0) if whole else counted.total
    return Numbers(low=low, high=high, total=total, grid=counted.grid)


def _exact(line: NumberLine, bound: float | Decimal) -> int | float | Decimal:
    """A bound as `NumberLine.scalar` takes it."""
    if line.wide or line.dtype.is_float():
        return bound
    return line.of_microseconds(int(bound))


def _total(cells: pa.Table, level: int) -> Fraction:
    """The sum of the floats in cells, without rounding.

    Cells of one sign and exponent are added up in halves of the mantissa, each within 64 bits.
    """
    points, counts = cells["lo"].to_numpy() >> level << level, cells["count"].to_numpy()
    base, mask = points & _WITHIN, (1 << LOWER_BITS) - 1
    upper = cells["upper"].to_numpy() + counts * (base >> LOWER_BITS)
    lower = cells["lower"].to_numpy() + counts * (base & mask)
    exponents, places = np.unique(points >> _MANTISSA, return_inverse=True)
    sums = []
    for halves in (upper, lower, counts):
        added = np.zeros(len(exponents), np.int64)
        np.add.at(added, places, halves)
        sums.append(added.tolist())
    total = Fraction()
    for exponent, high, low, count in zip(exponents.tolist(), *sums, strict=True):
        mantissas, sign, field = (high << LOWER_BITS) + low, 1, exponent
        if exponent < 0:  # bits of negative values stand inverted
            mantissas, sign, field = count * _WITHIN - mantissas, -1, ~exponent
        whole = mantissas + (count << _MANTISSA if field else 0)
        total += sign * whole * Fraction(2) ** (max(field, 1) - 1075)
    return total
