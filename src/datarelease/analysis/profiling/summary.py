"""What profiles are made of, as a value that adds up: summaries of parts give that of the whole.

It depends on the rows alone, not on their order or on the parts they lie in: counts, sums without
rounding, bounds, the cells of `cells`, and how often each value of a column occurs, for the columns
of which profiles count different values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Self

import numpy as np
import pyarrow as pa

from datarelease.analysis.profiling.cells import Grid, floats
from datarelease.analysis.profiling.number_line import EXACT, Exact, NumberLine, Reading

_CELLS = pa.schema([("column", "string"), ("lo", "int64"), ("hi", "int64"), ("count", "int64")])
_VALUES = pa.schema([("column", "string"), ("value", "large_string"), ("n", "int64")])
_FACTS = b"summary"


@dataclass(frozen=True, kw_only=True, eq=False)
class Numbers:
    """What is known of the finite values of a column; there is at least one."""

    low: Exact
    high: Exact
    total: Fraction
    grid: Grid

    @classmethod
    def of(cls, reading: Reading, *, level: int, limit: int) -> Self:
        """The values of a batch; ``level`` is that of batches before."""
        grid = Grid.of(reading.positions, level=level, limit=limit)
        return cls(low=reading.low, high=reading.high, total=reading.total, grid=grid)

    @classmethod
    def merged(cls, numbers: Sequence[Self]) -> Self:
        """The values of all of them."""
        return cls(
            low=min(one.low for one in numbers),
            high=max(one.high for one in numbers),
            total=sum((one.total for one in numbers), Fraction()),
            grid=Grid.merged([one.grid for one in numbers]),
        )

    @property
    def mean(self) -> Fraction:
        """The mean position, without rounding."""
        return self.total / self.grid.count

    def distinct(self, line: NumberLine) -> int | None:
        """The number of different values; None: the cells do not say."""
        largest = np.abs(floats(self.grid.lo[[0, -1]])).max()
        told = self.grid.exact and not line.rounded and largest <= EXACT
        return len(self.grid.counts) if told else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Summary:
    """What is known of the rows of a table or of a part of one."""

    rows: int
    filled: Mapping[str, int]
    """By column, how many values are not null; columns whose values are counted are left out."""
    numbers: Mapping[str, Numbers]
    """By column; left out where there is no finite value."""
    values: pa.Table
    """Column, value as text, and how often it occurs, sorted; of columns with counted values."""

    @classmethod
    def merged(cls, parts: Iterable[Self]) -> Self:
        """The summary of all rows of at least one part; all parts have the same columns."""
        parts = list(parts)
        numbers: dict[str, list[Numbers]] = {}
        filled: dict[str, int] = {}
        for part in parts:
            for name, one in part.numbers.items():
                numbers.setdefault(name, []).append(one)
            for name, count in part.filled.items():
                filled[name] = filled.get(name, 0) + count
        return cls(
            rows=sum(part.rows for part in parts),
            filled=filled,
            numbers={name: Numbers.merged(some) for name, some in numbers.items()},
            values=value_table([part.values for part in parts]),
        )

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """The summary as two tables for Parquet files, the cells and the values."""
        cells = [
            pa.table(
                [pa.repeat(name, len(grid.counts)), grid.lo, grid.hi, grid.counts], schema=_CELLS
            )
            for name, grid in ((name, one.grid) for name, one in self.numbers.items())
        ]
        facts = {
            "rows": self.rows,
            "filled": dict(self.filled),
            "numbers": {
                name: {
                    "low": _text(one.low),
                    "high": _text(one.high),
                    "total": str(one.total),
                    "level": one.grid.level,
                    "limit": one.grid.limit,
                    "cells": len(one.grid.counts),
                }
                for name, one in self.numbers.items()
            },
        }
        metadata = {_FACTS: json.dumps(facts)}
        schema = _CELLS.with_metadata(metadata)
        whole = pa.concat_tables(cells) if cells else _CELLS.empty_table()
        return whole.cast(schema), self.values

    @classmethod
    def from_tables(cls, cells: pa.Table, values: pa.Table) -> Self:
        """The summary that `tables` made these tables of."""
        facts = json.loads(cells.schema.metadata[_FACTS])
        columns = {name: cells[name].to_numpy() for name in ("lo", "hi", "count")}
        start, numbers = 0, {}
        for name, one in facts["numbers"].items():
            end = start + one["cells"]
            lo, hi, counts = (column[start:end] for column in columns.values())
            start = end
            numbers[name] = Numbers(
                low=_exact(one["low"]),
                high=_exact(one["high"]),
                total=Fraction(one["total"]),
                grid=Grid(level=one["level"], limit=one["limit"], lo=lo, hi=hi, counts=counts),
            )
        return cls(rows=facts["rows"], filled=facts["filled"], numbers=numbers, values=values)


def value_table(tables: Sequence[pa.Table]) -> pa.Table:
    """How often each value occurs in all of these tables, in the form of `Summary.values`."""
    whole = pa.concat_tables([_VALUES.empty_table(), *(table.cast(_VALUES) for table in tables)])
    added = whole.group_by(["column", "value"]).aggregate([("n", "sum")])
    added = added.rename_columns({"n_sum": "n"}).select(_VALUES.names)
    return added.sort_by([("column", "ascending"), ("value", "ascending")])


def _text(exact: Exact) -> list[str]:
    """A number as JSON keeps it: the name of its class, and its text."""
    return [type(exact).__name__, str(exact)]


def _exact(text: Sequence[str]) -> Any:
    kinds = {"int": int, "float": float, "Decimal": Decimal}
    return kinds[text[0]](text[1])
