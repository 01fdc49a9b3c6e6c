"""Messages written to a broker in transactions: each exactly once, or none.

Sources: KIP-98 and KIP-447 (what a transaction commits together, how a newer producer of the same
transactional id shuts out an older one), librdkafka's "Transactional producer".
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from datarelease.errors import ConflictError, DatareleaseError, WorldError
from datarelease.ingest.kafka.broker import PATIENCE
from datarelease.ingest.kafka.client import Errors, client_of, consumer, kafka_error
from datarelease.ingest.kafka.config import KafkaConfig
from datarelease.ingest.kafka.source import Message
from datarelease.progress import Progress, Quiet, Step

_LARGEST_MESSAGE = 1_000_000_000
"""Bytes; the topic's own limit decides."""
_TRANSACTION = 300_000
"""Milliseconds that one may take; brokers allow 900,000 unless told otherwise."""

_FENCED = {
    KafkaError._FENCED,  # noqa: SLF001 - the client's own spelling of a public code
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
}
_TOO_LARGE = KafkaError.MSG_SIZE_TOO_LARGE


class Writer:
    """The only writer of its transactional id: a newer one fences an older one.

    Its consumer group, which has the same name, keeps offsets of a topic that nobody of the group
    subscribes to.
    """

    def __init__(
        self,
        config: KafkaConfig,
        name: str,
        *,
        patience: float = PATIENCE,
        progress: Progress | None = None,
    ) -> None:
        """Take over the name; what an older writer had not committed is undone.

        Raises:
            WorldError: The broker does not answer, or refuses the request.
        """
        self._config = config
        self._patience = patience
        self._progress = progress or Quiet()
        self._errors = Errors()
        self._shut_out = False
        self._group: Consumer = consumer(config, name, self._errors)
        ours: dict[str, str | int | bool] = {
            "enable.idempotence": True,
            "transactional.id": name,
            "transaction.timeout.ms": _TRANSACTION,
            "message.max.bytes": _LARGEST_MESSAGE,
        }
        self._producer = client_of(Producer, config, ours, self._errors)
        with self._explained("the transaction began"):
            self._producer.init_transactions(patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write no more under the name; what was not committed is undone."""
        self._group.close()
        try:
            with warnings.catch_warnings():
                # One that was shut out cannot abort; what it had written is undone already.
                warnings.simplefilter("ignore", RuntimeWarning)
                self._producer.close()
        except KafkaException:
            if not self._shut_out:
                raise

    def write(
        self,
        topic: str,
        messages: Iterable[Message],
        offsets: Mapping[int, int] = MappingProxyType({}),
        *,
        of: str = "",
    ) -> int:
        """How many messages were written, with the group's new ``offsets`` in the topic ``of``.

        Raises:
            ConflictError: A newer writer of the same name has taken over.
            WorldError: The broker does not answer, or refuses the request or a message; nothing was
                written.
        """
        with (
            self._explained(f"the messages for {topic!r} were committed"),
            self._progress.step(Step.TRANSACTION),
        ):
            self._producer.begin_transaction()
            try:
                with self._progress.step(Step.MESSAGES):
                    count = self._send(topic, messages)
                if offsets:
                    with self._progress.step(Step.OFFSETS):
                        self._join(of, offsets)
                self._producer.commit_transaction(self._patience)
            except KafkaException as error:
                if not error.args[0].fatal():
                    self._producer.abort_transaction(self._patience)
                raise
            except BaseException:
                self._producer.abort_transaction(self._patience)
                raise
        return count

    def committed(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The group's offset in each partition of ``topic`` that has one.

        Raises:
            WorldError: The broker does not answer, or refuses the request.
        """
        asked = [TopicPartition(topic, partition) for partition in partitions]
        with self._explained("the group's offsets were committed"):
            found = self._group.committed(asked, timeout=self._patience)
        return {place.partition: place.offset for place in found if place.offset >= 0}

    def _join(self, topic: str, offsets: Mapping[int, int]) -> None:
        """Make the group's offsets part of the transaction."""
        places = [TopicPartition(topic, place, at) for place, at in offsets.items()]
        self._producer.send_offsets_to_transaction(
            places, self._group.consumer_group_metadata(), self._patience
        )

    def _send(self, topic: str, messages: Iterable[Message]) -> int:
        count = 0
        for count, message in enumerate(messages, 1):  # noqa: B007 - it is what is returned
            while True:
                try:
                    self._producer.produce(
                        topic, message.value, message.key, headers=list(message.headers)
                    )
                    break
                except BufferError:  # its queue is full
                    self._producer.poll(1)
        return count

    @contextmanager
    def _explained(self, purpose: str) -> Iterator[None]:
        try:
            yield
        except KafkaException as error:
            raise self._reason(error, purpose) from error

    def _reason(self, error: KafkaException, purpose: str) -> DatareleaseError:
        code = error.args[0].code()
        if code in _FENCED:
            self._shut_out = True
            return ConflictError(
                "Another run of the same command has taken over.",
                untouched="The transaction of this run was aborted.",
                remedy="Wait until the other run ends, then run the command again: it finds the "
                "work done.",
            )
        if code == _TOO_LARGE:
            return WorldError(
                f"The broker at {self._config.bootstrap} refused a message as too large before "
                f"{purpose}.",
                untouched="Nothing was written.",
                remedy="Raise `max.message.bytes` of the topic, then run the command again.",
            )
        return kafka_error(self._errors.worst or error.args[0], purpose, self._config)
