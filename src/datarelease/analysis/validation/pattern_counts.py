"""Counting what a pattern does not match where DuckDB's expressions cannot decide it."""

from __future__ import annotations

import heapq
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.tables import Engine
from datarelease.analysis.validation.checks import Probe, non_ascii

_BATCH = 50_000
_KEPT = 1_000
"""Failing texts remembered for the examples; counting needs none of them."""


def decided(engine: Engine, frame: nw.LazyFrame[Any], probe: Probe) -> tuple[int, nw.Expr]:
    """How many rows fail the probe's pattern, and an expression that finds some of them.

    Python evaluates each distinct text once, in batches: all texts where RE2 lacks the construct,
    else those with characters beyond ASCII, on which the two differ.
    """
    pattern, column = probe.pattern, probe.column
    if pattern is None or column is None:
        raise ValueError("the probe has no pattern to decide")
    value = nw.col(column)
    if pattern.re2 is None:
        texts, base = frame.filter(~value.is_null()), probe.fails & value.is_null()
    else:
        texts, base = frame.filter(non_ascii(column)), probe.fails & ~non_ascii(column)
    (row,) = engine.collect(frame.select(base.sum().alias("count")))
    count, kept = int(row["count"] or 0), list[str]()
    sizes = texts.group_by(column).agg(nw.len().alias("size")).select(value.alias("text"), "size")
    for batch in engine.batches(sizes, _BATCH):
        failing = [
            (text, size)
            for text, size in zip(
                batch.column("text").to_pylist(), batch.column("size").to_pylist(), strict=True
            )
            if not pattern.holds(text)
        ]
        count += sum(size for _, size in failing)
        kept = heapq.nsmallest(_KEPT, [*kept, *(text for text, _ in failing)])
    return count, base | value.is_in(kept) if kept else base
