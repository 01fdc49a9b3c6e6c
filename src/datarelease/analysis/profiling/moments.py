"""Mean and standard deviation, equal on every run: sums of integers do not depend on the order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.tables import Engine
from datarelease.analysis.profiling.cells import times_power

_BITS = 44
"""Values are taken to the nearest of about 2**44 steps of their range."""
#: Exact in DuckDB (128 bit) and in Spark; holds 2**88 a row, for more than 10**11 rows.
_WIDE = nw.Decimal(19, 0)


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Mean and population standard deviation."""

    mean: float
    std: float


@dataclass(frozen=True, kw_only=True)
class Range:
    """A column of Float64 values without infinities; nulls are ignored."""

    values: nw.Expr
    low: float
    high: float
    count: int


def moments(engine: Engine, frame: nw.LazyFrame[Any], ranges: Sequence[Range]) -> list[Moments]:
    """The moments of columns in one pass over the table, within 2**-44 of each column's range.

    Args:
        engine: Runs the query.
        frame: The table.
        ranges: The columns, each with its smallest and largest value and number of values.
    """
    sums: list[nw.Expr] = []
    for number, column in enumerate(ranges):
        if column.low < column.high:
            step = _step(column)
            low = math.ldexp(column.low, -step)
            steps = (times_power(column.values, -step) - low + 0.5).floor().cast(_WIDE)
            sums += [steps.sum().alias(f"s{number}"), (steps * steps).sum().alias(f"q{number}")]
    row = engine.collect(frame.select(*sums))[0] if sums else {}
    return [
        _moments(column, int(row[f"s{number}"]), int(row[f"q{number}"]))
        if column.low < column.high
        else Moments(mean=column.low, std=0.0)
        for number, column in enumerate(ranges)
    ]


def _step(column: Range) -> int:
    exponent = math.frexp(column.high / 2 - column.low / 2)[1] + 1
    # Scaled up, no value may leave the floats: the range can be tiny and far from zero.
    largest = math.frexp(max(-column.low, column.high))[1]
    return max(exponent - _BITS, largest - 1000)


def _moments(column: Range, total: int, squares: int) -> Moments:
    count, step = column.count, Fraction(2) ** _step(column)
    mean = Fraction(column.low) + Fraction(total, count) * step
    variance = Fraction(count * squares - total * total, count * count)
    std = math.sqrt(variance)
    return Moments(mean=float(mean), std=float(Fraction(std) * step))
