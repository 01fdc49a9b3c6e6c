"""What is kept of the columns of a table of parts, so that a change of few parts is enough to know.

Whoever may write where it is kept can write anything: what no table can be is not used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np

from datarelease.analysis.profiling.cells import Ends, Grid, Integers
from datarelease.analysis.profiling.parts.cell_changes import OtherValuesError
from datarelease.analysis.profiling.passes import heavy_cells
from datarelease.analysis.profiling.reading import Exact

NAMED = 256
"""Most frequent values of a text column that are kept. A column with no more has no `ValueKeys`."""
OUTERMOST = 64
"""Rows whose texts are kept at each end of a column."""
LONGEST = 1 << 16
"""Characters of all texts kept of a column at most."""
ROOM = 2
"""How many times the cells of a profile are kept of a column. So many at least are filled one level
below that of the profile: as long as they are more than the profile may have, its level stands."""
_LEVELS = 64
_NUMBER = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,50})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_RATIO = re.compile(r"-?[0-9]{1,2000}(/[1-9][0-9]{0,2000})?", re.ASCII)
_SIDES = 5
"""Arrays of a grid."""


@dataclass(frozen=True, kw_only=True)
class KnownPoints:
    """What is kept of different values of a column beside their keys; see `CellValues`."""

    distinct: int
    rows: int
    """In so many rows are those that are kept."""
    outermost: int | None = None
    """So many are kept at each end of a cell; None: all are."""


@dataclass(frozen=True, kw_only=True)
class KnownNumbers:
    """What is kept of the finite numbers of a column, beside the cells."""

    low: tuple[str, str]
    """The name of its class, and its text."""
    high: tuple[str, str]
    total: str
    grids: tuple[tuple[int, int], ...]
    """Level and number of cells of each grid of the column's chain."""
    whole_microseconds: bool = False
    """As in `Numbers`."""
    values: KnownPoints | None = None
    """Of the different values that are kept; None: none are, or they are those of the column."""


@dataclass(frozen=True, kw_only=True)
class KnownValues:
    """What is kept of a column whose different values are counted."""

    rows: int
    distinct: int
    lengths: tuple[tuple[int, int], ...] = ()
    """Of text: how many rows have so many characters."""
    often: tuple[tuple[str, int], ...] = ()
    """The most frequent ones and their rows, as in `ValueCounts.top`: all, where they are few."""
    first: tuple[str, ...] = ()
    """The smallest ones, ascending, each once."""
    last: tuple[str, ...] = ()
    """The largest ones, ascending."""
    spans: tuple[tuple[str, str] | None, ...] = ()
    """The smallest and the largest one of each part, as in `KnownTable.parts`; empty: not kept."""

    @property
    def complete(self) -> bool:
        """Whether ``often`` has all values; else their keys are kept."""
        return len(self.often) == self.distinct

    @property
    def spans_fit(self) -> bool:
        """Whether the parts have the smallest and the largest text of the column."""
        spans = [span for span in self.spans if span]
        if not spans or not self.first or not self.last:
            return False
        lowest, highest = min(low for low, _ in spans), max(high for _, high in spans)
        return (lowest, highest) == (self.first[0], self.last[-1])

    @property
    def possible(self) -> bool:
        """Whether a column can be so."""
        if not (0 <= self.distinct <= self.rows and bool(self.distinct) == bool(self.rows)):
            return False
        for counts in (dict(self.often), dict(self.lengths)):
            if any(count < 1 for count in counts.values()) or sum(counts.values()) > self.rows:
                return False
        whole = sum(count for _, count in self.often) == self.rows
        lengths = not self.lengths or sum(count for _, count in self.lengths) == self.rows
        unique = len(dict(self.often)) == len(self.often)
        return lengths and unique and (whole or not self.complete)


@dataclass(frozen=True, kw_only=True)
class KnownColumn:
    """What is kept of a column, beside cells and keys."""

    type: str
    filled: int
    numbers: KnownNumbers | None = None
    values: KnownValues | None = None


@dataclass(frozen=True, kw_only=True)
class KnownTable:
    """What is kept of a table."""

    shape: str
    """As `Engine.shapes` has it, equal for all parts."""
    rows: int
    parts: tuple[tuple[str, str], ...]
    """Hash and path of each part."""
    columns: Mapping[str, KnownColumn]

    @property
    def possible(self) -> bool:
        """Whether a table can be so."""
        return all(
            0 <= column.filled <= self.rows
            and (column.values is None or column.values.possible)
            and (column.values is None or column.values.rows <= self.rows)
            for column in self.columns.values()
        )


def encoded_cells(chain: Sequence[Grid]) -> bytes:
    """The bytes of the cells of a chain."""
    sides = (side for grid in chain for side in (grid.lo, grid.hi, grid.counts, *_ends(grid)))
    return b"".join(side.astype("<i8").tobytes() for side in sides)


def decoded_chain(data: bytes, known: KnownColumn, limit: int) -> list[Grid] | None:
    """The chain that `encoded_cells` made these bytes of; None: no column has such cells."""
    levels = known.numbers.grids if known.numbers else ()
    sizes = [size for _, size in levels]
    if not levels or min(sizes) < 1 or len(data) != 8 * _SIDES * sum(sizes):
        return None
    numbers = np.frombuffer(data, "<i8").astype(np.int64, copy=False)
    chain: list[Grid] = []
    start = 0
    for level, size in levels:
        lo, hi, counts, *ends = numbers[start : start + _SIDES * size].reshape(_SIDES, size)
        start += _SIDES * size
        low, high = ends
        grid = Grid(level=level, limit=ROOM * limit, lo=lo, hi=hi, counts=counts, ends=(low, high))
        if not _possible(grid) or (chain and not _continues(chain, grid, limit)):
            return None
        chain.append(grid)
    return chain if chain[0].count <= known.filled else None


def exact_text(exact: Exact) -> tuple[str, str]:
    """A number as JSON keeps it: the name of its class, and its text."""
    return type(exact).__name__, str(exact)


def exact_number(text: tuple[str, str]) -> Exact:
    """The number that `exact_text` made this of.

    Raises:
        OtherValuesError: It stands for none.
    """
    if not _NUMBER.fullmatch(text[1]):
        raise OtherValuesError
    kinds: Mapping[str, Callable[[str], Exact]] = {"int": int, "float": float, "Decimal": Decimal}
    try:
        return kinds[text[0]](text[1])
    except (KeyError, ValueError, InvalidOperation):
        raise OtherValuesError from None


def exact_total(text: str) -> Fraction:
    """A sum without rounding.

    Raises:
        OtherValuesError: It stands for none.
    """
    if not _RATIO.fullmatch(text):
        raise OtherValuesError
    return Fraction(text)


def _possible(grid: Grid) -> bool:
    if not 0 <= grid.level < _LEVELS:
        return False
    cells: Integers = grid.lo >> grid.level
    ordered = (cells[1:] > cells[:-1]).all() and (grid.lo <= grid.hi).all()
    inside = (cells == grid.hi >> grid.level).all() and (grid.counts > 0).all()
    several, (low, high) = grid.lo < grid.hi, _ends(grid)
    # What several values have in all is more than one of them has.
    held = ((low > 0) & (high > 0) & (np.maximum(low, high) <= grid.counts)).all()
    return bool(ordered and inside and held and (low + high <= grid.counts)[several].all())


def _ends(grid: Grid) -> Ends:
    """In how many rows the ends of cells are at least."""
    if grid.ends is not None:
        return grid.ends
    one = np.ones(len(grid.counts), np.int64)
    return one, one


def _continues(chain: Sequence[Grid], grid: Grid, limit: int) -> bool:
    """Whether a grid holds the values in the heavy cells of the one before it, as far as told."""
    before = chain[-1].limited(limit)
    cells = heavy_cells(chain[-1], limit, chain[0].count)
    if grid.level > before.level or not len(cells):
        return False
    places = np.searchsorted(before.lo >> before.level, cells)
    coarse = grid.coarser(before.level)
    same = np.array_equal(coarse.lo, before.lo[places])
    return same and np.array_equal(coarse.counts, before.counts[places])
