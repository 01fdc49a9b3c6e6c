"""The history of versions, for those who read the data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from datarelease.model.review.report import Report
from datarelease.model.versions.channel import Channel, Move
from datarelease.model.versions.version import Version


@dataclass(frozen=True, kw_only=True)
class ChannelMove:
    """A channel was set to a version, perhaps from another one."""

    channel: str
    move: Move
    before: str | None
    """The version that it was set to before; None: the channel was new."""


@dataclass(frozen=True, kw_only=True)
class ChangelogEntry:
    """What is to be told of one version."""

    version: Version
    report: Report | None
    """None: the version has no report that can be read, as those of the first releases."""
    withdrawal: str | None = None
    """Why, since when and for what it was withdrawn, in sentences; None: it was not."""
    erasure: str | None = None
    """When and why its data was erased, in a sentence; None: it was not."""
    moves: tuple[ChannelMove, ...] = ()
    """Of channels to this version, oldest first."""


def moves_by_version(channels: Iterable[Channel]) -> dict[str, tuple[ChannelMove, ...]]:
    """The moves of channels to each version, by its tag, oldest first."""
    found: dict[str, list[ChannelMove]] = {}
    for channel in channels:
        before = None
        for move in channel.moves:
            one = ChannelMove(channel=channel.name, move=move, before=before)
            found.setdefault(move.version, []).append(one)
            before = move.version
    return {tag: tuple(sorted(m, key=lambda one: one.move.date)) for tag, m in found.items()}
