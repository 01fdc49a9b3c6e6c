"""Reads from a Kafka broker. What the answers mean is decided elsewhere.

Sources: KIP-98 (what a reader of committed records sees), KIP-516 (topic ids), librdkafka's
"INTRODUCTION" (the end of a partition, offsets out of range).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import pyarrow as pa
from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # it is documented

from datarelease.errors import ConfigError, DatareleaseError, WorldError
from datarelease.ingest.kafka.client import PEEKING, Errors, client_of, consumer, kafka_error
from datarelease.ingest.kafka.config import KafkaConfig
from datarelease.ingest.kafka.source import PartitionLog, Record, Topic
from datarelease.ingest.raw import columns
from datarelease.model.wording import nearest_name

PATIENCE = 60.0
"""Seconds without any answer after which the broker counts as away; restarts take less."""
FIRST_CONTACT = 20.0
"""Seconds until an address that does not answer is reported."""
GROUP = "datarelease"
"""A client must name a group; nothing joins it or commits to it."""
CHUNK = 10_000
"""Most messages taken from the client at once; its own queue is bounded in bytes."""
_TICK = 0.25
_EARLIEST, _LATEST = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]
_NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"
"""The all-zero UUID, which stands for none."""
_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - the client's own spelling of a public code
_OUT_OF_RANGE = KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001 - as above
_UNKNOWN = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - as above
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - as above
}


class Broker:
    """A broker (or a cluster of them) under one address; closed with its block."""

    def __init__(self, config: KafkaConfig, *, patience: float = PATIENCE) -> None:
        """Get ready; nothing is asked yet."""
        self._config = config
        self._patience = patience
        self._errors = Errors()
        self._admin = client_of(AdminClient, config, {}, self._errors)
        self._consumer = consumer(config, GROUP, self._errors)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    # --- what is there

    def topic(self, name: str) -> Topic:
        """The topic called ``name`` (see ``source.Source``)."""
        listed = self._metadata(name)
        found = listed.topics.get(name)
        if found is None or (found.error is not None and found.error.code() in _UNKNOWN):
            raise self._unknown_topic(name)
        if found.error is not None:
            raise kafka_error(found.error, f"topic {name!r} was described", self._config)
        return Topic(
            name=name,
            cluster=listed.cluster_id or "",
            id=self._topic_id(name),
            partitions=tuple(sorted(found.partitions)),
        )

    def logs(self, topic: Topic) -> dict[int, PartitionLog]:
        """The log of each partition (see ``source.Source``)."""
        stable, low, high = (
            self._offsets(topic, spec, level)
            for spec, level in (
                # The high watermark last: it is never below the others then.
                (_LATEST, IsolationLevel.READ_COMMITTED),
                (_EARLIEST, IsolationLevel.READ_UNCOMMITTED),
                (_LATEST, IsolationLevel.READ_UNCOMMITTED),
            )
        )
        return {
            partition: PartitionLog(
                low=low[partition],
                stable=max(stable[partition], low[partition]),
                high=max(high[partition], low[partition]),
            )
            for partition in topic.partitions
        }

    # --- records

    def first_records(self, topic: str, offsets: Mapping[int, int]) -> dict[int, Record]:
        """The first record from each offset on (see ``source.Source``)."""
        found: dict[int, Record] = {}
        waiting = dict(offsets)
        if not waiting:
            return found
        peeking = consumer(self._config, GROUP, self._errors, PEEKING)
        peeking.assign([TopicPartition(topic, place, offset) for place, offset in offsets.items()])
        try:
            while waiting:
                for message in self._take(peeking, len(waiting)):
                    place = message.partition()
                    if place not in waiting:
                        continue
                    error = message.error()
                    if error is None:
                        found[place] = _record(message)
                    elif error.code() != _END:
                        raise self._fault(error, topic, place, waiting[place])
                    del waiting[place]
                    peeking.incremental_unassign([TopicPartition(topic, place)])
        finally:
            peeking.close()
        return found

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[pa.RecordBatch]:
        """Every record in ``[start, end)`` (see ``source.Source``)."""
        position = start
        self._consumer.assign([TopicPartition(topic, partition, start)])
        try:
            while position < end:
                messages = self._take(self._consumer, min(CHUNK, end - position))
                faults = [message for message in messages if message.error() is not None]
                for message in faults:
                    position = max(position, self._end_of_log(message, topic, start, end))
                records = _below(messages, end) if not faults else _below(_sound(messages), end)
                if messages[-1].error() is None:
                    position = max(position, (messages[-1].offset() or 0) + 1)
                if records:
                    yield columns(records, partition)
                del messages, records
        finally:
            self._consumer.unassign()

    # --- asking

    def _take(self, client: Consumer, most: int) -> list[Message]:
        """One message at least, and at most ``most``, of those that have arrived.

        Waiting for ``most`` of them would hold as many in memory, however large each is.
        """
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            messages = client.consume(most, 0) or client.consume(1, _TICK)
            if messages:
                return messages
            if self._errors.worst is not None:
                raise kafka_error(self._errors.worst, "records could be read", self._config)
        raise self._away("all records were read")

    def _end_of_log(self, message: Message, topic: str, start: int, end: int) -> int:
        """The offset at which the log ends, where it may end.

        Raises:
            WorldError: It ends too early, or the message is a fault of another kind.
        """
        error, offset = message.error(), message.offset() or 0
        partition = message.partition() or 0
        if error is None or error.code() != _END:
            raise self._fault(error, topic, partition, start)
        if offset < end and self._stable(topic, partition) < end:
            raise WorldError(
                f"Partition {partition} of topic {topic!r} ends at offset {offset}, but {end} was "
                "its end when the batch was planned.",
                untouched="Nothing was written for this batch.",
                remedy="If the broker lost records, tell its operators; batches that are not "
                "merged yet can be planned again (`datarelease ingest plan NAME --anew`).",
            )
        return offset

    def _stable(self, topic: str, partition: int) -> int:
        place = TopicPartition(topic, partition)
        try:
            marks = self._consumer.get_watermark_offsets(place, timeout=self._patience)
        except KafkaException as error:
            raise self._reason(error, "the end of the log was reported") from error
        return int(marks[1]) if marks else 0

    def _offsets(self, topic: Topic, spec: Any, level: Any) -> dict[int, int]:
        asked = {TopicPartition(topic.name, partition): spec for partition in topic.partitions}
        if not asked:
            return {}
        futures = self._admin.list_offsets(
            asked, isolation_level=level, request_timeout=self._patience
        )
        try:
            return {place.partition: future.result().offset for place, future in futures.items()}
        except KafkaException as error:
            raise self._reason(error, f"the offsets of {topic.name!r} were listed") from error

    def _metadata(self, name: str | None = None) -> Any:
        deadline = time.monotonic() + min(self._patience, FIRST_CONTACT)
        while True:
            try:
                return self._consumer.list_topics(name, timeout=_TICK * 8)
            except KafkaException as error:
                self._consumer.poll(0)  # lets the client report errors of its background threads
                if self._errors.worst is not None or time.monotonic() > deadline:
                    raise self._reason(error, "its topics were listed") from error

    def _topic_id(self, name: str) -> str | None:
        asked = self._admin.describe_topics(TopicCollection([name]), request_timeout=self._patience)
        try:
            found = asked[name].result().topic_id
        except KafkaException as error:
            raise self._reason(error, f"topic {name!r} was described") from error
        return None if found is None or str(found) == _NO_ID else str(found)

    # --- what went wrong

    def _reason(self, error: KafkaException, purpose: str) -> DatareleaseError:
        """A refusal explains more than the time-out that it causes."""
        return kafka_error(self._errors.worst or error.args[0], purpose, self._config)

    def _away(self, purpose: str) -> WorldError:
        return WorldError(
            f"The broker at {self._config.bootstrap} sent nothing for {self._patience:.0f} seconds "
            f"before {purpose}.",
            untouched="Batches that were finished before are kept; no file is incomplete.",
            remedy="Check that it runs and can be reached from here, then run the command again.",
        )

    def _fault(
        self, error: KafkaError | None, topic: str, partition: int, start: int
    ) -> DatareleaseError:
        if error is None or error.code() != _OUT_OF_RANGE:
            code = error or KafkaError(KafkaError.UNKNOWN)
            return kafka_error(code, f"partition {partition} of {topic!r} was read", self._config)
        return WorldError(
            f"The broker no longer has offset {start} of partition {partition} of topic {topic!r}.",
            untouched="Nothing was written for this batch.",
            remedy="If these records were drained before, restore them (`dvc pull`); a batch "
            "that is not merged yet can be planned again (`datarelease ingest plan NAME --anew`), "
            "which counts what is lost.",
        )

    def _unknown_topic(self, name: str) -> ConfigError:
        known = sorted(topic for topic in self._metadata().topics if not topic.startswith("__"))
        near = nearest_name(name, known)
        shown = ", ".join(known[:8]) or "none"
        return ConfigError(
            f"The broker at {self._config.bootstrap} has no topic {name!r}.",
            remedy=f"Did you mean {near!r}?" if near else f"Its topics: {shown}.",
        )


def _record(message: Message) -> Record:
    kind, stamp = message.timestamp()
    key, value = message.key(), message.value()
    return Record(
        offset=message.offset() or 0,
        timestamp=stamp if kind else None,
        key=None if key is None else bytes(key),
        value=None if value is None else bytes(value),
    )


def _sound(messages: Sequence[Message]) -> list[Message]:
    return [message for message in messages if message.error() is None]


def _below(messages: Sequence[Message], end: int) -> Sequence[Message]:
    """Those before offset ``end``; offsets rise."""
    if not messages or (messages[-1].offset() or 0) < end:
        return messages
    return [message for message in messages if (message.offset() or 0) < end]
