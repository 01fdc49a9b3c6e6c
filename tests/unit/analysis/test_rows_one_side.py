"""Row diffs where one side has no files: parts that were appended or dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from datarelease.analysis.comparison.rows import diff_rows
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.model.data.dataset import Dataset
from datarelease.model.review.diff import RowDiff

DATASET = Dataset(name="events", path="events", key=("id",))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_appended_parts_are_added_rows(tmp_path: Path, suffix: str) -> None:
    """Every row of files that only the new side has is added, with examples in key order."""
    path = _part(tmp_path, suffix)
    with DuckDBEngine(temp_directory=tmp_path) as engine:
        diff = diff_rows(engine, None, path, DATASET, skipped_files=3)
        gone = diff_rows(engine, path, None, DATASET)
    assert isinstance(diff, RowDiff)
    assert isinstance(gone, RowDiff)
    assert (diff.added, diff.removed, diff.changed, diff.unchanged) == (3, 0, 0, 0)
    assert [row.key for row in diff.examples] == [(("id", n),) for n in (1, 2, 3)]
    assert diff.skipped_files == 3
    assert (gone.added, gone.removed, gone.changed) == (0, 3, 0)


def test_no_files_on_both_sides_is_said(tmp_path: Path) -> None:
    """Without any file there is no diff, and the reason says so."""
    with DuckDBEngine(temp_directory=tmp_path) as engine:
        assert diff_rows(engine, None, None, DATASET) == "there are no files to compare"


def _part(folder: Path, suffix: str) -> Table:
    path = folder / f"part.{suffix}"
    if suffix == "csv":
        path.write_text("id,v\n2,b\n1,a\n3,c\n")
        return Table(paths=(path,), format="csv")
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": [2, 1, 3], "v": ["b", "a", "c"]}), path)
    return Table(paths=(path,), format="parquet")
