"""What people use instead, on the same files: Pandera, `DataFrame.describe`, datacompy.

Runs in the peers' environment (requirements/bench.txt), so it imports nothing of ours. Prints one
JSON object: seconds by step, and what was found, so that a peer that did nothing cannot be fast.

    python peers.py SCHEMA KEY BEFORE AFTER PART...
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.metadata import version
from typing import Any, TypeVar

T = TypeVar("T")

Answer = dict[str, Any]


class Clock:
    """Seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, step: str, work: Callable[[], T]) -> T:
        """What ``work`` returns; its seconds are added to ``step``."""
        start = time.perf_counter()
        try:
            return work()
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - start


def main(arguments: list[str]) -> None:
    """Do the parts named, in one process that reads each file once."""
    schema, key, before, after, *parts = arguments
    clock, found = Clock(), Answer()
    if "datacompy_polars" in parts:
        found["datacompy_polars"] = compare_polars(clock, key, before, after)
        parts.remove("datacompy_polars")
    if parts:
        import pandas as pd  # noqa: PLC0415 - heavy: each part loads what it needs

        frame = clock("read", lambda: pd.read_parquet(after))
        found["rows"] = len(frame)
        if "pandera" in parts:
            found["pandera"] = validate(clock, schema, frame)
        if "describe" in parts:
            table = clock("describe", lambda: frame.describe(include="all"))
            found["describe"] = list(table.shape)
        if "datacompy" in parts:
            old = clock("read", lambda: pd.read_parquet(before))
            found["datacompy"] = compare(clock, key, old, frame)
    print(json.dumps({"seconds": clock.seconds, "found": found, "versions": versions()}))


def validate(clock: Clock, schema: str, frame: Any) -> Answer:
    """Failures of the Pandera schema, all of them (``lazy=True``)."""
    import pandera.pandas as pa  # noqa: PLC0415 - heavy, as above
    from pandera.io.pandas_io import from_yaml  # noqa: PLC0415 - heavy, as above

    load: Callable[[str], Any] = from_yaml

    def run() -> int:
        try:
            load(schema).validate(frame, lazy=True)
        except pa.errors.SchemaErrors as error:
            return len(error.failure_cases)
        return 0

    return {"failures": clock("pandera", run)}


def compare(clock: Clock, key: str, before: Any, after: Any) -> Answer:
    """Rows added, removed and unequal, by datacompy on pandas, with its report."""
    import datacompy  # noqa: PLC0415 - heavy, as above

    with redirect_stdout(sys.stderr):
        result = clock(
            "datacompy", lambda: datacompy.PandasCompare(before, after, join_columns=key)
        )
        clock("datacompy", result.report)
    return _rows(result)


def compare_polars(clock: Clock, key: str, before: str, after: str) -> Answer:
    """The same by datacompy on Polars."""
    import datacompy  # noqa: PLC0415 - heavy, as above
    import polars as pl  # noqa: PLC0415 - heavy, as above

    frames = clock("read", lambda: (pl.read_parquet(before), pl.read_parquet(after)))
    with redirect_stdout(sys.stderr):
        result = clock(
            "datacompy_polars", lambda: datacompy.PolarsCompare(*frames, join_columns=key)
        )
        clock("datacompy_polars", result.report)
    return _rows(result)


def _rows(result: Any) -> Answer:
    common = len(result.intersect_rows)
    return {
        "removed": len(result.df1_unq_rows),
        "added": len(result.df2_unq_rows),
        "changed": common - int(result.count_matching_rows()),
    }


def versions() -> dict[str, str]:
    """Versions of the peers."""
    return {name: version(name) for name in ("pandera", "pandas", "datacompy", "polars", "pyarrow")}


if __name__ == "__main__":
    main(sys.argv[1:])
