"""What announces a version: GitHub Releases and their assets, issues, events for workflows."""

from __future__ import annotations

from typing import Any

from datarelease.adapters.github import values
from datarelease.adapters.github.connection import GitHubConnection, part
from datarelease.adapters.github.errors import Ask
from datarelease.model.github import Asset, GitHubRelease, Issue

_READ = "contents: read"
_WRITE = "contents: write"


class Releases(GitHubConnection):
    """GitHub Releases, issues and events of a repository; each method raises GitHubError."""

    def release(self, tag: str) -> GitHubRelease | None:
        """The release of a tag, or a draft of one, or None.

        1 request where it is published; otherwise 1 more for each 100 releases there are, since
        drafts are only found in the list (and only by a token that may write).
        """
        ask = Ask(f"find the GitHub Release of {tag}", _READ)
        found = self._find(values.as_release, f"/releases/tags/{part(tag)}", ask)
        if found is not None:
            return found
        listed = self._list(values.as_release, "/releases", ask)
        return next((release for release in listed if release.tag == tag), None)

    def latest_release(self) -> GitHubRelease | None:
        """The release that GitHub shows as the latest, or None; 1 request."""
        ask = Ask("find the latest GitHub Release", _READ)
        return self._find(values.as_release, "/releases/latest", ask)

    def create_release(self, *, tag: str, name: str, body: str) -> GitHubRelease:
        """A new draft for an existing tag; 1 request, which is not repeated by itself."""
        what = f"draft a GitHub Release of {tag}"
        ask = Ask(what, _WRITE, "No draft was created.", repeatable=False)
        content = {"tag_name": tag, "name": name, "body": body, "draft": True}
        return self._send(values.as_release, "POST", "/releases", ask, content)

    def update_release(self, release: int, *, name: str, body: str) -> GitHubRelease:
        """The release with another name and text; 1 request."""
        what = f"update the GitHub Release {release}"
        ask = Ask(what, _WRITE, "The GitHub Release was not changed.")
        content = {"name": name, "body": body}
        return self._send(values.as_release, "PATCH", f"/releases/{release}", ask, content)

    def publish_release(self, release: int, *, latest: bool) -> GitHubRelease:
        """The release, no draft any more; ``latest`` shows it as the latest; 1 request."""
        ask = Ask(f"publish the GitHub Release {release}", _WRITE, "It is still a draft.")
        content = {"draft": False, "make_latest": "true" if latest else "false"}
        return self._send(values.as_release, "PATCH", f"/releases/{release}", ask, content)

    def upload_asset(self, release: GitHubRelease, name: str, data: bytes, *, kind: str) -> Asset:
        """The file that was added, of media type ``kind``; 1 request, not repeated by itself.

        An upload that breaks off leaves an incomplete asset, whose name is taken until it is
        deleted.
        """
        what = f"upload the asset {name} of {release.tag}"
        ask = Ask(what, _WRITE, "The release has its other assets.", repeatable=False)
        return self._upload(values.as_asset, release.uploads, ask, name=name, data=data, kind=kind)

    def delete_asset(self, asset: int) -> None:
        """Remove a file of a release; 1 request."""
        ask = Ask(f"delete the asset {asset}", _WRITE)
        self._send(lambda _: None, "DELETE", f"/releases/assets/{asset}", ask)

    def issues_by_us(self) -> tuple[Issue, ...]:
        """The open issues that our account opened, newest first; 1 request a page of 100."""
        ask = Ask("list our open issues", "issues: read")
        listed = self._list(_issue_alone, "/issues", ask, state="open", creator=self.bot)
        return tuple(issue for issue in listed if issue and issue.author == self.bot)

    def create_issue(self, *, title: str, body: str) -> Issue:
        """The issue that was opened; 1 request, which is not repeated by itself."""
        ask = Ask("open an issue", "issues: write", "No issue was opened.", repeatable=False)
        content = {"title": title, "body": body}
        return self._send(values.as_issue, "POST", "/issues", ask, content)

    def update_issue(self, number: int, *, title: str, body: str) -> Issue:
        """The issue with another title and text; 1 request."""
        return self._change_issue(number, "update", {"title": title, "body": body})

    def close_issue(self, number: int) -> Issue:
        """The issue, closed as completed; 1 request."""
        return self._change_issue(number, "close", {"state": "closed", "state_reason": "completed"})

    def _change_issue(self, number: int, verb: str, content: dict[str, str]) -> Issue:
        ask = Ask(f"{verb} the issue #{number}", "issues: write", "The issue was not changed.")
        return self._send(values.as_issue, "PATCH", f"/issues/{number}", ask, content)

    def dispatch(self, event: str, payload: dict[str, object]) -> None:
        """Start the workflows that wait for ``event`` (``repository_dispatch``); 1 request.

        Args:
            event: At most 100 characters.
            payload: What they find under ``github.event.client_payload``, at most 10 properties.
        """
        what = f"start the workflows that wait for {event}"
        ask = Ask(what, _WRITE, "No workflow was started there.", repeatable=False)
        content = {"event_type": event, "client_payload": payload}
        self._send(lambda _: None, "POST", "/dispatches", ask, content)


def _issue_alone(data: Any) -> Issue | None:
    """An issue; None: a pull request, which GitHub lists as an issue too."""
    return None if data.get("pull_request") else values.as_issue(data)
