"""Distribution cells: exact counts, whatever the values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling.cells import SHARE, fine_cells, merged_cells
from datarelease.model.data.profile import Cell

floats = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine with a directory of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as engine:
        yield engine


def counted(engine: DuckDBEngine, directory: Path, values: list[float]) -> list[Cell]:
    """The cells of values that went through a Parquet file."""
    path = directory / f"{len(list(directory.iterdir()))}.parquet"
    pq.write_table(pa.table({"x": pa.array(values, pa.float64())}), path)
    frame = engine.scan(Table(paths=(path,), format="parquet")).select(nw.col("x"))
    filled = [value for value in values if value is not None]
    return fine_cells(engine, frame, min(filled), max(filled), len(filled))


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


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(values=st.lists(floats, min_size=1, max_size=60))
def test_few_values_are_kept_one_by_one(
    engine: DuckDBEngine, tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    """Up to 256 different floats, of any size, become point masses with exact counts."""
    cells = counted(engine, tmp_path_factory.mktemp("few"), values)
    assert {cell.lo: cell.count for cell in cells} == Counter(value + 0.0 for value in values)
    assert all(cell.lo == cell.hi for cell in cells)
    assert merged_cells(cells, len(values)) == tuple(cells)


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


@pytest.mark.parametrize("name", distributions())
def test_cells_are_exact_and_light(engine: DuckDBEngine, tmp_path: Path, name: str) -> None:
    """Whatever the distribution, every cell holds what is between its bounds, and not much."""
    values = distributions()[name]
    cells = counted(engine, tmp_path, values)
    check(values, cells, SHARE)
    stored = merged_cells(cells, len(values))
    check(values, stored, SHARE)
    assert len(stored) <= 2 * SHARE + 1
    assert not any(math.copysign(1, cell.lo) < 0 for cell in stored if cell.lo == 0)


def test_nulls_are_ignored(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Nulls are in no cell."""
    values: list[float] = [1.0, None, 3.0, None]  # type: ignore[list-item]
    assert counted(engine, tmp_path, values) == [Cell(1.0, 1.0, 1), Cell(3.0, 3.0, 1)]
