"""Keys split into ranges by what Parquet files record."""

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
from datarelease.analysis.engine.keys import KeyRange, key_ranges
from datarelease.analysis.engine.tables import Table
from datarelease.model.data.dataset import Dataset
from datarelease.model.review.diff import RowDiff


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
