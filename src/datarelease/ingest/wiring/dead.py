"""Sends dead letters again, after their producer or the reader of the topic was corrected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datarelease.adapters.dvc.root import find_root
from datarelease.ingest.announce.commit import DeadLetter, group_of
from datarelease.ingest.announce.dead_letters import RecordPosition, dead_letters, letters_at
from datarelease.ingest.kafka.config import kafka_config
from datarelease.ingest.wiring.access import connected, needed, stream_at
from datarelease.model.data.stream import Stream

REPLAYED = "datarelease.replay"
"""Header of a record that was sent again: its original place, as ``TOPIC:PARTITION:OFFSET``."""


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What was sent again."""

    stream: str
    topic: str
    """Where it was sent."""
    records: int


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    """Dead letters of a work tree, read anew by each iteration, a bounded number at a time.

    Iterating raises ConfigError where nothing was parsed or a place has none, and WorldError for
    a file that cannot be read.
    """

    root: Path
    stream: Stream
    places: tuple[RecordPosition, ...] = ()
    """Empty: all places."""
    reason: str | None = None

    def __iter__(self) -> Iterator[DeadLetter]:
        """By batch, partition and offset; in the order of ``places`` if there are any."""
        found = dead_letters(self.root, self.stream, self.reason)
        return iter(letters_at(found, self.places, self.stream.name)) if self.places else found


def selected(
    root: Path, name: str, places: Sequence[RecordPosition] = (), reason: str | None = None
) -> DeadLetters:
    """The dead letters of a stream of the work tree around ``root``, at places or of a reason.

    Raises:
        ConfigError: No such stream.
    """
    root = find_root(root)
    return DeadLetters(root=root, stream=stream_at(root, name), places=tuple(places), reason=reason)


def replay_now(letters: DeadLetters, topic: str | None, *, env: Mapping[str, str]) -> Replayed:
    """The records of ``letters`` sent to ``topic`` in one transaction, as they were.

    Key, value and headers are those of the record; one more header has its original place.

    Args:
        letters: What is sent.
        topic: None: that of the stream.
        env: Names the broker.

    Raises:
        ConfigError: No broker is configured, or it has no such topic.
        ConflictError: Another replay of the stream has taken over.
        WorldError: The broker does not answer, or refuses a message; nothing was sent.
    """
    stream = letters.stream
    target = topic or stream.topic
    with connected(env) as broker:
        broker.topic(target)  # or the message has the nearest name
    with needed():
        from datarelease.ingest.kafka.producer import Message, Writer  # noqa: PLC0415 - heavy: librdkafka
    messages = (
        Message(
            key=one.key,
            value=one.value,
            headers=[*one.headers, (REPLAYED, _place(stream, one).encode())],
        )
        for one in letters
    )
    with Writer(kafka_config(env), f"{group_of(stream)}-replay") as writer:
        return Replayed(stream=stream.name, topic=target, records=writer.write(target, messages))


def _place(stream: Stream, letter: DeadLetter) -> str:
    return f"{stream.topic}:{letter.partition}:{letter.offset}"
