"""What parts say of columns: those that are gone or new, without what both say, or each alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import PART, Table
from datarelease.analysis.engine.values import mask_array, number_array, number_values
from datarelease.analysis.profiling.columns import Column

_Types = Mapping[str, nw.dtypes.DType]
_CELLS = 1 << 22
"""Values of a side that are in memory at a time, as far as one column has no more."""
_LONGEST = 1 << 18
"""Characters of the smallest and the largest texts of all parts that are kept of a column."""
_FEW = 32
"""Columns that are read together at most."""


@dataclass(frozen=True, kw_only=True)
class ChangedParts:
    """Parts of a table that another version of it has not."""

    gone: Table | None
    """Those of the other version that are not in the table; None: there are none."""
    new: Table | None
    any: Table
    """Some part of the table, which says what columns there are."""
    places: Sequence[int]
    """Where the new ones are in the table."""
    left: Sequence[int]
    """Where the others are in the other version, those that both have."""

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The places of parts with the same path: mostly such a part was edited."""
        if self.gone is None or self.new is None:
            return []
        places = {label: place for place, label in enumerate(self.new.labels)}
        gone = enumerate(self.gone.labels)
        return [(place, places[label]) for place, label in gone if label in places]


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnChange:
    """Values of a column that rows lost and gained; equal ones may be left out of both."""

    before: pa.RecordBatch
    """What `Column.figures` reads; of a `counted` column the text of the values."""
    after: pa.RecordBatch
    span: tuple[str, str] | None = None
    """The smallest and the largest of all texts of the parts that are new; None: there are none."""


def column_changes(
    engine: Engine,
    parts: ChangedParts,
    columns: Sequence[Column],
    types: _Types | None,
    rows: int,
) -> Iterator[tuple[Column, ColumnChange]]:
    """What changed in each column.

    Args:
        engine: Reads the parts.
        parts: Those to be read.
        columns: Those that are wanted.
        types: As in `Engine.scan`.
        rows: About how many rows a side has.

    Raises:
        UnreadableTable: A part is damaged.
    """
    size = max(1, min(_FEW, _CELLS // max(1, rows)))
    for start in range(0, len(columns), size):
        some = columns[start : start + size]
        before, after = (
            _rows(engine, table or parts.any, some, types, empty=table is None)
            for table in (parts.gone, parts.new)
        )
        facing = _facing((before, after), parts.pairs)
        for column in some:
            names = [name for name in before.schema.names if name in _names(column)]
            change = _differing(before.select(names), after.select(names), facing)
            if column.kind == "text" and not column.pii:
                change = replace(change, span=_span(after.column(names[0])))
            yield column, change


def text_spans(
    engine: Engine, table: Table, types: _Types | None, columns: Sequence[Column]
) -> dict[str, tuple[tuple[str, str] | None, ...]]:
    """The smallest and the largest text of each part, of columns where they are not too long."""
    if not columns:
        return {}
    frame = engine.scan_parts(table, types or {}, [column.name for column in columns])
    ends = [
        end
        for column in columns
        for text in [nw.col(column.name)]
        for end in (
            text.min().alias(f"low{column.number}"),
            text.max().alias(f"high{column.number}"),
        )
    ]
    rows = {int(row[PART]): row for row in engine.collect(frame.group_by(PART).agg(*ends))}
    found = {}
    for column in columns:
        low, high = f"low{column.number}", f"high{column.number}"
        each = [rows.get(place, {}) for place in range(len(table.paths))]
        spans = tuple(None if row.get(low) is None else (row[low], row[high]) for row in each)
        if sum(len(span[0]) + len(span[1]) for span in spans if span) <= _LONGEST:
            found[column.name] = spans
    return found


def _rows(
    engine: Engine, table: Table, columns: Sequence[Column], types: _Types | None, *, empty: bool
) -> pa.RecordBatch:
    """The columns as `ColumnChange` has them, under their numbers, and the part of each row."""
    names = [column.name for column in columns]
    expressions: list[nw.Expr] = []
    for column in columns:
        text = nw.col(column.name).cast(nw.String).alias(f"text{column.number}")
        expressions += [text] if column.counted else column.figures()
    frame = engine.scan_parts(table, types or {}, names).select(nw.col(PART), *expressions)
    rows = engine.arrow(frame.head(0) if empty else frame).combine_chunks()
    arrays = [column.chunk(0) if column.num_chunks else _empty(column) for column in rows.columns]
    return pa.RecordBatch.from_arrays(arrays, names=rows.column_names)


def _empty(column: pa.ChunkedArray) -> pa.Array:
    return pa.array([], column.type)


_Facing = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Rows before and after that stand at the same place of a part."""


def _facing(sides: Sequence[pa.RecordBatch], pairs: Sequence[tuple[int, int]]) -> _Facing:
    if not pairs:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    parts = [number_values(side[PART]) for side in sides]
    found: tuple[list[Any], list[Any]] = [], []
    for pair in pairs:
        starts = [int(np.searchsorted(p, place)) for p, place in zip(parts, pair, strict=True)]
        ends = [int(np.searchsorted(p, n, "right")) for p, n in zip(parts, pair, strict=True)]
        length = min(end - start for start, end in zip(starts, ends, strict=True))
        for rows, start in zip(found, starts, strict=True):
            rows.append(np.arange(start, start + length))
    before, after = (np.concatenate(rows) for rows in found)
    return before, after


def _names(column: Column) -> set[str]:
    return {f"{name}{column.number}" for name in ("text", "null", "exact", "near")}


def _span(texts: pa.Array) -> tuple[str, str] | None:
    ends = pc.min_max(texts.cast(pa.large_string())).as_py()
    return None if ends["min"] is None else (ends["min"], ends["max"])


def _differing(before: pa.RecordBatch, after: pa.RecordBatch, facing: _Facing) -> ColumnChange:
    """The values of both sides, without those that face an equal one."""
    sides = before, after
    old, new = (
        side.column(0).take(number_array(rows)) for side, rows in zip(sides, facing, strict=True)
    )
    both = pc.and_kleene(pc.is_valid(new), pc.equal(old, new))
    same = number_values(pc.if_else(pc.is_null(old), pc.is_null(new), both))
    kept = []
    for side, rows in zip(sides, facing, strict=True):
        mask = np.ones(side.num_rows, np.bool_)
        mask[rows[same]] = False
        kept.append(side.filter(mask_array(mask)))
    return ColumnChange(before=kept[0], after=kept[1])
