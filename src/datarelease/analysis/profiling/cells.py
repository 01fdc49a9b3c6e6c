"""The distribution of a numeric column as cells with exact counts, whatever the engine.

Values are counted in an adaptive dyadic grid: cell ``floor(x / 2**e)``. Scaling by a power of two
is exact in IEEE 754 arithmetic, so every engine puts every value into the same cell, in any order
of the rows. Cells that hold too much are split again on a finer grid, until each is light or a
single value; so outliers, point masses and huge offsets cost a pass more and nothing else.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, or_
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.tables import Engine
from datarelease.model.data.profile import Cell

SHARE = 256
"""A stored cell that is not a single value holds at most 1/256 of the values; and so many
different values at least are kept one by one.
"""
_FINE = 1024
"""While counting, cells are split until they hold at most 1/1024: bounds then fall well."""
_CELLS = 4096
"""Cells on the range of the first pass; more groups would cost more time than a second pass."""
_BUDGET = 65_536
"""Cells of a later pass at most."""
_ROOTS = 6
_TURNS = 60
"""Passes at most; far more than any data seen needs. After them, cells are exact but coarser."""
_value = nw.col("x")


@dataclass(frozen=True)
class _Run:
    """Neighbouring cells that are split together."""

    lo: float
    hi: float


def fine_cells(
    engine: Engine, values: nw.LazyFrame[Any], low: float, high: float, count: int
) -> list[Cell]:
    """All values as cells, sorted and disjoint, each a single value or at most 1/1024 of them.

    Where there are up to 256 different values, every cell is one of them.

    Args:
        engine: Runs the queries, one a pass.
        values: One column ``x``, Float64; nulls are ignored, infinities must not be there.
        low: The smallest value.
        high: The largest value.
        count: How many values there are.
    """
    if low == high:
        return [Cell(low, high, count)]
    cells = _count(engine, values, None, _linear(max(-low, high), _step(low, high, _CELLS)))
    for turn in range(1, _TURNS + 1):
        heavy = [cell for cell in cells if _is_run(cell) and cell.count * _FINE > count]
        most = max((cell.count for cell in heavy), default=0)
        pieces = min(_CELLS, max(8, _ceil_power(8 * most * _FINE // count)))
        if not heavy and len(cells) <= SHARE:
            heavy, pieces = [cell for cell in cells if _is_run(cell)], SHARE
        if not heavy:
            break
        runs = _runs(heavy)
        # Every second turn the axis is compressed: values over hundreds of orders of magnitude
        # would otherwise need a pass for every twelve bits of exponent.
        scale = _scale(heavy, runs, pieces, roots=_ROOTS if turn % 2 == 0 else 0)
        kept = [c for c in cells if not any(r.lo <= c.lo and c.hi <= r.hi for r in runs)]
        cells = sorted(kept + _count(engine, values, runs, scale))
    return cells


def merged_cells(cells: Sequence[Cell], count: int) -> tuple[Cell, ...]:
    """At most about 512 cells for the profile, each a single value or at most 1/256 of all.

    Neighbours are joined from left to right as long as spreading the joint count evenly between
    the joint bounds stays true to the counts inside; how true is chosen so that they are not too
    many. Up to 256 single values stay as they are.
    """
    if len(cells) <= SHARE and not any(map(_is_run, cells)):
        return tuple(cells)
    for share in (8192, 2048):
        joined = _join(cells, count, count / share, limit=2 * SHARE)
        if joined is not None:
            return joined
    return _join(cells, count, math.inf, limit=len(cells)) or ()


@dataclass(frozen=True)
class _Scale:
    """A monotone map of values to cell numbers: ``roots`` square roots, then ``2**power``."""

    power: int
    roots: int = 0

    def frame(self, values: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """``values`` with the number of the cell as ``cell``."""
        frame = values.with_columns(cell=_value.abs() if self.roots else _value)
        scaled = nw.col("cell")
        for _ in range(self.roots):
            frame = frame.with_columns(cell=scaled.sqrt())
        if self.roots:
            frame = frame.with_columns(cell=nw.when(_value < 0).then(-scaled).otherwise(scaled))
        return frame.with_columns(cell=times_power(scaled, self.power).floor().cast(nw.Int64))


def times_power(value: nw.Expr, power: int) -> nw.Expr:
    """``value * 2**power``, in two steps where the power itself is not a finite float."""
    if abs(power) <= 1000:  # noqa: PLR2004 - well inside the exponents of a float
        return value * math.ldexp(1.0, power)
    half = power // 2
    return value * math.ldexp(1.0, half) * math.ldexp(1.0, power - half)


def _root(value: float, roots: int) -> float:
    # Square roots are correctly rounded by IEEE 754, so they are the same on every engine.
    size = abs(value)
    for _ in range(roots):
        size = math.sqrt(size)
    return math.copysign(size, value)


def _step(low: float, high: float, pieces: int) -> int:
    """The smallest ``e`` for which ``high - low`` is at most ``pieces`` cells of ``2**e``."""
    return math.frexp(_width(low, high))[1] + 1 - pieces.bit_length()


def _linear(largest: float, step: int, roots: int = 0) -> _Scale:
    # Beyond 2**53 a cell number would be finer than the floats and leave the integers.
    return _Scale(power=-max(step, math.frexp(largest)[1] - 53), roots=roots)


def _scale(cells: Sequence[Cell], runs: Sequence[_Run], pieces: int, roots: int) -> _Scale:
    """A scale that cuts the widest cell into ``pieces``, all runs into ``_BUDGET`` at most."""
    step = max(_step(_root(c.lo, roots), _root(c.hi, roots), pieces) for c in cells)
    bounds = [(_root(run.lo, roots), _root(run.hi, roots)) for run in runs]
    widths = [_width(lo, hi) for lo, hi in bounds]
    step = max(step, math.frexp(max(widths))[1] - _BUDGET.bit_length())
    while sum(math.ldexp(width, -step) for width in widths) > _BUDGET:
        step += 1
    return _linear(max(max(-lo, hi) for lo, hi in bounds), step, roots)


def _runs(cells: Sequence[Cell]) -> list[_Run]:
    """Heavy cells as runs; those that are near each other, light ones between them, as one."""
    near = 8 * max(_width(cell.lo, cell.hi) for cell in cells)
    runs: list[_Run] = []
    for cell in cells:
        if runs and cell.lo - runs[-1].hi <= near:
            runs[-1] = _Run(runs[-1].lo, cell.hi)
        else:
            runs.append(_Run(cell.lo, cell.hi))
    return runs


def _count(
    engine: Engine, values: nw.LazyFrame[Any], runs: Sequence[_Run] | None, scale: _Scale
) -> list[Cell]:
    keys = ["cell"]
    if runs is None:
        frame = scale.frame(values.filter(~_value.is_null()))
    else:
        inside = [(_value >= run.lo) & (_value <= run.hi) for run in runs]
        frame = scale.frame(values.filter(reduce(or_, inside)))
        if len(runs) > 1:  # a cell must not reach over what is between two runs
            later = [(_value >= run.lo).cast(nw.Int64) for run in runs[1:]]
            frame = frame.with_columns(run=reduce(add, later))
            keys.append("run")
    counted = frame.group_by(keys).agg(
        n=nw.len(), lo=_value.min().alias("lo"), hi=_value.max().alias("hi")
    )
    # Adding zero turns -0.0, which equals 0.0 and may come first or not, into 0.0.
    rows = engine.collect(counted.select("n", "lo", "hi"))
    return sorted(Cell(row["lo"] + 0.0, row["hi"] + 0.0, int(row["n"])) for row in rows)


def _join(
    cells: Sequence[Cell], count: int, tolerance: float, limit: int
) -> tuple[Cell, ...] | None:
    """Neighbours joined; None if that leaves more than ``limit`` cells.

    Slopes under which a straight line from the lower bound stays true to the counts (the swing
    filter of Elmeleegy et al., VLDB 2009) are narrowed by each bound that is passed.
    """
    joined: list[Cell] = []
    lo, hi, total = cells[0]
    flattest, steepest = -math.inf, math.inf
    most = count // SHARE
    for cell in cells[1:]:
        whole = total + cell.count
        if whole <= most:
            for bound in (hi, cell.lo):
                if bound > lo:
                    width = _width(lo, bound)
                    flattest = max(flattest, (total - tolerance) / width)
                    steepest = min(steepest, (total + tolerance) / width)
            if flattest <= whole / _width(lo, cell.hi) <= steepest:
                hi, total = cell.hi, whole
                continue
        joined.append(Cell(lo, hi, total))
        if len(joined) >= limit:
            return None
        lo, hi, total = cell
        flattest, steepest = -math.inf, math.inf
    return (*joined, Cell(lo, hi, total))


def _width(lo: float, hi: float) -> float:
    # The distance of two floats can be beyond the floats.
    return min(hi - lo, sys.float_info.max)


def _is_run(cell: Cell) -> bool:
    return cell.lo < cell.hi


def _ceil_power(value: int) -> int:
    return 1 << max(0, value - 1).bit_length()
