"""Sets the status that stands for all projects of a repository.

Each project reports for itself, at its own time. Whoever reports last finds the statuses of all
others: it writes its own first and reads them after that, and again after it wrote the common one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datarelease.model.github import CommitStatus, PullRequest
from datarelease.model.paths import project_directories
from datarelease.model.review.all_projects import status_of_all, touched

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub

_TRIES = 5
"""Rounds of writing and reading; each further one means that another project reported meanwhile."""


def set_status_of_all(
    github: GitHub, head: str, base: str, pull: PullRequest | None, *, default: str, url: str
) -> CommitStatus | None:
    """The status that was set on ``head``; None: the repository has one project.

    Projects are those of the branch ``base``. With ``pull`` those count that it touches; without,
    as in a merge queue, all of them.

    Raises:
        WorldError: GitHub does not answer, or does not allow it.
    """
    directories = list(project_directories(github.paths(base)))
    if len(directories) < 2:  # noqa: PLR2004 - several
        return None
    if pull is not None:
        changed = github.changed_paths(pull.number)
        directories = list(touched(directories, changed) if changed is not None else directories)
    known: CommitStatus | None = None
    for _ in range(_TRIES):
        status = status_of_all(
            directories, github.statuses(head), base=base, default=default, bot=github.bot, url=url
        )
        if known is not None and status.state == known.state:
            return known
        known = github.set_status(head, status)
    return known
