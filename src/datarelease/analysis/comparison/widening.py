"""Type names of profiles compared: which holds all values of which."""

from __future__ import annotations

import json
import re
from typing import Literal

import narwhals as nw

from datarelease.analysis.engine.column_types import type_name
from datarelease.analysis.engine.common_type import common_type, holds

_PLAIN = (
    nw.Int8, nw.Int16, nw.Int32, nw.Int64, nw.Int128, nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64,
    nw.Float32, nw.Float64, nw.String, nw.Boolean, nw.Date, nw.Time, nw.Binary, nw.Unknown,
)  # fmt: skip
_BY_NAME: dict[str, nw.dtypes.DType] = {type_name(dtype()): dtype() for dtype in _PLAIN}
_UNITS: tuple[Literal["s", "ms", "us", "ns"], ...] = ("s", "ms", "us", "ns")
_TIMESTAMP = re.compile(r"timestamp\[(s|ms|us|ns)(?:, ([^]]+))?\]")
_PLAIN_NAME = re.compile(r"[a-z0-9]+")
_FIELD = re.compile(r'(\w+|"(?:[^"\\]|\\.)*"): ')
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
    dtype, rest = _read(name)
    return dtype if not rest else None


def _read(text: str) -> tuple[nw.dtypes.DType | None, str]:
    """The type that ``text`` begins with, and what comes after its name."""
    for opening, read in (("list<", _read_list), ("map<", _read_map), ("struct<", _read_struct)):
        if text.startswith(opening):
            return read(text.removeprefix(opening))
    if found := _TIMESTAMP.match(text):
        unit = next(unit for unit in _UNITS if unit == found[1])
        return nw.Datetime(unit, found[2]), text[found.end() :]
    if found := _DECIMAL.match(text):
        return nw.Decimal(int(found[1]), int(found[2])), text[found.end() :]
    found = _PLAIN_NAME.match(text)
    return (_BY_NAME.get(found[0]), text[found.end() :]) if found else (None, text)


def _read_list(text: str) -> tuple[nw.dtypes.DType | None, str]:
    inner, rest = _read(text)
    return (nw.List(inner) if inner is not None else None), rest.removeprefix(">")


def _read_map(text: str) -> tuple[nw.dtypes.DType | None, str]:
    key, rest = _read(text)
    value, rest = _read(rest.removeprefix(", "))
    whole = nw.Map(key, value) if key is not None and value is not None else None
    return whole, rest.removeprefix(">")


def _read_struct(text: str) -> tuple[nw.dtypes.DType | None, str]:
    fields: dict[str, nw.dtypes.DType | None] = {}
    while found := _FIELD.match(text):
        name = json.loads(found[1]) if found[1].startswith('"') else found[1]
        fields[name], text = _read(text[found.end() :])
        text = text.removeprefix(", ")
    known = {name: dtype for name, dtype in fields.items() if dtype is not None}
    return (nw.Struct(known) if len(known) == len(fields) else None), text.removeprefix(">")
