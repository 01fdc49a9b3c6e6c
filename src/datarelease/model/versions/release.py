"""The release as a chain of types: each step takes the one before, so none can be left out.

And what a release would do, step by step, without doing it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from datarelease.model.review.report import Report
from datarelease.model.versions.manifest import Manifest
from datarelease.model.wording import plural, short_repr


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """There is nothing to release."""

    reason: str
    tag: str | None
    """The version that already holds this data, or the newer one that superseded it."""
    report: Report
    warnings: tuple[str, ...] = ()
    """What could not be repaired on the way, each with its remedy."""

    def __repr__(self) -> str:
        return short_repr(self, self.tag, self.reason, _warned(self.warnings))


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
    """Without its documents."""
    earlier: tuple[Manifest, ...] = ()
    """Manifests of versions that the remotes hold already, whose content may return."""


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
class Recorded:
    """Manifest and documents were read back from every remote, under their own SHA-256."""

    verified: Verified
    manifest: Manifest
    document: bytes = field(repr=False)
    documents: Mapping[str, bytes] = field(repr=False)
    """What the manifest lists, by name."""

    @property
    def candidate(self) -> Candidate:
        """What was planned."""
        return self.verified.pushed.candidate


@dataclass(frozen=True, kw_only=True)
class Released:
    """The tag is on the git remote: the version exists."""

    recorded: Recorded
    tag_object: str
    branch: str | None
    """The branch that was moved together with the tag; None: none was."""
    alone: str = ""
    """Why no branch was moved, where one had to be; empty: it was, or there was no need."""
    warnings: tuple[str, ...] = ()
    """What failed after the tag was there, each with its remedy."""

    def __repr__(self) -> str:
        sent = f"{plural(self.uploaded, 'object')} sent"
        return short_repr(self, self.manifest.tag, sent, _warned(self.warnings))

    @property
    def manifest(self) -> Manifest:
        """The permanent record of the version."""
        return self.recorded.manifest

    @property
    def report(self) -> Report:
        """The report on what was released."""
        return self.recorded.candidate.report

    @property
    def committed(self) -> tuple[str, ...]:
        """Files of the release commit; empty: none was made."""
        return self.recorded.candidate.files

    @property
    def verified(self) -> Verified:
        """What was found on the remotes."""
        return self.recorded.verified

    @property
    def uploaded(self) -> int:
        """Objects sent, over all remotes."""
        return sum(count for _, count in self.verified.pushed.uploaded)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An object that is not on a remote as it should be."""

    remote: str
    key: str
    md5: str
    kind: Literal["missing", "size", "hash"]
    found: str = ""
    path: str = ""
    """Of the data in the repository, where it is data of a version."""

    def __str__(self) -> str:
        what = {"missing": "is missing", "size": "has another size", "hash": "has other bytes"}
        detail = f" ({self.found})" if self.found else ""
        path = self.path if self.path.isprintable() else repr(self.path)
        data = f": {path}" if path else ""
        return f"{self.remote}: {self.key} {what[self.kind]}{detail}{data}"


def _warned(warnings: tuple[str, ...]) -> str:
    return plural(len(warnings), "warning") if warnings else ""


_FORMAT = 1
StepState = Literal["done", "to do", "skipped", "refused"]
"""
done      its result is there already
to do     the release does it
skipped   there is nothing to do for it; the words say why
refused   the release ends here; the words say why
"""


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """One step of a release."""

    name: str
    """``branch``, ``pipeline``, ``check``, ``review``, ``version``, ``push`` (once for each
    remote), ``verify``, ``record``, ``commit``, ``tag`` and ``copies``, in this order; ``repair``
    comes before the pushes where remotes have lost objects of the newest version."""
    state: StepState
    what: str


@dataclass(frozen=True, kw_only=True)
class ReleasePlan:
    """The steps of a release as they stand now; another release may change them."""

    tag: str | None
    """The version that would be made; None: none, or the pipeline has to run first."""
    digest: str | None
    """Of the data; None: the pipeline has to run first."""
    verdict: Literal["pass", "warn", "block"] | None
    """None: the pipeline has to run first."""
    steps: tuple[PlannedStep, ...]
    format: int = _FORMAT

    def __repr__(self) -> str:
        states = Counter[str](step.state for step in self.steps)
        facts = (f"{states[state]} {state}" for state in ("to do", "refused") if states[state])
        return short_repr(self, self.tag, self.verdict or "", *facts)
