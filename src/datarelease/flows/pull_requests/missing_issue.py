"""One issue about lost data: opened, updated in place, and closed when nothing is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from datarelease.model.github import Issue
from datarelease.model.versions.missing import Health


class _Issues(Protocol):
    """What is asked of GitHub here."""

    def issues_by_us(self) -> tuple[Issue, ...]:
        """The open issues that our account opened, newest first."""

    def create_issue(self, *, title: str, body: str) -> Issue:
        """The issue that was opened."""

    def update_issue(self, number: int, *, title: str, body: str) -> Issue:
        """The issue with another title and text."""

    def close_issue(self, number: int) -> Issue:
        """The issue, closed."""


@dataclass(frozen=True, kw_only=True)
class IssueResult:
    """How updating the issue ended."""

    state: Literal["opened", "updated", "unchanged", "closed", "none"]
    issue: Issue | None


def tell_damage(
    forge: _Issues, health: Health, *, title: str, mark: str, body: Callable[[], str]
) -> IssueResult:
    """Bring the one issue in line with ``health``.

    Args:
        forge: The repository on GitHub.
        health: What was found.
        title: Of the issue.
        mark: By which our issue is known.
        body: Renders its text, which holds ``mark``.

    Raises:
        WorldError: GitHub failed.
    """
    ours = [issue for issue in forge.issues_by_us() if mark in issue.body]
    if health.sound:
        for issue in ours:
            forge.close_issue(issue.number)
        return IssueResult(state="closed" if ours else "none", issue=ours[0] if ours else None)
    text = body()
    if not ours:
        return IssueResult(state="opened", issue=forge.create_issue(title=title, body=text))
    [newest, *older] = ours
    for issue in older:
        forge.close_issue(issue.number)
    if newest.body.replace("\r\n", "\n").strip() == text.strip():
        return IssueResult(state="unchanged", issue=newest)
    return IssueResult(
        state="updated", issue=forge.update_issue(newest.number, title=title, body=text)
    )
