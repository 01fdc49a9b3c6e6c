"""Reports of how a release ended: its GitHub Release and the comment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from datarelease.adapters.foreign_directory import read_inside
from datarelease.documents import DocumentError, decode
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.pull_requests.comment import Posted, Thread, put_comment
from datarelease.flows.pull_requests.failure_notice import put_notice
from datarelease.flows.pull_requests.github_release import (
    ReleasePage,
    _Releases,
    publish_page,
    read_documents,
)
from datarelease.model.github import GitHubRelease, PullRequest, Push
from datarelease.model.review.report import Report
from datarelease.model.versions.outcome import OUTCOME_FILE, Outcome
from datarelease.progress import Progress

_T = TypeVar("_T")
OUTCOME = f"datarelease-outcome/{OUTCOME_FILE}"
_REPORT = "datarelease-report/report.json"
_LIMIT = 64 * 1000**2
"""Bytes of one document."""


class _GitHub(Thread, _Releases, Protocol):
    """What is asked of GitHub here."""

    def pull(self, number: int) -> PullRequest | None:
        """A pull request, or None."""

    def merged_pulls(self, push: Push) -> tuple[PullRequest, ...]:
        """The pull requests whose merges put commits of a push on the default branch."""


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


def read_outcome(folder: Path, forge: _GitHub, push: Push, results: Mapping[str, str]) -> Outcome:
    """How the release of ``push`` ended.

    Args:
        folder: Artifacts of the run, each in a folder of its name.
        forge: Asked for the pull requests where the publisher left no record.
        push: What was to be released.
        results: Result of each job, by its name.

    Raises:
        ConfigError: A document is there that cannot be used.
        WorldError: GitHub does not answer, or the record of a publisher that succeeded is not here.
    """
    outcome = _document(folder, Outcome, OUTCOME)
    if outcome is not None:
        return outcome
    if results.get("publish") == "success":
        raise WorldError(
            f"The publisher succeeded, but its record {OUTCOME} was not downloaded.",
            untouched="The release itself is not affected; nothing was announced.",
            remedy="Run this job again: it downloads the record again.",
        )
    report = _document(folder, Report, _REPORT)
    pulls = tuple(pull.number for pull in forge.merged_pulls(push))
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
        else "See the log of the run.",
        report=report,
    )


def announce(
    folder: Path,
    outcome: Outcome,
    forge: _GitHub,
    pages: AnnouncementTexts,
    progress: Progress,
    *,
    run: str,
) -> AnnouncementResult:
    """Report ``outcome`` in both places; a failure of one does not prevent the other.

    Args:
        folder: Artifacts of the run.
        outcome: How the release ended.
        forge: The repository on GitHub.
        pages: Renders the texts.
        progress: Receives progress messages.
        run: Id of the run: a failed run is reported once.
    """
    problems: list[str] = []
    page = None
    if outcome.tag is not None and outcome.state in {"released", "nothing"}:
        try:
            page = _publish(folder, outcome, forge, pages)
            progress.say(f"GitHub Release: {page.tag} is published")
        except WorldError as error:
            problems.append(f"The GitHub Release of {outcome.tag}: {' '.join(str(error).split())}")
    comments = []
    for number in () if outcome.pull is None else (outcome.pull, *outcome.others):
        try:
            pull = forge.pull(number)
        except WorldError as error:
            problems.append(f"The pull request #{number}: {' '.join(str(error).split())}")
            continue
        if pull is not None:
            body = pages.comment(outcome)
            comment = put_comment(forge, None, pull.number, body, progress, sha=pull.head)
            comments.append(comment)
            problems += comment.problems
            problems += put_notice(forge, pull.number, outcome, pages.notice(outcome), run=run)
            progress.say(f"comment on #{pull.number}: {comment.said}")
    return AnnouncementResult(
        outcome=outcome, page=page, comments=tuple(comments), problems=tuple(problems)
    )


# --- inside


def _publish(
    folder: Path, outcome: Outcome, forge: _GitHub, pages: AnnouncementTexts
) -> GitHubRelease:
    documents = read_documents(folder / Path(OUTCOME).parent)
    if documents.manifest.tag != outcome.tag:
        raise ConfigError(
            f"The manifest is about {documents.manifest.tag}, the record about {outcome.tag}.",
            untouched="Nothing was announced.",
            remedy="Run the release again.",
        )
    body = pages.release(outcome, documents)
    return publish_page(forge, documents, name=documents.manifest.tag, body=body)


def _document(folder: Path, kind: type[_T], name: str) -> _T | None:
    data = read_inside(folder, name, limit=_LIMIT) if folder.is_dir() else None
    try:
        return decode(kind, data) if data is not None else None
    except DocumentError as error:
        raise ConfigError(
            f"{name} in {folder} cannot be used: {error}",
            untouched="Nothing was announced.",
            remedy="Run the release again, with the same version of datarelease in all jobs.",
        ) from error
