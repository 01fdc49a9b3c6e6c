"""Distribution cells: exact counts, whatever the values."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.slow_cases import slow_but

from datarelease.analysis.profiling.cells import CELLS, Grid, ordered
from datarelease.analysis.profiling.joined_cells import SHARE, merged_cells
from datarelease.model.data.profile import Cell

floats = st.floats(allow_nan=False, allow_infinity=False)


def grid_of(values: list[float], limit: int = CELLS) -> Grid:
    """The grid of values, heavy cells counted again."""

    def refined(some: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Grid:
        grid = Grid.of(some, limit=limit)
        heavy = grid.heavy(len(values))
        if not len(heavy):
            return grid
        return grid.refined(refined(grid.inside(some, heavy)), len(values))

    return refined(np.array(values, np.float64))


def check(values: list[float], cells: list[Cell] | tuple[Cell, ...], share: int) -> None:
    """Cells are sorted, disjoint, count every value, and are single values or light."""
    bounds = [bound for cell in cells for bound in ((cell.lo, cell.hi))]
    assert bounds == sorted(bounds)
    assert all(one.hi < two.lo for one, two in pairwise(cells))
    ordered = np.sort(np.array(values) + 0.0)
    for cell in cells:
        inside = ordered[(ordered >= cell.lo) & (ordered <= cell.hi)]
        assert Cell(float(inside[0]), float(inside[-1]), len(inside)) == cell
        assert cell.lo == cell.hi or cell.count * share <= len(values)
    assert sum(cell.count for cell in cells) == len(values)


@given(values=st.lists(floats, min_size=1, max_size=60))
def test_few_values_are_kept_one_by_one(values: list[float]) -> None:
    """Up to 256 different floats, of any size, become point masses with exact counts."""
    cells = grid_of(values).cells()
    assert {cell.lo: cell.count for cell in cells} == Counter(value + 0.0 for value in values)
    assert all(cell.lo == cell.hi for cell in cells)
    assert merged_cells(cells, len(values)) == tuple(cells)


@given(
    values=st.lists(floats, min_size=1, max_size=60),
    places=st.lists(st.integers(0, 60), max_size=5),
    limit=st.integers(4, 20),
    data=st.data(),
)
def test_grids_add_up(
    values: list[float], places: list[int], limit: int, data: st.DataObject
) -> None:
    """However values are split, shuffled and added up: it is the grid of all of them."""
    shuffled = np.array(data.draw(st.permutations(values)), np.float64)
    parts = [part for part in np.split(shuffled, sorted(places)) if len(part)]
    grids = [Grid.of(part, limit=limit, ends=True) for part in parts]
    level = data.draw(st.integers(0, min(grid.level for grid in grids)))
    grids.append(Grid.of(parts[0], level=level, limit=limit, ends=True))
    grids = data.draw(st.permutations(grids[1:]))
    while len(grids) > 1:
        size = data.draw(st.integers(2, len(grids)))
        grids = [Grid.merged(grids[:size]), *grids[size:]]
    whole = Grid.of(np.array(values, np.float64), limit=limit)
    for one, other in ((grids[0].lo, whole.lo), (grids[0].hi, whole.hi)):
        assert one.tolist() == other.tolist()
    assert grids[0].counts.tolist() == whole.counts.tolist()
    assert grids[0].level == whole.level
    points = ordered(np.array(values, np.float64)).tolist()
    assert grids[0].ends is not None
    assert [rows.tolist() for rows in grids[0].ends] == [
        [points.count(value) for value in bounds.tolist()] for bounds in (whole.lo, whole.hi)
    ]
    assert whole.ends is None
    assert Grid.merged([grids[0], whole]).ends is None
    assert len(whole.counts) <= limit


def distributions() -> dict[str, list[float]]:
    """Samples that are hard for a grid."""
    rng = np.random.default_rng(7)
    n = 5000
    return {
        "normal": rng.normal(size=n).tolist(),
        "outlier": [*rng.lognormal(10, 2, n).tolist(), 1e300],
        "zero-inflated": (rng.lognormal(3, 1, n) * (rng.random(n) > 0.3)).tolist(),
        "hundreds of decades": (10 ** rng.uniform(-300, 300, n)).tolist(),
        "both signs of them": (
            rng.choice([-1.0, 1.0], n) * 10 ** rng.uniform(-300, 300, n)
        ).tolist(),
        "denormals": (rng.integers(0, 3000, n) * 5e-324).tolist(),
        "whole range": [*(rng.uniform(-1.7, 1.7, n) * 1e308).tolist(), -1.79e308, 1.79e308],
        "far from zero": (1e15 + rng.integers(0, 3000, n) * 0.125).tolist(),
        "clusters": np.concatenate(
            [center + rng.normal(size=n // 10) * 1e-9 for center in 10.0 ** np.arange(10)]
        ).tolist(),
        "ids": (1.2e18 + rng.integers(0, 10**6, n).astype(float)).tolist(),
        "negative zeros": [*(rng.integers(-400, 400, n) * 0.5 * -1.0).tolist(), -0.0, 0.0],
    }


@pytest.mark.parametrize(
    ("name", "limit"),
    slow_but(
        {
            *(f"{name}-{CELLS}" for name in distributions()),
            "hundreds of decades-2000", "clusters-2000", "whole range-2000",
        },
        itertools.product(distributions(), [CELLS, 2000]),
        name=lambda case: "{}-{}".format(*case),
    ),
)  # fmt: skip
def test_cells_are_exact_and_light(name: str, limit: int) -> None:
    """Whatever the distribution, every cell holds what is between its bounds, and not much."""
    values = distributions()[name]
    cells = grid_of(values, limit).cells()
    check(values, cells, SHARE)
    stored = merged_cells(cells, len(values))
    check(values, stored, SHARE)
    assert len(stored) <= 2 * SHARE + 1
    assert not any(math.copysign(1, cell.lo) < 0 for cell in stored if cell.lo == 0)


@pytest.mark.parametrize("name", distributions())
def test_the_deviation_needs_no_values(name: str) -> None:
    """Cells tell the standard deviation: of single values exactly, of coarse cells nearly."""
    values = distributions()[name]
    real = np.array(values, np.longdouble)
    mean = Fraction(0)
    for value in values:
        mean += Fraction(value) / len(values)
    expected = float(real.std())
    grid = Grid.of(np.array(values), limit=CELLS)
    assert grid.deviation(mean) == pytest.approx(expected, rel=1e-9, abs=0)
    coarse = Grid.of(np.array(values), limit=4000)
    assert coarse.deviation(mean) == pytest.approx(expected, rel=2e-4, abs=0)


def test_a_value_that_many_have_is_a_cell_of_its_own() -> None:
    """Among a great many others, a frequent value is found by counting its cell once more."""
    values = np.random.default_rng(2).uniform(900, 1000, 300_000)
    values[:15_000] = 999.99
    cells = grid_of(values.tolist(), 4096).cells()
    assert Cell(999.99, 999.99, 15_000) in cells
    assert Cell(999.99, 999.99, 15_000) in merged_cells(cells, len(values))
