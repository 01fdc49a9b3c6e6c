"""One repository on GitHub, through the REST API.

Every endpoint is in GitHub's published OpenAPI description. Which of them a token may ask differs;
``GitHubError`` with the status 403 means that this one may not.
"""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

from datarelease.adapters.github import values
from datarelease.adapters.github.connection import part
from datarelease.adapters.github.errors import Ask
from datarelease.adapters.github.settings import GitHubSettings
from datarelease.model.github import (
    Asset,
    Comment,
    CommitStatus,
    GitHubRelease,
    GitHubRepository,
    Issue,
    PullRequest,
    Push,
)

MergeMethod = Literal["merge", "squash", "rebase"]

_READ, _WRITE = "pull-requests: read", "pull-requests: write"
_READ_CONTENTS, _WRITE_CONTENTS = "contents: read", "contents: write"
_COMMITS = 100
"""Commits of a push whose pull requests are looked up: as many as a merge queue's group has."""
_MOST_FILES = 3000
"""Files of a pull request that GitHub lists."""
_SAME = "The comment was not changed."


class GitHub(GitHubSettings):
    """A repository on GitHub; each method raises GitHubError."""

    # --- pull requests, their comments, the statuses of commits

    def repository(self) -> GitHubRepository:
        """What the repository is; 1 request."""
        return self._get(values.as_repository, "", Ask("describe the repository", "metadata: read"))

    def pull(self, number: int) -> PullRequest | None:
        """The pull request with that number, or None; 1 request."""
        ask = Ask(f"describe pull request #{number}", _READ)
        return self._find(values.as_pull, f"/pulls/{number}", ask)

    def merged_pulls(self, push: Push) -> tuple[PullRequest, ...]:
        """The pull requests whose merges put commits of a push on the default branch, newest first.

        A merge queue brings several at once; 1 request for each of the newest 100 commits.
        """
        commits = (push.head, *push.commits)[:_COMMITS]
        found: dict[int, tuple[int, PullRequest]] = {}
        for commit in commits:
            ask = Ask(f"name the pull request of {commit[:12]}", _READ)
            for pull in self._list(values.as_pull, f"/commits/{part(commit)}/pulls", ask):
                if pull.merged and pull.into_default and pull.merge_commit in commits:
                    found[pull.number] = (commits.index(pull.merge_commit), pull)
        return tuple(pull for _, pull in sorted(found.values(), key=lambda entry: entry[0]))

    def has_artifact(self, run: int, name: str) -> bool:
        """Whether a workflow's run left an artifact called ``name``, expired or not; 1 request."""
        ask = Ask(f"list the artifacts of the run {run}", "actions: read")

        def listed(data: Any) -> bool:
            return any(artifact["name"] == name for artifact in data["artifacts"])

        return self._get(listed, f"/actions/runs/{run}/artifacts", ask, name=name)

    def open_pulls(self) -> tuple[PullRequest, ...]:
        """The open pull requests, newest first; 1 request a page of 100."""
        ask = Ask("list the open pull requests", _READ)
        return tuple(self._list(values.as_pull, "/pulls", ask, state="open"))

    def pulls_from(
        self, branch: str, *, state: Literal["open", "closed", "all"] = "open"
    ) -> tuple[PullRequest, ...]:
        """The pull requests from a branch of this repository, newest first; 1 request a page.

        A branch that was deleted is still known by its name.
        """
        ask = Ask(f"list the pull requests from {branch}", _READ)
        head = f"{self._repository.partition('/')[0]}:{branch}"
        return tuple(self._list(values.as_pull, "/pulls", ask, state=state, head=head))

    def create_pull(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """The pull request that was opened; 1 request."""
        ask = Ask(f"open a pull request from {head}", _WRITE, repeatable=False)
        content = {"head": head, "base": base, "title": title, "body": body}
        return self._send(values.as_pull, "POST", "/pulls", ask, content)

    def close_pull(self, number: int) -> PullRequest:
        """The pull request, closed unmerged; 1 request."""
        ask = Ask(f"close pull request #{number}", _WRITE, "The pull request was not changed.")
        return self._send(values.as_pull, "PATCH", f"/pulls/{number}", ask, {"state": "closed"})

    def merge_pull(self, number: int, *, head: str, method: MergeMethod) -> str:
        """SHA of the merge, refused if ``head`` is no longer the branch's head; 1 request."""
        what = f"merge pull request #{number} at {head[:12]}"
        ask = Ask(what, "contents: write", "Nothing was merged.", repeatable=False)
        content = {"sha": head, "merge_method": method}
        return self._send(values.as_merge_commit, "PUT", f"/pulls/{number}/merge", ask, content)

    def comments(self, number: int) -> tuple[Comment, ...]:
        """All comments on a pull request or issue, oldest first; 1 request a page of 100."""
        ask = Ask(f"list the comments of #{number}", _READ)
        return tuple(self._list(values.as_comment, f"/issues/{number}/comments", ask))

    def create_comment(self, number: int, body: str) -> Comment:
        """The comment that was added; 1 request, which is not repeated by itself."""
        what = f"add a comment to #{number}"
        ask = Ask(what, _WRITE, "No comment was added.", repeatable=False)
        path = f"/issues/{number}/comments"
        return self._send(values.as_comment, "POST", path, ask, {"body": body})

    def update_comment(self, comment: int, body: str) -> Comment:
        """The comment with its new text; 1 request."""
        ask = Ask(f"update the comment {comment}", _WRITE, _SAME)
        path = f"/issues/comments/{comment}"
        return self._send(values.as_comment, "PATCH", path, ask, {"body": body})

    def delete_comment(self, comment: int) -> None:
        """Remove a comment; 1 request."""
        ask = Ask(f"delete the comment {comment}", _WRITE, _SAME)
        self._send(lambda _: None, "DELETE", f"/issues/comments/{comment}", ask)

    def statuses(self, sha: str) -> tuple[CommitStatus, ...]:
        """All statuses of a commit, newest first; 1 request a page of 100."""
        ask = Ask(f"list the statuses of {sha[:12]}", "statuses: read")
        return tuple(self._list(values.as_status, f"/commits/{part(sha)}/statuses", ask))

    def paths(self, branch: str) -> tuple[str, ...]:
        """The files on a branch; none where there are too many to list; 2 requests."""
        ask = Ask(f"list the files of {branch}", _READ_CONTENTS)
        # Of a tree's address it is not documented how a branch with a slash is spelt.
        head = self._get(values.as_ref, f"/git/ref/heads/{quote(branch)}", ask)
        return self._get(values.as_paths, f"/git/trees/{head}", ask, recursive="1")

    def changed_paths(self, number: int) -> tuple[str, ...] | None:
        """The files that a pull request changes, under old and new names; 1 request a page of 100.

        None: there may be more than GitHub lists.
        """
        ask = Ask(f"list the files of pull request #{number}", _READ)
        found = list(self._list(values.as_changed_paths, f"/pulls/{number}/files", ask))
        return tuple(p for names in found for p in names) if len(found) < _MOST_FILES else None

    def set_status(self, sha: str, status: CommitStatus) -> CommitStatus:
        """The status that a commit now has in its context; 1 request."""
        what = f"set the status {status.context} of {sha[:12]}"
        ask = Ask(what, "statuses: write", "No status was set.")
        content = {
            "state": status.state,
            "context": status.context,
            "description": status.description,
            **({"target_url": status.url} if status.url else {}),
        }
        return self._send(values.as_status, "POST", f"/statuses/{part(sha)}", ask, content)

    # --- what announces a version: GitHub Releases and their assets, issues, events

    def release(self, tag: str) -> GitHubRelease | None:
        """The release of a tag, or a draft of one, or None; 1 request where it is published.

        Drafts are only found in the list (and only by a token that may write): a page of 100 more.
        """
        ask = Ask(f"find the GitHub Release of {tag}", _READ_CONTENTS)
        found = self._find(values.as_release, f"/releases/tags/{part(tag)}", ask)
        if found is not None:
            return found
        listed = self._list(values.as_release, "/releases", ask)
        return next((release for release in listed if release.tag == tag), None)

    def latest_release(self) -> GitHubRelease | None:
        """The release that GitHub shows as the latest, or None; 1 request."""
        ask = Ask("find the latest GitHub Release", _READ_CONTENTS)
        return self._find(values.as_release, "/releases/latest", ask)

    def create_release(self, *, tag: str, name: str, body: str) -> GitHubRelease:
        """A new draft for an existing tag; 1 request, which is not repeated by itself."""
        what = f"draft a GitHub Release of {tag}"
        ask = Ask(what, _WRITE_CONTENTS, "No draft was created.", repeatable=False)
        content = {"tag_name": tag, "name": name, "body": body, "draft": True}
        return self._send(values.as_release, "POST", "/releases", ask, content)

    def update_release(self, release: int, *, name: str, body: str) -> GitHubRelease:
        """The release with another name and text; 1 request."""
        what = f"update the GitHub Release {release}"
        ask = Ask(what, _WRITE_CONTENTS, "The GitHub Release was not changed.")
        content = {"name": name, "body": body}
        return self._send(values.as_release, "PATCH", f"/releases/{release}", ask, content)

    def publish_release(self, release: int, *, latest: bool) -> GitHubRelease:
        """The release, no draft any more; ``latest`` shows it as the latest; 1 request."""
        ask = Ask(f"publish the GitHub Release {release}", _WRITE_CONTENTS, "It is still a draft.")
        content = {"draft": False, "make_latest": "true" if latest else "false"}
        return self._send(values.as_release, "PATCH", f"/releases/{release}", ask, content)

    def upload_asset(self, release: GitHubRelease, name: str, data: bytes, *, kind: str) -> Asset:
        """The file that was added, of media type ``kind``; 1 request, not repeated by itself.

        An upload that breaks off leaves an incomplete asset, whose name is taken until it is
        deleted.
        """
        what = f"upload the asset {name} of {release.tag}"
        ask = Ask(what, _WRITE_CONTENTS, "The release has its other assets.", repeatable=False)
        return self._upload(values.as_asset, release.uploads, ask, name=name, data=data, kind=kind)

    def delete_asset(self, asset: int) -> None:
        """Remove a file of a release; 1 request."""
        ask = Ask(f"delete the asset {asset}", _WRITE_CONTENTS)
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

        They find ``payload``, at most 10 properties, under ``github.event.client_payload``.
        """
        what = f"start the workflows that wait for {event}"
        ask = Ask(what, _WRITE_CONTENTS, "No workflow was started there.", repeatable=False)
        content = {"event_type": event, "client_payload": payload}
        self._send(lambda _: None, "POST", "/dispatches", ask, content)


def _issue_alone(data: Any) -> Issue | None:
    """An issue; None: a pull request, which GitHub lists as an issue too."""
    return None if data.get("pull_request") else values.as_issue(data)
