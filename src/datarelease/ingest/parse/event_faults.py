"""Why a record is not an event: reason codes that do not depend on the schema."""

from __future__ import annotations

from typing import Final

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
