"""Values between Python and Arrow: the rows of tables, how often values occur, and new columns.

Columns are made of bytes here: for the first value that Arrow itself takes from Python it imports
pandas, which takes a quarter of a second, to know values of pandas among them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, kw_only=True)
class ValueCounts:
    """The different values of a column, none of them null, as text."""

    distinct: int
    rows: int
    """Rows with a value."""
    min: str | None = None
    """In the order of code points; None, as the fields below, where only numbers were asked for."""
    max: str | None = None
    length_min: int = 0
    """In characters."""
    length_max: int = 0
    length_sum: int = 0
    """Over all rows."""
    top: tuple[tuple[str, int], ...] = ()
    """Values and their rows: the most frequent first, then in the order of code points."""


def python_rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows of a table as `Engine.collect` promises them."""
    columns = [_python_values(column) for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _python_values(column: pa.ChunkedArray) -> list[Any]:
    if not pa.types.is_timestamp(column.type) or column.type.unit != "ns":
        return [_plain(value) for value in _values(column)]
    # Python's datetime has microseconds; pyarrow would hand out pandas Timestamps.
    coarse = column.cast(pa.timestamp("us"), safe=False)
    exact = pc.equal(coarse.cast(column.type), column)
    texts = column.filter(pc.invert(exact)).cast(pa.string()).to_pylist()
    finer = (text.replace(" ", "T") for text in texts)
    values = zip(coarse.to_pylist(), exact.to_pylist(), strict=True)
    return [next(finer) if same is False else value for value, same in values]


def _values(column: pa.ChunkedArray) -> list[Any]:
    try:
        return list(column.to_pylist())
    except OverflowError:  # Python's calendar ends with the year 9999, and begins with 1
        return [_value_or_text(scalar) for scalar in column]


def _value_or_text(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except OverflowError:
        kind = scalar.type
        unit = "days" if pa.types.is_date(kind) else getattr(kind, "unit", "")
        number = getattr(scalar, "value", None)
        nested = not isinstance(number, int)
        return "(beyond the year 9999)" if nested else f"1970-01-01 + {number} {unit}"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= 0:
            return int(value)
        near = float(value)
        return near if Decimal(repr(near)) == value else value
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC)
    return value


def number_array(values: npt.NDArray[Any]) -> pa.Array:
    """Numbers without nulls as a column.

    >>> number_array(np.array([1, 2])).to_pylist()
    [1, 2]
    """
    buffer = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, buffer])


def number_values(column: pa.Array) -> npt.NDArray[Any]:
    """The numbers or booleans of a column without nulls; `to_numpy` would import pandas.

    >>> number_values(pa.array([True, False])), number_values(pa.array([], pa.int8()))
    (array([ True, False]), array([], dtype=int8))
    """
    if pa.types.is_boolean(column.type):
        return np.from_dlpack(column.cast(pa.uint8())).view(np.bool_)
    return np.from_dlpack(column)


def mask_array(mask: npt.NDArray[np.bool_]) -> pa.BooleanArray:
    """Booleans as a column, for a filter; `pyarrow.array` would import pandas.

    >>> mask_array(np.array([True, False])).to_pylist()
    [True, False]
    """
    return number_array(mask.view(np.uint8)).cast(pa.bool_())


def text_array(texts: Sequence[str]) -> pa.StringArray:
    """Texts as a column.

    >>> text_array(["a", "", "zwei"]).to_pylist()
    ['a', '', 'zwei']
    """
    data = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, data)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(data), pa.py_buffer(ends), pa.py_buffer(b"".join(data)))


def text_scalar(text: str | None) -> pa.StringScalar:
    """A text, or null, as a value for a column of texts.

    >>> text_scalar("a").as_py(), text_scalar(None).as_py()
    ('a', None)
    """
    return pa.nulls(1, pa.string())[0] if text is None else text_array([text])[0]


def repeated_text(text: str | None, size: int) -> pa.StringArray:
    """A column with the same text in each row.

    >>> repeated_text("a", 2).to_pylist(), repeated_text(None, 1).to_pylist()
    (['a', 'a'], [None])
    """
    return pa.repeat(text_scalar(text), size)
