"""What the tags beside those of versions say: withdrawals, erasures and moves of channels."""

from __future__ import annotations

from datarelease.adapters.git.repository import Tag
from datarelease.model.versions.channel import Channel, ChannelGrammar, Move
from datarelease.model.versions.version import Erasure, TagGrammar, Yank, read_trailers


def tag_prefixes(grammar: TagGrammar) -> tuple[str, ...]:
    """What the tags of versions, and of moves of channels, begin with."""
    channels = ChannelGrammar(grammar).prefix
    covered = channels.startswith(grammar.prefix)
    return (grammar.prefix,) if covered else (grammar.prefix, channels)


def read_yank(tag: Tag, grammar: TagGrammar) -> Yank:
    """What the tag of a withdrawal says."""
    trailers = dict(read_trailers(tag.message))
    replacement = trailers.get("Replacement", "")
    return Yank(
        reason=printable_line(trailers.get("Reason", "")),
        date=tag.date,
        replacement=replacement if grammar.parse(replacement) is not None else None,
    )


def read_erasure(tag: Tag) -> Erasure:
    """What the tag of an erasure says."""
    trailers = dict(read_trailers(tag.message))
    return Erasure(reason=printable_line(trailers.get("Reason", "")), date=tag.date)


def read_channels(tags: tuple[Tag, ...], grammar: TagGrammar) -> tuple[Channel, ...]:
    """The channels that ``tags`` make, by name, each with its moves in order."""
    channels = ChannelGrammar(grammar)
    moves: dict[str, list[Move]] = {}
    for tag in tags:
        parsed = channels.parse(tag.name)
        if parsed is None:
            continue
        name, number = parsed
        trailers = dict(read_trailers(tag.message))
        version = trailers.get("Version", "")
        # As with versions: the message names its tag, and what it names is a version of ours.
        ours = tag.annotated and tag.message.startswith(f"{tag.name}:")
        if ours and grammar.parse(version) is not None:
            move = Move(
                number=number,
                tag=tag.name,
                version=version,
                date=tag.date,
                by=printable_line(trailers.get("By", tag.tagger)),
                reason=printable_line(trailers.get("Reason", "")),
            )
            moves.setdefault(name, []).append(move)
    return tuple(
        Channel(name=name, moves=tuple(sorted(found, key=lambda move: move.number)))
        for name, found in sorted(moves.items())
    )


def printable_line(text: str) -> str:
    """What a tag's message says, on one line.

    Everybody who may push tags can write it, and every reader of the version sees it.
    """
    return "".join(char if char.isprintable() else " " for char in text).strip()
