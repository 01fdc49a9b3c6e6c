"""The dead letters of a work tree: found by their place, or by their reason.

Belongs here: reading what parse left. Does not: sending it (``app_dead``), or why it is dead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from datarelease.errors import ConfigError, WorldError
from datarelease.ingest.announce.commit import DeadLetter, letters_in
from datarelease.model.data.stream import Stream

_PLACE = re.compile(r"([0-9]+):([0-9]+)", re.ASCII)
NOTHING_SENT = "Nothing was sent."
RecordPosition = tuple[int, int]
"""Partition and offset."""


def record_position(text: str) -> RecordPosition:
    """The place that ``PARTITION:OFFSET`` names.

    >>> place_of("0:17")
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


def dead_letters(root: Path, stream: Stream, reason: str | None = None) -> Iterator[DeadLetter]:
    """All dead letters of the work tree at ``root``, batch by batch, of one reason if given.

    Raises:
        ConfigError: The directory is not there.
        WorldError: A file cannot be read.
    """
    folder = root / stream.dead_dir
    if not folder.is_dir():
        raise ConfigError(
            f"{stream.dead_dir} does not exist: no records of {stream.name} were parsed in this "
            "work tree.",
            untouched=NOTHING_SENT,
            remedy=(
                f"Run `dvc pull {stream.dead_dir}` to get the dead letters of this commit, or "
                "`dvc repro`."
            ),
        )
    for path in sorted(folder.glob("*.parquet")):
        try:
            yield from (one for one in letters_in(path) if reason in {None, one.reason})
        except (OSError, pa.ArrowException, KeyError) as error:
            raise WorldError(
                f"{stream.dead_dir}/{path.name} cannot be read ({type(error).__name__}).",
                untouched=NOTHING_SENT,
                remedy=f"Restore it: `dvc checkout --force {stream.dead_dir}`.",
            ) from error


def letters_at(
    letters: Iterable[DeadLetter], places: Iterable[RecordPosition], stream: str
) -> list[DeadLetter]:
    """Those of ``letters`` at the given places, in that order.

    Raises:
        ConfigError: At a place there is no dead letter.
    """
    wanted = list(dict.fromkeys(places))
    found = {place: one for one in letters if (place := (one.partition, one.offset)) in set(wanted)}
    for partition, offset in wanted:
        if (partition, offset) not in found:
            raise ConfigError(
                f"{stream} has no dead letter at offset {offset} of partition {partition}.",
                untouched=NOTHING_SENT,
                remedy=f"`datarelease ingest dead list {stream}` lists them.",
            )
    return [found[place] for place in wanted]
