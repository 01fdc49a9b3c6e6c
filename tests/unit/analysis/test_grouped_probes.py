"""Checks of texts with few different values: each value is looked at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import narwhals as nw
import pandera.pandas as pa
import pyarrow as arrow  # noqa: ICN001 - `pa` is Pandera
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.row_groups import chunks
from datarelease.analysis.engine.row_groups.chunks import columns_of_few_values
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.validation import run
from datarelease.analysis.validation.run import validate
from datarelease.documents import encode
from datarelease.model.data.dataset import Dataset

C = pa.Check
CHECKS = (
    C.isin(["a", "bb"]),
    C.notin(["", "ä"]),
    C.str_length(1, 2),
    C.str_matches("^[a-z]+$"),
    C.str_matches(r"^\w+$"),  # decided in Python
    C.isin(["a"], ignore_na=False),
    C.gt("a"),
)


@pytest.fixture(scope="module", name="engine")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """DuckDB."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as engine:
        yield engine


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    """A few rows are many enough."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chunks, "_MANY_ROWS", 1)
        patched.setattr(chunks, "_FEW_BYTES", 1000)
        yield


@examples(25)
@given(
    texts=st.lists(st.sampled_from(["a", "bb", "", "ä", "ccc", "a\n", "\0", None]), max_size=30),
    asked=st.lists(st.sampled_from(CHECKS), unique_by=id),
    name=st.sampled_from(["v", "v.w", "value", "rows"]),
    nullable=st.booleans(),
)
def test_the_outcome_is_that_of_looking_at_each_row(
    tmp_path_factory: pytest.TempPathFactory,
    engine: DuckDBEngine,
    texts: list[str | None],
    asked: list[Any],
    name: str,
    nullable: bool,  # noqa: FBT001 - drawn by its name
) -> None:
    """Counts and examples are the same, byte for byte, whatever the column is called."""
    path = tmp_path_factory.mktemp("table") / "table.parquet"
    numbers = arrow.array(range(len(texts)), arrow.int64())
    pq.write_table(arrow.table({"id": numbers, name: arrow.array(texts, arrow.string())}), path)
    schema = pa.DataFrameSchema(
        {"id": pa.Column(int, C.lt(20)), name: pa.Column(str, asked, nullable=nullable)}
    )
    dataset = Dataset(name="t", path="t", schema="t.yaml", key=("id",))
    table = Table(paths=(path,), format="parquet")
    found = encode(validate(engine, table, dataset, schema))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run, "groups", None)
        patched.setattr(chunks, "_MANY_ROWS", 1 << 62)
        assert encode(validate(engine, table, dataset, schema)) == found


def test_columns_of_few_values_are_told_by_their_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are texts in small dictionaries in every row group; a small file has none."""
    monkeypatch.setattr(chunks, "_FEW_BYTES", 2)
    rows = 20_000
    table = arrow.table(
        {
            "few": ["one", "two"] * (rows // 2),
            "null": arrow.array(["one", None] * (rows // 2)),
            "late": ["one"] * (rows // 2) + [f"text {n}" for n in range(rows // 2)],
            "many": [f"text {n}" for n in range(rows)],
            "bytes": [b"one", b"two"] * (rows // 2),
            "number": [1, 2] * (rows // 2),
            "a.b": ["one", "two"] * (rows // 2),
            "list": [["one"], ["two"]] * (rows // 2),
        }
    )
    path = tmp_path / "table.parquet"
    pq.write_table(table, path, row_group_size=rows // 4)
    assert columns_of_few_values(path) == {"few", "null", "a.b", "list.list.element"}
    pq.write_table(table, path, use_dictionary=False)
    assert columns_of_few_values(path) == frozenset()
    monkeypatch.setattr(chunks, "_MANY_ROWS", rows + 1)
    pq.write_table(table, path)
    assert columns_of_few_values(path) == frozenset()


def test_a_column_of_few_values_is_grouped(
    tmp_path: Path, engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its checks are asked of its values; those of other columns of all rows."""
    path = tmp_path / "table.parquet"
    pq.write_table(arrow.table({"id": [1, 2, 3], "v": ["a", "b", "b"]}), path)
    schema = pa.DataFrameSchema({"id": pa.Column(int), "v": pa.Column(str, C.isin(["a"]))})
    asked: list[str] = []

    collect = engine.collect

    def watched(frame: nw.LazyFrame[Any]) -> list[dict[str, Any]]:
        asked.append(",".join(frame.collect_schema().names()))
        return collect(frame)

    monkeypatch.setattr(engine, "collect", watched)
    dataset = Dataset(name="t", path="t", schema="t.yaml")
    (violation,) = validate(
        engine, Table(paths=(path,), format="parquet"), dataset, schema
    ).violations
    assert violation.count == 2
    assert asked[:2] == ["rows,n0", "n1,n2"]
