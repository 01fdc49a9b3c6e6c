"""The row diff, from the rows that differ: counts, columns and examples."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import narwhals as nw

from datarelease.analysis.comparison.row_plan import (
    CHANGE_KINDS,
    TEXT_LIMIT,
    ChangeKind,
    Frames,
    RowPlan,
)
from datarelease.analysis.engine.column_types import kind_of, type_name
from datarelease.analysis.engine.protocol import Engine
from datarelease.model.data.profile import Scalar
from datarelease.model.review.diff import RowChange, RowDiff
from datarelease.model.review.report import EXAMPLES, MASK

EXAMPLE_COLUMNS = 8
"""Columns shown of a row that was added or removed."""


def row_diff(
    engine: Engine,
    plan: RowPlan,
    differing: nw.LazyFrame[Any],
    sides: Frames,
    before: int,
    skipped_files: int,
) -> RowDiff:
    """The diff, from the rows that differ; ``before``: the number of old rows."""
    sums = {f"d{i}": nw.col(f"d{i}").cast(nw.Int64).sum() for i in range(len(plan.columns))}
    grouped = differing.group_by("kind").agg(n=nw.len(), **sums)
    rows = {str(row["kind"]): row for row in engine.collect(grouped)}
    counts = {kind: int(rows[kind]["n"]) if kind in rows else 0 for kind in CHANGE_KINDS}
    columns = [
        (name, int(rows["changed"][f"d{i}"]) if "changed" in rows else 0)
        for i, name in enumerate(plan.columns)
    ]
    return RowDiff(
        key=plan.dataset.key,
        **counts,
        unchanged=before - counts["removed"] - counts["changed"],
        columns=tuple(sorted((c for c in columns if c[1]), key=lambda c: (-c[1], c[0]))),
        examples=_examples(engine, plan, differing, sides, counts),
        skipped_files=skipped_files,
    )


def _examples(
    engine: Engine,
    plan: RowPlan,
    differing: nw.LazyFrame[Any],
    sides: Frames,
    counts: Mapping[ChangeKind, int],
) -> tuple[RowChange, ...]:
    order = plan.key_names
    examples: list[RowChange] = []
    for kind, number in _fair(counts).items():
        if number:
            head = differing.filter(nw.col("kind") == kind).sort(*order).head(number)
            if kind != "changed":
                side = plan.side(sides[kind == "added"], "v")
                head = _whole(plan, head.select(*order), side).sort(*order)
            examples += [_example(plan, kind, row) for row in engine.collect(head)]
    return tuple(examples)


def _whole(plan: RowPlan, keys: nw.LazyFrame[Any], side: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The few rows with these keys; their values were not kept with the rows that differ."""
    names = plan.key_names
    wanted = [f"v{i}" for i in _of_a_row(plan) if _told(plan, plan.columns[i])]
    shown = side.select(*(f"v{name}" for name in names), *wanted)
    found = keys.join(shown, left_on=names, right_on=[f"v{name}" for name in names])
    return found.select(*names, *wanted)


def _of_a_row(plan: RowPlan) -> range:
    return range(min(len(plan.columns), EXAMPLE_COLUMNS))


def _told(plan: RowPlan, name: str) -> bool:
    """Whether values of a column are read for examples."""
    return name not in plan.dataset.pii and kind_of(plan.types[name]) != "other"


def _example(plan: RowPlan, kind: ChangeKind, row: Mapping[str, Any]) -> RowChange:
    values: tuple[tuple[str, Scalar, Scalar], ...]
    if kind == "changed":
        values = tuple(
            (name, _cell(plan, name, row.get(f"b{i}")), _cell(plan, name, row.get(f"a{i}")))
            for i, name in enumerate(plan.columns)
            if row[f"d{i}"]
        )
    else:
        cells = [
            (plan.columns[i], _cell(plan, plan.columns[i], row.get(f"v{i}")))
            for i in _of_a_row(plan)
        ]
        there = kind == "added"
        values = tuple((n, None, c) if there else (n, c, None) for n, c in cells)
    key = tuple((name, _cell(plan, name, row[f"k{i}"])) for i, name in enumerate(plan.dataset.key))
    return RowChange(kind=kind, key=key, values=values)


def _cell(plan: RowPlan, name: str, value: Any) -> Scalar:
    if name in plan.dataset.pii:
        return MASK
    if kind_of(plan.types[name]) == "other":
        return f"({type_name(plan.types[name])})"
    return _shown(value)


def _shown(value: Any) -> Scalar:
    """A value as JSON and reports hold it.

    >>> _shown(float("inf")), _shown(dt.date(2026, 1, 2)), _shown(True)
    ('inf', '2026-01-02', True)
    """
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return value + 0.0 if abs(value) != float("inf") else str(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(value)[:TEXT_LIMIT]


def _fair(counts: Mapping[ChangeKind, int]) -> dict[ChangeKind, int]:
    """How many examples of each kind: equal parts; unused places go to the other kinds.

    >>> _fair({"changed": 50, "added": 2, "removed": 50})
    {'changed': 4, 'added': 2, 'removed': 4}
    """
    parts = dict.fromkeys(CHANGE_KINDS, 0)
    for _ in range(min(EXAMPLES, sum(counts.values()))):
        kind = min((k for k in CHANGE_KINDS if parts[k] < counts[k]), key=lambda k: parts[k])
        parts[kind] += 1
    return parts
