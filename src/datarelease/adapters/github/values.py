"""GitHub's answers turned into values of the model, strictly: a wrong type is an error.

Shapes as in GitHub's OpenAPI description. Only what is needed is read; GitHub adds properties
without notice, so others are skipped.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from datarelease.model.github import (
    Asset,
    Comment,
    CommitStatus,
    GitHubRelease,
    GitHubRepository,
    Issue,
    PullRequest,
)

_T = TypeVar("_T")
GHOST = "ghost"
"""The user that GitHub shows for a deleted account."""
_Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class _Shape(BaseModel):
    """Part of an answer."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _User(_Shape):
    login: str


class _Artifact(_Shape):
    name: str


class ArtifactsShape(_Shape):
    """The artifacts of a run, those of one name."""

    artifacts: list[_Artifact]


class RepositoryShape(_Shape):
    """A repository."""

    full_name: str
    private: bool
    default_branch: str = ""

    @property
    def value(self) -> GitHubRepository:
        """As a value of the model."""
        return GitHubRepository(
            name=self.full_name, private=self.private, default_branch=self.default_branch
        )


class _End(_Shape):
    ref: str
    sha: _Sha
    repo: RepositoryShape | None = None


class PullShape(_Shape):
    """A pull request, asked for by number or in a listing."""

    number: int
    title: str
    user: _User | None
    html_url: str
    state: Literal["open", "closed"]
    merged_at: str | None
    head: _End
    base: _End
    merge_commit_sha: _Sha | None

    @property
    def into_default(self) -> bool:
        """Whether it goes into the repository's default branch."""
        return self.base.repo is not None and self.base.ref == self.base.repo.default_branch

    @property
    def value(self) -> PullRequest:
        """As a value of the model."""
        return PullRequest(
            number=self.number,
            title=self.title,
            author=_login(self.user),
            url=self.html_url,
            open=self.state == "open",
            merged=self.merged_at is not None,
            head=self.head.sha,
            base=self.base.ref,
            merge_commit=self.merge_commit_sha,
            head_branch=self.head.ref,
            head_repository=self.head.repo.full_name if self.head.repo else None,
        )


class MergeShape(_Shape):
    """The outcome of a merge."""

    sha: _Sha
    merged: Literal[True]


class CommentShape(_Shape):
    """A comment on an issue or pull request."""

    id: int
    user: _User | None = None
    body: str | None = None

    @property
    def value(self) -> Comment:
        """As a value of the model."""
        return Comment(id=self.id, author=_login(self.user), body=self.body or "")


class StatusShape(_Shape):
    """A status of a commit."""

    context: str
    state: Literal["success", "failure", "pending", "error"]
    description: str | None
    target_url: str | None
    creator: _User | None

    @property
    def value(self) -> CommitStatus:
        """As a value of the model."""
        return CommitStatus(
            context=self.context,
            state=self.state,
            description=self.description or "",
            url=self.target_url or "",
            author=_login(self.creator),
        )


class AssetShape(_Shape):
    """A file of a release."""

    id: int
    name: str
    size: int
    state: Literal["uploaded", "open", "starter"]
    digest: str | None = None

    @property
    def value(self) -> Asset:
        """As a value of the model."""
        return Asset(
            id=self.id,
            name=self.name,
            size=self.size,
            complete=self.state == "uploaded",
            digest=self.digest,
        )


class GitHubReleaseShape(_Shape):
    """A GitHub Release."""

    id: int
    tag_name: str
    name: str | None
    body: str | None = None
    draft: bool
    html_url: str
    upload_url: str
    assets: list[AssetShape]

    @property
    def value(self) -> GitHubRelease:
        """As a value of the model."""
        return GitHubRelease(
            id=self.id,
            tag=self.tag_name,
            name=self.name or "",
            body=self.body or "",
            draft=self.draft,
            url=self.html_url,
            assets=tuple(asset.value for asset in self.assets),
            # A template (RFC 6570): {?name,label} stands at its end.
            uploads=self.upload_url.partition("{")[0],
        )


class IssueShape(_Shape):
    """An issue; for GitHub a pull request is one too."""

    number: int
    title: str
    body: str | None = None
    user: _User | None
    html_url: str
    pull_request: dict[str, Any] | None = None

    @property
    def value(self) -> Issue:
        """As a value of the model."""
        return Issue(
            number=self.number,
            title=self.title,
            body=self.body or "",
            author=_login(self.user),
            url=self.html_url,
        )


class ShapeReader(Generic[_T]):
    """Reads one kind of shape; made once, since making it takes time."""

    def __init__(self, shape: type[_T]) -> None:
        """Read answers as ``shape``."""
        self._adapter = TypeAdapter(shape)

    def __call__(self, data: object) -> _T:
        """The shape in ``data``.

        Raises:
            ShapeError: It is another.
        """
        try:
            return self._adapter.validate_python(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the answer"
            raise ShapeError(f"{where}: {first['msg']}") from error


class ShapeError(Exception):
    """An answer has another shape than GitHub documents."""


def _login(user: _User | None) -> str:
    return user.login if user else GHOST
