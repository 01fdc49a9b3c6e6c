"""Columns of numbers and times as one number line: what is read of them, and how it is shown."""

from __future__ import annotations

import datetime as dt
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datarelease.analysis.profiling.cells import EXACT, Floats, Integers
from datarelease.analysis.profiling.reading import Exact, Reading
from datarelease.model.data.profile import Cell, Scalar

_DAY = 86_400.0
_A_DAY = 86_400_000_000
"""Its microseconds."""
_FEW = 1000
"""Times that tell whether all may be midnights."""
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - times without a zone stay without
_MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_LEAST_DIGITS = 12
_ALL_DIGITS = 17
_DIGITS = 15
"""Up to so many digits every decimal is a float of its own."""
_INTEGERS = (nw.Int8, nw.Int16, nw.Int32, nw.Int64, nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64)


@dataclass(frozen=True, kw_only=True)
class NumberLine:
    """How a column is on the number line.

    Numbers are there as themselves, as floats. Dates count days and timestamps microseconds since
    1970-01-01 UTC, because these are integers and so exact; profiles then hold seconds.
    """

    dtype: nw.dtypes.DType

    @property
    def finer(self) -> bool:
        """Times in nanoseconds: the number line has microseconds."""
        return isinstance(self.dtype, nw.Datetime) and self.dtype.time_unit == "ns"

    @property
    def rounded(self) -> bool:
        """Values that differ may be one on the number line, however small they are."""
        return self.finer or (isinstance(self.dtype, nw.Decimal) and self.dtype.precision > _DIGITS)

    @property
    def countable(self) -> bool:
        """Whole numbers and days, of which different ones are always counted."""
        return self.dtype.is_integer() or isinstance(self.dtype, nw.Date)

    @property
    def has_integers(self) -> bool:
        """Whole numbers of at most 64 bits, days, and times in nanoseconds."""
        plain = isinstance(self.dtype, (*_INTEGERS, nw.Date))
        return plain or self.finer

    @property
    def wide(self) -> bool:
        """Numbers that Arrow has as decimals: an engine makes floats of them."""
        return self.dtype.is_decimal() or (
            self.dtype.is_integer() and not isinstance(self.dtype, _INTEGERS)
        )

    def read(self, values: pa.Array, near: pa.Array | None) -> Reading | None:
        """What a batch says; None: it has no finite values.

        Args:
            values: The column.
            near: The same as floats, where numbers are `wide`.
        """
        values = self._typed(values.drop_null())
        if near is not None:
            return self._wide(values, near.drop_null()) if len(values) else None
        if self.dtype.is_float():
            real: Floats = _as_numpy(values).astype(np.float64, copy=False)
            real = real[np.isfinite(real)]
            return _reading(real, floats=real) if len(real) else None
        whole = self._finite(values)
        return self._whole(whole) if len(whole) else None

    def _typed(self, values: pa.Array) -> pa.Array:
        """The values in their own type, where an engine holds them in a wider one."""
        if isinstance(self.dtype, nw.UInt64):
            return values.cast(pa.uint64())
        return values.cast(pa.timestamp("ns", values.type.tz)) if self.finer else values

    def _wide(self, values: pa.Array, near: pa.Array) -> Reading:
        bounds, positions = pc.min_max(values), _as_numpy(near)
        low, high = bounds["min"].as_py(), bounds["max"].as_py()
        return Reading(low=low, high=high, floats=positions)

    def _finite(self, values: pa.Array) -> Integers:
        if self.dtype.is_integer():
            plain: Integers = _as_numpy(values)
            return plain.astype(np.uint64 if plain.dtype.kind == "u" else np.int64, copy=False)
        days = isinstance(self.dtype, nw.Date)
        width, largest = (pa.int32(), 2**31 - 1) if days else (pa.int64(), sys.maxsize)
        times: Integers = _as_numpy(values.view(width)).astype(np.int64, copy=False)
        finite: Integers = times[(times != largest) & (times != -largest)]
        return finite

    def _whole(self, values: Integers) -> Reading:
        if not isinstance(self.dtype, nw.Datetime):
            return _reading(values, whole=values)
        if self.finer:
            micros = values // 1000
            plain = bool((micros * 1000 == values).all())
            return replace(_reading(values, whole=micros), whole_microseconds=plain)
        unit = _MICROSECONDS[self.dtype.time_unit]
        if not (values[:_FEW] % (days := _A_DAY // unit)).any():
            midnights = values // days
            if (midnights * days == values).all():
                return _reading(values, whole=midnights, unit=_A_DAY)
        return _reading(values, whole=values, unit=unit)

    def of_microseconds(self, whole: int) -> int:
        """Microseconds in the unit of the column's timestamps; numbers and days as they are."""
        if not isinstance(self.dtype, nw.Datetime):
            return whole
        return whole * 1000 if self.finer else whole // _MICROSECONDS[self.dtype.time_unit]

    def tells_apart(self, largest: float, *, whole_microseconds: bool) -> bool:
        """Whether different values, of which none is larger, are at different positions.

        ``whole_microseconds`` says of times in nanoseconds that they are no finer than that.
        """
        if isinstance(self.dtype, nw.Decimal) and self.rounded:
            return largest < 10.0 ** (_DIGITS - self.dtype.scale)
        return largest <= EXACT and (whole_microseconds or not self.finer)

    def exact(self, position: float, *, whole_microseconds: bool) -> Exact | None:
        """The value at a position; None: several may be there."""
        if self.dtype.is_float():
            return position
        if not self.tells_apart(abs(position), whole_microseconds=whole_microseconds):
            return None
        if isinstance(self.dtype, nw.Decimal) and self.dtype.scale:
            return Decimal(str(position))
        return self.of_microseconds(int(position))

    def stored(self, position: float) -> float:
        """A position as profiles hold it: seconds for times."""
        if isinstance(self.dtype, nw.Date):
            return position * _DAY
        return position / 1e6 if isinstance(self.dtype, nw.Datetime) else position

    def scalar(self, exact: Exact) -> Scalar:
        """A value as people write it: times in ISO 8601; None: beyond Python's calendar."""
        if isinstance(exact, Decimal) and exact.as_tuple().exponent == 0:
            return int(exact)
        if not isinstance(self.dtype, (nw.Date, nw.Datetime)):
            return exact if isinstance(exact, int) else float(exact) + 0.0
        if self.finer and exact % 1000:
            text: str = pa.scalar(exact, pa.timestamp("ns")).cast(pa.string()).as_py()
            return text.replace(" ", "T")
        try:
            if isinstance(self.dtype, nw.Date):
                return (_EPOCH + dt.timedelta(days=int(exact))).date().isoformat()
            scale = _MICROSECONDS.get(self.dtype.time_unit)
            moment = dt.timedelta(microseconds=int(exact * scale if scale else exact // 1000))
            return (_EPOCH + moment).isoformat() + ("Z" if self.dtype.time_zone else "")
        except OverflowError:
            return None


def shortened_cells(cells: Sequence[Cell], line: NumberLine) -> tuple[Cell, ...]:
    """Cells with their bounds as profiles hold them, in 12 digits or as many as keep them apart."""
    exact = [Cell(line.stored(cell.lo), line.stored(cell.hi), cell.count) for cell in cells]
    bounds = [bound for cell in exact for bound in (cell.lo, cell.hi)]
    different = len(set(bounds))
    for digits in range(_LEAST_DIGITS, _ALL_DIGITS):
        short = [significant(bound, digits) for bound in bounds]
        if len(set(short)) == different:
            pairs = zip(short[::2], short[1::2], exact, strict=True)
            return tuple(Cell(lo, hi, cell.count) for lo, hi, cell in pairs)
    return tuple(exact)


def significant(value: float, digits: int) -> float:
    """``value`` rounded to so many significant decimal digits.

    >>> significant(1234.5678, 6), significant(-0.0, 3)
    (1234.57, 0.0)
    """
    rounded = float(f"{value:.{digits - 1}e}")
    # Next to the largest float, rounding up leaves the range: such a value stays as it is.
    return (rounded if math.isfinite(rounded) else value) + 0.0


def _reading(
    exact: npt.NDArray[Any],
    *,
    floats: Floats | None = None,
    whole: Integers | None = None,
    unit: int = 1,
) -> Reading:
    low, high = exact.min().item(), exact.max().item()
    return Reading(low=low, high=high, floats=floats, whole=whole, unit=unit)


def _as_numpy(values: pa.Array) -> Any:
    # `to_numpy` imports pandas, which costs more than a small table.
    return values.to_numpy(zero_copy_only=False) if values.null_count else np.from_dlpack(values)
