"""What was reviewed: from the commit that is released back to pull requests and their statuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datarelease.model.github import Push
from datarelease.model.review.reviewed_digest import context_of, queued_digest, reviewed_digest

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub


@dataclass(frozen=True, kw_only=True)
class ReviewedPull:
    """A pull request that the released commit came by."""

    number: int
    digest: str | None
    """Of the data that its reviewer saw; None: of none."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """What is known of a commit's review."""

    pulls: tuple[ReviewedPull, ...] = ()
    """It came by these pull requests, newest first; several by one push of a merge queue."""
    own: str | None = None
    """Digest on the commit itself, which was the head of a pull request that was checked."""
    queued: str | None = None
    """Digest that the check of a merge queue found for the commit: what its group of reviewed
    changes gives together."""
    accepted: str | None = None
    """Digest that somebody named by hand, for this release."""

    @property
    def digests(self) -> tuple[str, ...]:
        """Of the data that was reviewed, each once: what is released is one of these."""
        if self.accepted:
            return (self.accepted,)
        seen = (self.own, self.queued, *(pull.digest for pull in self.pulls))
        return tuple(dict.fromkeys(digest for digest in seen if digest))

    def of(self, digest: str | None) -> str | None:
        """The reviewed digest to compare ``digest`` with: itself if a reviewer saw it."""
        return digest if digest in self.digests else next(iter(self.digests), None)

    def numbers(self, digest: str | None) -> tuple[int, ...]:
        """The pull requests; first the one in which ``digest`` was reviewed, if any."""
        ordered = sorted(self.pulls, key=lambda pull: digest is None or pull.digest != digest)
        return tuple(pull.number for pull in ordered)

    @property
    def said(self) -> str:
        """The same in words."""
        if self.accepted:
            return f"accepted by hand: {self.accepted}"
        queue = f"checked by the merge queue: {self.queued}; " if self.queued else ""
        reviewed = [f"#{pull.number}: {pull.digest}" for pull in self.pulls if pull.digest]
        if reviewed:
            return f"{queue}reviewed in pull request {', '.join(reviewed)}"
        if self.own:
            return f"reviewed at this commit: {self.own}"
        if not self.pulls:
            return f"{queue}not reviewed: the commit belongs to no pull request"
        numbers = ", ".join(f"#{pull.number}" for pull in self.pulls)
        return f"{queue}not reviewed: pull request {numbers} has no recorded report"


def find_review(github: GitHub, push: Push) -> Review:
    """The reviews of the changes that ``push`` brought to the default branch.

    The status of the released commit itself is read first, then those of the pull requests. A
    merge queue's check wrote it: each change of the group was approved, the group as a whole was
    checked by the same rules, and it is what the queue merged.

    Raises:
        WorldError: GitHub does not answer.
    """
    here = github.statuses(push.head)
    context = context_of(github.directory)
    pulls = github.merged_pulls(push)
    return Review(
        pulls=tuple(
            ReviewedPull(
                number=pull.number,
                digest=reviewed_digest(github.statuses(pull.head), bot=github.bot, context=context),
            )
            for pull in pulls
        ),
        own=reviewed_digest(here, bot=github.bot, context=context),
        queued=queued_digest(here, bot=github.bot, context=context),
    )
