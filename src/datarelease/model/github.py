"""GitHub's data about a repository, as values. ``adapters.github.repository`` asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BOT = "github-actions[bot]"
"""Who writes with the token of a workflow."""

StatusState = Literal["success", "failure", "pending", "error"]


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A pull request."""

    number: int
    title: str
    author: str
    url: str
    open: bool
    merged: bool
    head: str
    """SHA of its newest commit."""
    base: str
    """Name of the branch it goes into."""
    merge_commit: str | None
    """SHA that the merge put on the base branch (of the merge commit, of the squashed one, of the
    last one of a rebase); before the merge, of a trial merge."""
    head_branch: str = ""
    """Name of the branch it comes from."""
    head_repository: str | None = None
    """``owner/name`` of where that branch is; None: that fork was deleted."""


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment on a pull request or issue."""

    id: int
    author: str
    body: str


@dataclass(frozen=True, kw_only=True)
class CommitStatus:
    """A status of a commit."""

    context: str
    state: StatusState
    description: str
    """At most 140 characters."""
    url: str
    """Where the details are; may be empty."""
    author: str = ""
    """Who set it; empty in one that is still to be set."""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file of a GitHub Release."""

    id: int
    name: str
    size: int
    complete: bool
    """False: an upload that broke off."""
    digest: str | None
    """``sha256:HEX`` where GitHub tells it."""


@dataclass(frozen=True, kw_only=True)
class GitHubRelease:
    """A GitHub Release: the page about a tag."""

    id: int
    tag: str
    name: str
    body: str
    draft: bool
    url: str
    assets: tuple[Asset, ...]
    uploads: str = ""
    """Where GitHub takes further assets."""


@dataclass(frozen=True, kw_only=True)
class Issue:
    """An issue."""

    number: int
    title: str
    body: str
    author: str
    url: str


@dataclass(frozen=True, kw_only=True)
class GitHubRepository:
    """A repository on GitHub."""

    name: str
    """``owner/name``"""
    private: bool
    default_branch: str


@dataclass(frozen=True, kw_only=True)
class Push:
    """Commits that came to the default branch together."""

    head: str
    """SHA of the newest one."""
    commits: tuple[str, ...] = ()
    """All of them, newest first, as far as the event names them; without ``head``."""


@dataclass(frozen=True, kw_only=True)
class CheckRun:
    """The run of the check whose report is to be posted, as GitHub tells of it.

    All of it comes from GitHub, none of it from the run itself.
    """

    id: int
    event: str
    """What started it: ``pull_request``, ``merge_group``, ``push``, …"""
    conclusion: str
    """``success``, ``failure``, ``cancelled``, …"""
    head: str
    """SHA of the commit that was checked; of a pull request, the newest of its branch then; of a
    merge queue, the one that the default branch then gets."""
    branch: str
    """The branch it came from."""
    repository: str | None
    """``owner/name`` of where that branch is; None: that fork was deleted."""
    url: str
    pulls: tuple[int, ...]
    """Pull requests with this head; always empty for forks."""
