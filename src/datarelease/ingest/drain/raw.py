"""Records as they were on the broker: one Parquet file a batch, which says itself what it holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from datarelease.documents import decode, to_json
from datarelease.model.data.stream import Batch, EventFormat
from datarelease.model.versions.snapshot import canonical_json

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
        content = {
            "topic": self.topic,
            "cluster": self.cluster,
            "batch": to_json(self.batch),
            "schemas": {str(number): text for number, text in sorted(self.schemas.items())},
            "format": self.format,
        }
        return {_KEY: canonical_json(content)}

    def schema(self) -> pa.Schema:
        """The file's schema, with the header in its metadata."""
        return RAW_SCHEMA.with_metadata(self.metadata())


def read_raw_header(path: Path) -> RawHeader:
    """The header of the raw file at ``path``.

    Raises:
        ValueError: It is not a raw file of ours.
    """
    found = (pq.read_metadata(path).metadata or {}).get(_KEY)
    if found is None:
        raise ValueError(f"{path.name} does not say which records it holds")
    content = json.loads(found)
    return RawHeader(
        topic=content["topic"],
        cluster=content["cluster"],
        batch=decode(Batch, json.dumps(content["batch"])),
        schemas={int(number): text for number, text in content["schemas"].items()},
        format=content["format"],
    )


def fingerprint(key: bytes | None, value: bytes | None, timestamp: int | None) -> str:
    """SHA-256 (hex) of a record.

    Each part has its length before it, so that none can pass as another; -1 stands for what is
    not there.

    Args:
        key: Of the record.
        value: Of the record; None: a tombstone.
        timestamp: Milliseconds since 1970; None: it has none.
    """
    digest = hashlib.sha256((-1 if timestamp is None else timestamp).to_bytes(8, signed=True))
    for part in (key, value):
        digest.update((-1 if part is None else len(part)).to_bytes(8, signed=True))
        digest.update(part or b"")
    return digest.hexdigest()
