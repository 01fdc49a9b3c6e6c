"""Posts the result of a check: the comment on the pull request, and the status of its commit.

The check ran code that nobody has reviewed, so its artifact is untrusted data, and only GitHub
decides which pull request it belongs to. Failures of GitHub's API are reported and raise nothing:
the check's result remains valid.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from datarelease.adapters.github.cml import Cml
from datarelease.adapters.untrusted import Artifact, refuse_artifact
from datarelease.errors import WorldError
from datarelease.flows.pull_requests.all_projects import set_status_of_all
from datarelease.flows.pull_requests.comment import Posted, error_line, put_comment
from datarelease.model.directory import suffix_of
from datarelease.model.github import CheckRun, CommitStatus, PullRequest
from datarelease.model.review.report import Report
from datarelease.model.review.reviewed_digest import context_for, quiet_status, run_status
from datarelease.progress import Progress

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub

ARTIFACT = "datarelease-report"
"""What check.yml calls the artifact with the report."""
PostState = Literal["posted", "nothing", "superseded", "merged", "queued"]
"""
posted       comment and status are there, or `problems` says what is missing
nothing      there was nothing to post
superseded   the pull request has newer commits; their own check reports
merged       the status alone was set; the comment is the release's now
queued       the status alone was set, on the head of a merge queue's group
"""
_QUEUE = re.compile(r"gh-readonly-queue/(.+)/pr-\d+-[0-9a-f]+")
"""The branch of a merge queue's group, with the name of the branch that it goes into."""
EVENTS = ("pull_request", "merge_group")
"""What a check is posted for."""


@dataclass(frozen=True, kw_only=True)
class Posting:
    """The result of posting."""

    outcome: PostState
    summary: str
    """The same in words."""
    number: int | None = None
    comment: Posted | None = None
    status: CommitStatus | None = None
    """As it was set; None: it was not."""
    problems: tuple[str, ...] = ()
    """What could not be done, in one line each."""


@dataclass(frozen=True, kw_only=True)
class CommentTexts:
    """Renders the comment."""

    report: Callable[[Report], str]
    unreported: Callable[[str], str]
    """For a check that ended with that conclusion before it could write a report."""


def post(
    artifact: Artifact,
    run: CheckRun,
    github: GitHub,
    cml: Cml | None,
    pages: CommentTexts,
    progress: Progress,
    *,
    default_branch: str,
) -> Posting:
    """Put the check's report on its pull request, and its digest on the commit's status.

    CML posts the comment, if it is there and would do it right. Changes of other branches than
    ``default_branch`` have statuses of their own.

    Raises:
        ConfigError: The artifact is not what a check of this pull request, or of this merge queue,
            would leave. Nothing was posted.
        WorldError: The check left a report, and it is not here, or GitHub does not say whether it
            left one. Nothing was posted.
    """
    idle = _nothing(run)
    if idle is not None:
        return idle
    if artifact.report is None and (run.conclusion == "success" or not artifact.unwritten):
        _refuse_lost_report(run, github)
    if run.event == "merge_group":
        posting, base = _queued(artifact, run, github, default_branch)
        return _with_all(posting, run, github, base, None, default_branch)
    idle = _unreported(artifact, run)
    try:
        pull = _pull(artifact, run, github)
    except WorldError as error:
        if idle is None:
            summary = "nothing was posted: the pull request could not be confirmed"
            return Posting(
                outcome="nothing", summary=summary, problems=(error_line(error), _NOT_REVIEWED)
            )
        pull = None  # the status is then the one that may be required
    if idle is None and pull is not None and pull.head != run.head:
        return _superseded(pull, run)
    base = pull.base if pull else default_branch
    context = _context(base, github, default_branch)
    if idle is not None:
        posting, status = idle, quiet_status(run, context)
    else:
        posting = _commented(pull, artifact.report, run, github, cml, pages, progress)
        status = run_status(artifact.report, run, context)
    posting = _recorded(posting, run, github, status)
    return _with_all(posting, run, github, base, pull, default_branch)


def _superseded(pull: PullRequest, run: CheckRun) -> Posting:
    moved = f"#{pull.number} has moved from {run.head[:12]} to {pull.head[:12]}"
    summary = f"nothing was posted: {moved}, whose own check reports"
    return Posting(outcome="superseded", summary=summary, number=pull.number)


def _nothing(run: CheckRun) -> Posting | None:
    """Why nothing is to be posted about such a run; None: something is."""
    if run.event not in EVENTS:
        return Posting(
            outcome="nothing",
            summary=f"nothing was posted: {run.event} started the check, not a pull request",
        )
    idle = {
        "action_required": "the check waits for somebody to approve it",
        "skipped": "the check was skipped",
    }.get(run.conclusion)
    return Posting(outcome="nothing", summary=f"nothing was posted: {idle}") if idle else None


def _queued(
    artifact: Artifact, run: CheckRun, github: GitHub, default_branch: str
) -> tuple[Posting, str]:
    """The status of a merge queue's group, which waits for it where it is required; its base.

    A group has no page for comments: its pull requests have the comments of their own checks.
    """
    if artifact.pull_request is not None:
        refuse_artifact("it names a pull request, but the check was of a merge queue")
    posting = Posting(
        outcome="queued", summary=f"no comment was written: {run.head[:12]} is in a merge queue"
    )
    named = _QUEUE.fullmatch(run.branch)
    base = named[1] if named else default_branch
    context = _context(base, github, default_branch)
    quiet = _unreported(artifact, run) is not None
    status = quiet_status(run, context) if quiet else run_status(artifact.report, run, context)
    return _recorded(posting, run, github, status), base


def _refuse_lost_report(run: CheckRun, github: GitHub) -> None:
    """Fail if the check uploaded a report: otherwise success would be posted without a digest."""
    untouched = "Nothing was posted: no comment, no status."
    remedy = (
        "Run this job again to download the report; if the artifact has expired, run the check "
        "again."
    )
    name = ARTIFACT + suffix_of(github.directory)
    try:
        lost = github.has_artifact(run.id, name)
    except WorldError as error:
        raise WorldError(
            "There is no report, and GitHub does not say whether the check uploaded one. "
            f"{error_line(error)}",
            untouched=untouched,
            remedy=remedy,
        ) from error
    if lost:
        raise WorldError(
            f"The check uploaded the artifact {name}, but its report was not downloaded.",
            untouched=untouched,
            remedy=remedy,
        )


def _unreported(artifact: Artifact, run: CheckRun) -> Posting | None:
    """Why a check that left no report is not worth a comment; None: it is."""
    if artifact.report is None and run.conclusion == "success":
        summary = "no comment was written: the check passed and uploaded no report"
        return Posting(outcome="nothing", summary=summary)
    return None


def _commented(
    pull: PullRequest | None,
    report: Report | None,
    run: CheckRun,
    github: GitHub,
    cml: Cml | None,
    pages: CommentTexts,
    progress: Progress,
) -> Posting:
    """What came of the comment."""
    if pull is None:
        summary = "no comment was written: the check ended before it could name its pull request"
        return Posting(outcome="nothing", summary=summary, problems=(f"{summary}; see {run.url}",))
    if pull.merged:
        summary = f"#{pull.number} is merged: from now on, the release writes its comment"
        return Posting(outcome="merged", summary=summary, number=pull.number)
    body = pages.report(report) if report is not None else pages.unreported(run.conclusion)
    # A pull request that changes no data gets no comment.
    create = report is None or report.outcome != "unchanged" or report.level == "block"
    comment = put_comment(github, cml, pull.number, body, progress, sha=run.head, create=create)
    return Posting(
        outcome="posted",
        summary=f"the comment on #{pull.number} {comment.summary}",
        number=pull.number,
        comment=comment,
        problems=comment.problems,
    )


def _pull(artifact: Artifact, run: CheckRun, github: GitHub) -> PullRequest | None:
    """The pull request that the artifact names, as GitHub knows it; None: it names none.

    Its head has to be the commit that was checked. Where it is another, the run has to come from
    the pull request's own branch (of its own repository), which then has moved on since: GitHub
    tells both, also for forks. Otherwise the artifact names somebody else's pull request.
    """
    number = artifact.pull_request.number if artifact.pull_request else None
    if number is None and len(run.pulls) == 1:
        number = run.pulls[0]
    if number is None and artifact.report is None:
        # A job that was cancelled, or reached its time limit, uploads nothing; of a fork's run
        # GitHub names no pull request either.
        number = _only_pull(run, github)
    if number is None:
        if artifact.report is not None:
            refuse_artifact("it names no pull request")
        return None
    pull = github.pull(number)
    if pull is None:
        refuse_artifact(f"there is no pull request #{number}")
    came_from = (pull.head_repository, pull.head_branch)
    if pull.head != run.head and came_from != (run.repository, run.branch):
        refuse_artifact(
            f"it names pull request #{number}, which {run.head[:12]} does not belong to"
        )
    return pull


def _only_pull(run: CheckRun, github: GitHub) -> int | None:
    """The number of the one open pull request with the head that was checked, or None."""
    found = [
        pull.number
        for pull in github.open_pulls()
        if pull.head == run.head
        and (pull.head_repository, pull.head_branch) == (run.repository, run.branch)
    ]
    return found[0] if len(found) == 1 else None


def _context(base: str, github: GitHub, default_branch: str) -> str:
    return context_for(base, default_branch, github.directory)


_NOT_REVIEWED = (
    "No digest was recorded: without it the release treats this change as not reviewed. Run this "
    "job again before merging."
)


def _recorded(posting: Posting, run: CheckRun, github: GitHub, status: CommitStatus) -> Posting:
    """Set the status; where that fails, ``posting`` says so."""
    try:
        github.set_status(run.head, status)
    except WorldError as error:
        lost = (_NOT_REVIEWED,) if status.state == "success" else ()
        return replace(posting, problems=(*posting.problems, error_line(error), *lost))
    summary = f"{posting.summary}; the status is {status.state}"
    return replace(posting, status=status, summary=summary)


def _with_all(
    posting: Posting,
    run: CheckRun,
    github: GitHub,
    base: str,
    pull: PullRequest | None,
    default_branch: str,
) -> Posting:
    """Set the status of all projects, too, where there are several."""
    try:
        set_status_of_all(github, run.head, base, pull, default=default_branch, url=run.url)
    except WorldError as error:
        return replace(posting, problems=(*posting.problems, error_line(error)))
    return posting
