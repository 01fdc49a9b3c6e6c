"""How a release ended, for the code that reports it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datarelease.model.review.report import Report

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
    """Of the version released."""
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
    format: int = _FORMAT
