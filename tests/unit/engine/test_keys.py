"""Keys in order: counted while they ascend, and split into ranges by what Parquet files record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datarelease.analysis.comparison.rows import diff_rows
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.keys import (
    KeyRange,
    Repeats,
    count_ascending,
    count_repeats,
    key_ranges,
)
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.validation.examples import (
    ExampleRules,
    duplicate_examples,
    duplicates,
)
from datarelease.model.data.dataset import Dataset
from datarelease.model.review.diff import RowDiff


@pytest.mark.parametrize(
    ("columns", "size", "expected"),
    [
        ([[1, 2, 3, 10]], 2, 4),
        ([[1, 2, 2, 3]], 4, None),
        ([[1, 2, 2, 3]], 2, None),
        ([[2, 1]], 2, None),
        ([[1, None]], 2, None),
        ([[None]], 1, None),
        ([[]], 1, 0),
        ([["a", "b", "ä", "😀"]], 3, 4),
        ([[1, 1, 2], ["a", "b", "a"]], 3, 3),
        ([[1, 1, 2], ["a", "a", "a"]], 3, None),
        ([[1, 1, 2], ["b", "a", "a"]], 1, None),
        ([[1, 2], [None, "a"]], 2, None),
        ([[-0.0, 0.0]], 2, None),
    ],
)
def test_rows_are_counted_while_they_ascend(
    columns: list[list[Any]], size: int, expected: int | None
) -> None:
    """A number says that no row is there twice, within batches and from one to the next."""
    table = pa.table({f"k{place}": values for place, values in enumerate(columns)})
    assert count_ascending(table.to_batches(max_chunksize=size)) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([[1, 2, 3, 10]], (0, 0, ())),
        ([[1, 2, 2, 3]], (1, 1, ((2,),))),
        ([[1, 1, 1, 2, 3, 3, 4, 4]], (4, 3, ((1,), (3,)))),
        ([["a", "a", "ä"]], (1, 1, (("a",),))),
        ([[1, 1, 1, 2], ["a", "b", "b", "a"]], (1, 1, ((1, "b"),))),
        ([[]], (0, 0, ())),
        ([[2, 2, 1]], None),
        ([[1, 1], ["b", "a"]], None),
        ([[1, 1, None]], None),
        ([[1.5, 1.5]], None),
        ([[[1], [1]]], None),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 9])
def test_rows_in_order_tell_what_occurs_more_than_once(
    columns: list[list[Any]], size: int, expected: tuple[int, int, tuple[Any, ...]] | None
) -> None:
    """Equal rows are counted within batches and from one to the next; without order, nothing is."""
    table = pa.table({f"k{place}": values for place, values in enumerate(columns)})
    found = count_repeats(table.to_batches(max_chunksize=size), named=2)
    wanted = expected and Repeats(again=expected[0], groups=expected[1], first=expected[2])
    assert found == wanted


@pytest.mark.parametrize("keep", ["all", "exclude_first"])
@pytest.mark.parametrize("columns", [("k",), ("k", "t")])
def test_duplicates_in_order_are_those_in_no_order(
    tmp_path: Path, columns: tuple[str, ...], keep: str
) -> None:
    """The order of rows decides how duplicates are looked for, and nothing that is found."""
    rows = [(n // 3 if n > 40 else n, f"t{n // 2:03}", n) for n in range(120)]
    rules = ExampleRules(key=("n",), pii=frozenset())
    found = []
    with DuckDBEngine(temp_directory=tmp_path) as engine:
        for ordered in (sorted(rows), rows[::-1]):
            values = zip(*ordered, strict=True)
            table = pa.table(dict(zip(("k", "t", "n"), map(list, values), strict=True)))
            frame = engine.rows(table)
            count = duplicates(engine, frame, columns, keep)
            found.append((count, duplicate_examples(engine, frame, columns, rules)))
    assert found[0] == found[1]
    assert found[0][0] > 20


def written(path: Path, values: Sequence[Any], size: int, **options: Any) -> Path:
    """A Parquet file with row groups of ``size`` rows."""
    pq.write_table(pa.table({"k": pa.array(values)}), path, row_group_size=size, **options)
    return path


def test_ranges_are_those_of_row_groups(tmp_path: Path) -> None:
    """Ranges begin where row groups do, hold about so many rows, and leave no gap."""
    old = written(tmp_path / "a", range(100), 10)
    parts = [written(tmp_path / f"b{n}", range(n, n + 50), 10) for n in (50, 0)]
    ranges = key_ranges(([old], parts), "k", rows=20, row_groups=1)
    assert ranges == tuple(
        KeyRange(low=low or None, high=low + 20 if low < 80 else None) for low in range(0, 100, 20)
    )
    assert len(key_ranges(([old], parts), "k", rows=20, row_groups=5)) == 2
    again = written(tmp_path / "c", [0] * 50 + [1] * 50, 10)
    assert [part.low for part in key_ranges(([again],), "k", rows=20, row_groups=1)] == [None, 1]


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ([n * 37 % 100 for n in range(100)], {}),
        (range(100), {"write_statistics": False}),
        ([n / 2 for n in range(100)], {}),
        ([dt.datetime(2026, 1, 1, tzinfo=dt.UTC)] * 100, {}),
    ],
)
def test_no_ranges_where_they_would_not_help(
    tmp_path: Path, values: Sequence[Any], options: dict[str, Any]
) -> None:
    """Row groups that overlap or record no bounds, and types that are not looked up by them."""
    path = written(tmp_path / "a", values, 10, **options)
    assert key_ranges(([path], [path]), "k", rows=20, row_groups=1) == ()


def test_a_column_inside_another_is_no_key(tmp_path: Path) -> None:
    """What is recorded of a field of a struct is not taken for that of a column of this name."""
    inner = pa.StructArray.from_arrays([pa.array([1, 2])], ["b"])
    pq.write_table(pa.table({"a": inner, "a.b": [3, 4]}), tmp_path / "a")
    assert key_ranges(([tmp_path / "a"],), "a.b", rows=1, row_groups=1) == ()
    assert key_ranges(([tmp_path / "a"],), "a", rows=1, row_groups=1) == ()


class Gaps(DuckDBEngine):
    """An engine that believed a file whose recorded bounds are wrong."""

    def key_ranges(
        self,
        before: Table,  # noqa: ARG002 - as the method it stands for
        after: Table,  # noqa: ARG002 - as above
        column: str,  # noqa: ARG002 - as above
    ) -> tuple[KeyRange, ...]:
        """Ranges that leave rows out."""
        return KeyRange(high=30), KeyRange(low=40)


def test_wrong_bounds_lose_no_row(tmp_path: Path) -> None:
    """Where ranges do not hold all rows, all are joined at once."""
    tables = [
        Table(paths=(written(tmp_path / name, keys, 10),), format="parquet")
        for name, keys in (("a", range(100)), ("b", range(35, 101)))
    ]
    with Gaps(temp_directory=tmp_path) as engine:
        diff = diff_rows(engine, tables[0], tables[1], Dataset(name="d", path="d", key=("k",)))
    assert isinstance(diff, RowDiff)
    assert (diff.added, diff.removed, diff.unchanged) == (1, 35, 65)
