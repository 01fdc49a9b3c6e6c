"""``pull-request.json``: which pull request a check was about, as the check itself says.

It travels in the check's artifact. Readers must not trust it before GitHub has confirmed it.
"""

from __future__ import annotations

from dataclasses import dataclass

_FORMAT = 1
PULL_REQUEST_FILE = "pull-request.json"


@dataclass(frozen=True, kw_only=True)
class PullRequestFile:
    """The pull request that a check was about."""

    number: int
    head: str
    """SHA of its newest commit when the check ran."""
    base: str
    """Name of the branch it goes into."""
    format: int = _FORMAT
