"""Drift from profiles against drift from the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.comparison.distribution import Distribution
from datarelease.analysis.comparison.drift import js, ks, psi
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling.cells import Grid
from datarelease.analysis.profiling.joined_cells import merged_cells
from datarelease.analysis.profiling.profile import profile
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import Category, Cell, ColumnProfile

Values = npt.NDArray[np.float64]
Pair = tuple[Values, Values]
_N = 20_000


def statistic_of_scipy(one: Values, two: Values) -> float:
    """The statistic of Kolmogorov and Smirnov as SciPy computes it."""
    from scipy.stats import ks_2samp  # a second: every worker of pytest imports this module

    return float(ks_2samp(one, two, method="asymp").statistic)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine with a directory of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as engine:
        yield engine


def profiled(engine: DuckDBEngine, directory: Path, values: Values) -> ColumnProfile:
    """The profile of a column of values."""
    path = directory / f"{len(list(directory.iterdir()))}.parquet"
    pq.write_table(pa.table({"x": values}), path)
    table = Table(paths=(path,), format="parquet")
    return profile(engine, table, Dataset(name="d", path="d")).columns[0]


def cuts(values: Values) -> set[tuple[float, bool]]:
    """The deciles, each closed above; below as well where two fall on one value."""
    deciles = np.quantile(values, [k / 10 for k in range(1, 10)], method="inverted_cdf").tolist()
    doubled = {(one, False) for one, two in pairwise(deciles) if one == two}
    return {(value, True) for value in deciles} | doubled


def shares(values: Values, ends: set[tuple[float, bool]]) -> Values:
    """The share of the values in each bin."""
    counts = [
        (values <= value).sum() if closed else (values < value).sum()
        for value, closed in sorted(ends)
    ]
    return np.diff([0, *counts, len(values)]) / len(values)


def exact_psi(before: Values, after: Values) -> float:
    """PSI as the textbooks say."""
    p, q = (np.maximum(shares(side, cuts(before)), 1e-4) for side in (before, after))
    return float(((q - p) * np.log(q / p)).sum())


def exact_js(before: Values, after: Values) -> float:
    """JS over the deciles of both sides."""
    p, q = (shares(side, cuts(before) | cuts(after)) for side in (before, after))
    terms = [side[side > 0] * np.log2(side[side > 0] / ((p + q) / 2)[side > 0]) for side in (p, q)]
    return float(sum(term.sum() for term in terms)) / 2


@cache
def pairs() -> dict[str, Pair]:
    """Distributions before and after."""
    rng = np.random.default_rng(1)
    normal = rng.normal(size=_N)
    return {
        "same law": (normal, rng.normal(size=_N)),
        "shifted little": (normal, rng.normal(0.1, 1, _N)),
        "shifted": (normal, rng.normal(0.5, 1, _N)),
        "scaled": (normal, rng.normal(0, 2, _N)),
        "lognormal": (rng.lognormal(10, 2, _N), rng.lognormal(10.2, 1.5, _N)),
        "outlier": (np.append(rng.lognormal(10, 2, _N), 1e15), rng.lognormal(10.2, 2, _N)),
        "zero-inflated": (
            rng.lognormal(3, 1, _N) * (rng.random(_N) > 0.3),
            rng.lognormal(3, 1, _N) * (rng.random(_N) > 0.5),
        ),
        "integers": (
            rng.integers(0, 1000, _N).astype(float),
            rng.integers(0, 990, _N).astype(float),
        ),
        "whole numbers": (rng.integers(0, 1000, _N), rng.integers(0, 990, _N)),
        "counts": (rng.poisson(3, _N).astype(float), rng.poisson(4, _N).astype(float)),
        "heavy tails": (rng.standard_cauchy(_N), rng.standard_cauchy(_N) * 1.5),
        "waiting times": (rng.exponential(1, _N), rng.exponential(0.8, _N)),
        "decades": (10 ** rng.uniform(-300, 300, _N), 10 ** rng.uniform(-300, 280, _N)),
        "tiny": (rng.normal(size=40), rng.normal(0.3, 1, 25)),
        "one value each": (np.array([1.0]), np.array([1.0])),
        "constant, then more": (np.zeros(100), np.array([0.0] * 90 + [5.0] * 10)),
        "constant, then less": (np.zeros(100), np.array([0.0] * 90 + [-5.0] * 10)),
        "disjoint": (normal, rng.normal(100, 1, _N)),
    }


@pytest.mark.parametrize("name", pairs())
def test_figures_are_those_of_the_data(engine: DuckDBEngine, tmp_path: Path, name: str) -> None:
    """PSI, KS and JS from profiles are within 0.01 of the exact ones."""
    before, after = pairs()[name]
    one, two = profiled(engine, tmp_path, before), profiled(engine, tmp_path, after)
    rows = (len(before), len(after))
    assert psi(one, two, rows) == pytest.approx(exact_psi(before, after), abs=0.01)
    assert ks(one, two) == pytest.approx(statistic_of_scipy(before, after), abs=0.01)
    assert js(one, two, rows) == pytest.approx(exact_js(before, after), abs=0.01)


@pytest.mark.parametrize("scale", [0.3, 3.0, 20.0])
def test_large_psi_is_within_two_per_cent(
    engine: DuckDBEngine, tmp_path: Path, scale: float
) -> None:
    """Above 1, where shares near nothing count by their logarithm, PSI is good to 2 %."""
    rng = np.random.default_rng(4)
    before, after = rng.normal(size=_N), rng.normal(1, scale, _N)
    one, two = profiled(engine, tmp_path, before), profiled(engine, tmp_path, after)
    assert psi(one, two, (_N, _N)) == pytest.approx(exact_psi(before, after), rel=0.02, abs=0.01)


small = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=50)


@examples(15, suppress_health_check=[HealthCheck.too_slow])
@given(before=small, after=small)
def test_few_values_are_exact(
    engine: DuckDBEngine,
    tmp_path_factory: pytest.TempPathFactory,
    before: list[float],
    after: list[float],
) -> None:
    """With few different values nothing is lost: all figures are exact, ties included."""
    directory = tmp_path_factory.mktemp("few")
    old, new = np.array(before), np.array(after)
    one, two = profiled(engine, directory, old), profiled(engine, directory, new)
    rows = (len(before), len(after))
    assert psi(one, two, rows) == pytest.approx(exact_psi(old, new))
    assert ks(one, two) == pytest.approx(statistic_of_scipy(old, new))
    assert js(one, two, rows) == pytest.approx(exact_js(old, new), abs=1e-12)


@st.composite
def numeric(draw: st.DrawFn) -> ColumnProfile:
    """Any column of numbers."""
    places = st.floats(-1e300, 1e300).map(lambda value: value + 0.0)
    bounds = sorted(draw(st.lists(places, min_size=1, max_size=12, unique=True)))
    cells, index = [], 0
    while index < len(bounds):
        wide = index + 1 < len(bounds) and draw(st.booleans())
        low, high = bounds[index], bounds[index + wide]
        cells.append(Cell(low, high, draw(st.integers(1 + wide, 1000))))
        index += 1 + wide
    return ColumnProfile(name="x", type="float64", kind="number", nulls=0, cells=tuple(cells))


@given(one=numeric(), two=numeric())
def test_bounds_and_symmetry(one: ColumnProfile, two: ColumnProfile) -> None:
    """KS and JS are symmetric and between 0 and 1, PSI is not negative; equal columns give 0."""
    rows = (1, 1)
    distance, divergence = ks(one, two), js(one, two, rows)
    assert distance == pytest.approx(ks(two, one))
    assert divergence == pytest.approx(js(two, one, rows))
    assert distance is not None
    assert 0 <= distance <= 1
    assert divergence is not None
    assert 0 <= divergence <= 1
    index = psi(one, two, rows)
    assert index is not None
    assert index >= 0
    # By any other name its cells are looked at.
    for same in (one, replace(one, name="y")):
        assert (psi(one, same, rows), ks(one, same), js(one, same, rows)) == (0, 0, 0)


def test_columns_that_are_one_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most columns of most checks did not change, and there may be hundreds of them."""
    cells = tuple(Cell(float(n), float(n), 1) for n in range(100))
    one = ColumnProfile(name="x", type="int64", kind="number", nulls=0, cells=cells)
    monkeypatch.setattr(Distribution, "of", None)
    same = replace(one)
    assert (psi(one, same, (1, 1)), ks(one, same), js(one, same, (1, 1))) == (0.0, 0.0, 0.0)
    with pytest.raises(TypeError):
        psi(one, replace(one, nulls=1), (1, 1))


def text(*top: tuple[str, int], distinct: int | None = None, nulls: int = 0) -> ColumnProfile:
    """A column of text."""
    return ColumnProfile(
        name="x",
        type="string",
        kind="text",
        nulls=nulls,
        distinct=len(top) if distinct is None else distinct,
        top=tuple(Category(value, count) for value, count in top),
    )


def test_categories() -> None:
    """PSI of complete lists of categories is the textbook's; one that is gone counts 0.0001."""
    p, q = np.array([0.5, 0.5, 0.0001]), np.array([0.25, 0.0001, 0.75])
    one, two = text(("a", 50), ("b", 50)), text(("c", 75), ("a", 25))
    assert psi(one, two, (100, 100)) == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert ks(one, two) is None
    assert js(one, two, (100, 100)) == js(two, one, (100, 100))


def test_values_beyond_the_top_are_one_category() -> None:
    """What neither side lists counts as one category, nulls as none."""
    one = text(("a", 60), ("b", 20), distinct=12, nulls=10)
    two = text(("a", 30), ("b", 20), distinct=40, nulls=0)
    p, q = np.array([60, 20, 20]) / 100, np.array([30, 20, 50]) / 100
    assert psi(one, two, (110, 100)) == pytest.approx(((q - p) * np.log(q / p)).sum())


def test_nothing_to_compare() -> None:
    """Columns without values, of other kinds or with unique text have no drift figures."""
    number = ColumnProfile(
        name="x", type="int64", kind="number", nulls=0, cells=(Cell(1.0, 1.0, 1),)
    )
    empty = ColumnProfile(name="x", type="int64", kind="number", nulls=1)
    unique = text(distinct=100)
    for one, two in ((number, empty), (number, text(("1", 1))), (unique, unique)):
        assert psi(one, two, (1, 1)) is None
        assert js(one, two, (1, 1)) is None
        assert ks(one, two) is None


def from_cells(values: Values, limit: int) -> ColumnProfile:
    """The profile of a column with more different values than the ``limit`` of its cells."""

    def refined(some: Values) -> Grid:
        grid = Grid.of(some, limit=limit)
        heavy = grid.heavy(len(values))
        if not len(heavy):
            return grid
        return grid.refined(refined(grid.inside(some, heavy)), len(values))

    grid = refined(values)
    cells = merged_cells(grid.cells(), len(values))
    return ColumnProfile(name="x", type="float64", kind="number", nulls=0, cells=cells)


@examples(15, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    center=st.sampled_from([0.0, 5.0, 1e6, -1e12]),
    skewed=st.tuples(st.booleans(), st.booleans()),
    shift=st.floats(-1, 1),
    point=st.floats(0, 0.4),
    stray=st.sampled_from([0.0, 0.01]),
)
def test_coarse_cells_are_enough(
    seed: int,
    center: float,
    skewed: tuple[bool, bool],
    shift: float,
    point: float,
    stray: float,
) -> None:
    """From coarse cells KS and JS are within 0.01, and PSI is where no bin is nearly empty."""
    rng = np.random.default_rng(seed)

    def drawn(moved: float, *, skew: bool) -> Values:
        values = rng.lognormal(moved, 1, _N) if skew else rng.normal(moved, 1, _N)
        values = np.where(rng.random(_N) < stray, rng.standard_cauchy(_N) * 1e9, values + center)
        return np.where(rng.random(_N) < point * rng.random(), center + 0.99, values)

    before, after = drawn(0.0, skew=skewed[0]), drawn(shift, skew=skewed[1])
    one, two = from_cells(before, 4096), from_cells(after, 4096)
    rows = (_N, _N)
    assert ks(one, two) == pytest.approx(statistic_of_scipy(before, after), abs=0.01)
    assert js(one, two, rows) == pytest.approx(exact_js(before, after), abs=0.01)
    # A bin beside a frequent value may be nearly empty, and PSI weighs it by its logarithm.
    bins = np.concatenate([shares(side, cuts(before)) for side in (before, after)])
    if bins.min() > 0.03:
        assert psi(one, two, rows) == pytest.approx(exact_psi(before, after), abs=0.01)
