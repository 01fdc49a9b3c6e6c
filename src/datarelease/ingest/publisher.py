"""Where results are sent: topics for dead letters and releases, the offsets of a group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from datarelease.ingest.kafka.config import KafkaConfig
from datarelease.ingest.kafka.producer import Group, Writer
from datarelease.ingest.kafka.source import Message
from datarelease.model.data.stream import DeadLetter, Stream, group_of


@contextmanager
def kafka_publisher(config: KafkaConfig, stream: Stream) -> Iterator[KafkaPublisher]:
    """The broker as the place of a stream's results; it takes over from any other run.

    Raises:
        WorldError: The broker does not answer, or refuses the request.
    """
    name = group_of(stream)
    # The transactional id first: from here on it fences an earlier writer with the same id.
    with Writer(config, name) as writer, Group(config, name, stream.topic) as group:
        yield KafkaPublisher(stream, writer, group)


@dataclass(frozen=True)
class KafkaPublisher:
    """The only one that commits for its stream while it is open."""

    stream: Stream
    writer: Writer
    group: Group

    def committed(self, partitions: Iterable[int]) -> dict[int, int]:
        """The group's offsets, by partition, without those that it never committed."""
        return self.group.committed(partitions)

    def settle(self, offsets: Mapping[int, int], letters: Iterable[DeadLetter]) -> int:
        """How many dead letters were sent, in one transaction with the offsets."""
        messages = (self._message(letter) for letter in letters)
        topic = self.stream.dead_letters or self.stream.topic  # without one there are no letters
        return self.writer.write(topic, messages, group=self.group, offsets=offsets)

    def _message(self, letter: DeadLetter) -> Message:
        """The record itself, with its headers; further headers describe it.

        Its time too: a topic that keeps a week would drop an older message at once.
        """
        notes = {
            "datarelease.stream": self.stream.name,
            "datarelease.topic": self.stream.topic,
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
                *((name, text.encode()) for name, text in notes.items()),
            ],
        )
