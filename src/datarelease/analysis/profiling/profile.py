"""The profile of a table: statistics that are byte-identical for equal data, small enough for git.

Nothing here is approximate or depends on the order of rows. One pass over the columns of numbers
and times gives all that is said of them (`column_numbers`), and one over each other column its
values; numbers are read again only where a cell holds too many of them. Distinct values are counted
exactly for text, booleans, integers and dates; for floats and timestamps, where the count costs the
most and says the least, only where the cells are single values anyway.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import narwhals as nw

from datarelease.analysis.engine.column_types import type_name
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.analysis.engine.values import ValueCounts
from datarelease.analysis.profiling.cells import Grid, cells_for
from datarelease.analysis.profiling.column_memo import ColumnMemo
from datarelease.analysis.profiling.column_numbers import Numbers
from datarelease.analysis.profiling.columns import (
    Column,
    columns_of,
    read_often,
)
from datarelease.analysis.profiling.figures import TOP, Figures, measure
from datarelease.analysis.profiling.joined_cells import merged_cells
from datarelease.analysis.profiling.number_line import NumberLine, shortened_cells, significant
from datarelease.analysis.profiling.parts.by_change import figures_by_change
from datarelease.analysis.profiling.parts.known_columns import NAMED, ROOM
from datarelease.analysis.profiling.parts.profile_memo import ProfileMemo
from datarelease.analysis.profiling.parts.remember import KeyedCounts, parts_of, remember
from datarelease.analysis.profiling.parts.value_keys import salt_of
from datarelease.analysis.profiling.passes import refined_grid
from datarelease.errors import WorldError
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import Category, ColumnProfile, Profile

_TEXT_LIMIT = 200
"""Characters kept of a value."""
_Types = Mapping[str, nw.dtypes.DType]


def profile(
    engine: Engine,
    table: Table,
    dataset: Dataset,
    *,
    types: _Types | None = None,
    memo: ProfileMemo | None = None,
) -> Profile:
    """The statistics of every column of a table; of pii columns only what reveals no value.

    Args:
        engine: Runs the queries.
        table: The files.
        dataset: Its name, and which columns are pii.
        types: Types of columns, for CSV files, where they are not to be inferred.
        memo: Knows the parts of another version of the table, if few of them are others.

    Raises:
        UnreadableTable: A file is missing or no such table.
        WorldError: Out of memory or disk.
    """
    splits = len(table.paths) > 1 and len(table.digests) == len(table.paths) == len(table.labels)
    if memo is not None and splits:
        with suppress(UnreadableTable):  # whatever is wrong with some parts, all are asked
            known = _by_change(engine, table, dataset, types, memo)
            if known is not None:
                return known
    columns = columns_of(engine.types(table, types), dataset)
    limit = cells_for(len(columns))
    seen = ColumnMemo.of(engine, table, dataset.name, memo.memo if memo else None, limit)
    if seen is not None:
        return _by_column(engine, table, dataset, types, columns, seen, limit)
    keeps = memo is not None and splits and len(set(engine.shapes(table, types))) == 1
    with read_often(engine, table, types, columns) as read:
        if memo is None or not keeps:
            return _profile(dataset.name, columns, measure(engine, read, columns, limit), limit)
        counts = KeyedCounts(engine, read, memo.of(table), salt_of(parts_of(table)))
        figures = measure(
            engine, read, columns, limit, room=ROOM * limit, top=NAMED, count=counts.count
        )
        with suppress(WorldError):  # a profile does not fail for what would save time later
            remember(table, types, columns, figures, counts)
        return _profile(dataset.name, columns, figures, limit)


def _by_column(
    engine: Engine,
    table: Table,
    dataset: Dataset,
    types: _Types | None,
    columns: Sequence[Column],
    seen: ColumnMemo,
    limit: int,
) -> Profile:
    """The same, of which only those columns are read that the version before had otherwise."""
    rows, known = seen.recall(columns) or (None, {})
    others = [column for column in columns if column.name not in known]
    found = Profile(dataset=dataset.name, rows=rows or 0, columns=())
    if others:
        with read_often(engine, table, types, others) as read:
            found = _profile(dataset.name, others, measure(engine, read, others, limit), limit)
    if known and found.rows != rows:  # what is kept is wrong
        with read_often(engine, table, types, columns) as read:
            found = _profile(dataset.name, columns, measure(engine, read, columns, limit), limit)
        known = {}
    each = {**known, **{column.name: column for column in found.columns}}
    whole = replace(found, columns=tuple(each[column.name] for column in columns))
    if others:
        seen.keep(whole)
    return whole


def _by_change(
    engine: Engine, table: Table, dataset: Dataset, types: _Types | None, memo: ProfileMemo
) -> Profile | None:
    """The same from what another version said; None: that does not say enough."""
    known = figures_by_change(engine, table, dataset, types, memo)
    if known is None:
        return None
    columns, figures, limit = known.columns, known.figures, cells_for(len(known.columns))
    if known.lost:
        with read_often(engine, known.table, types, columns) as read:
            others = measure(engine, read, known.lost, limit)
        if others.rows != figures.rows:
            return None
        figures = figures.joined(others)
    return _profile(dataset.name, columns, figures, limit)


def _profile(name: str, columns: Sequence[Column], figures: Figures, limit: int) -> Profile:
    profiles = []
    for column in columns:
        values, numbers = figures.counted.get(column.name), figures.numbers.get(column.name)
        filled = values.rows if column.counted and values else figures.filled[column.name]
        plain = ColumnProfile(
            name=column.name,
            type=type_name(column.dtype),
            kind=column.kind,
            nulls=figures.rows - filled,
            pii=column.pii,
        )
        if column.line:
            infinite = filled - (numbers.grid.count if numbers else 0)
            distinct = values.distinct if values else figures.distinct.get(column.name)
            plain = replace(plain, infinite=infinite, distinct=distinct)
            if numbers:
                plain = _on_line(
                    plain, column.line, numbers, refined_grid(figures.chains[column.name], limit)
                )
        elif values and (filled or not column.named):
            plain = _with_values(plain, values)
        profiles.append(plain)
    return Profile(dataset=name, rows=figures.rows, columns=tuple(profiles))


def _on_line(plain: ColumnProfile, line: NumberLine, numbers: Numbers, grid: Grid) -> ColumnProfile:
    cells = grid.cells()
    # Figures in seconds; ten digits of a mean far from zero would hide its movements.
    spread = line.stored(cells[-1].hi) - line.stored(cells[0].lo)
    mean = line.stored(float(numbers.mean))
    digits = 10 + _order(mean) - _order(spread) if mean and spread else 10
    return replace(
        plain,
        min=line.scalar(numbers.low),
        max=line.scalar(numbers.high),
        mean=significant(mean, min(17, max(10, digits))),
        std=significant(line.stored(grid.deviation(numbers.mean)), 6),
        cells=shortened_cells(merged_cells(cells, grid.count), line),
    )


def _order(value: float) -> int:
    return math.frexp(value)[1] * 3 // 10


def _with_values(plain: ColumnProfile, values: ValueCounts) -> ColumnProfile:
    """With what values say: of pii columns their number, and of text the lengths."""
    plain = replace(plain, distinct=values.distinct)
    if plain.kind == "text":
        plain = replace(
            plain,
            length_min=values.length_min,
            length_max=values.length_max,
            length_mean=significant(values.length_sum / values.rows, 10),
        )
        if not plain.pii:
            low, high = (text and text[:_TEXT_LIMIT] for text in (values.min, values.max))
            plain = replace(plain, min=low, max=high)
    unique = values.distinct == values.rows and values.distinct > TOP
    if plain.pii or plain.kind not in {"text", "boolean"} or (unique and plain.kind == "text"):
        return plain
    top = (Category(value[:_TEXT_LIMIT], count) for value, count in values.top[:TOP])
    return replace(plain, top=tuple(top))
