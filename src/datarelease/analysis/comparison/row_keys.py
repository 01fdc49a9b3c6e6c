"""Whether a key identifies the rows of two tables: every row has one, and no two rows the same.

A join on a key that occurs twice on both sides would fan out, so the key of one side is checked
before; that of the other follows from how many rows the join has paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.tables import Engine
from datarelease.model.review.diff import RowDiff
from datarelease.model.wording import plural

_Frame = nw.LazyFrame[Any]
_Sides = tuple[_Frame, _Frame]


def key_problem(engine: Engine, sides: _Sides, key: Sequence[str]) -> str | None:
    """Why the key does not identify the rows of both sides, in words; None: it does."""
    names = ", ".join(repr(column) for column in key)
    for frame, when in zip(sides, ("before", "after"), strict=True):
        rows, missing = _count(engine, frame, key)
        if missing:
            return f"the key {names} is null in {plural(missing, 'row')} {when}"
        if more := rows - _count_distinct(engine, frame, key):
            return f"the key {names} is not unique {when}: {plural(more, 'row')} too many"
    return None


def count_rows(
    engine: Engine, sides: _Sides, pairs: Sequence[_Sides], key: Sequence[str]
) -> tuple[int, int] | None:
    """The number of rows before and after; None: the key does not identify the rows after.

    Also None if a key is null, and if ``pairs``, the ranges that the sides are joined in, do not
    hold all of their rows. One range is the sides themselves.
    """
    before = after = 0
    for old, new in pairs:
        rows, missing = _count(engine, old, key)
        unique = _count_unique(engine, new, key)
        if missing or unique is None:
            return None
        before, after = before + rows, after + unique
    if len(pairs) > 1:
        whole = tuple(engine.collect(side.select(n=nw.len()))[0]["n"] for side in sides)
        return (before, after) if whole == (before, after) else None
    return before, after


def is_unique_before(
    engine: Engine, diff: RowDiff, removed: _Frame, rows: tuple[int, int], key: Sequence[str]
) -> bool:
    """Whether no two rows before have the same key, given that no two rows after have.

    Then no row before is paired with two rows after. So if as many rows before are paired as rows
    after, no two of these have the same key. Those that are not paired, ``removed``, are counted.
    """
    paired = rows[0] - diff.removed, rows[1] - diff.added
    return paired[0] == paired[1] and (
        not diff.removed or _count_unique(engine, removed, key) == diff.removed
    )


def _count(engine: Engine, frame: _Frame, key: Sequence[str]) -> tuple[int, int]:
    """The number of rows, and of those whose key is null."""
    missing = reduce(or_, (nw.col(column).is_null() for column in key))
    row = engine.collect(frame.select(rows=nw.len(), missing=missing.cast(nw.Int64).sum()))[0]
    return int(row["rows"]), int(row["missing"] or 0)


def _count_unique(engine: Engine, frame: _Frame, key: Sequence[str]) -> int | None:
    """The number of rows if each has a key of its own, else None."""
    return engine.count_if_unique(_keys(frame, key))


def _count_distinct(engine: Engine, frame: _Frame, key: Sequence[str]) -> int:
    """The number of different keys."""
    keys = _keys(frame, key)
    if len(key) == 1:
        return int(engine.collect(keys.select(n=nw.col("k0").n_unique()))[0]["n"] or 0)
    return int(engine.collect(keys.unique().select(n=nw.len()))[0]["n"])


def _keys(frame: _Frame, key: Sequence[str]) -> _Frame:
    return frame.select(*(nw.col(column).alias(f"k{i}") for i, column in enumerate(key)))
