"""Why a record is not an event at all, whatever the schema says: reason codes, and their causes."""

from __future__ import annotations

import codecs
import json
import re
from typing import Final, NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from datarelease.ingest.raw import schema_id

INVALID_UTF8: Final = "json:utf8"
SYNTAX: Final = "json:syntax"
EMPTY: Final = "json:empty"
TRUNCATED: Final = "json:truncated"
NOT_FINITE: Final = "json:nan"
BOM: Final = "json:bom"
REGISTRY: Final = "json:registry"
SURROGATE: Final = "json:surrogate"
NO_OBJECT: Final = "json:object"
TWICE: Final = "json:twice"
AVRO_EMPTY: Final = "avro:empty"
FRAMING: Final = "avro:framing"
UNKNOWN_SCHEMA: Final = "avro:schema"
AVRO_TRUNCATED: Final = "avro:truncated"
PAYLOAD: Final = "avro:payload"
NO_RECORD: Final = "avro:record"

MEANINGS: Final = {
    INVALID_UTF8: "the value is not UTF-8",
    SYNTAX: "the value is not JSON",
    EMPTY: "the value is empty",
    TRUNCATED: "the value is truncated: the JSON text ends too early",
    NOT_FINITE: "the value holds NaN or Infinity, which JSON does not have",
    BOM: "the value begins with a byte order mark, which JSON forbids",
    REGISTRY: "the value begins with a schema registry's prefix (a zero byte and a schema id), "
    "not with JSON",
    SURROGATE: "a text in the value holds half of a surrogate pair, which is not a character",
    NO_OBJECT: "the value is JSON, but not an object",
    TWICE: "a field occurs twice",
    AVRO_EMPTY: "the value is empty",
    FRAMING: "the value does not begin with the prefix of the registry's wire format",
    UNKNOWN_SCHEMA: "the value names a schema that is unknown or not Avro",
    AVRO_TRUNCATED: "the value is truncated: it ends before all fields of its schema",
    PAYLOAD: "the value does not match its schema",
    NO_RECORD: "the schema of the value describes no record",
}
"""Texts of dead letters, which do not quote the record."""
EXTRA: Final = "fields:strict"
"""A field that the schema does not know, where it is strict."""


_WHITESPACE: Final = b" \t\r\n"
"""That of JSON (RFC 8259, section 2)."""
_ENDS_EARLY = re.compile(
    r"(?:t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|-|\.|[eE][+-]?"  # a constant or a number
    r'|"(?:[^"\\]|\\.)*\\?|(?<=\\)u[0-9a-fA-F]{0,3})?'  # a text, or an escape in it
    r"[ \t\r\n]*",
    re.DOTALL,
)
"""What is left of a truncated text where a reader stops: the beginning of a token, or nothing."""
_CONSTANT = re.compile(r"-?(?:nan|inf)", re.IGNORECASE)
"""As languages print numbers that are not finite; ``json`` knows two of these spellings."""


class _NotFiniteError(ValueError):
    """A constant that JSON does not have."""


def with_causes(faults: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The reason codes ``faults`` with the cause in place of "not UTF-8" and "no JSON text"."""
    refused = pc.is_in(faults, value_set=pa.array([INVALID_UTF8, SYNTAX]))
    if not pc.any(refused).as_py():
        return faults
    causes = [json_cause(value) for value in values.filter(refused).to_pylist()]
    whole = faults.combine_chunks()
    mask = refused.combine_chunks()
    return pa.chunked_array([pc.replace_with_mask(whole, mask, pa.array(causes, whole.type))])


def json_cause(value: bytes) -> str:
    """The reason code of a value that is not JSON text."""
    if not value.strip(_WHITESPACE):
        return EMPTY
    if value.startswith(codecs.BOM_UTF8):
        return BOM
    if schema_id(value) is not None:
        return REGISTRY
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        # The last character lacks bytes: the end was cut off, not written in another encoding.
        return TRUNCATED if _cut(value[: error.start], value[error.start :]) else INVALID_UTF8
    return _text_cause(text)


def _cut(before: bytes, rest: bytes) -> bool:
    """``rest`` begins one UTF-8 character, and the JSON text before it is truncated."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        unfinished = decoder.decode(rest) == ""
    except UnicodeDecodeError:
        return False
    return unfinished and _text_cause(before.decode()) == TRUNCATED


def _text_cause(text: str) -> str:
    try:
        read = json.loads(text, parse_constant=_refuse, parse_int=str, parse_float=str)
        json.dumps(read, ensure_ascii=False).encode()
    except _NotFiniteError:
        return NOT_FINITE
    except json.JSONDecodeError as error:
        if _CONSTANT.match(text, error.pos):
            return NOT_FINITE
        return TRUNCATED if _ENDS_EARLY.fullmatch(text, error.pos) else SYNTAX
    except UnicodeEncodeError:
        return SURROGATE
    except RecursionError:
        return SYNTAX
    return SYNTAX


def _refuse(_: str) -> NoReturn:
    raise _NotFiniteError
