"""The distribution that a profile describes: of numbers by its cells, of categories by its top."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple, Self

from datarelease.model.data.profile import Cell, ColumnProfile

_DAY = 86_400.0


@dataclass(frozen=True)
class Distribution:
    """The empirical distribution that cells describe.

    Of a cell of ``c`` values one is known to be its smallest and one its largest; the other
    ``c - 2`` count as spread evenly between them. Cells of one or two values are thus exact.
    """

    cells: tuple[Cell, ...]
    step: float = 0.0
    """Distance of possible values: 1 for integers, a day for dates, 0 for a continuum."""

    @classmethod
    def of(cls, column: ColumnProfile) -> Self:
        """The distribution of a column of numbers or times."""
        whole = column.type.startswith(("int", "uint"))
        return cls(column.cells, 1.0 if whole else _DAY if column.type == "date" else 0.0)

    @cached_property
    def _lows(self) -> list[float]:
        return [cell.lo for cell in self.cells]

    @cached_property
    def _counts(self) -> list[int]:
        return [0, *accumulate(cell.count for cell in self.cells)]

    @property
    def count(self) -> int:
        """How many values there are."""
        return self._counts[-1]

    @property
    def bounds(self) -> list[float]:
        """Where the cumulative share may jump or bend."""
        return [bound for cell in self.cells for bound in (cell.lo, cell.hi)]

    def at_most(self, value: float) -> float:
        """How many values are ``value`` or less."""
        index = bisect_right(self._lows, value) - 1
        if index < 0:
            return 0.0
        cell = self.cells[index]
        inside = cell.count if value >= cell.hi else 1 + self._inner(cell, value, inclusive=True)
        return self._counts[index] + inside

    def below(self, value: float) -> float:
        """How many values are less than ``value``."""
        index = bisect_left(self._lows, value) - 1
        if index < 0:
            return 0.0
        cell = self.cells[index]
        if value > cell.hi:
            inside: float = cell.count
        else:
            inside = 1 + self._inner(cell, value, inclusive=False)
        return self._counts[index] + inside

    def ordered(self, rank: int) -> float:
        """The value of this rank: 1 for the smallest, ``count`` for the largest."""
        index = bisect_left(self._counts, rank) - 1
        cell, place = self.cells[index], rank - self._counts[index]
        if place == 1:
            return cell.lo
        if place == cell.count:
            return cell.hi
        share = (place - 1.5) / (cell.count - 2)
        value = cell.lo * (1 - share) + cell.hi * share
        return cell.lo + round((value - cell.lo) / self.step) * self.step if self.step else value

    def quantile(self, numerator: int, denominator: int) -> float:
        """The smallest value with at least this share of the values at or below it.

        It is a value of the data, not a mean of two (definition 1 of Hyndman and Fan, Sample
        Quantiles in Statistical Packages, 1996), so that it also suits whole numbers.
        """
        return self.ordered(max(1, -(-self.count * numerator // denominator)))

    @property
    def median(self) -> float:
        """The middle value, or the mean of the two middle values."""
        low, high = self.ordered((self.count + 1) // 2), self.ordered(self.count // 2 + 1)
        return low / 2 + high / 2

    def _inner(self, cell: Cell, value: float, *, inclusive: bool) -> float:
        """How many of the values between the ends of ``cell`` are below ``value`` (or on it)."""
        if cell.lo == cell.hi:
            return 0.0
        if not self.step:
            width = cell.hi - cell.lo
            if math.isinf(width):  # wider than the floats: halves are not
                share = (value / 2 - cell.lo / 2) / (cell.hi / 2 - cell.lo / 2)
            else:
                share = (value - cell.lo) / width
        else:
            steps = (value - cell.lo) / self.step
            passed = math.floor(steps) + 1 if inclusive else math.ceil(steps)
            share = passed / ((cell.hi - cell.lo) / self.step + 1)
        return (cell.count - 2) * share


OTHER = "(other)"
"""Stands for all values that are in the top of neither side."""


class Shared(NamedTuple):
    """A category and how many rows hold it on each side; estimates where a side hides it."""

    value: str
    before: float
    after: float


def shared_counts(
    before: ColumnProfile, after: ColumnProfile, rows: tuple[int, int]
) -> list[Shared] | None:
    """Every top value of either side with its counts, then all other values as one.

    A value that only one side lists is counted on the other as an average one of those that are
    not listed there: as none, where the list is complete, and never as more than the last listed.
    None if a side has no values, or only such as are unique.

    Args:
        before: The column before.
        after: The column after.
        rows: Rows of the two tables.
    """
    if not before.top or not after.top:
        return None
    old, new = _Side.of(before, rows[0]), _Side.of(after, rows[1])
    values = sorted(
        {*old.listed, *new.listed}, key=lambda v: (-old.listed.get(v, 0), -new.listed.get(v, 0), v)
    )
    shared = [Shared(value, old.count(value), new.count(value)) for value in values]
    rest = Shared(
        OTHER,
        old.total - sum(category.before for category in shared),
        new.total - sum(category.after for category in shared),
    )
    return [*shared, rest] if max(rest.before, rest.after) > _NOTHING else shared


_NOTHING = 1e-6
"""Rows; what sums of averages leave of nothing."""


@dataclass(frozen=True, kw_only=True)
class _Side:
    listed: dict[str, int]
    total: int
    unlisted: float
    """Rows of an average value that is not listed."""

    @classmethod
    def of(cls, column: ColumnProfile, rows: int) -> Self:
        listed: dict[str, int] = {}
        for value, count in column.top:  # long values may have been shortened to the same text
            listed[value] = listed.get(value, 0) + count
        total = rows - column.nulls
        hidden = (column.distinct or 0) - len(column.top)
        average = (total - sum(listed.values())) / hidden if hidden > 0 else 0.0
        return cls(listed=listed, total=total, unlisted=average)

    def count(self, value: str) -> float:
        return self.listed.get(value, self.unlisted)
