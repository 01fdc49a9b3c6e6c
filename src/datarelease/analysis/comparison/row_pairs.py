"""Which rows of two tables are compared with which: those of equal keys, found in several ways.

Rows that have the same keys in the same order, as the bytes of the files say, are compared at
their places. All others are joined by their keys: at once, or one range of keys after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from datarelease.analysis.comparison.row_plan import Frames, RowPlan
from datarelease.analysis.engine.keys import KeyRange
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.row_groups.reader import RowGroupReader
from datarelease.analysis.engine.tables import Table


@dataclass(frozen=True, kw_only=True)
class RowPairs:
    """A way to find the rows that differ."""

    sides: Frames
    """All rows before and after."""
    joined: Sequence[Frames]
    """Frames that are joined with each other; in this way each holds rows of all keys it has. None:
    no rows are left that are not compared `in_place`."""
    differing: Sequence[nw.LazyFrame[Any]]
    """The rows that differ, as `RowPlan.differing` gives them; at least one frame."""
    in_place: int = 0
    """How many rows are compared at their places; they are in none of those `joined`."""


def row_pairs(
    engine: Engine, plan: RowPlan, sides: Frames, tables: tuple[Table, Table] | None
) -> Iterator[RowPairs]:
    """The ways to compare two tables, the fastest first, and one that always works last.

    Each finds all rows that differ, if the key identifies the rows of both, and if the files
    record the bounds of their keys as they are. ``tables`` are what the sides read; None: one of
    them has no files.
    """
    key = plan.dataset.key
    ranges: tuple[KeyRange, ...] = () if tables is None else engine.key_ranges(*tables, key[0])
    groups = engine.row_groups
    if tables is not None and groups is not None and not plan.cast.intersection(key):
        aligned = _in_place(groups, plan, sides, tables, ranges)
        if aligned is not None:
            yield aligned
    if len(ranges) > 1:
        yield _by_join(plan, sides, _in_ranges(sides, ranges, key[0]))
    yield _by_join(plan, sides, [sides])


def _by_join(plan: RowPlan, sides: Frames, pairs: Sequence[Frames]) -> RowPairs:
    differing = [plan.differing(old, new) for old, new in pairs]
    return RowPairs(sides=sides, joined=pairs, differing=differing)


def _in_ranges(sides: Frames, ranges: Sequence[KeyRange], column: str) -> list[Frames]:
    return [(part.of(sides[0], column), part.of(sides[1], column)) for part in ranges]


def _in_place(
    groups: RowGroupReader,
    plan: RowPlan,
    sides: Frames,
    tables: tuple[Table, Table],
    ranges: Sequence[KeyRange],
) -> RowPairs | None:
    """Rows with the same keys in the same order at their places, the others by a join."""
    found = groups.align(*tables, plan.dataset.key, plan.columns, plan.cast)
    if found is None:
        return None
    others = [sum(span.rows for span in spans) for spans in found.rest]
    pairs: Sequence[Frames] = []
    if any(others) or not found.changed:
        rest = groups.scan(tables[0], found.rest[0]), groups.scan(tables[1], found.rest[1])
        in_ranges = len(ranges) > 1 and max(others) > found.rows
        pairs = _in_ranges(rest, ranges, plan.dataset.key[0]) if in_ranges else [rest]
    differing = [plan.differing(old, new) for old, new in pairs]
    for rows in found.changed:
        old, new = (
            plan.side(groups.scan(table, spans), mark)
            for table, spans, mark in zip(tables, (rows.before, rows.after), "ba", strict=True)
        )
        beside = groups.side_by_side(old, new)
        differing.append(plan.differing_in_place(beside, rows.differing))
    return RowPairs(sides=sides, joined=pairs, differing=differing, in_place=found.rows)
