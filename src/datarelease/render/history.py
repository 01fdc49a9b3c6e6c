"""What is to be told of a version in the history: what became of it, and what changed in it."""

from __future__ import annotations

from collections.abc import Iterator

from datarelease.model.versions.changelog import ChangelogEntry, ChannelMove
from datarelease.render import numbers as number
from datarelease.render.notes import report_notes
from datarelease.render.words import Data, Phrase, Prose, Strong


def entry_notes(entry: ChangelogEntry) -> tuple[Phrase, ...]:
    """All notes on one version: what became of it, then what changed in its data."""
    told = None if entry.report is None else report_notes(entry.report)
    return (*fate_notes(entry), *change_notes(entry, told))


def fate_notes(entry: ChangelogEntry) -> tuple[Phrase, ...]:
    """What became of a version: erased, withdrawn, named by channels."""
    notes: list[Phrase] = []
    if entry.erasure is not None:
        notes.append((Strong("Erased"), ": ", Prose(entry.erasure)))
    if entry.withdrawal is not None:
        notes.append((Strong("Withdrawn"), ": ", Prose(entry.withdrawal)))
    notes += [_move(one) for one in entry.moves]
    return tuple(notes)


def change_notes(entry: ChangelogEntry, told: tuple[Phrase, ...] | None) -> tuple[Phrase, ...]:
    """What changed in the data: what its report ``told``; None: there is none that can be read."""
    if told is not None:
        return told
    return () if entry.erasure is not None else tuple(_without_report(entry))


def _move(one: ChannelMove) -> Phrase:
    move = one.move
    was: Phrase = ("; it was at ", Strong(one.before), " before") if one.before else ()
    why: Phrase = (": ", Prose(move.reason)) if move.reason else (".",)
    by: Phrase = (" by ", Prose(move.by)) if move.by else ()
    day = Prose(move.date[:10])
    return ("The channel ", Data(one.channel), " was set to it on ", day, *by, *was, *why)


def _without_report(entry: ChangelogEntry) -> Iterator[Phrase]:
    """What the tag alone tells."""
    version = entry.version
    if rolled := version.trailer("Rollback-Of"):
        yield ("The data is that of ", Strong(rolled), " again.")
    holds = [(name, number.counted(count, "row")) for name, count in version.rows]
    holds += [(name, number.counted(count, "file")) for name, count in version.files]
    for name, amount in holds:
        yield (Data(name), f" has {amount}.")
