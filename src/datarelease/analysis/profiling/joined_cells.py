"""The cells of a column as its profile has them: few, and true to the counts inside."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

from datarelease.model.data.profile import Cell

SHARE = 256
"""A stored cell that is not a single value holds at most 1/256 of the values; and so many
different values at least are kept one by one.
"""


def merged_cells(cells: Sequence[Cell], count: int) -> tuple[Cell, ...]:
    """At most about 512 cells for the profile, each a single value or at most 1/256 of all.

    Neighbours are joined from left to right as long as spreading the joint count evenly between
    the joint bounds stays true to the counts inside; how true is chosen so that they are not too
    many. Up to 256 single values stay as they are.
    """
    if len(cells) <= SHARE and all(cell.lo == cell.hi for cell in cells):
        return tuple(cells)
    for share in (8192, 2048):
        joined = _join(cells, count, count / share, limit=2 * SHARE)
        if joined is not None:
            return joined
    return _join(cells, count, math.inf, limit=len(cells)) or ()


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
    most, largest = count // SHARE, sys.float_info.max
    # Thousands of cells for each column: a call or an attribute in here shows.
    for low, high, number in cells[1:]:
        whole = total + number
        if whole <= most:
            for bound in (hi, low):
                if bound > lo:
                    width = min(largest, bound - lo)
                    flat, steep = (total - tolerance) / width, (total + tolerance) / width
                    flattest = max(flattest, flat)
                    steepest = min(steepest, steep)
            width = min(largest, high - lo)
            if flattest <= whole / width <= steepest:
                hi, total = high, whole
                continue
        joined.append(Cell(lo, hi, total))
        if len(joined) >= limit:
            return None
        lo, hi, total = low, high, number
        flattest, steepest = -math.inf, math.inf
    return (*joined, Cell(lo, hi, total))
