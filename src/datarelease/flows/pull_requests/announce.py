"""What the last job of a workflow reports: how a release ended, and which data is lost.

A release gets its GitHub Release, the comment on its pull request and events for other
repositories; lost data gets one issue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from datarelease.adapters.untrusted import read_document
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.pull_requests.comment import (
    Posted,
    error_line,
    put_comment,
    put_notice,
    same_text,
)
from datarelease.flows.pull_requests.github_release import (
    ReleasePage,
    publish_page,
    read_documents,
    refuse_record,
)
from datarelease.model.git_address import GITHUB_NAME
from datarelease.model.github import GitHubRelease, Issue, Push
from datarelease.model.review.report import Report
from datarelease.model.versions.outcome import OUTCOME_FILE, Health, Outcome
from datarelease.progress import Progress, Step

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub

OUTCOME = f"datarelease-outcome/{OUTCOME_FILE}"
_REPORT = "datarelease-report/report.json"
_LIMIT = 64 * 1000**2
"""Bytes of one document."""
EVENT = "data-release"
"""Type of the event, for ``on: repository_dispatch: types:``."""
TARGETS, TOKEN = "DATARELEASE_DISPATCH", "DATARELEASE_DISPATCH_TOKEN"


@dataclass(frozen=True, kw_only=True)
class AnnouncementTexts:
    """Renders the texts."""

    comment: Callable[[Outcome], str]
    notice: Callable[[Outcome], str]
    """A separate comment about a release that failed, or that succeeded later."""
    release: Callable[[Outcome, ReleasePage], str]


@dataclass(frozen=True, kw_only=True)
class AnnouncementResult:
    """What was told."""

    outcome: Outcome
    page: GitHubRelease | None
    comments: tuple[Posted, ...]
    """Of the pull request, and of those that came by the same push."""
    problems: tuple[str, ...]


def read_outcome(folder: Path, github: GitHub, push: Push, results: Mapping[str, str]) -> Outcome:
    """How the release of ``push`` ended.

    ``folder`` has the artifacts of the run, each in a folder of its name, ``results`` the result of
    each job by its name. GitHub is asked only where the publisher left no record.

    Raises:
        ConfigError: A document is there that cannot be used.
        WorldError: GitHub does not answer, or the record of a publisher that succeeded is not here.
    """
    outcome = read_document(folder, OUTCOME, Outcome, limit=_LIMIT, refuse=refuse_record)
    if outcome is not None:
        return outcome
    if results.get("publish") == "success":
        raise WorldError(
            f"The job that publishes succeeded, but its record {OUTCOME} was not downloaded.",
            untouched="The release itself is not affected; nothing was announced.",
            remedy="Run this job again: it downloads the record again.",
        )
    report = read_document(folder, _REPORT, Report, limit=_LIMIT, refuse=refuse_record)
    pulls = tuple(pull.number for pull in github.merged_pulls(push))
    failed = [name for name, result in results.items() if result not in {"success", "skipped", ""}]
    blocked = report is not None and report.level == "block" and "build" in failed
    return Outcome(
        state="blocked" if blocked else "failed",
        tag=None,
        number=None,
        digest=report.digest if report else None,
        reviewed=None,
        pull=pulls[0] if pulls else None,
        others=pulls[1:],
        commit=push.head,
        what="The data failed its schema or the policy."
        if blocked
        else f"The job {' and '.join(failed) or 'publish'} ended without giving a reason.",
        untouched="No tag was made.",
        remedy="Correct the data, or the rule in params.yaml: release.policy, with a pull request."
        if blocked
        else "Read the log of the run.",
        report=report,
    )


def announce(
    folder: Path,
    outcome: Outcome,
    github: GitHub,
    pages: AnnouncementTexts,
    progress: Progress,
    *,
    run: str,
) -> AnnouncementResult:
    """Report ``outcome`` in both places; a failure of one does not prevent the other.

    A failed ``run`` (its id) is reported once. ``folder`` has its artifacts.
    """
    problems: list[str] = []
    page = None
    if outcome.tag is not None and outcome.state in {"released", "nothing"}:
        try:
            page = _publish(folder, outcome, github, pages, progress)
            progress.say(f"the GitHub Release of {page.tag} is published")
        except WorldError as error:
            problems.append(
                f"The GitHub Release of {outcome.tag} could not be completed. {error_line(error)}"
            )
    comments = []
    for number in () if outcome.pull is None else (outcome.pull, *outcome.others):
        try:
            pull = github.pull(number)
        except WorldError as error:
            problems.append(f"The pull request #{number} could not be read. {error_line(error)}")
            continue
        if pull is not None:
            body = pages.comment(outcome)
            with progress.step(Step.COMMENT):
                comment = put_comment(github, None, pull.number, body, progress, sha=pull.head)
            comments.append(comment)
            problems += comment.problems
            with progress.step(Step.NOTICE):
                problems += put_notice(github, pull.number, outcome, pages.notice(outcome), run=run)
            progress.say(f"the comment on #{pull.number} {comment.summary}")
    return AnnouncementResult(
        outcome=outcome, page=page, comments=tuple(comments), problems=tuple(problems)
    )


def dispatch(
    outcome: Outcome, *, repository: str, targets: str, connect: Callable[[str], GitHub] | None
) -> tuple[str, ...]:
    """Notify ``targets`` of the version that a release made; other outcomes notify nobody.

    Each gets a ``repository_dispatch`` event: the tag itself starts no workflow anywhere, because
    it is made with a workflow's own token. If the job is run again, a repository may be notified
    twice of the same tag.

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
        return (f"{TARGETS} names {', '.join(names)}, but the secret {TOKEN} is not set.",)
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
            problems.append(f"{name} was not notified of {outcome.tag}. {error_line(error)}")
    return tuple(problems)


@dataclass(frozen=True, kw_only=True)
class IssueResult:
    """How updating the issue ended."""

    state: Literal["opened", "updated", "unchanged", "closed", "none"]
    issue: Issue | None


def read_health(file: Path) -> Health:
    """What ``datarelease verify --newest N --out FILE`` found.

    Raises:
        ConfigError: There is no such file, or it cannot be used.
    """

    def refuse(why: str) -> NoReturn:
        raise ConfigError(
            f"{file} cannot be used: {why}.",
            untouched="Nothing was announced.",
            remedy="`datarelease verify --newest N --out FILE` writes it.",
        )

    found = read_document(file.parent, file.name, Health, limit=_LIMIT, refuse=refuse)
    return refuse("it is missing") if found is None else found


def tell_damage(
    github: GitHub, health: Health, *, title: str, mark: str, body: Callable[[], str]
) -> IssueResult:
    """Bring the one issue in line with ``health``; it is known by ``mark`` in its ``body``.

    Raises:
        WorldError: GitHub failed.
    """
    ours = [issue for issue in github.issues_by_us() if mark in issue.body]
    if health.sound:
        for issue in ours:
            github.close_issue(issue.number)
        return IssueResult(state="closed" if ours else "none", issue=ours[0] if ours else None)
    text = body()
    if not ours:
        return IssueResult(state="opened", issue=github.create_issue(title=title, body=text))
    [newest, *older] = ours
    for issue in older:
        github.close_issue(issue.number)
    if same_text(newest.body, text):
        return IssueResult(state="unchanged", issue=newest)
    updated = github.update_issue(newest.number, title=title, body=text)
    return IssueResult(state="updated", issue=updated)


def _publish(
    folder: Path, outcome: Outcome, github: GitHub, pages: AnnouncementTexts, progress: Progress
) -> GitHubRelease:
    documents = read_documents(folder / Path(OUTCOME).parent)
    if documents.manifest.tag != outcome.tag:
        refuse_record(f"its manifest is about {documents.manifest.tag}, not about {outcome.tag}")
    body = pages.release(outcome, documents)
    return publish_page(github, documents, progress, body=body)
