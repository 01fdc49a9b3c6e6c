"""The dead letters of a work tree: found by their place or their reason, and sent again.

They are sent after their producer or the reader of the topic was corrected. Why a letter is dead is
decided in ``parse``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from datarelease.adapters.dvc.tracked import find_root
from datarelease.errors import ConfigError, WorldError
from datarelease.ingest.access import connected, open_writer
from datarelease.ingest.commit import letters_in
from datarelease.ingest.kafka.source import Message
from datarelease.ingest.streams import stream_at
from datarelease.model.data.stream import DeadLetter, Stream, group_of

_PLACE = re.compile(r"([0-9]+):([0-9]+)", re.ASCII)
NOTHING_SENT = "Nothing was sent."
REPLAYED = "datarelease.replay"
"""Header of a record that was sent again: its original place, as ``TOPIC:PARTITION:OFFSET``."""
RecordPosition = tuple[int, int]
"""Partition and offset."""


def record_position(text: str) -> RecordPosition:
    """The place that ``PARTITION:OFFSET`` names.

    >>> record_position("0:17")
    (0, 17)

    Raises:
        ConfigError: The text names none.
    """
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ConfigError(
            f"{text!r} is not PARTITION:OFFSET, such as 0:17.",
            untouched=NOTHING_SENT,
            remedy="`datarelease ingest dead list NAME` lists the places of dead letters.",
        )
    return int(found[1]), int(found[2])


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What was sent again."""

    stream: str
    topic: str
    """Where it was sent."""
    records: int


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    """Dead letters of a work tree, read anew by each iteration, a bounded number at a time."""

    root: Path
    stream: Stream
    places: tuple[RecordPosition, ...] = ()
    """Empty: all places."""
    reason: str | None = None

    def __iter__(self) -> Iterator[DeadLetter]:
        """By batch, partition and offset; in the order of ``places`` if there are any.

        Raises:
            ConfigError: Nothing was parsed, or there is no dead letter at a place.
            WorldError: A file cannot be read.
        """
        if not self.places:
            yield from self._all()
            return
        places = dict.fromkeys(self.places)
        found = {at: one for one in self._all() if (at := (one.partition, one.offset)) in places}
        for partition, offset in places:
            if (partition, offset) not in found:
                raise ConfigError(
                    f"{self.stream.name} has no dead letter at offset {offset} of partition "
                    f"{partition}.",
                    untouched=NOTHING_SENT,
                    remedy=f"`datarelease ingest dead list {self.stream.name}` lists them.",
                )
        yield from (found[place] for place in places)

    def _all(self) -> Iterator[DeadLetter]:
        folder = self.root / self.stream.dead_dir
        if not folder.is_dir():
            raise ConfigError(
                f"{self.stream.dead_dir} does not exist: no records of {self.stream.name} were "
                "parsed in this work tree.",
                untouched=NOTHING_SENT,
                remedy=f"Run `dvc pull {self.stream.dead_dir}` to get the dead letters of this "
                "commit, or `dvc repro`.",
            )
        for path in sorted(folder.glob("*.parquet")):
            try:
                yield from (one for one in letters_in(path) if self.reason in {None, one.reason})
            except (OSError, pa.ArrowException, KeyError) as error:
                raise WorldError(
                    f"{self.stream.dead_dir}/{path.name} cannot be read ({type(error).__name__}).",
                    untouched=NOTHING_SENT,
                    remedy=f"Restore it: `dvc checkout --force {self.stream.dead_dir}`.",
                ) from error


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
    """The records of ``letters`` sent to ``topic`` (None: the stream's), in one transaction.

    Key, value and headers are those of the record; one more header has its original place.

    Raises:
        ConfigError: No broker is configured, or it has no such topic.
        ConflictError: Another replay of the stream has taken over.
        WorldError: The broker does not answer, or refuses a message; nothing was sent.
    """
    stream = letters.stream
    target = topic or stream.topic
    with connected(env) as broker:
        broker.topic(target)  # or the message has the nearest name
    messages = (_again(stream, one) for one in letters)
    with open_writer(env, f"{group_of(stream)}-replay") as writer:
        return Replayed(stream=stream.name, topic=target, records=writer.write(target, messages))


def _again(stream: Stream, letter: DeadLetter) -> Message:
    place = f"{stream.topic}:{letter.partition}:{letter.offset}"
    headers = [*letter.headers, (REPLAYED, place.encode())]
    return Message(key=letter.key, value=letter.value, headers=headers)
