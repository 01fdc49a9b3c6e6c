"""What one job of a workflow leaves for the next: a build, how a release ended, what is lost.

A bundle is a build as data: what the job with the publishing secrets needs of the job that ran the
pipeline. It is a directory, and nothing in it is run: the publisher reads the documents strictly,
takes only the files named below, and objects only under the hash of their bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datarelease.model.review.report import Report
from datarelease.model.versions.release import Fault
from datarelease.model.webhook import Webhook

_FORMAT = 1
OUTCOME_FILE = "outcome.json"

OutcomeState = Literal["released", "nothing", "blocked", "conflict", "unreviewed", "failed"]
"""
released     the version is out
nothing      there was nothing to release
blocked      the data failed its schema or the policy
conflict     other bytes than reviewed
unreviewed   nobody reviewed it, and `release.require_review` is set
failed       something else went wrong; it can be run again
"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a release ended."""

    state: OutcomeState
    tag: str | None
    """The version released, or the one that already holds this data."""
    number: int | None
    digest: str | None
    reviewed: str | None
    """The digest that a reviewer saw; None: nobody did."""
    pull: int | None
    """The pull request that the data came by; None: none."""
    commit: str
    what: str
    untouched: str
    remedy: str
    report: Report | None
    others: tuple[int, ...] = ()
    """Further pull requests that came by the same push, as a merge queue's group does."""
    site: str | None = None
    """Where the catalogue is published, with a slash at its end; None: nowhere."""
    notify: tuple[Webhook, ...] = ()
    """``release.notify`` of the commit that was released; names of secrets, and no secret."""
    format: int = _FORMAT


@dataclass(frozen=True, kw_only=True)
class VersionHealth:
    """One version."""

    tag: str
    remotes: tuple[str, ...]
    """The names of the remotes that were asked."""
    objects: int
    """How many objects the version has, wherever they are."""
    faults: tuple[Fault, ...]
    error: str | None

    @property
    def sound(self) -> bool:
        """Everything is where it should be."""
        return not self.faults and self.error is None


@dataclass(frozen=True, kw_only=True)
class Health:
    """The newest versions, newest first."""

    versions: tuple[VersionHealth, ...]
    format: int = _FORMAT

    @property
    def sound(self) -> bool:
        """Every version is."""
        return all(version.sound for version in self.versions)


BUNDLE_FILE = "bundle.json"
REPORT = "report.json"
TREE_FOLDER = "tree"
"""Folder with files of the work tree that the build changed: locks and the reports of stages."""
ASSESSMENTS = "assessments"
"""Folder with the validation and the statistics of each dataset, by their paths."""
SIZE_LIMIT = 5 * 1000**3
"""Bytes of objects in a bundle; beyond that a staging remote carries them better."""
DOCUMENT_LIMIT = 64 * 1000**2
"""Bytes of one document or lock in a bundle."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The table of contents."""

    commit: str
    digest: str
    staging: str | None
    """The remote that holds the objects; None: they are in the bundle, as on a remote."""
    tree: tuple[str, ...]
    """Paths of the files in ``tree/``."""
    format: int = _FORMAT
