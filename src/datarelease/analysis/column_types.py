"""Neutral names and kinds of column types, the same whichever engine and file format."""

from __future__ import annotations

import narwhals as nw

from datarelease.model.profile import Kind

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
    if isinstance(dtype, (nw.List, nw.Array)):
        inner = dtype.inner
        return f"list<{type_name(inner if isinstance(inner, nw.dtypes.DType) else inner())}>"
    if isinstance(dtype, nw.Struct):
        fields = ((field.name, field.dtype) for field in dtype.fields)
        parts = (
            f"{name}: {type_name(inner if isinstance(inner, nw.dtypes.DType) else inner())}"
            for name, inner in fields
        )
        return f"struct<{', '.join(parts)}>"
    named = _NAMES.get(type(dtype))
    return named if named is not None else type(dtype).__name__.lower()


def kind_of(dtype: nw.dtypes.DType) -> Kind:
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
