"""What an engine that is elsewhere counts of numbers, so that the numbers themselves stay there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import narwhals as nw
    import pyarrow as pa

LOWER_BITS = 26
"""Bits of the lower one of two halves that sums are made of: neither leaves 64 bits."""


@dataclass(frozen=True, kw_only=True)
class NumberFigures:
    """What is said of the finite values of a column; there is at least one.

    Dates are days and timestamps microseconds since 1970; the position of a value is its float.
    """

    count: int
    low: int | float | Decimal
    high: int | float | Decimal
    lowest: float
    """The position of ``low``."""
    highest: float
    total: int | None
    """The sum without rounding; None: of floats and decimals, which only `cells` add up so."""


class NumberCounts(Protocol):
    """Counts numbers and times where an engine has them: what it returns is small."""

    def figures(
        self, frame: nw.LazyFrame[Any], filled: Sequence[str], numbers: Sequence[str]
    ) -> tuple[int, Mapping[str, int], Mapping[str, NumberFigures]]:
        """The number of rows, how many values of columns are not null, and figures of numbers.

        Args:
            frame: The rows.
            filled: Columns of which only the values that are not null are counted.
            numbers: Columns of numbers and times; those without a finite value get no figures.

        Raises:
            UnreadableTable, WorldError: As `Engine.collect`.
        """
        ...

    def cells(
        self,
        frame: nw.LazyFrame[Any],
        levels: Mapping[str, int],
        inside: Mapping[str, tuple[int, Sequence[int]]],
    ) -> pa.Table:
        """How many positions of finite values agree in the upper ``64 - level`` bits.

        A position stands as the integer of `profiling.cells.ordered`, of which these bits are the
        number of its cell.

        Args:
            frame: The rows.
            levels: Columns of numbers and times, each with a level from 0 to 52.
            inside: By column, a coarser level and its cells in which the positions have to be;
                columns that are left out have all their positions counted.

        Returns:
            The ``column`` as a place in ``levels``, the smallest and largest integer ``lo`` and
            ``hi`` of a cell, its ``count``, and the sums ``upper`` and ``lower`` of the halves
            (`LOWER_BITS`) of what the level leaves aside; in any order.

        Raises:
            UnreadableTable, WorldError: As `Engine.collect`.
        """
        ...
