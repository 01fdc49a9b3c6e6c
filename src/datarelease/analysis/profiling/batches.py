"""Numbers and times of a table read in batches of rows, and counted here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from datarelease.analysis.engine.tables import Engine
from datarelease.analysis.profiling.cells import Grid, Integers
from datarelease.analysis.profiling.column_numbers import Numbers
from datarelease.analysis.profiling.columns import (
    MANY,
    Column,
    FirstPass,
    Read,
    groups_of,
)
from datarelease.analysis.profiling.number_line import EXACT, Reading

_ROWS = 1 << 18
"""Rows of a batch."""
_BATCHES = 4
"""Batches after which what is known of them is added up."""
_MARKS = 1 << 26
"""Bytes in which whole numbers that occur are marked, for all columns together."""


def read_pass(
    engine: Engine, read: Read, columns: Sequence[Column], limit: int, *, ends: bool
) -> FirstPass:
    """What is known after the rows of the columns of numbers and times were read once."""
    numeric = [column for column in columns if not column.counted]
    whole = [column for column in numeric if column.line and column.line.countable]
    states = {
        c.name: _State(limit, ends, _Marks(_MARKS // len(whole)) if c in whole else None)
        for c in numeric
    }
    rows = 0
    for place, some in enumerate(groups_of(numeric, MANY) or [numeric]):
        for batch in _batches(engine, read(some or columns[:1]), some):
            rows += batch.num_rows * (place == 0)
            for column in some:
                states[column.name].add(len(batch) - column.nulls(batch), column.reading(batch))
    numbers = {name: Numbers.merged(state.some) for name, state in states.items() if state.some}
    marked = {name: s.marks.count for name, s in states.items() if s.marks and name in numbers}
    filled = {name: state.filled for name, state in states.items()}
    return FirstPass(rows=rows, filled=filled, numbers=numbers, distinct=marked)


def read_refined(
    engine: Engine,
    read: Read,
    columns: Sequence[Column],
    grids: Mapping[str, Grid],
    heavy: Mapping[str, Integers],
) -> dict[str, Grid]:
    """The values inside heavy cells of these columns, on finer grids."""
    inside: dict[str, list[Grid]] = {column.name: [] for column in columns}
    for batch in _batches(engine, read(columns), columns):
        for column in columns:
            reading, some, grid = column.reading(batch), inside[column.name], grids[column.name]
            if reading is not None:
                values = grid.inside(reading.positions, heavy[column.name])
                some.append(Grid.of(values, limit=grid.limit))
                if len(some) > _BATCHES:
                    some[:] = [Grid.merged(some)]
    nothing = Grid.of(np.zeros(0))
    return {name: Grid.merged(some or [nothing]) for name, some in inside.items()}


def _batches(
    engine: Engine, frame: nw.LazyFrame[Any], columns: Sequence[Column]
) -> Iterator[pa.RecordBatch]:
    """Batches with what is read of the columns, full ones: parts of tables may be small."""
    figures = [figure for column in columns for figure in column.figures()]
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in engine.batches(frame.select(*figures or [nw.lit(1).alias("row")]), _ROWS):
        if waiting and rows + batch.num_rows > _ROWS:
            yield pa.concat_batches(waiting)
            waiting, rows = [], 0
        waiting.append(batch)
        rows += batch.num_rows
    if waiting:
        yield pa.concat_batches(waiting)


@dataclass
class _State:
    """What the batches of a column said so far."""

    limit: int
    ends: bool
    marks: _Marks | None
    filled: int = 0
    some: list[Numbers] = field(default_factory=list)

    def add(self, filled: int, reading: Reading | None) -> None:
        self.filled += filled
        if reading is None:
            return
        level = self.some[0].grid.level if self.some else 0
        self.some.append(Numbers.of(reading, level=level, limit=self.limit, ends=self.ends))
        if len(self.some) > _BATCHES:
            self.some = [Numbers.merged(self.some)]
        if self.marks is not None:
            within = max(-reading.low, reading.high) <= EXACT
            if not within or not self.marks.add(reading.positions.astype(np.int64)):
                self.marks = None


class _Marks:
    """Which integers occurred, a byte for each one of their range."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._first = 0
        self._flags = np.zeros(0, np.bool_)

    def add(self, values: Integers) -> bool:
        """Mark integers; False: their range is too large."""
        low, high = int(values.min()), int(values.max()) + 1
        if len(self._flags):
            low, high = min(low, self._first), max(high, self._first + len(self._flags))
        if high - low > self._size:
            return False
        if high - low > len(self._flags):
            # Half as much again, so that ids that grow do not have all marks copied each time.
            flags = np.zeros(min(self._size, (high - low) * 3 // 2), np.bool_)
            if len(self._flags):
                start = self._first - low
                flags[start : start + len(self._flags)] = self._flags
            self._first, self._flags = low, flags
        self._flags[values - self._first] = True
        return True

    @property
    def count(self) -> int:
        return int(np.count_nonzero(self._flags))
