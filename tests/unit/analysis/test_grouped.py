"""Cells that an engine counts elsewhere: found in rounds, and the same as those of the values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from datarelease.analysis.engine.number_counts import LOWER_BITS, NumberFigures
from datarelease.analysis.profiling import grouped
from datarelease.analysis.profiling.cells import Floats, Grid, ordered
from datarelease.analysis.profiling.columns import Column

floats = st.floats(allow_nan=False, allow_infinity=False)


class Elsewhere:
    """Counts the values of one column by `NumberCounts`, and the rounds that this takes."""

    def __init__(self, values: Floats) -> None:
        self.values = values
        self.rounds: list[int] = []

    def figures(
        self, frame: nw.LazyFrame[Any], filled: Sequence[str], numbers: Sequence[str]
    ) -> tuple[int, Mapping[str, int], Mapping[str, NumberFigures]]:
        """Not asked for here."""
        raise NotImplementedError

    def cells(
        self,
        frame: nw.LazyFrame[Any],  # noqa: ARG002 - the values are known
        levels: Mapping[str, int],
        inside: Mapping[str, tuple[int, Sequence[int]]],
    ) -> pa.Table:
        """The cells, the last one first."""
        (level,) = levels.values()
        self.rounds.append(level)
        points = ordered(self.values)
        for coarse, cells in inside.values():
            points = points[np.isin(points >> coarse, list(cells))]
        rest = points - (points >> level << level)
        rows = [
            {
                "column": 0,
                "lo": own.min(),
                "hi": own.max(),
                "count": len(own),
                "upper": (rest[points >> level == cell] >> LOWER_BITS).sum(),
                "lower": (rest[points >> level == cell] & ((1 << LOWER_BITS) - 1)).sum(),
            }
            for cell in np.unique(points >> level)[::-1]
            for own in [points[points >> level == cell]]
        ]
        return pa.Table.from_pylist([{k: int(v) for k, v in row.items()} for row in rows])


COLUMN = Column(number=0, name="x", dtype=nw.Float64(), pii=False)


def counted(source: Elsewhere, start: Grid, inside: Any = None) -> grouped._Counted:
    """The cells of the column, counted elsewhere."""
    return grouped._counted(source, lambda _: None, [COLUMN], {"x": start}, inside or {})["x"]  # type: ignore[arg-type, return-value]


def whole(values: Floats, limit: int) -> Grid:
    """What is known of values before any round."""
    low, high = float(values.min()), float(values.max())
    figures = NumberFigures(
        count=len(values), low=low, high=high, lowest=low, highest=high, total=None
    )
    return grouped._start(figures, limit)


def same(one: Grid, other: Grid) -> bool:
    """Whether two grids say the same."""
    pairs = zip((one.lo, one.hi, one.counts), (other.lo, other.hi, other.counts), strict=True)
    return one.level == other.level and all(np.array_equal(*pair) for pair in pairs)


@given(values=st.lists(floats, min_size=1, max_size=80), limit=st.integers(4, 30))
def test_cells_and_sums_are_those_of_the_values(values: list[float], limit: int) -> None:
    """Whatever the values are: at the same level, with the same bounds, and without rounding."""
    array = np.array(values, np.float64)
    found = counted(Elsewhere(array), whole(array, limit))
    assert same(found.grid, Grid.of(array, limit=limit))
    assert found.total == sum(map(Fraction, values))


@given(values=st.lists(floats, min_size=1, max_size=80), limit=st.integers(4, 30))
def test_heavy_cells_are_counted_finer(values: list[float], limit: int) -> None:
    """Only what is inside the cells is counted, and as fine as these values allow."""
    array = np.array(values, np.float64)
    grid = Grid.of(array, limit=limit)
    chosen = np.unique(grid.lo >> grid.level)[::2]
    mask = np.isin(grid.lo >> grid.level, chosen)
    start = Grid(
        level=grid.level,
        limit=limit,
        lo=grid.lo[mask],
        hi=grid.hi[mask],
        counts=grid.counts[mask],
    )
    found = counted(Elsewhere(array), start, {"x": (grid.level, chosen.tolist())})
    assert same(found.grid, Grid.of(grid.inside(array, chosen), limit=limit))


def test_two_rounds_as_a_rule(monkeypatch: Any) -> None:
    """The first finds out how far the values spread, the second is as fine as may be sent."""
    monkeypatch.setattr(grouped, "_SENT", 4096)
    values = np.random.default_rng(3).normal(1e9, 1, 30_000)
    source = Elsewhere(values)
    found = counted(source, whole(values, 1024))
    assert same(found.grid, Grid.of(values, limit=1024))
    assert len(source.rounds) <= 2
