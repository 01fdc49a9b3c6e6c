"""Rows that occur more than once, counted as their order shows them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from datarelease.analysis.engine import repeats
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.repeats import Repeats, count_repeats, few_in_order
from datarelease.analysis.validation.examples import (
    ExampleRules,
    duplicate_examples,
    duplicates,
)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([[1, 2, 3, 10]], (0, 0, ())),
        ([[1, 2, 2, 3]], (1, 1, ((2,),))),
        ([[1, 1, 1, 2, 3, 3, 4, 4]], (4, 3, ((1,), (3,)))),
        ([["a", "a", "ä"]], (1, 1, (("a",),))),
        ([[1, 1, 1, 2], ["a", "b", "b", "a"]], (1, 1, ((1, "b"),))),
        ([[]], (0, 0, ())),
        ([[2, 2, 1]], (1, 1, ((2,),))),
        ([[9, 8, 8, 5, 5, 5, 4, 1, 1]], (4, 3, ((1,), (5,)))),
        ([[2, 1, 1], ["a", "b", "b"]], (1, 1, ((1, "b"),))),
        ([[1, 1], ["b", "a"]], (0, 0, ())),
        ([[7, 7, 7]], (2, 1, ((7,),))),
        ([[2, 2, 1, 2]], None),
        ([[1, 2, 2, 1]], None),
        ([[1, 1, 2], ["b", "a", "a"]], None),
        ([[1, 1, None]], None),
        ([[1.5, 1.5]], None),
        ([[[1], [1]]], None),
    ],
)
def test_rows_in_order_tell_what_occurs_more_than_once(
    columns: list[list[Any]], expected: tuple[int, int, tuple[Any, ...]] | None
) -> None:
    """Rows that ascend or descend are counted within batches and from one to the next."""
    table = pa.table({f"k{place}": values for place, values in enumerate(columns)})
    sizes = (1, 2, 3, 9)
    found = {size: count_repeats(table.to_batches(max_chunksize=size), named=2) for size in sizes}
    wanted = expected and Repeats(again=expected[0], groups=expected[1], first=expected[2])
    assert found == dict.fromkeys(sizes, wanted)


def batches_of(size: int, *values: Any) -> list[pa.RecordBatch]:
    """A column in batches of at most so many rows."""
    return list(pa.table({"k": [*values]}).to_batches(max_chunksize=size))


def values_of(batches: Iterable[pa.RecordBatch]) -> list[list[Any]]:
    """The values of a column, batch by batch."""
    return [batch["k"].to_pylist() for batch in batches]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_few_rows_are_sorted(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they come in batches; many rows are left as they come, and what cannot be sorted."""
    monkeypatch.setattr(repeats, "_FEW", 4)
    assert values_of(few_in_order(batches_of(size, 3, 1, 2, 1))) == [[1, 1, 2, 3]]
    assert values_of(few_in_order(batches_of(size, "b", "ä", "a"))) == [["a", "b", "ä"]]
    for left in ([3, 1, 2, 1, 0, 5], [0.5, 0.1], []):
        found = values_of(few_in_order(batches_of(size, *left)))
        assert [value for batch in found for value in batch] == left


@pytest.mark.parametrize("few", [0, 10_000])
@pytest.mark.parametrize("keep", ["all", "exclude_first"])
@pytest.mark.parametrize("columns", [("k",), ("k", "t")])
def test_duplicates_in_order_are_those_in_no_order(
    tmp_path: Path, columns: tuple[str, ...], keep: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order of rows decides how duplicates are looked for, and nothing that is found."""
    monkeypatch.setattr(repeats, "_FEW", few)
    rows = [(n // 3 if n > 40 else n, f"t{n // 2:03}", n) for n in range(120)]
    rules = ExampleRules(key=("n",), pii=frozenset())
    found = []
    with DuckDBEngine(temp_directory=tmp_path) as engine:
        for ordered in (sorted(rows), sorted(rows)[::-1], rows[60:] + rows[:60]):
            values = zip(*ordered, strict=True)
            table = pa.table(dict(zip(("k", "t", "n"), map(list, values), strict=True)))
            frame = engine.rows(table)
            count = duplicates(engine, frame, columns, keep)
            found.append((count, duplicate_examples(engine, frame, columns, rules)))
    assert found[0] == found[1] == found[2]
    assert found[0][0] > 20
