"""Numbers and times of a table read in batches of rows, and counted here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.profiling.cells import Grid, Integers
from datarelease.analysis.profiling.column_numbers import Numbers
from datarelease.analysis.profiling.columns import (
    MANY,
    Column,
    FirstPass,
    Read,
    groups_of,
)
from datarelease.analysis.profiling.whole_numbers import WholeNumbers

_ROWS = 1 << 18
"""Rows of a batch."""
_BATCHES = 4
"""Batches after which what is known of them is added up."""
_ALONE = 1 << 12
"""Rows of a batch up to which its columns are counted sooner than threads start."""
_AHEAD = 1 << 26
"""Bytes of a batch up to which the next one is read while it is counted."""
_MARKS = 1 << 26
"""Bytes in which whole numbers that occur are marked, for all columns together."""


def read_pass(
    engine: Engine, read: Read, columns: Sequence[Column], limit: int, *, ends: bool
) -> FirstPass:
    """What is known after the rows of the columns of numbers and times were read once."""
    numeric = [column for column in columns if not column.counted]
    whole = [column for column in numeric if column.line and column.line.countable]
    states = {
        column.name: _State(
            limit, ends, WholeNumbers(_MARKS // len(whole)) if column in whole else None
        )
        for column in numeric
    }
    rows = 0
    with ThreadPoolExecutor(max(1, min(len(numeric), os.cpu_count() or 1))) as workers:
        for place, some in enumerate(groups_of(numeric, MANY) or [numeric]):
            busy: dict[str, Future[None]] = {}
            for batch in column_batches(engine, read(some or columns[:1]), some):
                rows += batch.num_rows * (place == 0)
                for column in some:
                    if column.name in busy:  # its batches are counted one after the other
                        busy.pop(column.name).result()
                    if batch.num_rows > _ALONE:
                        busy[column.name] = workers.submit(states[column.name].add, column, batch)
                    else:
                        states[column.name].add(column, batch)
                if batch.nbytes > _AHEAD:
                    _wait(busy)
            _wait(busy)
    numbers = {name: Numbers.merged(state.some) for name, state in states.items() if state.some}
    counted = {n: s.different.count for n, s in states.items() if s.different and n in numbers}
    distinct = {name: count for name, count in counted.items() if count is not None}
    filled = {name: state.filled for name, state in states.items()}
    return FirstPass(rows=rows, filled=filled, numbers=numbers, distinct=distinct)


def _wait(busy: dict[str, Future[None]]) -> None:
    while busy:
        busy.popitem()[1].result()


def read_refined(
    engine: Engine,
    read: Read,
    columns: Sequence[Column],
    grids: Mapping[str, Grid],
    heavy: Mapping[str, Integers],
) -> dict[str, Grid]:
    """The values inside heavy cells of these columns, on finer grids."""
    inside: dict[str, list[Grid]] = {column.name: [] for column in columns}
    for batch in column_batches(engine, read(columns), columns):
        for column in columns:
            reading, some, grid = column.reading(batch), inside[column.name], grids[column.name]
            if reading is not None:
                values = grid.inside(reading.positions, heavy[column.name])
                some.append(Grid.of(values, limit=grid.limit))
                if len(some) > _BATCHES:
                    some[:] = [Grid.merged(some)]
    nothing = Grid.of(np.zeros(0))
    return {name: Grid.merged(some or [nothing]) for name, some in inside.items()}


def column_batches(
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
    different: WholeNumbers | None
    filled: int = 0
    some: list[Numbers] = field(default_factory=list)

    def add(self, column: Column, batch: pa.RecordBatch) -> None:
        """Take a column of the next batch."""
        filled = len(batch) - column.nulls(batch)
        self.filled += filled
        reading = column.reading(batch)
        if reading is None:
            return
        level = self.some[0].grid.level if self.some else 0
        self.some.append(Numbers.of(reading, level=level, limit=self.limit, ends=self.ends))
        if len(self.some) > _BATCHES:
            self.some = [Numbers.merged(self.some)]
        if self.different is not None and reading.whole is not None:
            self.different.add(reading.whole, infinite=filled - len(reading.whole))
