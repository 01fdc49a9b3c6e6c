"""Why a record is no event at all: reason codes, whatever the schema says."""

from __future__ import annotations

from typing import Final

UTF8: Final = "json:utf8"
SYNTAX: Final = "json:syntax"
NO_OBJECT: Final = "json:object"
TWICE: Final = "json:twice"
FRAMING: Final = "avro:framing"
UNKNOWN_SCHEMA: Final = "avro:schema"
PAYLOAD: Final = "avro:payload"
NO_RECORD: Final = "avro:record"

MEANINGS: Final = {
    UTF8: "the value is not UTF-8",
    SYNTAX: "the value is no JSON text",
    NO_OBJECT: "the value is JSON, but no object",
    TWICE: "a field stands there twice",
    FRAMING: "the value does not begin as the registry's wire format says",
    UNKNOWN_SCHEMA: "the value names a schema that is not known, or no Avro schema",
    PAYLOAD: "the value is not what its schema says",
    NO_RECORD: "the schema of the value describes no record",
}
"""What dead letters say; there is no more to say without quoting the record."""
EXTRA: Final = "fields:strict"
"""A field that the schema does not know, where it is strict."""
