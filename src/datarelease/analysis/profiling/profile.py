"""The profile of a table: statistics that are byte-identical for equal data, small enough for git.

Nothing here is approximate or depends on the order of rows: counts and sums are of integers, the
distribution comes from `cells`, mean and deviation from `number_line`. Distinct values are counted
exactly for text, booleans, integers and dates; for floats and timestamps, where the count costs
the most and says the least, only where the cells are single values anyway.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.column_types import kind_of, type_name
from datarelease.analysis.engine.staging import reread
from datarelease.analysis.engine.tables import Engine, Table, unread_name
from datarelease.analysis.profiling.cells import fine_cells, merged_cells
from datarelease.analysis.profiling.number_line import (
    Moments,
    NumberLine,
    Range,
    moments,
    shortened_cells,
    significant,
)
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import Category, ColumnKind, ColumnProfile, Profile, Scalar

TOP = 10
"""Categories kept of a column."""
_TEXT_LIMIT = 200
"""Characters kept of a value."""
_DIGITS = 15
"""Up to so many digits every decimal is a float of its own."""
_EXACT = 2**53
"""Up to here every integer is a float of its own."""

Row = Mapping[str, Any]
_Types = Mapping[str, nw.dtypes.DType]


def profile(
    engine: Engine,
    table: Table,
    dataset: Dataset,
    *,
    types: _Types | None = None,
    scratch: Path | None = None,
) -> Profile:
    """The statistics of every column of a table; of pii columns only what reveals no value.

    Args:
        engine: Runs the queries: one for all columns, one for all means, then a few a column.
        table: The files.
        dataset: Its name, and which columns are pii.
        types: Types of columns, for CSV files, where they are not to be inferred.
        scratch: Where CSV files are kept as Parquet for the time being; default: the system's
            temporary directory.

    Raises:
        UnreadableTable: A file is missing or no such table.
        WorldError: Out of memory or disk.
    """
    frame = engine.scan(table, types)
    companions = {unread_name(name) for name in types or {}}
    columns = [
        _Column(number=number, name=name, dtype=dtype, pii=name in dataset.pii)
        for number, (name, dtype) in enumerate(frame.collect_schema().items())
        if name not in companions
    ]
    with reread(engine, table, frame, scratch=scratch) as rows:
        return _profile(engine, rows, dataset.name, columns)


@dataclass(frozen=True, kw_only=True)
class _Column:
    number: int
    name: str
    dtype: nw.dtypes.DType
    pii: bool

    @property
    def kind(self) -> ColumnKind:
        return kind_of(self.dtype)

    @property
    def axis(self) -> NumberLine | None:
        """Where the column's values are shown, on the number line; None for other columns."""
        if self.pii or self.kind not in {"number", "time"}:
            return None
        return NumberLine(column=self.name, dtype=self.dtype)

    @property
    def finer(self) -> bool:
        """Times in nanoseconds: the number line has microseconds."""
        return isinstance(self.dtype, nw.Datetime) and self.dtype.time_unit == "ns"

    @property
    def text(self) -> nw.Expr:
        return nw.col(self.name).cast(nw.String)

    def label(self, figure: str) -> str:
        """What a figure of this column is called in a query, whatever the column's name."""
        return f"{figure}{self.number}"

    def figures(self) -> list[nw.Expr]:
        """What the first pass asks of this column."""
        values = nw.col(self.name)
        asked = {"filled": values.count()}
        if self.axis:
            exact = self.axis.exact
            asked |= {"finite": exact.count(), "min": exact.min(), "max": exact.max()}
            if self.finer:
                asked |= {"first": values.min(), "last": values.max()}
        elif self.kind == "text":
            lengths = self.text.str.len_chars()
            asked |= {"least": lengths.min(), "most": lengths.max(), "chars": lengths.sum()}
            if not self.pii:
                asked |= {"min": self.text.min(), "max": self.text.max()}
        return [figure.alias(self.label(name)) for name, figure in asked.items()]


def _profile(
    engine: Engine, frame: nw.LazyFrame[Any], name: str, columns: list[_Column]
) -> Profile:
    asked = [figure for column in columns for figure in column.figures()]
    row = engine.collect(frame.select(nw.len().alias("rows"), *asked))[0]
    rows = int(row["rows"])
    ranges = {
        column.number: Range(
            values=column.axis.values,
            low=column.axis.position(row[column.label("min")]),
            high=column.axis.position(row[column.label("max")]),
            count=int(row[column.label("finite")]),
        )
        for column in columns
        if column.axis and row[column.label("finite")]
    }
    found = dict(zip(ranges, moments(engine, frame, list(ranges.values())), strict=True))
    profiles = []
    for column in columns:
        filled = int(row[column.label("filled")])
        plain = ColumnProfile(
            name=column.name,
            type=type_name(column.dtype),
            kind=column.kind,
            nulls=rows - filled,
            pii=column.pii,
        )
        if column.number in ranges:
            extent, average = ranges[column.number], found[column.number]
            full = _on_axis(engine, frame, column, plain, row, extent, average)
        elif column.kind == "text" and filled:
            full = _categories(engine, frame, column, _lengths(column, plain, row, filled))
        elif column.kind == "boolean" and filled:
            full = _categories(engine, frame, column, plain)
        elif column.axis:  # nothing but nulls and infinities
            full = replace(plain, infinite=filled)
        elif column.pii and _countable(column.dtype):
            full = replace(plain, distinct=_distinct(engine, frame, column))
        else:
            full = plain
        profiles.append(full)
    return Profile(dataset=name, rows=rows, columns=tuple(profiles))


def _on_axis(
    engine: Engine,
    frame: nw.LazyFrame[Any],
    column: _Column,
    plain: ColumnProfile,
    row: Row,
    extent: Range,
    average: Moments,
) -> ColumnProfile:
    axis = NumberLine(column=column.name, dtype=column.dtype)
    values = frame.select(extent.values.alias("x"))
    cells = fine_cells(engine, values, extent.low, extent.high, extent.count)
    single = all(cell.lo == cell.hi for cell in cells)
    if single and max(-extent.low, extent.high) <= _EXACT and not _rounded(column):
        distinct: int | None = len(cells)
    else:
        counted = _countable(column.dtype) or (single and _rounded(column))
        distinct = _distinct(engine, frame, column) if counted else None
    # Figures in seconds; ten digits of a mean far from zero would hide its movements.
    spread = axis.stored(extent.high) - axis.stored(extent.low)
    mean = axis.stored(average.mean)
    digits = 10 + _order(mean) - _order(spread) if mean and spread else 10
    return replace(
        plain,
        distinct=distinct,
        infinite=int(row[column.label("filled")]) - extent.count,
        min=_bound(column, axis, row, "min", "first"),
        max=_bound(column, axis, row, "max", "last"),
        mean=significant(mean, min(17, max(10, digits))),
        std=significant(axis.stored(average.std), 6),
        cells=shortened_cells(merged_cells(cells, extent.count), axis),
    )


def _bound(column: _Column, axis: NumberLine, row: Row, name: str, finer: str) -> Scalar:
    """The smallest or largest value, in nanoseconds where the column has them."""
    exact = row[column.label(finer)] if column.finer else None
    return exact if isinstance(exact, str) else axis.scalar(row[column.label(name)])


def _rounded(column: _Column) -> bool:
    """Values that differ may be one on the number line."""
    dtype = column.dtype
    return column.finer or (isinstance(dtype, nw.Decimal) and dtype.precision > _DIGITS)


def _order(value: float) -> int:
    return math.frexp(value)[1] * 3 // 10


def _lengths(column: _Column, plain: ColumnProfile, row: Row, filled: int) -> ColumnProfile:
    bounds = (
        {} if column.pii else {"min": row[column.label("min")], "max": row[column.label("max")]}
    )
    return replace(
        plain,
        **{name: value[:_TEXT_LIMIT] for name, value in bounds.items()},
        length_min=int(row[column.label("least")]),
        length_max=int(row[column.label("most")]),
        length_mean=significant(int(row[column.label("chars")]) / filled, 10),
    )


def _countable(dtype: nw.dtypes.DType) -> bool:
    return dtype.is_integer() or isinstance(dtype, nw.Date)


def _distinct(engine: Engine, frame: nw.LazyFrame[Any], column: _Column) -> int:
    values = frame.select(nw.col(column.name).alias("value")).filter(~nw.col("value").is_null())
    return int(engine.collect(values.select(nw.col("value").n_unique().alias("n")))[0]["n"])


def _categories(
    engine: Engine, frame: nw.LazyFrame[Any], column: _Column, plain: ColumnProfile
) -> ColumnProfile:
    """``plain`` with the number of distinct values and the most frequent ones.

    How often does each frequency occur? That short list tells the number of distinct values, and
    from which frequency on values belong to the top, so that the values themselves are asked for
    only where there is a top: not in a column of unique values.
    """
    values = frame.select(column.text.alias("value")).filter(~nw.col("value").is_null())
    counted = values.group_by("value").agg(n=nw.len())
    asked = counted.group_by("n").agg(values=nw.col("value").count())
    levels = sorted(((int(r["n"]), int(r["values"])) for r in engine.collect(asked)), reverse=True)
    distinct = sum(number for _, number in levels)
    if column.pii or (levels[0][0] == 1 and plain.kind != "boolean" and distinct > TOP):
        return replace(plain, distinct=distinct)
    least, seen = levels[0][0], 0
    for level, number in levels:
        least, seen = level, seen + number
        if seen >= TOP:
            break
    top = counted.filter(nw.col("n") >= least).sort("n", "value", descending=[True, False])
    found = [
        Category(str(row["value"])[:_TEXT_LIMIT], int(row["n"]))
        for row in engine.collect(top.head(TOP))
    ]
    return replace(plain, distinct=distinct, top=tuple(found))
