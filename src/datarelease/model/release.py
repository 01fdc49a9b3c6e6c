"""The release as a chain of types: each step takes the one before, so none can be left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datarelease.model.manifest import Manifest
from datarelease.model.report import Report


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """There is nothing to release."""

    reason: str
    """In words."""
    tag: str | None
    """The version that already holds this data, or the newer one that superseded it."""
    report: Report


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What would be released: judged, but nobody outside has seen it."""

    report: Report
    commit: str
    """What the tag will point at: HEAD, or a release commit on it."""
    head: str
    files: tuple[str, ...]
    """Files of the release commit; empty where HEAD holds everything."""
    manifest: Manifest
    """Its number may still change when it is claimed."""


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """Every object was handed to every remote."""

    candidate: Candidate
    uploaded: tuple[tuple[str, int], ...]
    """(remote, objects sent)."""


@dataclass(frozen=True, kw_only=True)
class Verified:
    """Every object was found on every remote."""

    pushed: Pushed
    objects: int


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """The manifest is on every remote, which makes the number ours."""

    verified: Verified
    manifest: Manifest
    document: str
    """The manifest as it is stored."""


@dataclass(frozen=True, kw_only=True)
class Released:
    """The tag is on the git remote: the version exists."""

    claimed: Claimed
    branch: str | None
    """The branch that was moved together with the tag; None: the commit lives on the tag alone."""

    @property
    def manifest(self) -> Manifest:
        """The permanent record."""
        return self.claimed.manifest

    @property
    def report(self) -> Report:
        """What was released."""
        return self.claimed.verified.pushed.candidate.report

    @property
    def uploaded(self) -> int:
        """Objects sent, over all remotes."""
        return sum(count for _, count in self.claimed.verified.pushed.uploaded)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An object that is not on a remote as it should be."""

    remote: str
    key: str
    md5: str
    kind: Literal["missing", "size", "hash"]
    found: str = ""

    def __str__(self) -> str:
        what = {"missing": "is missing", "size": "has another size", "hash": "has other bytes"}
        detail = f" ({self.found})" if self.found else ""
        return f"{self.remote}: {self.key} {what[self.kind]}{detail}"
