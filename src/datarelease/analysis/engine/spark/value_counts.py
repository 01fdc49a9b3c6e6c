"""Different values of a column, and rows that differ, counted by queries over one grouping."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.values import ValueCounts


def count_values(
    engine: Engine, frame: nw.LazyFrame[Any], *, top: int, weight: str | None
) -> ValueCounts:
    """What `Engine.value_counts` promises."""
    number = nw.col(weight).cast(nw.Int64) if weight is not None else nw.lit(1, nw.Int64)
    values = frame.select(nw.col("value").cast(nw.String).alias("v"), number.alias("one"))
    counted = values.filter(~nw.col("v").is_null()).group_by("v").agg(n=nw.col("one").sum())
    value, rows = nw.col("v"), nw.col("n")
    figures = {"distinct": nw.len(), "rows": rows.sum()}
    if not top:
        (row,) = engine.collect(counted.select(**figures))
        return ValueCounts(distinct=int(row["distinct"]), rows=int(row["rows"] or 0))
    length = value.str.len_chars().cast(nw.Int64)
    figures |= {
        "length_min": length.min(),
        "length_max": length.max(),
        "length_sum": (length * rows).sum(),
        "min": value.min(),
        "max": value.max(),
    }
    (row,) = engine.collect(counted.select(**figures))
    most = counted.sort("n", "v", descending=[True, False]).head(top)
    return ValueCounts(
        distinct=int(row["distinct"]),
        rows=int(row["rows"] or 0),
        min=row["min"],
        max=row["max"],
        length_min=int(row["length_min"] or 0),
        length_max=int(row["length_max"] or 0),
        length_sum=int(row["length_sum"] or 0),
        top=tuple((str(row["v"]), int(row["n"])) for row in engine.collect(most)),
    )


def count_if_unique(engine: Engine, frame: nw.LazyFrame[Any]) -> int | None:
    """What `Engine.count_if_unique` promises."""
    names = frame.collect_schema().names()
    missing = reduce(or_, (nw.col(name).is_null() for name in names)).cast(nw.Int64).sum()
    (row,) = engine.collect(frame.select(rows=nw.len(), missing=missing))
    if row["missing"]:
        return None
    (different,) = engine.collect(frame.unique().select(n=nw.len()))
    return int(row["rows"]) if different["n"] == row["rows"] else None
