"""What profiles say of the numbers and times of a column, as a value that adds up.

It depends on the values alone, not on their order or on the batches they lie in: their sum without
rounding, bounds, and the cells of `cells`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np

from datarelease.analysis.profiling.cells import Grid, floats
from datarelease.analysis.profiling.number_line import NumberLine
from datarelease.analysis.profiling.reading import Exact, Reading


@dataclass(frozen=True, kw_only=True, eq=False)
class Numbers:
    """What is known of the finite values of a column; there is at least one."""

    low: Exact
    high: Exact
    total: Fraction
    grid: Grid
    whole_microseconds: bool = False
    """Times in nanoseconds are known to be no finer."""

    @classmethod
    def of(cls, reading: Reading, *, level: int, limit: int, ends: bool) -> Self:
        """The values of a batch; ``level`` is that of batches before."""
        grid = reading.grid(level=level, limit=limit, ends=ends)
        return cls(
            low=reading.low,
            high=reading.high,
            total=reading.total(grid),
            grid=grid,
            whole_microseconds=reading.whole_microseconds,
        )

    @classmethod
    def merged(cls, numbers: Sequence[Self]) -> Self:
        """The values of all of them."""
        return cls(
            low=min(one.low for one in numbers),
            high=max(one.high for one in numbers),
            total=sum((one.total for one in numbers), Fraction()),
            grid=Grid.merged([one.grid for one in numbers]),
            whole_microseconds=all(one.whole_microseconds for one in numbers),
        )

    @property
    def mean(self) -> Fraction:
        """The mean position, without rounding."""
        return self.total / self.grid.count

    def distinct(self, line: NumberLine) -> int | None:
        """The number of different values; None: the cells do not say."""
        largest = float(np.abs(floats(self.grid.lo[[0, -1]])).max())
        apart = line.tells_apart(largest, whole_microseconds=self.whole_microseconds)
        return len(self.grid.counts) if self.grid.exact and apart else None
