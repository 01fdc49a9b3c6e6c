"""The types of JSON values as Arrow has them, and what type values of two types have together.

A column has the narrowest type that holds all of its values exactly: bool, int64, float64 (whole
numbers among them, where a float64 holds these exactly), whole numbers of up to 38 digits, string,
and lists and structs of these. What has no such type together, as a number and a string, is text:
strings as they are, all other values as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Self

import pyarrow as pa

BIG = pa.decimal128(38, 0)
"""Whole numbers that 64 bits do not hold."""
MOST_FIELDS = 500
"""Of an object that is a value; more of them are the keys of a dictionary, not fields."""
LARGEST_EXACT = 2**53
"""Up to here a float64 holds every whole number."""


class Number(float):
    """A number with a fraction or an exponent, and how it is written."""

    text: str

    def __new__(cls, text: str) -> Self:
        """Keep ``text`` beside its value."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def merged_json(one: pa.DataType | None, two: pa.DataType | None) -> pa.DataType | None:
    """The type that holds the values of both types; None: only text holds them."""
    if one is None or two is None or one == two:
        return one if one == two else None
    if pa.types.is_null(one) or pa.types.is_null(two):
        return two if pa.types.is_null(one) else one
    if pa.types.is_list(one) and pa.types.is_list(two):
        inner = merged_json(one.value_type, two.value_type)
        return pa.list_(inner) if inner is not None else None
    if pa.types.is_struct(one) and pa.types.is_struct(two):
        fields = merged_columns(_fields(one), _fields(two))
        known = {name: kind for name, kind in fields.items() if kind is not None}
        fits = len(known) == len(fields) <= MOST_FIELDS
        return pa.struct(list(known.items())) if fits else None
    numbers = {one, two}
    if numbers == {pa.int64(), BIG}:
        return BIG
    return pa.float64() if numbers == {pa.int64(), pa.float64()} else None


def merged_columns(
    one: Mapping[str, pa.DataType | None], two: Mapping[str, pa.DataType | None]
) -> dict[str, pa.DataType | None]:
    """The columns of both, those of ``one`` first; None: the column is text."""
    return dict(one) | {
        name: merged_json(one[name], kind) if name in one else kind for name, kind in two.items()
    }


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type of what Arrow's reader inferred: a string that looks like a time is a string."""
    if pa.types.is_timestamp(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(plain_type(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, plain_type(field.type)) for field in kind])
    return kind


def stored_type(kind: pa.DataType | None) -> pa.DataType:
    """The type that a column is written as: text, too, if it holds objects without any field."""
    return pa.string() if kind is None or _has_empty(kind) else kind


def _has_empty(kind: pa.DataType) -> bool:
    if not pa.types.is_nested(kind):
        return False
    inner = [kind.field(place).type for place in range(kind.num_fields)]
    return not inner or any(map(_has_empty, inner))


_WORDS = {
    "null": pa.null(),
    "bool": pa.bool_(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "integer": BIG,
    "string": pa.string(),
}
_DEEPEST = 64


def type_text(kind: pa.DataType | None) -> str:
    """A type in words; `type_of_text` reads it.

    >>> type_text(pa.list_(pa.struct([("a", pa.int64())]))), type_text(None)
    ('["list", ["struct", ["a", "int64"]]]', '"text"')
    """
    return json.dumps(_in_words(kind) if kind is not None else "text", ensure_ascii=False)


def _in_words(kind: pa.DataType) -> Any:
    if pa.types.is_list(kind):
        return ["list", _in_words(kind.value_type)]
    if pa.types.is_struct(kind):
        return ["struct", *([field.name, _in_words(field.type)] for field in kind)]
    return next(word for word, scalar in _WORDS.items() if scalar == kind)


def type_of_text(text: str) -> pa.DataType | None:
    """The type that `type_text` has in these words.

    Raises:
        ValueError: They stand for none.
    """
    try:
        words = json.loads(text)
        return None if words == "text" else _of_words(words, _DEEPEST)
    except (RecursionError, TypeError, KeyError) as error:
        raise ValueError("no type of JSON values") from error


def _of_words(words: Any, depth: int) -> pa.DataType:
    if isinstance(words, str):
        return _WORDS[words]
    kind, *inner = words
    if depth and kind == "list":
        [item] = inner
        return pa.list_(_of_words(item, depth - 1))
    if depth and kind == "struct":
        fields = {name: _of_words(item, depth - 1) for name, item in inner}
        if len(fields) == len(inner) <= MOST_FIELDS and all(isinstance(n, str) for n in fields):
            return pa.struct(list(fields.items()))
    raise ValueError("no type of JSON values")


def names_all(one: pa.DataType | None, two: pa.DataType | None) -> bool:
    """Whether ``one`` has all fields of ``two``, in their order; text has none."""
    if two is None or not pa.types.is_nested(two):
        return True
    if one is None or one.id != two.id or one.num_fields != two.num_fields:
        return False
    pairs = [(one.field(place), two.field(place)) for place in range(two.num_fields)]
    return all(a.name == b.name and names_all(a.type, b.type) for a, b in pairs)


def has_floats(kind: pa.DataType | None) -> bool:
    """It is float64, or holds some."""
    if kind is None or not pa.types.is_nested(kind):
        return bool(kind == pa.float64())
    return any(has_floats(kind.field(place).type) for place in range(kind.num_fields))


def json_columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, pa.DataType | None]:
    """The columns of JSON objects, decoded with `Number` for what has a fraction."""
    columns: dict[str, pa.DataType | None] = {}
    for row in rows:
        columns = merged_columns(columns, {name: json_type(value) for name, value in row.items()})
    return columns


_SCALARS: tuple[tuple[type, pa.DataType], ...] = (
    (type(None), pa.null()),
    (bool, pa.bool_()),  # before int, of which it is a kind
    (float, pa.float64()),
    (str, pa.string()),
)


def json_type(value: Any) -> pa.DataType | None:
    """The type of a decoded value; None: only text holds it."""
    for python, kind in _SCALARS:
        if isinstance(value, python):
            return kind
    if isinstance(value, int):
        if -(2**63) <= value < 2**63:
            return pa.int64()
        return BIG if abs(value) < 10**BIG.precision else None
    if isinstance(value, list):
        inner: pa.DataType | None = pa.null()
        for item in value:
            inner = merged_json(inner, json_type(item))
        return pa.list_(inner) if inner is not None else None
    fields = {name: json_type(inside) for name, inside in value.items()}
    known = [(name, kind) for name, kind in fields.items() if kind is not None]
    return pa.struct(known) if len(known) == len(fields) <= MOST_FIELDS else None


def as_type(value: Any, kind: pa.DataType) -> Any:
    """``value`` as Arrow takes it for ``kind``, a type that merges its own.

    Raises:
        OverflowError: A whole number that a float64 does not hold exactly stands among fractions.
    """
    if value is None:
        return None
    if pa.types.is_list(kind):
        return [as_type(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        return {field.name: as_type(value.get(field.name), field.type) for field in kind}
    if kind == BIG:
        return Decimal(value)
    if kind == pa.float64() and isinstance(value, int) and abs(value) > LARGEST_EXACT:
        if int(float(value)) != value:
            raise OverflowError
        return float(value)
    return value


def as_text(value: Any) -> str | None:
    """``value`` in a column of text: a string as it is, all else as JSON; numbers as written."""
    if value is None or isinstance(value, str):
        return value
    return _json(value)


def _json(value: Any) -> str:
    if isinstance(value, Number):
        return value.text
    if isinstance(value, list):
        return f"[{','.join(map(_json, value))}]"
    if isinstance(value, dict):
        parts = (f"{json.dumps(k, ensure_ascii=False)}:{_json(v)}" for k, v in value.items())
        return f"{{{','.join(parts)}}}"
    return json.dumps(value, ensure_ascii=False)


def _fields(kind: pa.DataType) -> dict[str, pa.DataType | None]:
    return {field.name: field.type for field in kind}
