"""Messages of Kafka's client as columns of ``raw.RAW_SCHEMA``.

One loop a column over thousands of messages, none a record: that is what makes it fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from datarelease.ingest.drain.raw import RAW_SCHEMA

if TYPE_CHECKING:
    from confluent_kafka import Message

_HEADERS = RAW_SCHEMA.field("headers").type
_HEADER = _HEADERS.value_type


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
            _headers([message.headers() for message in messages]),
        ],
        schema=RAW_SCHEMA,
    )


def _headers(lists: Sequence[Any]) -> pa.Array:
    """Lists of (name, value), in their order; None: a record without."""
    if not any(lists):
        return pa.nulls(len(lists), _HEADERS)
    ends = [0]
    names: list[str] = []
    values: list[bytes | None] = []
    for pairs in lists:
        for name, value in pairs or ():
            names.append(name)
            values.append(value)
        ends.append(len(names))
    flat = pa.StructArray.from_arrays(
        [pa.array(names, pa.string()), pa.array(values, pa.binary())], fields=list(_HEADER)
    )
    absent = pa.array([not pairs for pairs in lists])
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), flat, type=_HEADERS, mask=absent)
