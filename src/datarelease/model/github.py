"""GitHub's data about a repository, as values, and which of its settings protect releases.

``adapters.github.repository`` asks for them.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import Literal

from datarelease.model.directory import ROOT
from datarelease.model.versions.channel import ChannelGrammar
from datarelease.model.versions.version import TagGrammar

GITHUB_COM = "https://github.com"
BOT = "github-actions[bot]"
"""Who writes with the token of a workflow."""

StatusState = Literal["success", "failure", "pending", "error"]


@dataclass(frozen=True, kw_only=True)
class GitHubAccess:
    """A repository on GitHub, and how it is reached."""

    server: str
    """``https://github.com``"""
    api: str
    """``https://api.github.com``; of GitHub Enterprise ``https://HOST/api/v3``."""
    repository: str
    """``owner/name``"""
    token: str | None = field(repr=False)
    bot: str = BOT
    """Login whose comments and statuses are ours."""
    directory: str = ROOT
    """Of the DVC root in the repository, where there are several."""


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
    merge_commit: str | None
    """SHA that the merge put on the base branch (of the merge commit, of the squashed one, of the
    last one of a rebase); before the merge, of a trial merge."""
    head_branch: str = ""
    head_repository: str | None = None
    """``owner/name`` of where that branch is; None: that fork was deleted."""
    into_default: bool = False
    """It goes into the repository's default branch."""


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
    id: int
    owner_id: int
    private: bool
    default_branch: str


@dataclass(frozen=True, kw_only=True)
class Push:
    """Commits that came to the default branch together."""

    head: str
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
    repository: str | None
    """``owner/name`` of where that branch is; None: that fork was deleted."""
    url: str
    pulls: tuple[int, ...]
    """Pull requests with this head; always empty for forks."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment: who may use its secrets."""

    name: str
    branches: tuple[str, ...] | None
    """Patterns of branches whose workflows may; ``tag PATTERN`` for tags; None: no such list."""
    protected_branches: bool
    """Every protected branch may."""

    def is_limited_to(self, branch: str) -> bool:
        """Workflows of ``branch`` may use it, and of no other."""
        return self.branches == (branch,)


@dataclass(frozen=True, kw_only=True)
class WorkflowPermissions:
    """What the token of a workflow may do where the workflow does not say."""

    write: bool
    approves: bool


@dataclass(frozen=True, kw_only=True)
class TagRuleset:
    """Rules for tags."""

    name: str
    active: bool
    include: tuple[str, ...]
    """Patterns of refs, or ``~ALL``."""
    exclude: tuple[str, ...]
    rules: frozenset[str]
    """Types, such as ``deletion`` and ``update``."""
    bypassed: bool
    """Somebody is exempt, as far as our token may see."""

    def covers(self, tag: str) -> bool:
        """The rules hold for ``tag``.

        GitHub matches with Ruby's ``File.fnmatch`` (documentation, "Creating rulesets"), where
        ``*`` stops at a slash.
        """
        ref = f"refs/tags/{tag}"
        return any(_matches(ref, one) for one in self.include) and not any(
            _matches(ref, one) for one in self.exclude
        )

    def protects(self, tags: TagGrammar) -> bool:
        """No version of ``tags`` can be moved or deleted."""
        versions = [tags.format(number) for number in (1, 42, 100_000)]
        return (
            self.active
            and {"deletion", "update"} <= self.rules
            and all(self.covers(version) for version in versions)
        )

    def protects_channels(self, tags: TagGrammar) -> bool:
        """No move of a channel, beside the versions of ``tags``, can be moved or deleted."""
        moves = [ChannelGrammar(tags).format(*move) for move in (("stable", 1), ("a-b", 42))]
        return (
            self.active
            and {"deletion", "update"} <= self.rules
            and all(self.covers(move) for move in moves)
        )

    def forbids_unyank(self, tags: TagGrammar) -> bool:
        """The tag that withdraws a version cannot be taken back."""
        return self.active and "deletion" in self.rules and self.covers(tags.format_yank(1))


def tag_ruleset(tags: TagGrammar) -> dict[str, object]:
    """The ruleset that is asked for, as the API takes it.

    Versions and moves of channels may be neither moved nor deleted; a withdrawal
    (``data-vN-yanked``) is reversible.
    """
    permanent = (tags.prefix, ChannelGrammar(tags).prefix)
    return {
        "name": f"{tags.prefix}* are permanent",
        "target": "tag",
        "enforcement": "active",
        "conditions": {
            "ref_name": {
                "include": [f"refs/tags/{prefix}*" for prefix in permanent],
                "exclude": [f"refs/tags/{tags.prefix}*-yanked"],
            }
        },
        "rules": [{"type": "deletion"}, {"type": "update"}],
    }


def _matches(ref: str, pattern: str) -> bool:
    if pattern == "~ALL":
        return True
    parts, patterns = ref.split("/"), pattern.split("/")
    if "**" in patterns:
        return fnmatch.fnmatchcase(ref, pattern.replace("**/", "*"))
    return len(parts) == len(patterns) and all(map(fnmatch.fnmatchcase, parts, patterns))


PULL_REQUEST_FILE = "pull-request.json"
REPORT_STATE_FILE = "report.state"
"""Beside the report in a workflow; the name is one that all workflow files upload."""
REPORT_BEGUN = "begun\n"
"""In that file while the check runs: a check that ends so never wrote a report."""
REPORT_WRITTEN = "written\n"
"""In that file once the report is there."""


@dataclass(frozen=True, kw_only=True)
class PullRequestFile:
    """Which pull request a check was about, as the check itself says in its artifact.

    Readers must not trust it before GitHub has confirmed it.
    """

    number: int
    head: str
    """SHA of its newest commit when the check ran."""
    base: str
    format: int = 1
