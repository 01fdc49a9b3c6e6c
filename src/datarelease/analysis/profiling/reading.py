"""What a batch of rows has of a column of numbers or times."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from datarelease.analysis.profiling.cells import Floats, Grid, Integers, floats

Exact = int | float | Decimal
"""A value without rounding: days of dates, and the unit of the type for timestamps, since 1970."""
_LIMB = 26
"""Bits of a half of a mantissa: sums of a batch's halves stay below 2**53, exact in floats."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """The finite values of a column in a batch of rows; at least one.

    Their positions on the number line are ``floats``, or else ``unit`` times ``whole``.
    """

    low: Exact
    high: Exact
    floats: Floats | None = None
    whole: Integers | None = None
    unit: int = 1
    whole_microseconds: bool = False
    """Of times in nanoseconds: none is finer."""

    @property
    def positions(self) -> Floats:
        """Where the values are on the number line."""
        if self.whole is None:
            return np.zeros(0) if self.floats is None else self.floats
        return self.whole.astype(np.float64) * self.unit

    def grid(self, *, level: int, limit: int, ends: bool) -> Grid:
        """The positions on a grid; see `Grid.of`."""
        if self.whole is not None:
            grid = Grid.of_whole(self.whole, self.unit, level=level, limit=limit, ends=ends)
            if grid is not None:
                return grid
        return Grid.of(self.positions, level=level, limit=limit, ends=ends)

    def total(self, grid: Grid | None = None) -> Fraction:
        """The sum of the positions, without rounding but that of decimals to floats.

        A ``grid`` of them says what to add up where each of its cells is one value.
        """
        if self.whole is not None:
            return _sum_of_integers(self.whole) * self.unit
        if grid is not None and grid.exact:
            return _exact_sum(floats(grid.lo), grid.counts)
        return _exact_sum(self.positions)


def _exact_sum(values: Floats, rows: Integers | None = None) -> Fraction:
    """The sum of floats, each in so many rows, without rounding, whatever their order."""
    # By exponent, halves of mantissas apart.
    mantissas, exponents = np.frexp(values)
    whole = np.ldexp(mantissas, 2 * _LIMB + 1).astype(np.int64)
    least = int(exponents.min())
    exponents -= least
    upper, lower = (
        np.bincount(exponents, weights=half if rows is None else half * rows)
        for half in (whole >> _LIMB, whole & ((1 << _LIMB) - 1))
    )
    total = 0
    for power, (high, low) in enumerate(zip(upper.tolist(), lower.tolist(), strict=True)):
        total += ((int(high) << _LIMB) + int(low)) << power
    return total * Fraction(2) ** (least - 2 * _LIMB - 1)


def _sum_of_integers(values: Integers) -> Fraction:
    halves = (values >> 32).sum().item(), (values & 0xFFFFFFFF).sum().item()
    return Fraction((halves[0] << 32) + halves[1])
