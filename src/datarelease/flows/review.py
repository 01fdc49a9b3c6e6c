"""What was reviewed: from the commit that is released back to the pull request and its status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from datarelease.model.forge import CommitStatus, PullRequest
from datarelease.model.reviewed import reviewed_digest


class Forge(Protocol):
    """The questions asked here."""

    @property
    def bot(self) -> str:
        """Login of the account that posts reports."""

    def merged_pull(self, commit: str) -> PullRequest | None:
        """The pull request whose merge put ``commit`` on the default branch, or None."""

    def statuses(self, sha: str) -> tuple[CommitStatus, ...]:
        """The statuses of a commit, newest first."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """What is known of a commit's review."""

    pull: PullRequest | None
    """It came by this pull request; None: by none."""
    digest: str | None
    """Of the data that the reviewer saw."""
    accepted: bool = False
    """Somebody named the digest by hand, for this release."""

    @property
    def said(self) -> str:
        """The same in words."""
        if self.accepted:
            return f"accepted by hand: {self.digest}"
        if self.pull is None:
            return "not reviewed: the commit came by no pull request"
        if self.digest is None:
            return f"not reviewed: pull request #{self.pull.number} has no recorded report"
        return f"reviewed in pull request #{self.pull.number}: {self.digest}"


def find_review(forge: Forge, commit: str) -> Review:
    """The review of the change that ``commit`` brought to the default branch.

    Raises:
        WorldError: The forge does not answer.
    """
    pull = forge.merged_pull(commit)
    statuses = forge.statuses(pull.head) if pull else ()
    return Review(pull=pull, digest=reviewed_digest(statuses, bot=forge.bot))
