"""The index of versions: what a remote says of the versions that it holds, for readers without git.

It repeats the tags and is always made of them, so that writing it again, by whomever, corrects it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from datarelease.model.paths import path_fault
from datarelease.model.review.diff import Compatibility
from datarelease.model.review.policy import LEVELS, VerdictLevel
from datarelease.model.versions.channel import Channel, ChannelGrammar
from datarelease.model.versions.remote_keys import DIRECTORY
from datarelease.model.versions.version import DEFAULT_PREFIX, Erasure, TagGrammar, Version, Yank

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FORMAT = 1
"""Raised where a reader of an earlier format would be misled; it ignores what it does not know."""


def index_key(prefix: str) -> str:
    """Where the index of the versions with a tag prefix is on a remote, below its root.

    Several projects may share a remote, each with a prefix of its own.

    >>> index_key("data-v"), index_key("sales/v")
    ('releases/index.json', 'releases/index-sales/v.json')
    """
    name = "index" if prefix == DEFAULT_PREFIX else f"index-{prefix}"
    return f"{DIRECTORY}/{name}.json"


@dataclass(frozen=True, kw_only=True)
class IndexedVersion:
    """One version, as its tag tells it."""

    tag: str
    number: int
    digest: str
    manifest_sha256: str
    commit: str
    date: str
    """When the tag was made, ISO 8601."""
    rows: Mapping[str, int]
    """Of each table; what was not counted is left out."""
    files: Mapping[str, int]
    """Of each dataset of files."""
    compatibility: Compatibility | None
    verdict: VerdictLevel | None
    baseline: str | None
    rollback_of: str | None
    withdrawn: Yank | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Datasets that have another name since this version, and what they were called."""
    retired: tuple[str, ...] = ()
    """Datasets that are no more since this version."""
    erased: Erasure | None = None


@dataclass(frozen=True, kw_only=True)
class VersionIndex:
    """Every version of one project, oldest first."""

    tag_prefix: str
    versions: tuple[IndexedVersion, ...]
    channels: tuple[Channel, ...] = ()
    """By name, each with its history; ``version_of`` says what one means."""
    format: int = _FORMAT


def index_of(
    prefix: str, versions: Iterable[Version], channels: Iterable[Channel] = ()
) -> VersionIndex:
    """The index of all versions of a project, in the order of their numbers, and its channels."""
    ordered = sorted(versions, key=lambda version: version.number)
    return VersionIndex(
        tag_prefix=prefix, versions=tuple(map(_indexed, ordered)), channels=tuple(channels)
    )


def _indexed(version: Version) -> IndexedVersion:
    # A tag is text that anybody may push: a word that no release writes says nothing.
    verdict = version.trailer("Verdict")
    compatibility = version.trailer("Compatibility")
    return IndexedVersion(
        tag=version.tag,
        number=version.number,
        digest=version.digest,
        manifest_sha256=version.manifest_sha256 or "",
        commit=version.commit,
        date=version.date,
        rows=dict(version.rows),
        files=dict(version.files),
        compatibility=_COMPATIBILITIES.get(compatibility or ""),
        verdict=_VERDICTS.get(verdict or ""),
        baseline=version.trailer("Baseline"),
        rollback_of=version.trailer("Rollback-Of"),
        withdrawn=version.yank,
        renamed=version.renamed,
        retired=version.retired,
        erased=version.erased,
    )


def versions_of(index: VersionIndex) -> tuple[Version, ...]:
    """The versions that an index lists, as their tags would tell them."""
    return tuple(_version(entry) for entry in index.versions)


def _version(entry: IndexedVersion) -> Version:
    trailers = {
        "Digest": entry.digest,
        "Manifest-Sha256": entry.manifest_sha256,
        "Rows": _counts(entry.rows),
        "Files": _counts(entry.files),
        "Baseline": entry.baseline,
        "Rollback-Of": entry.rollback_of,
        "Compatibility": entry.compatibility.value if entry.compatibility else None,
        "Verdict": entry.verdict,
        "Renamed": " ".join(f"{new}={old}" for new, old in entry.renamed.items()),
        "Retired": " ".join(entry.retired),
    }
    return Version(
        number=entry.number,
        tag=entry.tag,
        commit=entry.commit,
        digest=entry.digest,
        date=entry.date,
        trailers=tuple((key, value) for key, value in trailers.items() if value),
        yank=entry.withdrawn,
        erased=entry.erased,
    )


def _counts(counts: Mapping[str, int]) -> str:
    return " ".join(f"{name}={count}" for name, count in counts.items())


def index_faults(index: VersionIndex) -> Iterator[str]:
    """What an index from elsewhere may not say: names of places and texts that no tag has."""
    tags = TagGrammar(index.tag_prefix)
    seen = 0
    for entry in index.versions:
        if tags.parse(entry.tag) != entry.number or path_fault(entry.tag):
            yield f"the tag {entry.tag!r:.80} is listed with the number {entry.number}"
        if entry.number <= seen:
            yield f"version {entry.number} is listed after version {seen}"
        seen = entry.number
        for name in ("digest", "manifest_sha256"):
            if not _SHA256.fullmatch(getattr(entry, name)):
                said = f"{entry.tag!r:.80} has the {name} {getattr(entry, name)!r:.80}"
                yield f"{said}, which is not a SHA-256"
        yank = entry.withdrawn
        told = (entry.commit, entry.date, entry.baseline, entry.rollback_of)
        texts = (*told, *((yank.reason, yank.date, yank.replacement) if yank else ()))
        texts += (entry.erased.reason, entry.erased.date) if entry.erased else ()
        texts += (
            *entry.rows,
            *entry.files,
            *entry.renamed,
            *entry.renamed.values(),
            *entry.retired,
        )
        if not all(text.isprintable() for text in texts if text):
            yield f"{entry.tag!r:.80} has a text with control characters"
    for channel in index.channels:
        yield from _channel_faults(channel, tags)


def _channel_faults(channel: Channel, tags: TagGrammar) -> Iterator[str]:
    if not channel.moves:
        yield f"the channel {channel.name!r:.80} was never set"
    for move in channel.moves:
        if ChannelGrammar(tags).parse(move.tag) != (channel.name, move.number):
            yield f"the channel {channel.name!r:.80} lists {move.tag!r:.80}, not a tag of its own"
        if tags.parse(move.version) is None:
            yield f"{move.tag!r:.80} names {move.version!r:.80}, which is not a version"
        if not all(text.isprintable() for text in (move.date, move.by, move.reason)):
            yield f"{move.tag!r:.80} has a text with control characters"


_COMPATIBILITIES = {level.value: level for level in Compatibility}
_VERDICTS: Mapping[str, VerdictLevel] = {level: level for level in LEVELS}
