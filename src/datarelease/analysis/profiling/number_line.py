"""Columns of numbers and times as one number line: values as people write them, and moments.

Mean and deviation are equal on every run, since sums of integers do not depend on the order.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.tables import Engine
from datarelease.analysis.profiling.cells import times_power
from datarelease.model.data.profile import Cell, Scalar

_DAY = 86_400_000_000
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - times without a zone stay without
_LEAST_DIGITS = 12
_ALL_DIGITS = 17


@dataclass(frozen=True, kw_only=True)
class NumberLine:
    """How a column is on the number line.

    Numbers are there as themselves. Dates count days and timestamps microseconds since 1970-01-01
    UTC while values are counted, because these are integers and so exact; profiles then hold
    seconds.
    """

    column: str
    dtype: nw.dtypes.DType

    @property
    def exact(self) -> nw.Expr:
        """The values in the type in which smallest and largest are exact; null where infinite."""
        value = nw.col(self.column)
        if isinstance(self.dtype, (nw.Date, nw.Datetime)):
            # The one expression here that Narwhals does not offer for Spark yet. On DuckDB it is
            # `epoch_us`, which is null for infinite times.
            return value.dt.total_microseconds()
        if self.dtype.is_float():
            value = value.cast(nw.Float64)
            return nw.when(value.is_finite()).then(value)
        return value

    @property
    def values(self) -> nw.Expr:
        """The values as Float64, in days (dates), microseconds (timestamps) or as themselves."""
        value = self.exact.cast(nw.Float64)
        return value / _DAY if isinstance(self.dtype, nw.Date) else value

    def position(self, exact: float) -> float:
        """Where a value of ``exact`` is among ``values``."""
        return float(exact) / _DAY if isinstance(self.dtype, nw.Date) else float(exact)

    def stored(self, position: float) -> float:
        """A position as profiles hold it: seconds for times."""
        if isinstance(self.dtype, nw.Date):
            return position * 86_400.0
        return position / 1e6 if isinstance(self.dtype, nw.Datetime) else position

    def scalar(self, exact: float | Decimal | None) -> Scalar:
        """A value of ``exact`` as people write it: times in ISO 8601."""
        if exact is None:
            return None
        if not isinstance(self.dtype, (nw.Date, nw.Datetime)):
            return exact if isinstance(exact, int) else float(exact) + 0.0
        try:
            moment = _EPOCH + dt.timedelta(microseconds=int(exact))
        except OverflowError:  # a year beyond Python's calendar
            return None
        if isinstance(self.dtype, nw.Date):
            return moment.date().isoformat()
        return moment.isoformat() + ("Z" if self.dtype.time_zone else "")


def shortened_cells(cells: Sequence[Cell], axis: NumberLine) -> tuple[Cell, ...]:
    """Cells with their bounds as profiles hold them, in 12 digits or as many as keep them apart."""
    exact = [Cell(axis.stored(cell.lo), axis.stored(cell.hi), cell.count) for cell in cells]
    bounds = [bound for cell in exact for bound in (cell.lo, cell.hi)]
    different = len(set(bounds))
    for digits in range(_LEAST_DIGITS, _ALL_DIGITS):
        if len({significant(bound, digits) for bound in bounds}) == different:
            return tuple(
                Cell(significant(c.lo, digits), significant(c.hi, digits), c.count) for c in exact
            )
    return tuple(exact)


def significant(value: float, digits: int) -> float:
    """``value`` rounded to so many significant decimal digits.

    >>> significant(1234.5678, 6), significant(-0.0, 3)
    (1234.57, 0.0)
    """
    rounded = float(f"{value:.{digits - 1}e}")
    # Next to the largest float, rounding up leaves the range: such a value stays as it is.
    return (rounded if math.isfinite(rounded) else value) + 0.0


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
