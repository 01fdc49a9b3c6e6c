"""Why a value is not JSON text: the cause that its producer can correct.

DuckDB says only that a text is not valid. The few values that it refuses are read once more by
Python's ``json``, which says where it stopped.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Final, NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from datarelease.ingest.kafka.avro_ids import schema_id
from datarelease.ingest.parse.event_faults import (
    BOM,
    EMPTY,
    INVALID_UTF8,
    NOT_FINITE,
    REGISTRY,
    SURROGATE,
    SYNTAX,
    TRUNCATED,
)

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
    """``faults`` with the cause in place of "not UTF-8" and "no JSON text".

    Args:
        faults: A reason code for each value; null: none.
        values: As the broker has them.
    """
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
