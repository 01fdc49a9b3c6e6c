"""The reviewed digest: the line of a commit status that carries it from review to release."""

from __future__ import annotations

import re

from datarelease.model.directory import ROOT, titled
from datarelease.model.github import CheckRun, CommitStatus, StatusState
from datarelease.model.review.report import Report

CONTEXT = "datarelease/check"
"""Name of the status about a change of the default branch."""
QUEUE = "merge queue · "
"""How the status of a merge queue's group begins: what its reviewed changes give together."""
_DIGEST = re.compile(r"(?:^|· )([0-9a-f]{64})\Z")
_LIMIT = 140
"""Characters of a description; GitHub refuses more."""


def context_of(directory: str) -> str:
    """The name of the status of a DVC root, about a change of the default branch.

    >>> context_of("."), context_of("models/churn")
    ('datarelease/check', 'datarelease/check models/churn')
    """
    return titled(CONTEXT, directory)


def context_for(base: str, default: str, directory: str = ROOT) -> str:
    """The name of the status about a change of the branch ``base``.

    Two pull requests may come from one branch, and a status belongs to a commit: with a name for
    each base neither takes the other's for its own. A release reads that of the ``default`` one.

    >>> context_for("main", "main"), context_for("next", "main")
    ('datarelease/check', 'datarelease/check (into next)')
    """
    name = context_of(directory)
    return name if base == default else f"{name} (into {base})"


def status_of(
    report: Report, url: str, *, context: str = CONTEXT, queued: bool = False
) -> CommitStatus:
    """The status that records a report.

    Args:
        report: What a reviewer sees; of a merge queue, what its group of changes gives together.
        url: Leads to its details.
        context: Name of the status.
        queued: A merge queue asked for the check.
    """
    state: StatusState = "failure" if report.level == "block" else "success"
    step = (report.tag or "nothing to release") + (f" after {report.base}" if report.base else "")
    tail = f" · {report.digest}"
    head = f"{QUEUE if queued else ''}{report.level} · {step}"[: _LIMIT - len(tail)]
    return CommitStatus(context=context, state=state, description=head + tail, url=url)


def run_status(report: Report | None, run: CheckRun, context: str) -> CommitStatus:
    """The status of the commit that ``run`` checked; ``report``: None, it left none."""
    if report is not None:
        return status_of(report, run.url, context=context, queued=run.event == "merge_group")
    said = (
        "the check was cancelled, or reached its time limit"
        if run.conclusion == "cancelled"
        else "the check ended without a report"
    )
    return CommitStatus(context=context, state="error", description=said, url=run.url)


def quiet_status(run: CheckRun, context: str) -> CommitStatus:
    """The status of a check that passed and left no report.

    Without it a pull request that touches no data could never pass a required status.
    """
    said = "no report: the check found nothing to report on"
    return CommitStatus(context=context, state="success", description=said, url=run.url)


def reviewed_digest(
    statuses: tuple[CommitStatus, ...], *, bot: str, context: str = CONTEXT, queued: bool = False
) -> str | None:
    """The digest in the newest status of ours, or None.

    Only what ``bot`` wrote counts: everybody who may push can set statuses. A blocked change has no
    reviewed digest.

    Args:
        statuses: Of the pull request's last commit, or of the released one, newest first.
        bot: Login of the account that posts reports.
        context: Name of the status.
        queued: What a merge queue put together is asked for, and not what a reviewer saw.
    """
    ours = (status for status in statuses if status.context == context and status.author == bot)
    newest = next(ours, None)
    if newest is None or newest.state != "success":
        return None
    found = _DIGEST.search(newest.description)
    return found[1] if found and newest.description.startswith(QUEUE) is queued else None
