"""Which rows occur more than once, as the order of a table shows it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """Which rows occur more than once, as tables in the order of their values show it."""

    again: int
    """Rows that equal the one before them."""
    groups: int
    """Different rows that occur more than once."""
    first: tuple[tuple[Any, ...], ...]
    """The least of them."""


_FEW = 10_000
"""Rows that are sorted here sooner than an engine plans a query on them."""


def few_in_order(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows, for `count_repeats`: sorted, if they are few and can be compared here."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        if rows <= _FEW:
            waiting.append(batch)
            rows += len(batch)
            if rows <= _FEW:
                continue
            yield from waiting
        else:
            yield batch
    if 0 < rows <= _FEW:
        whole = pa.concat_batches(waiting)
        if all(_is_exact(column.type) for column in whole.columns):
            whole = whole.take(
                pc.sort_indices(whole, [(name, "ascending") for name in whole.schema.names])
            )
        yield whole


def count_repeats(batches: Iterable[pa.RecordBatch], *, named: int) -> Repeats | None:
    """What occurs more than once where rows ascend, or descend, and may be equal, else None.

    Equal rows are neighbours then, so no hash table of all rows is needed. None also where anything
    is null, or of a type that Arrow may order or hold otherwise than an engine does. The ``named``
    least are kept.
    """
    again = groups = 0
    first: list[tuple[Any, ...]] = []
    latest: deque[tuple[Any, ...]] = deque(maxlen=named)
    last: pa.RecordBatch | None = None
    repeated = False
    ascends = descends = True
    for batch in filter(len, batches):
        if any(column.null_count or not _is_exact(column.type) for column in batch.columns):
            return None
        pairs = [] if last is None else [_compared(last, batch.slice(0, 1))]
        pairs.append(_compared(batch.slice(0, len(batch) - 1), batch.slice(1)))
        greater, same = (
            np.concatenate([_bits(one) for one in half]) for half in zip(*pairs, strict=True)
        )
        ascends = ascends and bool((greater | same).all())
        descends = descends and not greater.any()
        if not (ascends or descends):
            return None
        same = same if last is not None else np.concatenate(([False], same))
        begins = np.flatnonzero(same & ~np.concatenate(([repeated], same[:-1])))
        first += _rows(batch, begins[: named - len(first)])
        latest += _rows(batch, begins[-named:])
        again, groups = again + int(np.count_nonzero(same)), groups + len(begins)
        repeated, last = bool(same[-1]), batch.slice(len(batch) - 1)
    least = first if ascends else reversed(latest)
    return Repeats(again=again, groups=groups, first=tuple(least))


def _rows(batch: pa.RecordBatch, places: npt.NDArray[np.intp]) -> list[tuple[Any, ...]]:
    return [tuple(column[at].as_py() for column in batch.columns) for at in places.tolist()]


def _is_exact(kind: pa.DataType) -> bool:
    tests = (pa.types.is_integer, pa.types.is_string, pa.types.is_date32)
    return any(test(kind) for test in tests)


def _compared(rows: pa.RecordBatch, following: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
    """Which ``following`` rows are greater than the one in their place, and which equal it."""
    # Made of bytes: Arrow imports pandas for the first value that it takes from Python.
    none = pa.py_buffer(bytes(len(rows) // 8 + 1))
    greater = pa.Array.from_buffers(pa.bool_(), len(rows), [None, none])
    equal = pc.invert(greater)
    for one, two in reversed(list(zip(rows.columns, following.columns, strict=True))):
        same = pc.equal(two, one)
        greater = pc.or_(pc.greater(two, one), pc.and_(same, greater))
        equal = pc.and_(same, equal)
    return greater, equal


def _bits(values: pa.Array) -> npt.NDArray[np.bool_]:
    """Booleans without nulls; `to_numpy` would import pandas."""
    return np.from_dlpack(values.cast(pa.uint8())).view(np.bool_)
