"""What a release would do, step by step, without doing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
    """In words."""


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
