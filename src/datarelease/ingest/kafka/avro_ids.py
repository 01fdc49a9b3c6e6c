"""Which schemas the records name: Confluent's wire format, a zero byte and a four-byte id.

Source: "Wire format" in the documentation of Confluent's Schema Registry.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

MAGIC = 0
PREFIX_LENGTH = 5
"""Bytes before the Avro itself."""


class SchemaIds:
    """Collects ids from values, a column at a time."""

    def __init__(self, *, wanted: bool) -> None:
        """Look at nothing unless ``wanted``."""
        self._wanted = wanted
        self._found: set[int] = set()

    @property
    def found(self) -> frozenset[int]:
        """The ids so far."""
        return frozenset(self._found)

    def look(self, records: pa.RecordBatch) -> None:
        """Take the ids of the values; what is not in the wire format is parse's business."""
        if not self._wanted:
            return
        heads = pc.unique(pc.binary_slice(records.column("value"), 0, PREFIX_LENGTH))
        for head in heads.to_pylist():
            number = schema_id(head)
            if number is not None:
                self._found.add(number)


def schema_id(value: bytes | None) -> int | None:
    """The id that a value names; None: it is not in the wire format.

    >>> schema_id(bytes([0, 0, 0, 0, 7, 2]))
    7
    """
    if value is None or len(value) < PREFIX_LENGTH or value[0] != MAGIC:
        return None
    return int.from_bytes(value[1:PREFIX_LENGTH])
