"""The passes over a table: what is read of each column, and what is known of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from datarelease.analysis.engine.column_types import kind_of
from datarelease.analysis.engine.staging import reread
from datarelease.analysis.engine.tables import Engine, Table
from datarelease.analysis.profiling.cells import Grid, Integers, cells_for
from datarelease.analysis.profiling.number_line import NumberLine, Reading
from datarelease.analysis.profiling.summary import EXACT, Numbers
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import ColumnKind

_Frame = nw.LazyFrame[Any]
_Types = Mapping[str, nw.dtypes.DType]
Read = Callable[[Sequence["Column"]], _Frame]
"""A frame in which the columns given are, and as a rule few others: an engine binds all columns of
a frame for each query, so that one query a column over a frame of all would be quadratic."""
_FEW = 32
"""Columns of one frame, where each of them has queries of its own."""
_MANY = 128
"""Columns of numbers in one pass: Arrow has all values of a batch at once."""
_ROWS = 1 << 18
"""Rows of a batch."""
_BATCHES = 4
"""Batches after which what is known of them is added up."""
_MARKS = 1 << 26
"""Bytes in which whole numbers that occur are marked, for all columns together."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column, and how it is read."""

    number: int
    name: str
    dtype: nw.dtypes.DType
    pii: bool

    @property
    def kind(self) -> ColumnKind:
        """How statistics treat it."""
        return kind_of(self.dtype)

    @property
    def line(self) -> NumberLine | None:
        """Where the column's values are shown, on the number line; None for other columns."""
        if self.pii or self.kind not in {"number", "time"}:
            return None
        return NumberLine(dtype=self.dtype)

    @property
    def named(self) -> bool:
        """Whether its values are text, of which some are named."""
        return self.kind in {"text", "boolean"}

    @property
    def counted(self) -> bool:
        """Whether how often its values occur is all that is read of it."""
        return self.named or (self.pii and NumberLine(dtype=self.dtype).countable)

    def values(self, frame: _Frame) -> _Frame:
        """The column alone, as ``value``."""
        return frame.select(nw.col(self.name).cast(nw.String).alias("value"))

    def figures(self) -> list[nw.Expr]:
        """What the pass over all columns reads of this one, under its number."""
        values = nw.col(self.name)
        if self.line is None:
            return [] if self.counted else [values.is_null().alias(f"null{self.number}")]
        exact = [values.alias(f"exact{self.number}")]
        near = [values.cast(nw.Float64).alias(f"near{self.number}")] if self.line.wide else []
        return exact + near

    def nulls(self, batch: pa.RecordBatch) -> int:
        """How many values of a batch are null."""
        if self.line is None:
            return int(batch[f"null{self.number}"].true_count)
        return int(batch[f"exact{self.number}"].null_count)

    def reading(self, batch: pa.RecordBatch) -> Reading | None:
        """The finite values of a batch; None: there are none."""
        if self.line is None:
            return None
        near = batch[f"near{self.number}"] if self.line.wide else None
        return self.line.read(batch[f"exact{self.number}"], near)


def columns_of(types: Mapping[str, nw.dtypes.DType], dataset: Dataset) -> list[Column]:
    """The columns of a table, of these types (`Engine.types`)."""
    return [
        Column(number=number, name=name, dtype=dtype, pii=name in dataset.pii)
        for number, (name, dtype) in enumerate(types.items())
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstPass:
    """What one pass over a table says of all columns but those whose values are counted."""

    rows: int
    filled: Mapping[str, int]
    """By column, how many values are not null."""
    numbers: Mapping[str, Numbers]
    """By column; left out where there is no finite value."""
    distinct: Mapping[str, int]
    """By column of numbers, how many different values there are, as far as the pass could tell."""


@contextmanager
def read_often(
    engine: Engine, table: Table, types: _Types | None, columns: Sequence[Column]
) -> Iterator[Read]:
    """What reads some of the ``columns`` of a table, made cheap to use many times."""
    frame = engine.scan(table, types)
    with reread(engine, table, frame) as rows:

        def read(some: Sequence[Column]) -> _Frame:
            names = [column.name for column in some]
            if len(columns) <= _FEW or not names:
                return rows
            return engine.scan(table, types, names) if rows is frame else rows.select(*names)

        yield read


def one_by_one(read: Read, columns: Sequence[Column]) -> Iterator[tuple[Column, _Frame]]:
    """Each column, and its values as ``value``."""
    for some in _groups(columns, _FEW):
        frame = read(some)
        for column in some:
            yield column, column.values(frame)


def first_pass(engine: Engine, read: Read, columns: Sequence[Column]) -> FirstPass:
    """What is known after one pass over the columns of numbers and times."""
    numeric = [column for column in columns if not column.counted]
    whole = [column for column in numeric if column.line and column.line.countable]
    limit = cells_for(len(columns))
    states = {
        c.name: _State(limit, _Marks(_MARKS // len(whole)) if c in whole else None) for c in numeric
    }
    rows = 0
    for place, some in enumerate(_groups(numeric, _MANY) or [numeric]):
        for batch in _batches(engine, read(some or columns[:1]), some):
            rows += batch.num_rows * (place == 0)
            for column in some:
                states[column.name].add(len(batch) - column.nulls(batch), column.reading(batch))
    numbers = {name: Numbers.merged(state.some) for name, state in states.items() if state.some}
    marked = {name: s.marks.count for name, s in states.items() if s.marks and name in numbers}
    distinct = marked | told_by_cells(numeric, numbers)
    filled = {name: state.filled for name, state in states.items()}
    return FirstPass(rows=rows, filled=filled, numbers=numbers, distinct=distinct)


def told_by_cells(columns: Sequence[Column], numbers: Mapping[str, Numbers]) -> dict[str, int]:
    """How many different values the columns have of which the cells say so."""
    found = (
        (column.name, numbers[column.name].distinct(column.line))
        for column in columns
        if column.line and column.name in numbers
    )
    return {name: distinct for name, distinct in found if distinct is not None}


def refined_grids(
    engine: Engine,
    read: Read,
    columns: Sequence[Column],
    grids: Mapping[str, Grid],
    counts: Mapping[str, int],
) -> Mapping[str, Grid]:
    """The grids of columns, in which no cell but single values holds too many of the ``counts``.

    The columns where one did are read again, the values inside such cells counted on a finer grid;
    as a rule this is done once at most.
    """
    heavy = {name: cells for name, grid in grids.items() if len(cells := grid.heavy(counts[name]))}
    again = [column for column in columns if column.name in heavy]
    if not again:
        return grids
    refined = dict(grids)
    for some in _groups(again, _MANY):
        finer = _inside(engine, read, some, grids, heavy)
        finest = refined_grids(engine, read, some, finer, counts)
        refined |= {name: grids[name].refined(grid, counts[name]) for name, grid in finest.items()}
    return refined


def _inside(
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
    return {name: Grid.merged(some) for name, some in inside.items()}


def _groups(columns: Sequence[Column], size: int) -> list[Sequence[Column]]:
    return [columns[start : start + size] for start in range(0, len(columns), size)]


def _batches(engine: Engine, frame: _Frame, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
    figures = [figure for column in columns for figure in column.figures()]
    return engine.batches(frame.select(*figures or [nw.lit(1).alias("row")]), _ROWS)


@dataclass
class _State:
    """What the batches of a column said so far."""

    limit: int
    marks: _Marks | None
    filled: int = 0
    some: list[Numbers] = field(default_factory=list)

    def add(self, filled: int, reading: Reading | None) -> None:
        self.filled += filled
        if reading is None:
            return
        level = self.some[0].grid.level if self.some else 0
        self.some.append(Numbers.of(reading, level=level, limit=self.limit))
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
