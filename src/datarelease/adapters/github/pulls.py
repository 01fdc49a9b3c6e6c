"""Pull requests, their comments, and the statuses of commits."""

from __future__ import annotations

from typing import Literal

from datarelease.adapters.github.connection import GitHubConnection, part
from datarelease.adapters.github.errors import Ask
from datarelease.adapters.github.values import (
    ArtifactsShape,
    CommentShape,
    MergeShape,
    PullShape,
    RepositoryShape,
    ShapeReader,
    StatusShape,
)
from datarelease.model.github import Comment, CommitStatus, GitHubRepository, PullRequest, Push

MergeMethod = Literal["merge", "squash", "rebase"]

_repository = ShapeReader(RepositoryShape)
_pull = ShapeReader(PullShape)
_merge = ShapeReader(MergeShape)
_comment = ShapeReader(CommentShape)
_status = ShapeReader(StatusShape)
_artifacts = ShapeReader(ArtifactsShape)
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
        ask = Ask(what="describe the repository", permission="contents: read")
        return self._read(_repository, ask, self._requests.get("", ask)).value

    def pull(self, number: int) -> PullRequest | None:
        """The pull request with that number, or None; 1 request."""
        ask = Ask(what=f"describe pull request #{number}", permission=_READ)
        found = self._requests.find(f"/pulls/{number}", ask)
        return self._read(_pull, ask, found).value if found is not None else None

    def merged_pulls(self, push: Push) -> tuple[PullRequest, ...]:
        """The pull requests whose merges put commits of a push on the default branch, newest first.

        A merge queue brings several at once. Without those that brought other commits only; 1
        request a commit, of which the newest 100 are asked for.
        """
        commits = (push.head, *push.commits)[:_COMMITS]
        found: dict[int, tuple[int, PullRequest]] = {}
        for commit in commits:
            ask = Ask(what=f"name the pull request of {commit[:12]}", permission=_READ)
            pages = self._requests.pages(f"/commits/{part(commit)}/pulls", ask)
            for shape in self._each(_pull, ask, pages):
                merge = shape.merge_commit_sha
                if shape.value.merged and shape.into_default and merge in commits:
                    found[shape.number] = (commits.index(merge), shape.value)
        return tuple(pull for _, pull in sorted(found.values(), key=lambda entry: entry[0]))

    def has_artifact(self, run: int, name: str) -> bool:
        """Whether a workflow's run left an artifact called ``name``, expired or not; 1 request."""
        ask = Ask(what=f"list the artifacts of the run {run}", permission="actions: read")
        found = self._requests.get(f"/actions/runs/{run}/artifacts", ask, name=name)
        return any(
            artifact.name == name for artifact in self._read(_artifacts, ask, found).artifacts
        )

    def open_pulls(self) -> tuple[PullRequest, ...]:
        """The open pull requests, newest first; 1 request a page of 100."""
        ask = Ask(what="list the open pull requests", permission=_READ)
        pages = self._requests.pages("/pulls", ask, state="open")
        return tuple(shape.value for shape in self._each(_pull, ask, pages))

    def pulls_from(
        self, branch: str, *, state: Literal["open", "closed", "all"] = "open"
    ) -> tuple[PullRequest, ...]:
        """The pull requests from a branch of this repository, newest first; 1 request a page.

        A branch that was deleted is still known by its name.
        """
        ask = Ask(what=f"list the pull requests from {branch}", permission=_READ)
        owner = self._requests.repository.partition("/")[0]
        pages = self._requests.pages("/pulls", ask, state=state, head=f"{owner}:{branch}")
        return tuple(shape.value for shape in self._each(_pull, ask, pages))

    def create_pull(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """The pull request that was opened; 1 request."""
        ask = Ask(what=f"open a pull request from {head}", permission=_WRITE, repeatable=False)
        content = {"head": head, "base": base, "title": title, "body": body}
        return self._read(_pull, ask, self._requests.send("POST", "/pulls", ask, content)).value

    def close_pull(self, number: int) -> PullRequest:
        """The pull request, closed unmerged; 1 request."""
        ask = Ask(
            what=f"close pull request #{number}",
            permission=_WRITE,
            untouched="The pull request was not changed.",
        )
        done = self._requests.send("PATCH", f"/pulls/{number}", ask, {"state": "closed"})
        return self._read(_pull, ask, done).value

    def merge_pull(self, number: int, *, head: str, method: MergeMethod) -> str:
        """SHA of the commit that the merge made; refused if ``head`` is no longer its head.

        1 request.
        """
        ask = Ask(
            what=f"merge pull request #{number} at {head[:12]}",
            permission="contents: write",
            untouched="Nothing was merged.",
            repeatable=False,
        )
        content = {"sha": head, "merge_method": method}
        done = self._requests.send("PUT", f"/pulls/{number}/merge", ask, content)
        return self._read(_merge, ask, done).sha

    def comments(self, number: int) -> tuple[Comment, ...]:
        """All comments on a pull request or issue, oldest first; 1 request a page of 100."""
        ask = Ask(what=f"list the comments of #{number}", permission=_READ)
        pages = self._requests.pages(f"/issues/{number}/comments", ask)
        return tuple(shape.value for shape in self._each(_comment, ask, pages))

    def create_comment(self, number: int, body: str) -> Comment:
        """The comment that was added; 1 request, which is not repeated by itself."""
        ask = Ask(
            what=f"add a comment to #{number}",
            permission=_WRITE,
            untouched="No comment was added.",
            repeatable=False,
        )
        done = self._requests.send("POST", f"/issues/{number}/comments", ask, {"body": body})
        return self._read(_comment, ask, done).value

    def update_comment(self, comment: int, body: str) -> Comment:
        """The comment with its new text; 1 request."""
        ask = Ask(what=f"update the comment {comment}", permission=_WRITE, untouched=_SAME)
        done = self._requests.send("PATCH", f"/issues/comments/{comment}", ask, {"body": body})
        return self._read(_comment, ask, done).value

    def delete_comment(self, comment: int) -> None:
        """Remove a comment; 1 request."""
        ask = Ask(what=f"delete the comment {comment}", permission=_WRITE, untouched=_SAME)
        self._requests.send("DELETE", f"/issues/comments/{comment}", ask)

    def statuses(self, sha: str) -> tuple[CommitStatus, ...]:
        """All statuses of a commit, newest first; 1 request a page of 100."""
        ask = Ask(what=f"list the statuses of {sha[:12]}", permission="statuses: read")
        pages = self._requests.pages(f"/commits/{part(sha)}/statuses", ask)
        return tuple(shape.value for shape in self._each(_status, ask, pages))

    def set_status(self, sha: str, status: CommitStatus) -> CommitStatus:
        """The status that a commit now has in its context; 1 request."""
        ask = Ask(
            what=f"set the status {status.context} of {sha[:12]}",
            permission="statuses: write",
            untouched="No status was set.",
        )
        content = {
            "state": status.state,
            "context": status.context,
            "description": status.description,
            **({"target_url": status.url} if status.url else {}),
        }
        done = self._requests.send("POST", f"/statuses/{part(sha)}", ask, content)
        return self._read(_status, ask, done).value
