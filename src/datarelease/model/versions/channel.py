"""Channels: names for versions that move, such as ``stable``. Nothing else spells or parses them.

A move is an annotated tag, ``data-channel-stable-3``: made once and never changed, so that the tags
of a channel are its history.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from datarelease.model.versions.version import TagGrammar, Version

CHANNEL = "channel-"
_NAME = r"[a-z](?:[a-z0-9-]{0,48}[a-z])?"
_WHOLE_NAME = re.compile(_NAME, re.ASCII)
_REST = re.compile(rf"(?P<name>{_NAME})-(?P<move>[1-9][0-9]{{0,8}})", re.ASCII)
NAME_RULE = (
    "A channel's name has lowercase letters, digits and hyphens, begins and ends with a letter, "
    "and is not 'latest'"
)


def is_channel_name(text: str) -> bool:
    """``text`` can name a channel: it ends with a letter, so it is a version with no tag prefix.

    >>> [is_channel_name(text) for text in ("stable", "eu-2-beta", "v3", "data-v3", "latest")]
    [True, True, False, False, False]
    """
    return _WHOLE_NAME.fullmatch(text) is not None and text != "latest"


@dataclass(frozen=True)
class ChannelGrammar:
    """How moves of channels are spelled as git tags, beside the versions of ``tags``.

    >>> channels = ChannelGrammar(TagGrammar())
    >>> channels.format("stable", 3), channels.parse("data-channel-stable-3")
    ('data-channel-stable-3', ('stable', 3))
    >>> [channels.parse(t) for t in ("data-v3", "data-channel-stable", "data-channel-stable-03")]
    [None, None, None]
    """

    tags: TagGrammar

    @property
    def prefix(self) -> str:
        """What the tags of every channel begin with."""
        return f"{self.tags.prefix.removesuffix('v')}{CHANNEL}"

    def format(self, name: str, move: int) -> str:
        """The tag of a channel's move; the first one is 1."""
        return f"{self.prefix}{name}-{move}"

    def parse(self, tag: str) -> tuple[str, int] | None:
        """The channel's name and the number of the move, or None for any other tag."""
        if not tag.startswith(self.prefix):
            return None
        found = _REST.fullmatch(tag[len(self.prefix) :])
        if found is None or not is_channel_name(found["name"]):
            return None
        return found["name"], int(found["move"])


def ends_like_channel(prefix: str) -> bool:
    """Numbers behind this tag prefix would be moves of another project's channel.

    >>> ends_like_channel("data-channel-stable-"), ends_like_channel("channel-v")
    (True, False)
    """
    return re.search(rf"{CHANNEL}{_NAME}-$", prefix, re.ASCII) is not None


@dataclass(frozen=True, kw_only=True)
class Move:
    """A channel was set to a version: by whom, when and why."""

    number: int
    tag: str
    version: str
    """The tag of the version."""
    date: str
    """When the channel was set, ISO 8601."""
    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel with its history."""

    name: str
    moves: tuple[Move, ...]
    """Oldest first; at least one."""

    @property
    def newest(self) -> Move:
        """Where the channel was set last."""
        return self.moves[-1]


@dataclass(frozen=True, kw_only=True)
class DeclaredChannel:
    """A channel as params.yaml declares it."""

    name: str
    version: str
    """The tag of a version."""
    reason: str


def version_of(channel: Channel, versions: tuple[Version, ...]) -> Version | None:
    """The version that a channel means: where it was last set to one that is good still.

    None: no version that it was ever set to is in force.
    """
    good = {version.tag: version for version in versions if version.in_force}
    return next((good[m.version] for m in reversed(channel.moves) if m.version in good), None)
