"""What ingestion asks of a broker. ``broker.Broker`` answers; nothing here knows Kafka's client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from datarelease.ingest.raw import fingerprint


@dataclass(frozen=True, kw_only=True)
class PartitionLog:
    """How far the log of one partition reaches."""

    low: int
    """Offset of the oldest record that is still there."""
    stable: int
    """Offset after the last record whose transaction is decided; what may be read ends here."""
    high: int
    """The high watermark: the offset that the next record gets."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic, as the broker describes it."""

    name: str
    cluster: str
    id: str | None
    """None: the broker is too old to have one."""
    partitions: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record."""

    offset: int
    timestamp: int | None
    """Milliseconds since 1970."""
    key: bytes | None
    value: bytes | None

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex), as in ``Span.tail``."""
        return fingerprint(self.key, self.value, self.timestamp)


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message to write."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    """(name, value) in their order; a name may occur more than once."""


class Source(Protocol):
    """A broker, to read from."""

    def topic(self, name: str) -> Topic:
        """The topic called ``name``.

        Raises:
            ConfigError: There is none; the message has the nearest name.
            WorldError: The broker does not answer.
        """

    def logs(self, topic: Topic) -> dict[int, PartitionLog]:
        """The log of each partition, as it is now.

        Raises:
            WorldError: The broker does not answer.
        """

    def first_records(self, topic: str, offsets: Mapping[int, int]) -> dict[int, Record]:
        """By partition, the first record at or after the given offset; left out: there is none.

        Raises:
            WorldError: The broker does not answer, or an offset is older than the log.
        """

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[pa.RecordBatch]:
        """Every record of a partition in ``[start, end)``, in order, as ``raw.RAW_SCHEMA``.

        Raises:
            WorldError: The broker does not answer, or does not have them all any more.
        """
