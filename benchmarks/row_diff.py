"""Two Parquet files compared row by row, by the package or by one full join written by hand.

    python row_diff.py datarelease|full-join KEY BEFORE AFTER [MEMORY]

Prints the numbers of rows added, removed and changed as JSON. The join counts, by column too, and
does no more: it neither checks that the key is unique, nor keeps which rows differ.
"""

# ruff: noqa: S608 - the paths and names are those of the benchmark

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path


def full_join(key: str, before: str, after: str, memory: str) -> dict[str, int]:
    """The counts by one query of DuckDB."""
    import duckdb  # noqa: PLC0415 - each way loads what it needs

    database = duckdb.connect(config={"memory_limit": memory})
    columns = [name for name in database.read_parquet(before).columns if name != key]
    differs = [f"b.{name} IS DISTINCT FROM a.{name}" for name in columns]
    both = f"b.{key} IS NOT NULL AND a.{key} IS NOT NULL"
    counted = ", ".join(f"count(*) FILTER ({both} AND {one})" for one in differs)
    query = (
        f"SELECT count(*) FILTER (b.{key} IS NULL), count(*) FILTER (a.{key} IS NULL), "
        f"count(*) FILTER ({both} AND ({' OR '.join(differs)})), {counted} "
        f"FROM read_parquet('{before}') b FULL JOIN read_parquet('{after}') a ON b.{key} = a.{key}"
    )
    ((added, removed, changed, *_),) = database.sql(query).fetchall()
    return {"added": added, "removed": removed, "changed": changed}


def datarelease(key: str, before: str, after: str, memory: str) -> dict[str, int]:
    """The counts of the package, which also finds examples and refuses a key that is not one."""
    from datarelease.analysis.comparison.rows import diff_rows  # noqa: PLC0415 - as above
    from datarelease.analysis.engine.duckdb.engine import DuckDBEngine  # noqa: PLC0415 - as above
    from datarelease.analysis.engine.tables import Table  # noqa: PLC0415 - as above
    from datarelease.model.data.dataset import Dataset  # noqa: PLC0415 - as above

    tables = [Table(paths=(Path(path),), format="parquet") for path in (before, after)]
    dataset = Dataset(name="rows", path="rows", key=(key,))
    with (
        tempfile.TemporaryDirectory() as scratch,
        DuckDBEngine(temp_directory=Path(scratch), memory_limit=memory) as engine,
    ):
        diff = diff_rows(engine, tables[0], tables[1], dataset, scratch=Path(scratch))
    if isinstance(diff, str):
        raise SystemExit(diff)
    return {"added": diff.added, "removed": diff.removed, "changed": diff.changed}


if __name__ == "__main__":
    way, *arguments = sys.argv[1:]
    compare = {"datarelease": datarelease, "full-join": full_join}[way]
    print(json.dumps(compare(*arguments[:3], *(arguments[3:] or ["2GB"]))))
