"""Row groups of two Parquet tables that hold the same keys in the same order, told by their bytes.

A pipeline that changes one column of a table writes the bytes of the others again: equal values,
written by the same program, are equal bytes. So most rows of two versions can be compared at their
places, column by column, without decoding what did not change. Bytes that differ say nothing: such
columns are compared by their values, and rows whose keys differ by a join.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

from datarelease.analysis.engine.row_groups.chunks import ParquetBytes, RowGroup
from datarelease.analysis.engine.row_groups.reader import AlignedRows, Alignment, RowSpan, Spans

_WORTH = 4
"""Rows are paired by their places if they are a quarter of the rows before at least."""


_Pair = tuple[RowGroup, RowGroup]


def align(
    sides: tuple[Sequence[Path], Sequence[Path]],
    key: Sequence[str],
    columns: Sequence[str],
    retyped: Collection[str] = (),
    *,
    rows: int,
) -> Alignment | None:
    """The row groups that have the same keys in the same order, and which columns differ there.

    Only the bytes of the key are read of both tables, and those of other columns where they take
    as much space in both. None: hardly any rows are aligned.

    Args:
        sides: The files before and after.
        key: Columns of the same types in both tables.
        columns: The others; those that a file lacks differ.
        retyped: Those of them that differ in any case.
        rows: About how many rows are in one of `Alignment.changed` that are not consecutive.

    Raises:
        OSError: A file cannot be read.
    """
    groups = [
        [group for part, path in enumerate(paths) for group in ParquetBytes(path).groups(part)]
        for paths in sides
    ]
    pairs = _same_keys(groups, key)
    aligned = sum(old.span.rows for old, _ in pairs)
    if not pairs or aligned * _WORTH < sum(group.span.rows for group in groups[0]):
        return None
    paired = [{pair[side].span for pair in pairs} for side in range(2)]
    before, after = (
        _joined(group.span for group in of if group.span not in paired[side])
        for side, of in enumerate(groups)
    )

    def compared(pair: _Pair) -> frozenset[str]:
        return frozenset(n for n in columns if n in retyped or pair[0].differs(pair[1], n))

    with ThreadPoolExecutor(os.cpu_count()) as readers:
        found = zip(readers.map(compared, pairs), pairs, strict=True)
        changed = [(differing, old, new) for differing, (old, new) in found if differing]
    return Alignment(rows=aligned, changed=tuple(_slices(changed, rows)), rest=(before, after))


def _same_keys(groups: Sequence[Sequence[RowGroup]], key: Sequence[str]) -> list[_Pair]:
    """The row groups whose keys have the same bytes, in an order that is that of both tables.

    Those that occur twice on a side are left out: such keys are not unique.
    """
    sizes = [[group.sizes(key) for group in side] for side in groups]
    both = {size for size in {*sizes[0]} & {*sizes[1]} if size is not None}
    places: list[dict[bytes, list[int]]] = [{}, {}]
    for side, of in enumerate(groups):
        for place, group in enumerate(of):
            if sizes[side][place] in both and (digest := group.digest(key)) is not None:
                places[side].setdefault(digest, []).append(place)
    pairs = (
        (old[0], places[1][digest][0])
        for digest, old in places[0].items()
        if len(old) == 1 and len(places[1].get(digest, ())) == 1
    )
    return [(groups[0][old], groups[1][new]) for old, new in _ascending(sorted(pairs))]


def _ascending(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most pairs that ascend on both sides; those given ascend on the first.

    >>> _ascending([(0, 1), (1, 5), (2, 2), (3, 3)])
    [(0, 1), (2, 2), (3, 3)]
    """
    ends: list[int] = []
    """Of the chains of each length the smallest end, and at the same place its pair."""
    last: list[int] = []
    before: list[int] = []
    for place, (_, end) in enumerate(pairs):
        length = bisect_left(ends, end)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1], last[length : length + 1] = [end], [place]
    found = []
    place = last[-1] if last else -1
    while place >= 0:
        found.append(pairs[place])
        place = before[place]
    return found[::-1]


def _slices(
    pairs: Sequence[tuple[frozenset[str], RowGroup, RowGroup]], rows: int
) -> Iterator[AlignedRows]:
    """Pairs with the same differing columns together, about so many rows at a time.

    Consecutive rows of one file a side stay together: DuckDB reads both files in step then, and
    holds no rows of either.
    """
    ordered = sorted(pairs, key=lambda pair: sorted(pair[0]))
    for differing, group in groupby(ordered, key=lambda pair: pair[0]):
        runs: list[tuple[RowSpan, RowSpan]] = []
        for _, *spans in group:
            old, new = (one.span for one in spans)
            if runs and _follows(runs[-1][0], old) and _follows(runs[-1][1], new):
                old, new = _extended(runs[-1][0], old), _extended(runs.pop()[1], new)
            runs.append((old, new))
        some: list[tuple[RowSpan, RowSpan]] = []
        for run in runs:
            if some and sum(old.rows for old, _ in (*some, run)) > rows:
                yield _aligned(some, differing)
                some = []
            some.append(run)
        yield _aligned(some, differing)


def _aligned(pairs: Sequence[tuple[RowSpan, RowSpan]], differing: frozenset[str]) -> AlignedRows:
    before, after = (_joined(pair[side] for pair in pairs) for side in range(2))
    return AlignedRows(before=before, after=after, differing=differing)


def _joined(spans: Iterator[RowSpan]) -> Spans:
    """The same rows in as few spans as possible."""
    found: list[RowSpan] = []
    for span in spans:
        joined = _extended(found.pop(), span) if found and _follows(found[-1], span) else span
        found.append(joined)
    return tuple(found)


def _follows(span: RowSpan, following: RowSpan) -> bool:
    return (span.part, span.end) == (following.part, following.first)


def _extended(span: RowSpan, following: RowSpan) -> RowSpan:
    return RowSpan(part=span.part, first=span.first, end=following.end)
