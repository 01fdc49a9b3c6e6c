"""What the fake GitHub remembers: people, tokens, repositories, and what people did in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.forge.bare import Bare

BOT = "github-actions[bot]"
BOT_ID = 41898282
Role = Literal["read", "write", "admin"]
WORKFLOW_PERMISSIONS = {
    "actions", "attestations", "checks", "contents", "deployments", "discussions", "id-token",
    "issues", "models", "packages", "pages", "pull-requests", "security-events", "statuses",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class User:
    """A person, or the bot of the workflows."""

    id: int
    login: str

    @property
    def kind(self) -> str:
        """As GitHub's ``type``."""
        return "Bot" if self.login.endswith("[bot]") else "User"


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a client shows. A workflow's token is good for one repository and what it was given."""

    value: str
    user: User
    kind: Literal["user", "workflow"]
    permissions: Mapping[str, str] | None = None
    """By name: read, write or none. None: all that the user's role allows."""
    repository: str | None = None


@dataclass(kw_only=True)
class Comment:
    """A comment on an issue or a pull request."""

    id: int
    number: int
    user: User
    body: str
    created: str
    updated: str


@dataclass(kw_only=True)
class Issue:
    """An issue; a pull request is one too."""

    id: int
    number: int
    user: User
    title: str
    body: str | None
    created: str
    updated: str
    open: bool = True
    closed: str | None = None
    reason: str | None = None
    labels: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Pull(Issue):
    """A pull request."""

    source: Repository
    branch: str
    head: str
    base: str
    base_sha: str
    draft: bool = False
    merged: str | None = None
    merged_by: User | None = None
    merge_commit: str | None = None
    """Of the merge; before it, of the trial merge at refs/pull/N/merge."""
    commits: list[str] = field(default_factory=list)
    """Those that the merge brought, under their SHAs on both sides."""

    @property
    def ref(self) -> str:
        """What its refs begin with: /head, and while it is open and without conflict /merge."""
        return f"refs/pull/{self.number}"


@dataclass(frozen=True, kw_only=True)
class Status:
    """A status of a commit."""

    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target: str | None
    user: User
    created: str


@dataclass(kw_only=True)
class Asset:
    """A file of a release."""

    id: int
    name: str
    label: str | None
    content: bytes
    kind: str
    user: User
    created: str


@dataclass(kw_only=True)
class Release:
    """A release page; a draft has no tag of its own yet."""

    id: int
    tag: str
    target: str
    name: str | None
    body: str | None
    draft: bool
    prerelease: bool
    user: User
    created: str
    published: str | None = None
    immutable: bool = False
    assets: list[Asset] = field(default_factory=list)


@dataclass(kw_only=True)
class Environment:
    """An environment: what only jobs that name it may see."""

    id: int
    name: str
    secrets: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    reviewers: tuple[User, ...] = ()
    branches: Literal["all", "protected"] | tuple[str, ...] = "all"
    """Whose workflows may use it; names are patterns of branches."""


@dataclass(frozen=True, kw_only=True)
class Push:
    """A ref that a push changed."""

    repository: str
    ref: str
    before: str
    after: str
    user: str
    kind: Literal["user", "workflow", "web"]
    """A workflow's push starts no workflow."""


@dataclass(kw_only=True, eq=False)
class Repository:
    """A repository, and what people did in it."""

    id: int
    owner: User
    name: str
    bare: Bare
    private: bool
    default_branch: str = "main"
    parent: Repository | None = None
    roles: dict[str, Role] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    releases: dict[int, Release] = field(default_factory=dict)
    latest: int | None = None
    labels: list[str] = field(default_factory=lambda: ["bug", "documentation", "enhancement"])
    secrets: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Given values of workflow runs, as GitHub's ``workflow-run`` has them."""
    pages_enabled: bool = False
    """GitHub Pages is on, and its source is GitHub Actions."""
    pages: dict[str, bytes] = field(default_factory=dict)
    """The files of the newest deployment to GitHub Pages."""
    artifacts: dict[int, list[str]] = field(default_factory=dict)
    """Names of the artifacts that runs left, by the run."""
    dispatches: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of the requests that started `repository_dispatch`."""
    protected: str | None = None
    tag_rules: bool = False
    unruled_tags: tuple[str, ...] = ()
    """Patterns of refs that the rules for tags leave out."""
    subject_prefix: str | None = None
    """What the ``sub`` of its OIDC tokens begins with, where GitHub tells."""
    immutable_releases: bool = False
    workflow_permissions: Literal["read", "write"] = "read"

    @property
    def full_name(self) -> str:
        """As ``OWNER/NAME``."""
        return f"{self.owner.login}/{self.name}"

    @property
    def pulls(self) -> list[Pull]:
        """The pull requests, oldest first."""
        return [issue for issue in self.issues.values() if isinstance(issue, Pull)]

    def pull(self, number: int) -> Pull:
        """Pull request ``number``."""
        found = self.issues[number]
        assert isinstance(found, Pull), f"#{number} is an issue"
        return found

    def comments_on(self, number: int) -> list[Comment]:
        """The comments on an issue or pull request, oldest first."""
        return [comment for comment in self.comments.values() if comment.number == number]

    def statuses_of(self, sha: str) -> list[Status]:
        """The statuses of a commit, newest first."""
        return [status for status in reversed(self.statuses) if status.sha == sha]

    def leaks(self, secrets: Iterable[str]) -> list[str]:
        """Where any of ``secrets`` can be seen by those who may read here, git objects included."""
        places = {f"comment {it.id}": it.body for it in self.comments.values()}
        places |= {f"#{it.number}": f"{it.title}\n{it.body}" for it in self.issues.values()}
        places |= {f"status {it.id}": f"{it.description} {it.target}" for it in self.statuses}
        for release in self.releases.values():
            places[f"release {release.tag}"] = f"{release.name}\n{release.body}"
            for asset in release.assets:
                places[f"asset {asset.name}"] = asset.content.decode(errors="replace")
        for name, content in self.pages.items():
            places[f"page {name}"] = content.decode(errors="replace")
        wanted = list(secrets)
        found = [name for name, text in places.items() if any(it in text for it in wanted)]
        return found + ["git" for it in wanted if self.bare.holds(it)]

    def release(self, tag: str) -> Release:
        """The one release, draft or not, of ``tag``."""
        (found,) = [release for release in self.releases.values() if release.tag == tag]
        return found
