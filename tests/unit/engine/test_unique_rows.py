"""Whether rows are unique, by sorted hashes: what equal and unequal rows, nulls and shares give."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.analysis.engine.duckdb import unique_rows
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.duckdb.repeated_hashes import RepeatedHashes, repeated_hashes


@pytest.fixture(scope="module", name="engine")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """DuckDB with as little memory as it takes."""
    scratch = tmp_path_factory.mktemp("spill")
    with DuckDBEngine(temp_directory=scratch, memory_limit="32MB") as engine:
        yield engine


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([[3, 1, 2]], 3),
        ([[3, 1, 3]], None),
        ([[]], 0),
        ([[1, None]], None),
        ([[0.0, -0.0]], None),
        ([["a", "A", "ä", ""]], 4),
        ([["b", "a", "b"]], None),
        ([[1, 1, 2], ["a", "b", "a"]], 3),
        ([[1, 1, 2], ["a", "a", "a"]], None),
        ([[1, 2], [None, "a"]], None),
    ],
)
def test_rows_are_counted_if_no_two_are_equal(
    engine: DuckDBEngine, columns: list[list[Any]], expected: int | None
) -> None:
    """A number says that no row is there twice, and that nothing is null."""
    table = pa.table({f"k.{place}": values for place, values in enumerate(columns)})
    assert engine.count_if_unique(engine.rows(table)) == expected


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database without an engine."""
    with duckdb.connect() as opened:
        yield opened


@given(
    rows=st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abc"))), memory=st.integers(8, 80)
)
def test_shares_of_the_rows_say_what_all_rows_say(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[int, str]], memory: int
) -> None:
    """However few hashes fit into memory at once, the answer is that of a set of the rows."""
    table = pa.table({"n": [n for n, _ in rows], "t": [t for _, t in rows]})
    table = table.cast(pa.schema([("n", pa.int64()), ("t", pa.string())]))
    connection.register("asked", table)

    def ask(query: str) -> Iterator[pa.RecordBatch]:
        with connection.sql(query).to_arrow_reader(7) as reader:
            yield from reader

    expected = len(rows) if len({*rows}) == len(rows) else None
    scratch = Path(tempfile.gettempdir())

    def repeated(hashes: Iterable[pa.RecordBatch], most: int) -> RepeatedHashes | None:
        return repeated_hashes(hashes, memory=memory, scratch=scratch, most=most)

    assert unique_rows.count_by_hashes(ask, repeated, ("n", "t")) == expected


def test_many_rows_are_counted_in_little_memory(engine: DuckDBEngine) -> None:
    """More hashes than fit at once are counted in shares; one repeated row is found among them."""
    rows = 2_000_000
    keys = pa.array(range(rows), pa.int64())
    assert engine.count_if_unique(engine.rows(pa.table({"k": keys}))) == rows
    again = pa.chunked_array([keys, pa.array([rows // 2], pa.int64())])
    assert engine.count_if_unique(engine.rows(pa.table({"k": again}))) is None


def test_equal_hashes_are_no_equal_rows(
    engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where unequal rows have the same hash, the rows themselves decide."""
    monkeypatch.setattr(unique_rows, "_HASH", "hash(least({}, 5))")
    assert engine.count_if_unique(engine.rows(pa.table({"k": [1, 7, 8, 9]}))) == 4
    assert engine.count_if_unique(engine.rows(pa.table({"k": [1, 7, 8, 7]}))) is None
