"""Issues that we open and close ourselves."""

from __future__ import annotations

from datarelease.adapters.github.connection import GitHubConnection
from datarelease.adapters.github.errors import Ask
from datarelease.adapters.github.values import IssueShape, ShapeReader
from datarelease.model.github import Issue

_issue = ShapeReader(IssueShape)
_WRITE = "issues: write"


class Issues(GitHubConnection):
    """Issues; each method raises GitHubError."""

    def issues_by_us(self) -> tuple[Issue, ...]:
        """The open issues that our account opened, newest first; 1 request a page of 100."""
        ask = Ask(what="list our open issues", permission="issues: read")
        pages = self._requests.pages("/issues", ask, state="open", creator=self.bot)
        return tuple(
            shape.value
            for shape in self._each(_issue, ask, pages)
            if shape.pull_request is None and shape.value.author == self.bot
        )

    def create_issue(self, *, title: str, body: str) -> Issue:
        """The issue that was opened; 1 request, which is not repeated by itself."""
        ask = Ask(
            what="open an issue",
            permission=_WRITE,
            untouched="No issue was opened.",
            repeatable=False,
        )
        content = {"title": title, "body": body}
        return self._read(_issue, ask, self._requests.send("POST", "/issues", ask, content)).value

    def update_issue(self, number: int, *, title: str, body: str) -> Issue:
        """The issue with another title and text; 1 request."""
        return self._patch(number, "update", {"title": title, "body": body})

    def close_issue(self, number: int) -> Issue:
        """The issue, closed as completed; 1 request."""
        return self._patch(number, "close", {"state": "closed", "state_reason": "completed"})

    def _patch(self, number: int, verb: str, content: dict[str, str]) -> Issue:
        ask = Ask(
            what=f"{verb} the issue #{number}",
            permission=_WRITE,
            untouched="The issue was not changed.",
        )
        done = self._requests.send("PATCH", f"/issues/{number}", ask, content)
        return self._read(_issue, ask, done).value
