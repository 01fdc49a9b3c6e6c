"""Pandera's column types beside those of files: what to read text as, and what satisfies a schema.

A file knows fewer types than pandas does: what a schema asks for is met by the file's type of the
same values. docs/validation.md lists the pairs.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw

from datarelease.analysis.engine.column_types import kind_of, type_name
from datarelease.analysis.validation import pandera_private as pandera
from datarelease.model.near import nearest_name

_INTEGERS: dict[tuple[bool, int], nw.dtypes.DType] = {
    (True, 8): nw.Int8(),
    (True, 16): nw.Int16(),
    (True, 32): nw.Int32(),
    (True, 64): nw.Int64(),
    (False, 8): nw.UInt8(),
    (False, 16): nw.UInt16(),
    (False, 32): nw.UInt32(),
    (False, 64): nw.UInt64(),
}
_OBJECT = "object"
_SPELLINGS = (
    "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "Int64", "Int32",
    "float64", "float32", "Float64", "bool", "boolean", "str", "string", "object", "category",
    "date", "datetime64[ns]", "datetime64[ns, UTC]", "timedelta64[ns]",
)  # fmt: skip


def file_type(dtype: Any) -> nw.dtypes.DType | None:  # noqa: PLR0911 - one line a type
    """The file type that a Pandera type stands for; `narwhals.Object` for pandas' object.

    None: no file has such a type (periods, intervals, complex numbers, pydantic models, ...).
    """
    dtypes = pandera.dtypes()
    if isinstance(dtype, dtypes.Bool):
        return nw.Boolean()
    if isinstance(dtype, dtypes.Int):
        return _INTEGERS.get((dtype.signed, dtype.bit_width or 64))
    if isinstance(dtype, dtypes.Float):
        # DuckDB has no half floats: it reads them as single ones.
        return {16: nw.Float32(), 32: nw.Float32(), 64: nw.Float64()}.get(dtype.bit_width or 64)
    if isinstance(dtype, dtypes.Timestamp):
        zone = getattr(dtype, "tz", None) or getattr(getattr(dtype, "type", None), "tz", None)
        return nw.Datetime("us", "UTC" if zone is not None else None)
    simple: tuple[tuple[type, nw.dtypes.DType], ...] = (
        (dtypes.Category, nw.Categorical()),
        (dtypes.Date, nw.Date()),
        (dtypes.Timedelta, nw.Duration()),
        (dtypes.Time, nw.Time()),
        (dtypes.Binary, nw.Binary()),
    )
    for generic, found in simple:
        if isinstance(dtype, generic):
            return found
    if isinstance(dtype, dtypes.Decimal):
        return nw.Decimal(dtype.precision, dtype.scale)
    if str(dtype) == _OBJECT:
        return nw.Object()
    return nw.String() if isinstance(dtype, dtypes.String) else None


def type_fault(dtype: Any) -> str:
    """What is wrong with a type as a schema file spells it; empty: nothing."""
    try:
        found = pandera.type_of(dtype)
    except (TypeError, ValueError, AttributeError):
        close = nearest_name(str(dtype), _SPELLINGS)
        return f"unknown type; did you mean {close}?" if close else "unknown type"
    return "" if file_type(found) else f"no column of a CSV or Parquet file can be {found}"


def satisfies(  # noqa: PLR0911 - one line a type
    found: nw.dtypes.DType, wanted: nw.dtypes.DType
) -> bool:
    """Whether a file's column of type ``found`` is what a schema means by ``wanted``."""
    if isinstance(found, nw.Unknown):
        return True  # an all-null Parquet column has no type; nullability decides
    if isinstance(wanted, nw.Object):
        return kind_of(found) in {"text", "other"} or isinstance(found, (nw.Date, nw.Decimal))
    if kind_of(wanted) == "text":
        return kind_of(found) == "text"
    if isinstance(wanted, nw.Datetime):
        return isinstance(found, nw.Datetime) and bool(found.time_zone) == bool(wanted.time_zone)
    if isinstance(wanted, nw.Decimal):
        return (
            isinstance(found, nw.Decimal)
            and found.scale <= wanted.scale
            and found.precision - found.scale <= wanted.precision - wanted.scale
        )
    if isinstance(wanted, nw.Duration):
        # Parquet keeps durations as integers; only pandas' own metadata says what they are.
        return isinstance(found, (nw.Duration, nw.Int64))
    return type(found) is type(wanted)


def wanted_name(wanted: nw.dtypes.DType) -> str:
    """What messages call a wanted type: the neutral name, without a unit where any will do."""
    if isinstance(wanted, nw.Object):
        return _OBJECT
    if isinstance(wanted, nw.Datetime):
        return "timestamp, with time zone" if wanted.time_zone else "timestamp"
    return "duration" if isinstance(wanted, nw.Duration) else type_name(wanted)
