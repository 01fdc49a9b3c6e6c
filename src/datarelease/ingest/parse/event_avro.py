"""The fields of Avro values as `json_query` gives those of JSON: types and texts, field by field.

Values are framed as Confluent's Schema Registry has it: a zero byte, the schema's id in four bytes,
then the record in Avro's binary encoding, without a schema ("Wire format" in its documentation).
The schemas are in the raw file, so no registry is asked. Only this module imports ``fastavro``.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import fastavro
import pyarrow as pa

from datarelease.ingest.parse.event_faults import (
    AVRO_EMPTY,
    AVRO_TRUNCATED,
    FRAMING,
    NO_RECORD,
    PAYLOAD,
    UNKNOWN_SCHEMA,
)
from datarelease.ingest.raw import PREFIX_LENGTH, schema_id

_Cell = tuple[str | None, str | None]
FIELDS = pa.schema(
    [
        pa.field("n", pa.int64()),
        pa.field("types", pa.list_(pa.string())),
        pa.field("texts", pa.list_(pa.string())),
        pa.field("raws", pa.list_(pa.string())),
        pa.field("extra", pa.list_(pa.string())),
        pa.field("fault", pa.string()),
    ]
)


class AvroReader:
    """Reads the fields of values that were written with ``schemas``."""

    def __init__(self, schemas: Mapping[int, str], names: Sequence[str]) -> None:
        """Parse the schemas; texts that are not Avro schema count as unknown."""
        self._schemas = {number: _parsed(text) for number, text in schemas.items()}
        self._names = names
        self._known = frozenset(names)
        self.ids: set[int] = set()
        """Those that values named."""

    def fields(self, records: pa.Table) -> pa.Table:
        """``records`` has ``n`` and ``value``; the result what `json_query` gives."""
        rows = [
            {"n": n, **self._row(value)}
            for n, value in zip(records["n"].to_pylist(), records["value"].to_pylist(), strict=True)
        ]
        return pa.Table.from_pylist(rows, schema=FIELDS)

    def _row(self, value: bytes) -> dict[str, Any]:  # noqa: PLR0911 - one line a fault
        if not value:
            return {"fault": AVRO_EMPTY}
        number = schema_id(value)
        if number is None:
            return {"fault": FRAMING}
        self.ids.add(number)
        schema = self._schemas.get(number)
        if schema is None:
            return {"fault": UNKNOWN_SCHEMA}
        stream = io.BytesIO(value)
        stream.seek(PREFIX_LENGTH)
        try:
            record = fastavro.schemaless_reader(stream, schema, None)
        except EOFError:
            return {"fault": AVRO_TRUNCATED}
        except Exception:  # noqa: BLE001 - whatever bytes that are no such record lead to
            return {"fault": PAYLOAD}
        if stream.tell() != len(value):
            return {"fault": PAYLOAD}
        if not isinstance(record, dict):
            return {"fault": NO_RECORD}
        cells = [_cell(record[name]) if name in record else (None, None) for name in self._names]
        return {
            "types": [cell[0] for cell in cells],
            "texts": [cell[1] for cell in cells],
            "extra": [name for name in record if name not in self._known] or None,
        }


def _parsed(text: str) -> Any:
    try:
        return fastavro.parse_schema(json.loads(text))
    except Exception:  # noqa: BLE001 - registries also hold JSON Schema and Protocol Buffers
        return None


def _cell(value: Any) -> _Cell:  # noqa: PLR0911 - one line a type
    """A value as its type in `json_type`'s words, and its text."""
    if value is None:
        return "NULL", None
    if isinstance(value, bool):
        return "BOOLEAN", "true" if value else "false"
    if isinstance(value, int):
        return "BIGINT", str(value)
    if isinstance(value, float):
        return "DOUBLE", repr(value)
    if isinstance(value, Decimal):
        return "VARCHAR", format(value, "f")
    if isinstance(value, (dt.date, dt.time)):
        return "VARCHAR", value.isoformat()
    if isinstance(value, (str, UUID)):
        return "VARCHAR", str(value)
    if isinstance(value, bytes):
        return "BINARY", f"{len(value)} bytes"
    kind = "ARRAY" if isinstance(value, list) else "OBJECT"
    return kind, json.dumps(value, ensure_ascii=False, default=str)
