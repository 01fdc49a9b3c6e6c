"""Who proposed and who reviewed a version, as far as its commit says: names, and no addresses."""

from __future__ import annotations

import re
from dataclasses import replace

from datarelease.adapters.git.objects import CommitText
from datarelease.adapters.git.repository import Git
from datarelease.flows.release.plan import RELEASE_COMMIT
from datarelease.site.content.figures import VersionFigures

_MERGED = 2
"""Parents of a merge, at least."""
_MERGE = re.compile(r"Merge pull request #(\d{1,9}) from \S+\n+(.+)")
"""As GitHub words it: the title of the pull request is in the second line."""
_SQUASHED = re.compile(r"(.+) \(#(\d{1,9})\)")
_REVIEWED = re.compile(r"^(?:Reviewed|Approved)-by: ([^<\n]+)", re.MULTILINE | re.IGNORECASE)
_MOST = 10


def with_people(git: Git, commit: str, figures: VersionFigures) -> VersionFigures:
    """The figures with what the change is called, who made it, and who reviewed it.

    Of a merge it is the side that was merged. The commit that a release makes for its own files
    says nothing of the change, so that the one before it counts.
    """
    text = git.commit_text(commit)
    if text is not None and text.message.startswith(RELEASE_COMMIT) and text.parents:
        text = git.commit_text(text.parents[0]) or text
    if text is None:
        return figures
    side = text
    if len(text.parents) >= _MERGED:
        side = git.commit_text(text.parents[-1]) or text
    subject, pull = _title(text, side)
    reviewers = dict.fromkeys(
        name.strip() for one in (text, side) for name in _REVIEWED.findall(one.message)
    )
    return replace(
        figures,
        author=side.author,
        reviewers=tuple(reviewers)[:_MOST],
        pull=pull,
        subject=subject,
    )


def _title(text: CommitText, side: CommitText) -> tuple[str, int | None]:
    """What a change is called, and the number of its pull request."""
    merge = _MERGE.match(text.message)
    if merge:
        return merge[2], int(merge[1])
    first = side.message.partition("\n")[0]
    squashed = _SQUASHED.fullmatch(first)
    return (squashed[1], int(squashed[2])) if squashed else (first, None)
