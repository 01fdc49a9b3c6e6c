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

from datarelease.analysis.comparison.row_pairs import RowPairs
from datarelease.analysis.engine.protocol import Engine
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


def count_rows(engine: Engine, pairs: RowPairs, key: Sequence[str]) -> tuple[int, int] | None:
    """The number of rows before and after; None: the key does not identify the rows after.

    Also None if a key after is null, and if ``pairs`` do not hold all rows of both sides. Keys
    before that are null are found by `is_unique_before`: no scan is needed for them.
    """
    if pairs.in_place:
        # Of those compared in place, keys before are keys after.
        counts = [_count(engine, old, key) for old, _ in pairs.joined]
        unique = _count_unique(engine, pairs.sides[1], key)
        before, after = pairs.in_place + sum(rows for rows, _ in counts), unique or 0
        if unique is None or any(missing for _, missing in counts):
            return None
        return (before, after) if before == _length(engine, pairs.sides[0]) else None
    before = after = 0
    for old, new in pairs.joined:
        unique = _count_unique(engine, new, key)
        if unique is None:
            return None
        before, after = before + _length(engine, old), after + unique
    if len(pairs.joined) > 1:
        whole = _length(engine, pairs.sides[0]), _length(engine, pairs.sides[1])
        return (before, after) if whole == (before, after) else None
    return before, after


def is_unique_before(
    engine: Engine,
    diff: RowDiff,
    differing: _Frame,
    pairs: RowPairs,
    rows: tuple[int, int],
    key: Sequence[str],
) -> bool:
    """Whether no two rows before have the same key, and none is null, given that this is so after.

    Then no row before is paired with two rows after. So if as many rows before are paired as rows
    after, no two of these have the same key. Those that are not paired, the removed ones among the
    ``differing`` rows, are counted.
    A row before whose first column of the key is null counts as added: that makes the rows that
    are paired more before and fewer after. One with another null is removed, and not unique.
    Where some rows are compared in place, a row that is not paired may have a key of these.
    """
    paired = rows[0] - diff.removed, rows[1] - diff.added
    names = [f"k{place}" for place in range(len(key))]
    if paired[0] != paired[1]:
        return False
    if not diff.removed:
        return True
    removed = differing.filter(nw.col("kind") == "removed").select(*names)
    if pairs.in_place:
        after = _keys(pairs.sides[1], key).rename({name: f"after{name}" for name in names})
        again = removed.join(after, left_on=names, right_on=[f"after{name}" for name in names])
        if _length(engine, again):
            return False
    return _count_unique(engine, removed, names) == diff.removed


def _length(engine: Engine, frame: _Frame) -> int:
    return int(engine.collect(frame.select(n=nw.len()))[0]["n"])


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
