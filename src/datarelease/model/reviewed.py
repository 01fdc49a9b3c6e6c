"""The reviewed digest: the line of a commit status that carries it from review to release."""

from __future__ import annotations

import re

from datarelease.model.forge import CommitStatus, StatusState
from datarelease.model.report import Report

CONTEXT = "datarelease/check"
"""The status's name."""
_DIGEST = re.compile(r"(?:^|· )([0-9a-f]{64})\Z")
LIMIT = 140
"""Characters of a description; GitHub refuses more."""


def status_of(report: Report, url: str) -> CommitStatus:
    """The status that records ``report`` as what a reviewer sees; ``url`` leads to its details."""
    state: StatusState = "failure" if report.level == "block" else "success"
    step = (report.tag or "nothing to release") + (f" after {report.base}" if report.base else "")
    tail = f" · {report.digest}"
    head = f"{report.level} · {step}"[: LIMIT - len(tail)]
    return CommitStatus(context=CONTEXT, state=state, description=head + tail, url=url)


def reviewed_digest(statuses: tuple[CommitStatus, ...], *, bot: str) -> str | None:
    """The digest in the newest status of ours, or None.

    Only what ``bot`` wrote counts: everybody who may push can set statuses. A blocked change has no
    reviewed digest.

    Args:
        statuses: Of the pull request's last commit, newest first.
        bot: Login of the account that posts reports.
    """
    ours = (status for status in statuses if status.context == CONTEXT and status.author == bot)
    newest = next(ours, None)
    if newest is None or newest.state != "success":
        return None
    found = _DIGEST.search(newest.description)
    return found[1] if found else None
