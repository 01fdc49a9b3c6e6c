"""Notifies other repositories of a version: a ``repository_dispatch`` event in each of them.

The tag itself starts no workflow anywhere, because it is made with a workflow's own token.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from datarelease.errors import WorldError
from datarelease.flows.pull_requests.comment import told
from datarelease.model.git_address import GITHUB_NAME
from datarelease.model.versions.outcome import Outcome

EVENT = "data-release"
"""Type of the event, for ``on: repository_dispatch: types:``."""
TARGETS, TOKEN = "DATARELEASE_DISPATCH", "DATARELEASE_DISPATCH_TOKEN"


class Target(Protocol):
    """A repository that is notified."""

    def dispatch(self, event: str, payload: dict[str, object]) -> None:
        """Start its workflows that wait for ``event``."""


def dispatch(
    outcome: Outcome, *, repository: str, targets: str, connect: Callable[[str], Target] | None
) -> tuple[str, ...]:
    """Notify ``targets`` of the version that a release made; other outcomes notify nobody.

    If the job is run again, a repository may be notified twice of the same tag.

    Args:
        outcome: How the release ended.
        repository: That released, ``owner/name``.
        targets: Names ``owner/name``, with blanks or commas between them.
        connect: To a repository, with the token for that; None: there is no token.

    Returns:
        Who could not be notified and why, in one line each.
    """
    names = [name for name in re.split(r"[\s,]+", targets) if name]
    if outcome.state != "released" or not names:
        return ()
    if connect is None:
        return (f"{TARGETS} names {', '.join(names)}, and the secret {TOKEN} is not set.",)
    payload: dict[str, object] = {
        "repository": repository,
        "tag": outcome.tag,
        "version": outcome.number,
        "digest": outcome.digest,
        "commit": outcome.commit,
    }
    problems = []
    for name in names:
        if not GITHUB_NAME.fullmatch(name):
            problems.append(f"{TARGETS}: {name!r} is not OWNER/NAME.")
            continue
        try:
            connect(name).dispatch(EVENT, payload)
        except WorldError as error:
            problems.append(f"{name} was not notified of {outcome.tag}. {told(error)}")
    return tuple(problems)
