"""Values of few rows, counted without a query for each column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling import value_counts
from datarelease.analysis.profiling.profile import profile
from datarelease.analysis.profiling.value_counts import counted_texts
from datarelease.documents import encode
from datarelease.model.data.dataset import Dataset


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine with a directory of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as engine:
        yield engine


texts = st.sampled_from(["a", "b", "", "ä", "\U0001f600", "\uffff", "e\u0301"]) | st.text(
    max_size=3
)


@examples(30, suppress_health_check=[HealthCheck.too_slow])
@given(values=st.lists(st.none() | texts, max_size=40), top=st.sampled_from([0, 1, 10]))
def test_they_are_counted_as_the_engine_counts(
    engine: DuckDBEngine, values: list[str | None], top: int
) -> None:
    """Numbers, the least and the greatest, lengths in characters, and the order of the frequent."""
    frame = engine.rows(pa.table({"value": pa.array(values, pa.string())}))
    assert counted_texts(values, top) == engine.value_counts(frame, top=top)


def columns() -> dict[str, Any]:
    """Columns of each kind whose values are counted, and of floats whose cells are values."""
    return {
        "name": ["a", None, "b", "b", "", "\U0001f600"],
        "yes": [True, None, False, True, True, None],
        "nothing": pa.nulls(6, pa.string()),
        "mail": ["x@y", "x@y", None, "z", "long" * 80, "z"],
        "salary": [1, 1, 2, None, 3, 3],
        "born": pa.array([0, 1, None, 1, 1, 5], pa.date32()),
        "price": pa.array([None, "1.50", "1.5", "2", "2", "7"]).cast(pa.decimal128(6, 2)),
        "x": [0.0, -0.0, None, 1.5, 1.5, float("nan")],
        "at": pa.array([0, 1, None, 1, 1, 5], pa.timestamp("us", "UTC")),
    }


@pytest.mark.parametrize("limit", ["_MOST_ROWS", "_MOST_BYTES"])
def test_a_profile_does_not_depend_on_who_counts(
    engine: DuckDBEngine, tmp_path: Path, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where values take too much memory to be counted without the engine."""
    dataset = Dataset(name="d", path="d", pii=("mail", "salary", "born"))
    pq.write_table(pa.table(columns()), tmp_path / "t")
    table = Table(paths=(tmp_path / "t",), format="parquet")
    found = encode(profile(engine, table, dataset))
    monkeypatch.setattr(value_counts, limit, 1)
    asked: list[int] = []
    counts = engine.value_counts

    def counting(*args: Any, **options: Any) -> Any:
        asked.append(1)
        return counts(*args, **options)

    monkeypatch.setattr(engine, "value_counts", counting)
    assert encode(profile(engine, table, dataset)) == found
    assert len(asked) >= 6
