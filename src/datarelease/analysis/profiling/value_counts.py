"""How often the values of columns occur: counted by the engine, or here where they are few.

An engine takes longer to plan a query for each column than to bring the values of a table with few
rows, all columns in one query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from heapq import nsmallest
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.staging import of_size
from datarelease.analysis.engine.values import ValueCounts
from datarelease.analysis.profiling.columns import FEW, Column, Read, groups_of, one_by_one

CountPersonal = Callable[[Column, nw.LazyFrame[Any]], ValueCounts | None]
"""Counts the values of a column of pii, or not."""
_MOST_ROWS = 10_000
"""Rows of a table that has few."""
_MOST_BYTES = 16 << 20
"""Of few rows, in all columns that are read together."""
_BATCH = 1_000


def counts_of(
    engine: Engine,
    read: Read,
    columns: Sequence[Column],
    *,
    rows: int,
    top: int,
    count: CountPersonal | None,
) -> dict[str, ValueCounts]:
    """What columns of a table with so many rows hold; ``top``: how many of their texts are named.

    Columns of pii are counted by ``count`` where it counts them.
    """
    found: dict[str, ValueCounts] = {}
    if count is not None:
        for column, values in one_by_one(read, [column for column in columns if column.pii]):
            known = count(column, values)
            found |= {column.name: known} if known else {}
    if rows <= _MOST_ROWS and engine.numbers is None:
        for some in groups_of([column for column in columns if column.name not in found], FEW):
            found |= _counted_here(engine, read, some, top)
    for column, values in one_by_one(read, [c for c in columns if c.name not in found]):
        found[column.name] = engine.value_counts(values, top=top * column.named)
    return found


def _counted_here(
    engine: Engine, read: Read, columns: Sequence[Column], top: int
) -> dict[str, ValueCounts]:
    """What columns hold, from one query; nothing where their values take much memory."""
    names = [f"v{place}" for place in range(len(columns))]
    texts = [
        nw.col(column.name).cast(nw.String).alias(name)
        for name, column in zip(names, columns, strict=True)
    ]
    values: list[list[str | None]] = [[] for _ in columns]
    size = 0
    with closing(of_size(engine.batches(read(columns).select(*texts), _BATCH), _BATCH)) as batches:
        for batch in batches:
            size += batch.nbytes
            if size > _MOST_BYTES:
                return {}
            for known, name in zip(values, names, strict=True):
                known.extend(batch[name].to_pylist())
    return {
        column.name: counted_texts(known, top * column.named)
        for column, known in zip(columns, values, strict=True)
    }


def counted_texts(values: Sequence[str | None], top: int) -> ValueCounts:
    """The counts of values, of which None is none; see `Engine.value_counts`.

    >>> counted_texts(["b", None, "a", "b"], 1).top
    (('b', 2),)
    """
    rows = Counter(value for value in values if value is not None)
    if not top:
        return ValueCounts(distinct=len(rows), rows=rows.total())
    lengths = [len(value) for value in rows]
    return ValueCounts(
        distinct=len(rows),
        rows=rows.total(),
        min=min(rows, default=None),
        max=max(rows, default=None),
        length_min=min(lengths, default=0),
        length_max=max(lengths, default=0),
        length_sum=sum(len(value) * number for value, number in rows.items()),
        top=tuple(nsmallest(top, rows.items(), key=lambda one: (-one[1], one[0]))),
    )
