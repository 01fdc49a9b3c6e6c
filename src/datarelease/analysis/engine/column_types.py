"""Neutral names and kinds of column types, the same whichever engine and file format."""

from __future__ import annotations

import json
import re

import narwhals as nw

from datarelease.model.data.profile import ColumnKind

_PLAIN_NAME = re.compile(r"\w+")
_NAMES: dict[type[nw.dtypes.DType], str] = {
    nw.String: "string",
    nw.Categorical: "string",
    nw.Enum: "string",
    nw.Boolean: "bool",
    nw.Date: "date",
    nw.Time: "time",
    nw.Binary: "binary",
    nw.Unknown: "null",
}

_TEXT_TYPES = (
    *(nw.Int8(), nw.Int16(), nw.Int32(), nw.Int64(), nw.UInt8(), nw.UInt16(), nw.UInt32()),
    *(nw.UInt64(), nw.Float32(), nw.Float64(), nw.Boolean(), nw.Date(), nw.String()),
    *(nw.Datetime("us"), nw.Datetime("us", "UTC")),
)


def type_name(dtype: nw.dtypes.DType) -> str:
    """The neutral name of a column type.

    >>> type_name(nw.Int64()), type_name(nw.Datetime("us", "UTC")), type_name(nw.Decimal(10, 2))
    ('int64', 'timestamp[us, UTC]', 'decimal(10,2)')
    """
    if isinstance(dtype, nw.Datetime):
        zone = f", {dtype.time_zone}" if dtype.time_zone else ""
        return f"timestamp[{dtype.time_unit}{zone}]"
    if isinstance(dtype, nw.Duration):
        return f"duration[{dtype.time_unit}]"
    if isinstance(dtype, nw.Decimal):
        return f"decimal({dtype.precision},{dtype.scale})"
    if isinstance(dtype, (nw.List, nw.Array, nw.Map, nw.Struct)):
        return _nested_name(dtype)
    named = _NAMES.get(type(dtype))
    return named if named is not None else type(dtype).__name__.lower()


def _nested_name(dtype: nw.List | nw.Array | nw.Map | nw.Struct) -> str:
    if isinstance(dtype, nw.Map):
        return f"map<{type_name(instance(dtype.key))}, {type_name(instance(dtype.value))}>"
    if isinstance(dtype, nw.Struct):
        parts = (f"{_field(f.name)}: {type_name(instance(f.dtype))}" for f in dtype.fields)
        return f"struct<{', '.join(parts)}>"
    return f"list<{type_name(instance(dtype.inner))}>"


def instance(dtype: nw.dtypes.DType | type[nw.dtypes.DType]) -> nw.dtypes.DType:
    """A type inside another one, which Narwhals has as a value or as a class."""
    return dtype if isinstance(dtype, nw.dtypes.DType) else dtype()


def _field(name: str) -> str:
    """A field's name, in quotation marks where it could be taken for something else."""
    return name if _PLAIN_NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def named_type(name: str) -> nw.dtypes.DType | None:
    """The column type that `type_name` calls ``name``, of those that text is read as; else None.

    >>> named_type("timestamp[us, UTC]"), named_type("decimal(10,2)"), named_type("list<int64>")
    (Datetime(time_unit='us', time_zone='UTC'), Decimal(precision=10, scale=2), None)
    """
    decimal = re.fullmatch(r"decimal\(([0-9]{1,2}),([0-9]{1,2})\)", name)
    if decimal is not None:
        return nw.Decimal(int(decimal[1]), int(decimal[2]))
    return _BY_NAME.get(name)


def kind_of(dtype: nw.dtypes.DType) -> ColumnKind:
    """How statistics treat a column of this type.

    >>> kind_of(nw.Int8()), kind_of(nw.Date()), kind_of(nw.Enum(["a"])), kind_of(nw.Time())
    ('number', 'time', 'text', 'other')
    """
    if dtype.is_numeric():
        return "number"
    if isinstance(dtype, (nw.Date, nw.Datetime)):
        return "time"
    if isinstance(dtype, (nw.String, nw.Categorical, nw.Enum)):
        return "text"
    return "boolean" if isinstance(dtype, nw.Boolean) else "other"


_BY_NAME = {type_name(dtype): dtype for dtype in _TEXT_TYPES}
