"""A version as the JSON of several commands has it."""

from __future__ import annotations

from typing_extensions import TypedDict

from datarelease.model.versions.version import Version


class Withdrawn(TypedDict):
    """The withdrawal of a version."""

    reason: str
    """Why it was withdrawn."""
    date: str
    """When it was withdrawn, in ISO 8601."""
    replacement: str | None
    """The tag of the version to use instead; null: none was named."""


class Erased(TypedDict):
    """The erasure of a version."""

    reason: str
    """Why its data was erased."""
    date: str
    """When it was erased, in ISO 8601."""


class VersionEntry(TypedDict):
    """One version, as its tag describes it."""

    version: int
    """The number: 3 for `data-v3`."""
    tag: str
    """The git tag of the version."""
    digest: str
    """The digest of the data: a SHA-256 over the names, sizes and hashes of its files."""
    date: str
    """When the tag was made, in ISO 8601."""
    commit: str
    """The commit that the tag points at."""
    trailers: dict[str, str]
    """The trailers of the tag's message, by their names."""
    yanked: Withdrawn | None
    """The withdrawal; null: the version is not withdrawn."""
    erased: Erased | None
    """The erasure; null: the data is not erased."""


def version_json(version: Version) -> VersionEntry:
    """A version as JSON data."""
    return {
        "version": version.number,
        "tag": version.tag,
        "digest": version.digest,
        "date": version.date,
        "commit": version.commit,
        "trailers": dict(version.trailers),
        "yanked": None
        if version.yank is None
        else {
            "reason": version.yank.reason,
            "date": version.yank.date,
            "replacement": version.yank.replacement,
        },
        "erased": None
        if version.erased is None
        else {"reason": version.erased.reason, "date": version.erased.date},
    }
