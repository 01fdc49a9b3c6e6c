"""Records as they were on the broker: columns, one Parquet file a batch, and the schemas they name.

A file says itself what it holds. Its row groups end where the records alone say: however records
arrive, in thousands or one by one, the same records give the same bytes, and no more than a row
group is held in memory. Avro values name their schema in Confluent's wire format, a zero byte and
a four-byte id ("Wire format" in the documentation of Confluent's Schema Registry).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datarelease.documents import decode, to_json
from datarelease.model.data.stream import Batch, EventFormat
from datarelease.model.versions.snapshot import canonical_json

if TYPE_CHECKING:
    from confluent_kafka import Message


RAW_SCHEMA = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", pa.timestamp("ms", tz="UTC")),
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),  # null: a tombstone
        pa.field(
            "headers",
            pa.list_(pa.struct([pa.field("name", pa.string()), pa.field("value", pa.binary())])),
        ),
    ]
)
"""Sorted by partition, then offset."""
_KEY = b"datarelease"


@dataclass(frozen=True, kw_only=True)
class RawHeader:
    """What a raw file says of itself, in Parquet's key-value metadata."""

    topic: str
    cluster: str
    batch: Batch
    schemas: Mapping[int, str]
    """Text of each schema that the records name, by its id in the registry."""
    format: EventFormat = "json"
    """Of Avro, schemas were looked for."""

    def metadata(self) -> dict[bytes, bytes]:
        """The header as a file's key-value metadata."""
        return {_KEY: canonical_json(to_json(self))}


def read_raw_header(path: Path) -> RawHeader:
    """The header of the raw file at ``path``.

    Raises:
        DocumentError: It is not a raw file of ours.
    """
    return decode(RawHeader, (pq.read_metadata(path).metadata or {}).get(_KEY, b""))


def fingerprint(key: bytes | None, value: bytes | None, timestamp: int | None) -> str:
    """SHA-256 (hex) of a record.

    Each part has its length before it, so that none can pass as another; -1 stands for what is
    not there. The timestamp is in milliseconds since 1970.
    """
    digest = hashlib.sha256((-1 if timestamp is None else timestamp).to_bytes(8, signed=True))
    for part in (key, value):
        digest.update((-1 if part is None else len(part)).to_bytes(8, signed=True))
        digest.update(part or b"")
    return digest.hexdigest()


def columns(messages: Sequence[Message], partition: int) -> pa.RecordBatch:
    """The records of one partition, none of which is an error."""
    stamps = [message.timestamp() for message in messages]
    return pa.record_batch(
        [
            pa.repeat(pa.scalar(partition, pa.int32()), len(messages)),
            pa.array([message.offset() for message in messages], pa.int64()),
            # Kind 0: the record has no time.
            pa.array([time if kind else None for kind, time in stamps], pa.int64()).cast(
                RAW_SCHEMA.field("timestamp").type
            ),
            pa.array([message.key() for message in messages], pa.binary()),
            pa.array([message.value() for message in messages], pa.binary()),
            pa.array(
                [message.headers() or None for message in messages],
                RAW_SCHEMA.field("headers").type,
            ),
        ],
        schema=RAW_SCHEMA,
    )


ROWS = 1 << 16
BYTES = 1 << 25
"""Of keys and values; a row group ends with the record that reaches it, however large."""


class RowGroups:
    """A file being written; closed, with its header, by ``finish``."""

    def __init__(self, target: pa.NativeFile) -> None:
        """Write to ``target``, which the caller closes."""
        self._writer = pq.ParquetWriter(
            target,
            RAW_SCHEMA,
            compression="zstd",
            # Values hardly ever repeat, and nobody searches for them by their bounds.
            use_dictionary=["partition"],
            write_statistics=["partition", "offset", "timestamp"],
        )
        self._pending: list[pa.RecordBatch] = []
        self._rows = 0
        self._bytes = 0
        self.written = 0
        """Records so far, those not yet in the file included."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, records: pa.RecordBatch) -> None:
        """Append records; row groups that are full go to the file."""
        self.written += records.num_rows
        while records.num_rows:
            room, size = self._fitting(records)
            self._pending.append(records.slice(0, room))
            self._rows += room
            self._bytes += size
            records = records.slice(room)
            if self._rows >= ROWS or self._bytes >= BYTES:
                self.flush()

    def finish(self, header: RawHeader) -> None:
        """Write what is left and the header; the file is complete."""
        self.flush()
        self._writer.add_key_value_metadata(header.metadata())
        self.close()

    def close(self) -> None:
        """Write no more."""
        self._writer.close()

    def _fitting(self, records: pa.RecordBatch) -> tuple[int, int]:
        """How many of the records still belong to this row group, and their bytes."""
        head = records.slice(0, ROWS - self._rows)
        sizes = pc.add(_lengths(head, "key"), _lengths(head, "value"))
        reached = pc.cumulative_sum(sizes, start=self._bytes)
        full = pc.index(pc.greater_equal(reached, BYTES), value=True).as_py()
        rows = head.num_rows if full < 0 else full + 1
        return rows, reached[rows - 1].as_py() - self._bytes

    def flush(self) -> None:
        """End the row group; called where the records say so, such as between partitions."""
        if self._pending:
            # In one piece: where pages end would depend on the pieces in which records came.
            table = pa.Table.from_batches(self._pending).combine_chunks()
            self._writer.write_table(table, row_group_size=ROWS)
        self._pending, self._rows, self._bytes = [], 0, 0


def _lengths(records: pa.RecordBatch, column: str) -> pa.Array:
    return pc.fill_null(pc.binary_length(records.column(column)).cast(pa.int64()), 0)


MAGIC = 0
PREFIX_LENGTH = 5
"""Bytes before the Avro itself."""


def schema_ids(records: pa.RecordBatch) -> set[int]:
    """The ids that values name; what is not in the wire format is parse's business."""
    heads = pc.unique(pc.binary_slice(records.column("value"), 0, PREFIX_LENGTH))
    return {number for head in heads.to_pylist() if (number := schema_id(head)) is not None}


def schema_id(value: bytes | None) -> int | None:
    """The id that a value names; None: it is not in the wire format.

    >>> schema_id(bytes([0, 0, 0, 0, 7, 2]))
    7
    """
    if value is None or len(value) < PREFIX_LENGTH or value[0] != MAGIC:
        return None
    return int.from_bytes(value[1:PREFIX_LENGTH])
