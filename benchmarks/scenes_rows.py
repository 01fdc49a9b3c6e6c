"""Rows compared by key: the package, a full join written by hand, datacompy."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import data
from benchmarks.measure import Run, measure
from benchmarks.places import BENCH, ROOT, environment, peers_python
from benchmarks.scene import Scene, Variant
from benchmarks.scenes_check import SCHEMA, Found

KEY = "customer_id"


def rows_scene(rows: int, *, sorted_by_key: bool) -> Scene:
    """The row diff of two files with so many rows and eight columns."""
    before, after = (
        data.eight_columns(path, sorted_by_key=sorted_by_key)
        for path in (
            data.customers(rows, data.BEFORE),
            data.customers(rows * 101 // 100, data.AFTER),
        )
    )
    found = Found()

    def compared(way: str) -> Callable[[], Run]:
        script = str(ROOT / "benchmarks" / "row_diff.py")

        def run() -> Run:
            files = [KEY, str(before), str(after)]
            run = measure([sys.executable, script, way, *files], cwd=BENCH, env=environment())
            found.same(json.loads(run.out))
            return run

        return run

    def datacompy() -> Run:
        script = str(ROOT / "benchmarks" / "peers.py")
        words = [str(SCHEMA), KEY, str(before), str(after), "datacompy_polars"]
        run = measure([str(peers_python()), script, *words], cwd=BENCH, env=environment())
        if run.stopped:
            return run
        answer = json.loads(run.out)
        found.same(answer["found"]["datacompy_polars"])
        return dataclasses.replace(run, steps=answer["seconds"])

    order = "sorted by the key" if sorted_by_key else "in no order"
    return Scene(
        name=f"rows-{rows}-{'sorted' if sorted_by_key else 'shuffled'}",
        title=f"Row diff, {rows:,} rows {order}",
        about=f"Parquet files of {_megabytes(before)} and {_megabytes(after)}, eight columns, "
        f"{order}. The full join only counts; the row diff also checks that the key is unique, "
        "keeps the rows that differ, and shows examples. All found the same rows.",
        variants=(
            Variant(
                name="full-join",
                label="one `FULL JOIN` in DuckDB, written by hand",
                run=compared("full-join"),
            ),
            Variant(
                name="datarelease",
                label="**row diff of datarelease**",
                run=compared("datarelease"),
                ours=True,
            ),
            Variant(name="datacompy_polars", label="datacompy (Polars)", run=datacompy),
        ),
    )


def _megabytes(path: Path) -> str:
    return f"{data.size(path) / 1e6:,.0f} MB"
