"""The peer of `datarelease ingest drain`: a bare confluent-kafka consumer and pyarrow.

`python ingest_bare.py BOOTSTRAP TOPIC PARTITIONS RECORDS TARGET` writes so many records, in the
order in which they arrive, into one Parquet file with the same columns, row groups and compression.
"""

from __future__ import annotations

import sys
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq
from confluent_kafka import Consumer, TopicPartition

Headers = list[tuple[str, bytes]] | None
ROWS = 1 << 16
HEADERS = pa.list_(pa.struct([pa.field("name", pa.string()), pa.field("value", pa.binary())]))
SCHEMA = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", pa.timestamp("ms", tz="UTC")),
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
        pa.field("headers", HEADERS),
    ]
)


def main(bootstrap: str, topic: str, partitions: int, records: int, target: str) -> None:
    """Read and write."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "bare",
            "enable.auto.commit": False,
            "receive.message.max.bytes": 2_147_483_647,
        }
    )
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    stamp = SCHEMA.field("timestamp").type
    done = 0
    with pq.ParquetWriter(
        target,
        SCHEMA,
        compression="zstd",
        use_dictionary=["partition"],
        write_statistics=["partition", "offset", "timestamp"],
    ) as writer:
        while done < records:
            messages = consumer.consume(min(ROWS, records - done), 30)
            done += len(messages)
            headers = [
                None if told is None else [{"name": name, "value": value} for name, value in told]
                for told in (cast("Headers", message.headers()) for message in messages)
            ]
            writer.write_batch(
                pa.record_batch(
                    [
                        pa.array([message.partition() for message in messages], pa.int32()),
                        pa.array([message.offset() for message in messages], pa.int64()),
                        pa.array([m.timestamp()[1] for m in messages], pa.int64()).cast(stamp),
                        pa.array([message.key() for message in messages], pa.binary()),
                        pa.array([message.value() for message in messages], pa.binary()),
                        pa.array(headers, HEADERS),
                    ],
                    schema=SCHEMA,
                )
            )
    consumer.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
