"""Neutral names and kinds of column types, in any engine and format, and which hold which."""

from __future__ import annotations

import json
import re
from typing import Literal

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
    dtype = _dtype(name)
    return dtype if isinstance(dtype, nw.Decimal) or dtype in _TEXT_TYPES else None


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


_PLAIN = (
    nw.Int8, nw.Int16, nw.Int32, nw.Int64, nw.Int128, nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64,
    nw.Float32, nw.Float64, nw.String, nw.Boolean, nw.Date, nw.Time, nw.Binary, nw.Unknown,
)  # fmt: skip
_WORDS: dict[str, nw.dtypes.DType] = {type_name(dtype()): dtype() for dtype in _PLAIN}
_UNITS: tuple[Literal["s", "ms", "us", "ns"], ...] = ("s", "ms", "us", "ns")
_TIMESTAMP = re.compile(r"timestamp\[(s|ms|us|ns)(?:, ([^]]+))?\]")
_WORD = re.compile(r"[a-z0-9]+")
_FIELD_NAME = re.compile(r'(\w+|"(?:[^"\\]|\\.)*"): ')
_DECIMAL = re.compile(r"decimal\(([0-9]+),([0-9]+)\)")


def widens(old: str, new: str) -> bool:
    """Whether every value of type ``old`` is one of type ``new``.

    >>> widens("int32", "int64"), widens("date", "timestamp[us]"), widens("int64", "int32")
    (True, True, False)
    >>> widens("struct<a: int32>", "struct<a: int64, b: string>"), widens("list<int64>", "int64")
    (True, False)
    """
    one, two = _dtype(old), _dtype(new)
    return one is not None and two is not None and holds(two, one)


def compared_by_row(old: str, new: str) -> bool:
    """Whether the row-level diff can compare values of the two types."""
    one, two = _dtype(old), _dtype(new)
    return one is not None and two is not None and common_type(one, two) is not None


def _dtype(name: str) -> nw.dtypes.DType | None:
    """The type that `type_name` calls so; None: no such name, or an engine's own type."""
    dtype, rest = _parsed(name)
    return dtype if not rest else None


def _parsed(text: str) -> tuple[nw.dtypes.DType | None, str]:
    """The type that ``text`` begins with, and what comes after its name."""
    for opening, parse in (
        ("list<", _parsed_list),
        ("map<", _parsed_map),
        ("struct<", _parsed_struct),
    ):
        if text.startswith(opening):
            return parse(text.removeprefix(opening))
    if found := _TIMESTAMP.match(text):
        unit = next(unit for unit in _UNITS if unit == found[1])
        return nw.Datetime(unit, found[2]), text[found.end() :]
    if found := _DECIMAL.match(text):
        return nw.Decimal(int(found[1]), int(found[2])), text[found.end() :]
    found = _WORD.match(text)
    return (_WORDS.get(found[0]), text[found.end() :]) if found else (None, text)


def _parsed_list(text: str) -> tuple[nw.dtypes.DType | None, str]:
    inner, rest = _parsed(text)
    return (nw.List(inner) if inner is not None else None), rest.removeprefix(">")


def _parsed_map(text: str) -> tuple[nw.dtypes.DType | None, str]:
    key, rest = _parsed(text)
    value, rest = _parsed(rest.removeprefix(", "))
    whole = nw.Map(key, value) if key is not None and value is not None else None
    return whole, rest.removeprefix(">")


def _parsed_struct(text: str) -> tuple[nw.dtypes.DType | None, str]:
    fields: dict[str, nw.dtypes.DType | None] = {}
    while found := _FIELD_NAME.match(text):
        name = json.loads(found[1]) if found[1].startswith('"') else found[1]
        fields[name], text = _parsed(text[found.end() :])
        text = text.removeprefix(", ")
    known = {name: dtype for name, dtype in fields.items() if dtype is not None}
    return (nw.Struct(known) if len(known) == len(fields) else None), text.removeprefix(">")
