"""Events that `pyarrow.json` reads exactly as the SQL of `event_sql` does, many times as fast.

The reader refuses what RFC 8259 does, fields that occur twice, nested values, fields that the
schema does not know, and values of another JSON type, all of them for a whole text. What it
refuses, and rows in which it is known to be more lenient or to leave something open, are left to
the SQL, which alone decides what is wrong with an event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from datarelease.ingest.parse.event_shape import Field

_TYPES: Final[Mapping[type[nw.dtypes.DType], pa.DataType]] = {
    nw.Boolean: pa.bool_(),
    nw.Int8: pa.int8(),
    nw.Int16: pa.int16(),
    nw.Int32: pa.int32(),
    nw.Int64: pa.int64(),
    nw.UInt8: pa.uint8(),
    nw.UInt16: pa.uint16(),
    nw.UInt32: pa.uint32(),
    nw.UInt64: pa.uint64(),
    # Not as float32: rounding the text once more could give another neighbour.
    nw.Float32: pa.float64(),
    nw.Float64: pa.float64(),
    nw.String: pa.string(),
    nw.Categorical: pa.string(),
}
_EXACT: Final[Mapping[type[nw.dtypes.DType], float]] = {nw.Float32: 2.0**24, nw.Float64: 2.0**53}
"""Below these an integer is a float without a loss."""
_MOMENT: Final = (
    r"^[1-9]\d{3}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}([.]\d{1,6})?)?(Z|[+-](0\d|1[0-3])(:?[0-5]\d)?)$"
)
"""Moments that Arrow and DuckDB read alike, or of which Arrow reads none."""
_SPACE: Final = r"[ \t\r\n]*"
_HEX: Final = "[0-9a-fA-F]"
_ESCAPE: Final = (
    rf'\\(?:["\\/bfnrt]|u(?:[0-9a-cefA-CEF]{_HEX}{{3}}|[dD][0-7]{_HEX}{{2}}'
    rf"|[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}))"
)
_UTF8: Final = (
    r"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}"
    r"|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
    r"|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
"""Characters beyond ASCII, byte by byte (RFC 3629, section 4)."""
_STRING: Final = rf'"(?:[ !#-\[\]-\x7f]|{_ESCAPE}|{_UTF8})*"'
_PIECE = 16_384
"""Records that are read at once: few, so that memory stays near the processor and is used again."""
_FEWEST = 2_048
"""Records that are not divided further to find those that are refused."""


def value_type(wanted: nw.dtypes.DType) -> pa.DataType | None:
    """The type of the values that the reader gives for a column; None: it gives their texts."""
    if isinstance(wanted, nw.Datetime) and wanted.time_zone:
        return pa.timestamp("us", "UTC")
    return _TYPES.get(type(wanted))


class EventReader:
    """Reads the events of one stream whose rows are beyond doubt."""

    def __init__(self, fields: Sequence[Field]) -> None:
        """Prepare for events of ``fields``."""
        self._fields = fields
        types = [value_type(field.wanted) or pa.string() for field in fields]
        self.schema = pa.schema([("n", pa.int64()), *((f"f{i}", t) for i, t in enumerate(types))])
        """Of what `read` gives: numbers of records, and the fields by their places."""
        read = [pa.string() if pa.types.is_timestamp(dtype) else dtype for dtype in types]
        names = [field.name for field in fields]
        self._options = pj.ParseOptions(
            explicit_schema=pa.schema(list(zip(names, read, strict=True))),
            unexpected_field_behavior="error",
        )
        self._keys = [_key(name) for name in names]
        pairs = "|".join(
            f"{_name(field.name)}:{_SPACE}(?:{_value(dtype)}|null){_SPACE}"
            for field, dtype in zip(fields, types, strict=True)
        )
        self.usual: Final = rf"^\{{{_SPACE}(?:(?:{pairs})(?:,{_SPACE}(?:{pairs}))*)?\}}$"
        """A pattern (Latin-1) of values that are read, unless a field occurs twice in one."""

    def read(self, records: pa.Table) -> pa.Table:
        """The rows beyond doubt of ``records``, which have a number ``n`` and a ``value``."""
        found = [self.schema.empty_table()]
        for piece in _pieces(records, _PIECE):
            try:
                found.append(self._read_whole(piece))
            except (pa.ArrowInvalid, pa.ArrowCapacityError):
                usual = pc.match_substring_regex(piece["value"], self.usual)
                found += self._read_usual(piece.filter(usual))
        return pa.concat_tables(found)

    def _read_usual(self, records: pa.Table) -> Iterator[pa.Table]:
        for piece in _pieces(records, _FEWEST):
            with suppress(pa.ArrowInvalid, pa.ArrowCapacityError):
                yield self._read_whole(piece)

    def _read_whole(self, records: pa.Table) -> pa.Table:
        """The rows beyond doubt, if all of ``records`` are events.

        Raises:
            pyarrow.ArrowInvalid: They are not.
        """
        text = pa.BufferReader(_text(records["value"].combine_chunks()))
        read = pj.read_json(text, parse_options=self._options)
        if read.num_rows != records.num_rows:
            raise pa.ArrowInvalid("more events than values, or fewer")
        rows = pa.Table.from_arrays([records["n"], *read.columns], names=self.schema.names)
        doubtful = self._doubtful(rows, records["value"])
        return (rows.filter(pa.array(~doubtful)) if doubtful.any() else rows).cast(self.schema)

    def _doubtful(self, rows: pa.Table, values: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
        doubtful = np.zeros(rows.num_rows, dtype=bool)
        for place, field in enumerate(self._fields):
            column = rows[f"f{place}"]
            if field.required and column.null_count:
                empty = np.flatnonzero(column.is_null())
                named = pc.match_substring_regex(values.take(pa.array(empty)), self._keys[place])
                doubtful[empty] |= ~named.to_numpy(zero_copy_only=False)
            if isinstance(field.wanted, nw.Datetime) and field.wanted.time_zone:
                clear = pc.fill_null(pc.match_substring_regex(column, _MOMENT), True)
                doubtful |= ~clear.to_numpy()
            exact = _EXACT.get(type(field.wanted))
            if exact is not None:
                found = pc.fill_null(column, 1.0).to_numpy()
                # Also NaN and Infinity, which the reader takes for numbers, and the integer -0.
                doubtful |= ~(np.abs(found) < exact) | ((found == 0) & np.signbit(found))
        return doubtful


def _pieces(records: pa.Table, size: int) -> Iterator[pa.Table]:
    return (records.slice(n, size) for n in range(0, records.num_rows, size))


def _key(name: str) -> str:
    """A pattern of events without nested values that have the field, as most spell it.

    What goes before tells the beginning of a field from an escaped quotation mark.
    """
    return f"[{{,]{_SPACE}{_name(name)}:"


def _name(name: str) -> str:
    """A pattern of a field's name, as it is or with everything beyond ASCII escaped."""
    spelled = sorted(
        {re.escape(json.dumps(name, ensure_ascii=escaped)) for escaped in (True, False)}
    )
    return f"(?:{'|'.join(spelled)}){_SPACE}"


def _value(dtype: pa.DataType) -> str:
    """A pattern (Latin-1) of JSON texts that the reader takes for values of a type."""
    if pa.types.is_boolean(dtype):
        return "true|false"
    if pa.types.is_integer(dtype):
        # One digit less than the largest has, since that many may be too large.
        sign = "-?" if pa.types.is_signed_integer(dtype) else ""
        digits = len(str(2 ** (dtype.bit_width - 1))) - 1
        return f"{sign}(?:0|[1-9][0-9]{{0,{digits - 1}}})"
    if pa.types.is_floating(dtype):
        return r"-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?"
    return _STRING


def _text(values: pa.Array) -> pa.Buffer:
    """The values as a text in which each is a line, none of them a part of an event or several.

    A value that begins and ends in a brace begins and ends an event, if the text is JSON: the end
    of a line is no letter of a string, and ``}`` followed by ``{`` stands between events alone.
    Then as many rows as values are the events of one value each.

    Raises:
        pyarrow.ArrowInvalid: There is another value among them, or one that is not UTF-8.
    """
    lines = pa.ListArray.from_arrays([0, len(values)], values.cast(pa.string()))
    text = pc.binary_join(lines, "\n")[0].as_buffer()
    braced = pc.and_(pc.starts_with(values, "{"), pc.ends_with(values, "}"))
    # Where the reader finds a NUL, it leaves out the rest.
    if not pc.all(braced).as_py() or not np.frombuffer(text, np.uint8).min(initial=1):
        raise pa.ArrowInvalid("not a sequence of events")
    return text
