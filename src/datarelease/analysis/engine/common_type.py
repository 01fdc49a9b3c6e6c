"""Column types that hold one another without loss."""

from __future__ import annotations

import narwhals as nw

from datarelease.analysis.engine.column_types import instance

_SIGNED = (nw.Int8, nw.Int16, nw.Int32, nw.Int64, nw.Int128)
_UNSIGNED = (nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64)
_TEXT = (nw.String, nw.Categorical, nw.Enum)
#: Integers that each float type holds exactly.
_IN_FLOAT32 = (nw.Int8, nw.Int16, nw.UInt8, nw.UInt16)
_IN_FLOAT64 = (*_IN_FLOAT32, nw.Int32, nw.UInt32)


def common_type(one: nw.dtypes.DType, two: nw.dtypes.DType) -> nw.dtypes.DType | None:
    """The type to which values of both types can be cast without loss; None if there is none.

    Of structs the fields that only one has are left aside.

    >>> common_type(nw.Int32(), nw.Int64()), common_type(nw.UInt8(), nw.Int8())
    (Int64, Int16)
    >>> common_type(nw.Int64(), nw.Float64()) is None, common_type(nw.Int32(), nw.Float32())
    (True, Float64)
    """
    if one == two:
        return one
    if isinstance(one, _TEXT) and isinstance(two, _TEXT):
        return nw.String()
    if isinstance(one, nw.Unknown) or isinstance(two, nw.Unknown):  # a column of nothing but nulls
        return two if isinstance(one, nw.Unknown) else one
    if one.is_numeric() and two.is_numeric():
        return _number(one, two)
    return _nested(one, two) or _moment(one, two)


def holds(wide: nw.dtypes.DType, narrow: nw.dtypes.DType) -> bool:
    """Whether every value of ``narrow`` is one of ``wide``.

    A struct holds those that lack some of its fields.
    """
    if isinstance(wide, nw.Struct) and isinstance(narrow, nw.Struct):
        fields = {field.name: instance(field.dtype) for field in wide.fields}
        return all(
            field.name in fields and holds(fields[field.name], instance(field.dtype))
            for field in narrow.fields
        )
    if isinstance(wide, nw.List) and isinstance(narrow, nw.List):
        return holds(instance(wide.inner), instance(narrow.inner))
    if isinstance(wide, nw.Map) and isinstance(narrow, nw.Map):
        return holds(instance(wide.key), instance(narrow.key)) and holds(
            instance(wide.value), instance(narrow.value)
        )
    return common_type(wide, narrow) == wide


def _nested(one: nw.dtypes.DType, two: nw.dtypes.DType) -> nw.dtypes.DType | None:
    """Structs in the fields that both have, lists and maps in the types that hold both's values."""
    if isinstance(one, nw.Struct) and isinstance(two, nw.Struct):
        fields = {field.name: instance(field.dtype) for field in two.fields}
        both = {
            field.name: common_type(instance(field.dtype), fields[field.name])
            for field in one.fields
            if field.name in fields
        }
        found = {name: dtype for name, dtype in both.items() if dtype is not None}
        return nw.Struct(found) if found and len(found) == len(both) else None
    if isinstance(one, nw.List) and isinstance(two, nw.List):
        inner = common_type(instance(one.inner), instance(two.inner))
        return nw.List(inner) if inner is not None else None
    if isinstance(one, nw.Map) and isinstance(two, nw.Map):
        key = common_type(instance(one.key), instance(two.key))
        value = common_type(instance(one.value), instance(two.value))
        return nw.Map(key, value) if key is not None and value is not None else None
    return None


def _number(one: nw.dtypes.DType, two: nw.dtypes.DType) -> nw.dtypes.DType | None:
    if one.is_integer() and two.is_integer():
        return _integer(one, two)
    if isinstance(one, nw.Decimal) and isinstance(two, nw.Decimal):
        return _decimal(one, two)
    return _float(one, two) if one.is_float() or two.is_float() else None


def _integer(one: nw.dtypes.DType, two: nw.dtypes.DType) -> nw.dtypes.DType | None:
    for family in (_UNSIGNED, _SIGNED):
        if isinstance(one, family) and isinstance(two, family):
            return max(one, two, key=lambda dtype: family.index(type(dtype)))
    signed, unsigned = (one, two) if isinstance(one, _SIGNED) else (two, one)
    if not isinstance(signed, _SIGNED) or not isinstance(unsigned, _UNSIGNED):
        return None
    return _SIGNED[max(_SIGNED.index(type(signed)), _UNSIGNED.index(type(unsigned)) + 1)]()


def _float(one: nw.dtypes.DType, two: nw.dtypes.DType) -> nw.dtypes.DType | None:
    if one.is_float() and two.is_float():
        return nw.Float64()
    real, other = (one, two) if one.is_float() else (two, one)
    if isinstance(other, _IN_FLOAT32):
        return real
    return nw.Float64() if isinstance(other, _IN_FLOAT64) else None


def _decimal(one: nw.Decimal, two: nw.Decimal) -> nw.dtypes.DType | None:
    scale = max(one.scale, two.scale)
    whole = max(one.precision - one.scale, two.precision - two.scale)
    return nw.Decimal(whole + scale, scale) if whole + scale <= 38 else None  # noqa: PLR2004


def _moment(one: nw.dtypes.DType, two: nw.dtypes.DType) -> nw.dtypes.DType | None:
    if not all(isinstance(dtype, (nw.Date, nw.Datetime)) for dtype in (one, two)):
        return None
    times = [dtype for dtype in (one, two) if isinstance(dtype, nw.Datetime)]
    if len({time.time_zone for time in times}) > 1:
        return None
    if len(times) == 1 and times[0].time_zone is not None:
        return None  # a day becomes a moment only where no zone has a say
    units = ("s", "ms", "us", "ns")
    unit = max((time.time_unit for time in times), key=units.index)
    # Nanoseconds have no years before 1678 or after 2261: dates could be lost.
    if unit == "ns" and len({time.time_unit for time in times}) + (len(times) == 1) > 1:
        return None
    return nw.Datetime(unit, times[0].time_zone)
