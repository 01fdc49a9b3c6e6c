"""Ranges of a key, by which two tables are read one range after the other.

Most tables are written in the order of their key. The rows with keys between two bounds are found
by the smallest and the largest key that Parquet files record of each row group.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
from pyarrow import parquet

Bound = int | str | dt.date
_READ_AGAIN = 1.5
"""How many times the rows that there are all ranges together may read."""


@dataclass(frozen=True, kw_only=True)
class KeyRange:
    """The rows with a key from ``low`` up to, but without, ``high``; None: there is no bound."""

    low: Bound | None = None
    high: Bound | None = None

    def of(self, frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
        """The rows of a frame whose ``column`` is in the range; no nulls if there is a bound."""
        if self.low is not None:
            frame = frame.filter(nw.col(column) >= nw.lit(self.low))
        return frame if self.high is None else frame.filter(nw.col(column) < nw.lit(self.high))


@dataclass(frozen=True, kw_only=True)
class _RowGroup:
    """What a Parquet file records of the keys in a row group."""

    low: Bound
    high: Bound
    rows: int


def key_ranges(
    sides: Sequence[Sequence[Path]], column: str, *, rows: int, row_groups: int
) -> tuple[KeyRange, ...]:
    """Ranges of a key, ascending and without gaps, to read two Parquet tables range by range.

    Of each side a range holds about ``rows`` rows, or those of so many ``row_groups`` if these are
    more. There are none (or one range is enough) where the files do not record which keys are in a
    row group, or row groups overlap so much that reading one range means reading most of the rest.
    """
    groups: list[_RowGroup] = []
    for path in (path for paths in sides for path in paths):
        recorded = _recorded(path, column)
        if recorded is None:
            return ()
        groups += recorded
    if len({type(group.low) for group in groups}) != 1:
        return ()
    least = max(rows, row_groups * max(group.rows for group in groups))
    bounds = _bounds(groups, least * len(sides))
    reads = (
        group.rows * (1 + bisect_right(bounds, group.high) - bisect_right(bounds, group.low))
        for group in groups
    )
    if sum(reads) > _READ_AGAIN * sum(group.rows for group in groups):
        return ()
    return tuple(
        KeyRange(low=low, high=high)
        for low, high in zip([None, *bounds], [*bounds, None], strict=True)
    )


def _bounds(groups: Sequence[_RowGroup], rows: int) -> list[Any]:
    """The smallest keys of those row groups that begin a range of ``rows`` rows."""
    bounds: list[Any] = []
    lowest: Any = None
    held = 0
    for group in sorted(groups, key=lambda group: group.low):
        if held >= rows and group.low > lowest:
            bounds.append(group.low)
            held = 0
        lowest = group.low
        held += group.rows
    return bounds


def _recorded(path: Path, column: str) -> list[_RowGroup] | None:
    """What a file records of its row groups that have rows; None: not enough."""
    with parquet.ParquetFile(path) as file:
        metadata, schema = file.metadata, file.schema_arrow
    place = schema.get_field_index(column)
    columns = [
        at for at in range(metadata.num_columns) if metadata.schema.column(at).path == column
    ]
    if place < 0 or len(columns) != 1 or not _is_bound(schema.types[place]):
        return None
    groups = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        statistics = group.column(columns[0]).statistics
        if not group.num_rows:
            continue
        if statistics is None or not statistics.has_min_max:
            return None
        groups.append(_RowGroup(low=statistics.min, high=statistics.max, rows=group.num_rows))
    return groups


def _is_bound(kind: pa.DataType) -> bool:
    """Whether engines compare values of a type as Python does, and find row groups by them."""
    return (
        pa.types.is_integer(kind)
        or pa.types.is_string(kind)
        or pa.types.is_date32(kind)
        or (pa.types.is_timestamp(kind) and kind.tz is None and kind.unit in {"ms", "us"})
    )
