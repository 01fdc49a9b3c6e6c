"""Where results are sent: topics for dead letters and releases, the offsets of a group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Self

from datarelease.ingest.announce.commit import DeadLetter, group_of
from datarelease.ingest.kafka.config import KafkaConfig
from datarelease.ingest.kafka.producer import Group, Writer
from datarelease.ingest.kafka.source import Message
from datarelease.model.data.stream import Stream


class KafkaPublisher:
    """The broker as the place of results; the only one of its stream while it is open."""

    def __init__(self, config: KafkaConfig, stream: Stream) -> None:
        """Take over from any other run.

        Raises:
            WorldError: The broker does not answer, or refuses the request.
        """
        self._stream = stream
        with ExitStack() as stack:
            # The transactional id first: from here on it fences an earlier writer with the same id.
            self._writer = stack.enter_context(Writer(config, group_of(stream)))
            self._group = stack.enter_context(Group(config, group_of(stream), stream.topic))
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def committed(self, partitions: Iterable[int]) -> dict[int, int]:
        """The group's offsets, by partition, without those that it never committed."""
        return self._group.committed(partitions)

    def settle(self, offsets: Mapping[int, int], letters: Iterable[DeadLetter]) -> int:
        """How many dead letters were sent, in one transaction with the offsets."""
        messages = (self._message(letter) for letter in letters)
        topic = self._stream.dead_letters or self._stream.topic  # without one there are no letters
        return self._writer.write(topic, messages, group=self._group, offsets=offsets)

    def _message(self, letter: DeadLetter) -> Message:
        """The record itself, with its headers; further headers describe it.

        Its time too: a topic that keeps a week would drop an older message at once.
        """
        told = {
            "datarelease.stream": self._stream.name,
            "datarelease.topic": self._stream.topic,
            "datarelease.partition": str(letter.partition),
            "datarelease.offset": str(letter.offset),
            "datarelease.timestamp": "" if letter.timestamp is None else str(letter.timestamp),
            "datarelease.reason": letter.reason,
            "datarelease.detail": letter.detail,
        }
        return Message(
            key=letter.key,
            value=letter.value,
            headers=[
                *letter.headers,
                *((name, text.encode()) for name, text in told.items()),
            ],
        )
