"""Pull requests, their comments, and the statuses of commits."""

from __future__ import annotations

from typing import Any, Literal

from datarelease.adapters.github import values
from datarelease.adapters.github.connection import GitHubConnection, part
from datarelease.adapters.github.errors import Ask
from datarelease.model.github import Comment, CommitStatus, GitHubRepository, PullRequest, Push

MergeMethod = Literal["merge", "squash", "rebase"]

_READ = "pull-requests: read"
_WRITE = "pull-requests: write"
_COMMITS = 100
"""Commits of a push whose pull requests are looked up; a merge queue's group has no more members.
"""
_SAME = "The comment was not changed."


class Pulls(GitHubConnection):
    """Pull requests, comments and commit statuses; each method raises GitHubError."""

    def repository(self) -> GitHubRepository:
        """What the repository is; 1 request."""
        return self._get(values.as_repository, "", Ask("describe the repository", "metadata: read"))

    def pull(self, number: int) -> PullRequest | None:
        """The pull request with that number, or None; 1 request."""
        ask = Ask(f"describe pull request #{number}", _READ)
        return self._find(values.as_pull, f"/pulls/{number}", ask)

    def merged_pulls(self, push: Push) -> tuple[PullRequest, ...]:
        """The pull requests whose merges put commits of a push on the default branch, newest first.

        A merge queue brings several at once. Without those that brought other commits only; 1
        request a commit, of which the newest 100 are asked for.
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
        content = {"state": "closed"}
        return self._send(values.as_pull, "PATCH", f"/pulls/{number}", ask, content)

    def merge_pull(self, number: int, *, head: str, method: MergeMethod) -> str:
        """SHA of the commit that the merge made; refused if ``head`` is no longer its head.

        1 request.
        """
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
