"""What every endpoint shares: who asks, what they may, pages, and GitHub's refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.forge.records import Repository, Token, User
from tests.forge.world import World

DOCS = "https://docs.github.com/rest"
REPO = "/repos/{owner}/{repo}"
ADMIN = ("administration", "secrets", "variables")
"""Permissions that no workflow's token can be given."""


class Refusal(Exception):  # noqa: N818 (an answer, not a fault of ours)
    """An answer of 400 or more, as GitHub words it."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        """Say ``message`` with ``status``; ``more`` are further properties of the body."""
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "documentation_url": DOCS, "status": str(status), **more}


def invalid(resource: str, field_name: str, code: str = "invalid", message: str = "") -> Refusal:
    """The 422 that GitHub gives where a value is of the right shape but not to be had."""
    error = {"resource": resource, "field": field_name, "code": code}
    return Refusal(
        422, "Validation Failed", errors=[error | ({"message": message} if message else {})]
    )


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What an endpoint answers."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that an endpoint answers."""

    world: World
    base: str
    """``https://localhost:PORT``."""
    path: str
    values: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    raw: bytes
    token: Token | None

    @property
    def api(self) -> str:
        """Where the REST API begins."""
        return f"{self.base}/api/v3"

    @property
    def user(self) -> User:
        """Who asks."""
        if self.token is None:
            raise Refusal(401, "Requires authentication")
        return self.token.user

    @property
    def repository(self) -> Repository:
        """The repository in the path; 404 where the caller may not even know of it."""
        found = self.world.repositories.get(f"{self.values['owner']}/{self.values['repo']}")
        if found is None or not visible(found, self.token):
            raise Refusal(404, "Not Found")
        return found

    def number(self, name: str) -> int:
        """A number in the path."""
        try:
            return int(self.values[name])
        except ValueError as error:
            raise Refusal(404, "Not Found") from error

    def page(self, items: Sequence[Any], shape: Callable[[Any], Any]) -> Reply:
        """One page of ``items``, 30 unless asked otherwise and 100 at most, with a Link header."""
        shown, headers = self.paged(items)
        return Reply(body=[shape(item) for item in shown], headers=headers)

    def paged(self, items: Sequence[Any]) -> tuple[Sequence[Any], dict[str, str]]:
        """The items of the page that was asked for, and its Link header."""
        size = min(int(self.query.get("per_page", 30)), 100) or 30
        number = max(int(self.query.get("page", 1)), 1)
        last = max(-(-len(items) // size), 1)
        links: dict[str, int] = {}
        if number < last:
            links |= {"next": number + 1, "last": last}
        if number > 1:
            links |= {"prev": number - 1, "first": 1}

        def address(page: int) -> str:
            query = urlencode({**self.query, "page": page})
            return f"{self.api}{self.path}?{query}"

        link = ", ".join(f'<{address(page)}>; rel="{rel}"' for rel, page in links.items())
        return items[(number - 1) * size : number * size], {"Link": link} if link else {}


def visible(repository: Repository, token: Token | None) -> bool:
    """Whether who shows ``token`` may know of ``repository``."""
    if not repository.private:
        return True
    if token is None:
        return False
    if token.kind == "workflow":
        return token.repository == repository.full_name
    return role(repository, token.user) is not None


def role(repository: Repository, user: User) -> str | None:
    """What ``user`` is in ``repository``: admin, write, read or, in a private one, None."""
    if user == repository.owner:
        return "admin"
    return repository.roles.get(user.login, None if repository.private else "read")


def may(repository: Repository, token: Token | None, names: Sequence[str], *, write: bool) -> bool:
    """Whether ``token`` holds one of the permissions ``names`` in ``repository``."""
    if token is None:
        return not write and not repository.private and names[0] not in ADMIN
    if token.kind == "workflow" and token.repository != repository.full_name:
        return not write and not repository.private and names[0] not in ADMIN
    if token.permissions is not None:
        enough = {"write"} if write else {"read", "write"}
        granted = {**token.permissions, "metadata": "read"}
        if not any(granted.get(name) in enough for name in names):
            return False
    if token.kind == "workflow":
        return True
    standing = role(repository, token.user)
    if names[0] in ADMIN:
        return standing == "admin"
    talk = bool({"issues", "pull-requests"} & set(names))
    return standing in {"admin", "write"} or (standing is not None and (talk or not write))


Handler = Callable[[Call], Reply]


@dataclass(frozen=True, kw_only=True)
class Route:
    """An endpoint: what answers, and the permissions of which any one suffices."""

    handler: Handler
    permissions: tuple[str, ...]
    write: bool

    def answer(self, call: Call) -> Reply:
        """The endpoint's answer.

        Raises:
            Refusal: the caller may not, or what was asked cannot be.
        """
        if self.permissions and not may(
            call.repository, call.token, self.permissions, write=self.write
        ):
            if call.token is None:
                raise Refusal(401, "Requires authentication")
            kind = "integration" if call.token.kind == "workflow" else "personal access token"
            raise Refusal(403, f"Resource not accessible by {kind}")
        return self.handler(call)


ROUTES: dict[tuple[str, str], Route] = {}


def route(method: str, path: str, *permissions: str) -> Callable[[Handler], Handler]:
    """Makes a function the answer to ``method path``; any of ``permissions`` suffices."""

    def add(handler: Handler) -> Handler:
        ROUTES[method, path] = Route(
            handler=handler, permissions=permissions, write=method != "GET"
        )
        return handler

    return add
