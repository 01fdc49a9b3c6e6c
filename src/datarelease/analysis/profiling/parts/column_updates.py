"""The columns of a table, each with what parts that are gone or new say of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.engine.values import ValueCounts
from datarelease.analysis.profiling.cells import EXACT, floats
from datarelease.analysis.profiling.columns import Column, told_by_cells
from datarelease.analysis.profiling.figures import Figures, uncounted
from datarelease.analysis.profiling.parts.cell_changes import OtherValuesError, ShiftedGrid
from datarelease.analysis.profiling.parts.cell_values import CellValues
from datarelease.analysis.profiling.parts.kept_keys import KeptKeys
from datarelease.analysis.profiling.parts.known_columns import KnownColumn, KnownTable
from datarelease.analysis.profiling.parts.number_update import ShiftedNumbers
from datarelease.analysis.profiling.parts.part_changes import ColumnChange
from datarelease.analysis.profiling.parts.profile_memo import KeptProfile
from datarelease.analysis.profiling.parts.value_keys import salt_of
from datarelease.analysis.profiling.parts.value_update import (
    TextShift,
    shifted_distinct,
    shifted_texts,
)
from datarelease.analysis.profiling.passes import values_inside

_Types = Mapping[str, nw.dtypes.DType]
_UNSIGNED = (nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64)
_FEW = 32
"""Columns that are read together."""
_RANGES = 16
"""Open cells of a column up to which rows are picked by ranges of its values."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChangedFigures:
    """The figures of columns, as far as they follow from what is known."""

    table: Table
    """Its parts, which are known to be alike."""
    columns: Sequence[Column]
    figures: Figures
    lost: Sequence[Column]
    """Of which they do not follow: to be read as a whole."""


class ColumnUpdates:
    """The columns of a table one after the other, each with what changed in it."""

    def __init__(
        self,
        engine: Engine,
        table: Table,
        types: _Types | None,
        known: KnownTable,
        kept: KeptProfile,
        limit: int,
        left: Sequence[int],
    ) -> None:
        """Begin with what is known.

        Args:
            engine: Reads the parts again where what is known is not enough.
            table: The parts as they are now, known to be alike.
            types: As in `Engine.scan`.
            known: What is known of another version of the parts.
            kept: Has its cells and keys.
            limit: How many cells each column of the profile may fill.
            left: The places of those parts that are still there, in the other version.
        """
        self._engine = engine
        self._table = table
        self._types = types
        self._known = known
        self._kept = kept
        self._limit = limit
        self._left = left
        self._salt = salt_of(known.parts)
        self._filled: dict[str, int] = {}
        self._distinct: dict[str, int] = {}
        self._counted: dict[str, ValueCounts] = {}
        self._shifted: dict[str, tuple[Column, ShiftedNumbers]] = {}
        self._lost: list[Column] = []

    def add(self, column: Column, change: ColumnChange) -> None:
        """Take what changed in a column."""
        known = self._known.columns[column.name]
        with self._losing(column):
            if column.counted:
                self._counted[column.name] = self._counts(column, known, change)
                return
            self._filled[column.name] = known.filled + _filled(column, change)
            if column.line is not None:
                self._add_numbers(column, known, change)

    def close(self) -> None:
        """Read the cells whose bounds are open, in all parts."""
        longest = max((len(one.grids) for _, one in self._shifted.values()), default=0)
        for place in range(longest):
            found = [
                (column, shifted)
                for column, shifted in self._shifted.values()
                if place < len(shifted.grids) and len(shifted.grids[place].open)
            ]
            few = [one for one in found if _ranges(one[0], one[1].grids[place])]
            rest = [one for one in found if one not in few]
            # No range spares the parsing of text, which one query does for all columns.
            for some in (found,) if self._table.is_text else (few, rest):
                for start in range(0, len(some), _FEW):
                    self._close(place, some[start : start + _FEW])

    def result(self, columns: Sequence[Column], rows: int) -> ChangedFigures:
        """What is known of all ``columns`` together."""
        numbers, chains = {}, {}
        for column, shifted in list(self._shifted.values()):
            with self._losing(column):
                found, chain = shifted.result()
                numbers[column.name], chains[column.name] = found, chain
                if column.line and not column.line.countable and not found.grid.exact:
                    self._distinct.pop(column.name, None)
        figures = Figures(
            rows=rows,
            filled=self._filled,
            numbers=numbers,
            distinct={**self._distinct, **told_by_cells(columns, numbers)},
            chains=chains,
            counted=self._counted,
        )
        lost = [c for c in columns if c in self._lost or uncounted(c, figures)]
        return ChangedFigures(table=self._table, columns=columns, figures=figures, lost=lost)

    def _counts(self, column: Column, known: KnownColumn, change: ColumnChange) -> ValueCounts:
        values, shift = known.values, TextShift.of(change)
        if values is None or values.rows != known.filled:
            raise OtherValuesError
        keys = None
        if not values.complete:
            keys = self._kept.keys(self._salt, column.name, known)
            if keys is None:
                raise OtherValuesError
        spans = []
        if len(values.spans) == len(self._known.parts):
            if not values.spans_fit:
                raise OtherValuesError
            spans = [change.span, *(values.spans[place] for place in self._left)]
        return shifted_texts(column, values, keys, self._salt, shift, spans)

    def _add_numbers(self, column: Column, known: KnownColumn, change: ColumnChange) -> None:
        if known.numbers is None:
            if any(len(side) and column.reading(side) for side in (change.before, change.after)):
                raise OtherValuesError
            return
        chain = self._kept.chain(self._salt, column.name, known, self._limit)
        if chain is None:
            raise OtherValuesError
        shifted = ShiftedNumbers.of(column, known, chain, change, self._limit)
        keys = self._kept.keys(self._salt, column.name, known)
        if keys is not None and known.values is not None:
            self._distinct[column.name] = shifted_distinct(known.values, keys, change)
        if keys is not None:
            shifted = shifted.told_by(_cell_values(column, known, keys), change)
        self._shifted[column.name] = column, shifted

    def _close(self, place: int, found: Sequence[tuple[Column, ShiftedNumbers]]) -> None:
        grids = {column.name: shifted.grids[place].grid for column, shifted in found}
        ranges = {c.name: _ranges(c, shifted.grids[place]) for c, shifted in found}
        within = [
            nw.col(name).is_between(low, high)
            for name, some in ranges.items()
            for low, high in some
            if all(ranges.values())
        ]

        def read(columns: Sequence[Column]) -> nw.LazyFrame[Any]:
            names = [column.name for column in columns]
            frame = self._engine.scan(self._table, self._types, names, once=True)
            return frame.filter(nw.any_horizontal(*within, ignore_nulls=True)) if within else frame

        inside = values_inside(
            self._engine,
            read,
            [column for column, _ in found],
            grids,
            {column.name: shifted.grids[place].open for column, shifted in found},
        )
        for column, shifted in found:
            with self._losing(column):
                whole = shifted.closed(place, inside[column.name])
                self._shifted[column.name] = column, whole

    @contextmanager
    def _losing(self, column: Column) -> Iterator[None]:
        """Give a column up of which what is known does not say enough."""
        try:
            yield
        except OtherValuesError:
            self._lost.append(column)
            for found in (self._filled, self._distinct, self._counted, self._shifted):
                found.pop(column.name, None)


def _cell_values(column: Column, known: KnownColumn, keys: KeptKeys) -> CellValues:
    if known.values is not None:
        unsigned = isinstance(column.dtype, _UNSIGNED)
        divisor = 1000 if column.line is not None and column.line.finer else 1
        kind: Literal["signed", "unsigned"] = "unsigned" if unsigned else "signed"
        return CellValues(keys=keys, integers=kind, divisor=divisor)
    points = known.numbers.values if known.numbers else None
    return CellValues(keys=keys, outermost=points.outermost if points else None)


def _ranges(column: Column, shifted: ShiftedGrid) -> list[tuple[float, float]]:
    """Between which values the open cells are; none where an engine is not asked for so many.

    Where files are sorted by the column, an engine then reads few of them.
    """
    if len(shifted.open) > _RANGES or not (column.dtype.is_integer() or column.dtype.is_float()):
        return []
    level = shifted.grid.level
    low, high = floats(shifted.open << level), floats((shifted.open + 1 << level) - 1)
    if np.abs([low, high]).max() > EXACT or not np.isfinite([low, high]).all():
        return []
    whole = column.dtype.is_integer()
    return [
        (math.floor(a), math.ceil(b)) if whole else (a, b)
        for a, b in zip(low.tolist(), high.tolist(), strict=True)
    ]


def _filled(column: Column, change: ColumnChange) -> int:
    """By how much the values that are not null became more."""
    before, after = (side.num_rows - column.nulls(side) for side in (change.before, change.after))
    return int(after - before)
