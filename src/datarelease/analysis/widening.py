"""Type names of profiles compared: which holds all values of which."""

from __future__ import annotations

import re
from typing import Literal

import narwhals as nw

from datarelease.analysis.column_types import type_name
from datarelease.analysis.common_type import common_type, holds

_PLAIN = (
    nw.Int8, nw.Int16, nw.Int32, nw.Int64, nw.Int128, nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64,
    nw.Float32, nw.Float64, nw.String, nw.Boolean, nw.Date, nw.Time, nw.Binary, nw.Unknown,
)  # fmt: skip
_BY_NAME: dict[str, nw.dtypes.DType] = {type_name(dtype()): dtype() for dtype in _PLAIN}
_UNITS: tuple[Literal["s", "ms", "us", "ns"], ...] = ("s", "ms", "us", "ns")
_TIMESTAMP = re.compile(r"timestamp\[(s|ms|us|ns)(?:, (.+))?\]")
_DECIMAL = re.compile(r"decimal\(([0-9]+),([0-9]+)\)")


def widens(old: str, new: str) -> bool:
    """Whether every value of type ``old`` is one of type ``new``.

    >>> widens("int32", "int64"), widens("date", "timestamp[us]"), widens("int64", "int32")
    (True, True, False)
    """
    one, two = _dtype(old), _dtype(new)
    return one is not None and two is not None and holds(two, one)


def compared_by_row(old: str, new: str) -> bool:
    """Whether the row-level diff can compare values of the two types."""
    one, two = _dtype(old), _dtype(new)
    return one is not None and two is not None and common_type(one, two) is not None


def _dtype(name: str) -> nw.dtypes.DType | None:
    if found := _TIMESTAMP.fullmatch(name):
        return next(nw.Datetime(unit, found[2]) for unit in _UNITS if unit == found[1])
    if found := _DECIMAL.fullmatch(name):
        return nw.Decimal(int(found[1]), int(found[2]))
    return _BY_NAME.get(name)
