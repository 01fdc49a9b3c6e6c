"""The columns of a table: what is read of each, and what is known of it after a pass over all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pyarrow as pa

from datarelease.analysis.engine.column_types import kind_of
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.staging import reread
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling.column_numbers import Numbers
from datarelease.analysis.profiling.number_line import NumberLine
from datarelease.analysis.profiling.reading import Reading
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import ColumnKind

_Frame = nw.LazyFrame[Any]
_Types = Mapping[str, nw.dtypes.DType]
Read = Callable[[Sequence["Column"]], _Frame]
"""A frame in which the columns given are, and as a rule few others: an engine binds all columns of
a frame for each query, so that one query a column over a frame of all would be quadratic."""
FEW = 32
"""Columns of one frame, where each of them has queries of its own."""
MANY = 128
"""Columns of numbers that are read at once: Arrow has all values of a batch."""


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
        """The column alone, as ``value``: as text, but for what is counted faster as it is."""
        plain = self.dtype.is_integer() or isinstance(self.dtype, (nw.Boolean, nw.Date))
        values = nw.col(self.name)
        return frame.select((values if plain else values.cast(nw.String)).alias("value"))

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
    """By column of whole numbers, how many different values there are, where that was counted."""


@contextmanager
def read_often(
    engine: Engine, table: Table, types: _Types | None, columns: Sequence[Column]
) -> Iterator[Read]:
    """What reads some of the ``columns`` of a table, made cheap to use many times."""
    frame = engine.scan(table, types)
    with reread(engine, table, frame) as rows:

        def read(some: Sequence[Column]) -> _Frame:
            names = [column.name for column in some]
            if len(columns) <= FEW or not names:
                return rows
            return engine.scan(table, types, names) if rows is frame else rows.select(*names)

        yield read


def one_by_one(read: Read, columns: Sequence[Column]) -> Iterator[tuple[Column, _Frame]]:
    """Each column, and its values as ``value``."""
    for some in groups_of(columns, FEW):
        frame = read(some)
        for column in some:
            yield column, column.values(frame)


def told_by_cells(columns: Sequence[Column], numbers: Mapping[str, Numbers]) -> dict[str, int]:
    """How many different values the columns have of which the cells say so."""
    found = (
        (column.name, numbers[column.name].distinct(column.line))
        for column in columns
        if column.line and column.name in numbers
    )
    return {name: distinct for name, distinct in found if distinct is not None}


def groups_of(columns: Sequence[Column], size: int) -> list[Sequence[Column]]:
    """The columns in groups of at most ``size``."""
    return [columns[start : start + size] for start in range(0, len(columns), size)]
