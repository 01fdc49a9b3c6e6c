"""Endpoints about people, repositories, commits, branches and tags."""

from __future__ import annotations

from typing import Any

from tests.forge.bare import Bare
from tests.forge.records import Repository, User
from tests.forge.rest import REPO, Call, Refusal, Reply, route
from tests.forge.shapes import shaped


def person(call: Call, user: User | None) -> dict[str, Any] | None:
    """A ``simple-user``, or nobody."""
    if user is None:
        return None
    return shaped(
        "simple-user",
        id=user.id,
        login=user.login,
        type=user.kind,
        url=f"{call.api}/users/{user.login}",
        html_url=f"{call.base}/{user.login}",
    )


def repository(call: Call, repo: Repository, component: str = "repository") -> dict[str, Any]:
    """A repository in one of the shapes that GitHub has for it."""
    return shaped(
        component,
        id=repo.id,
        name=repo.name,
        full_name=repo.full_name,
        owner=person(call, repo.owner),
        private=repo.private,
        visibility="private" if repo.private else "public",
        fork=repo.parent is not None,
        default_branch=repo.default_branch,
        url=f"{call.api}/repos/{repo.full_name}",
        html_url=f"{call.base}/{repo.full_name}",
        clone_url=f"{call.base}/{repo.full_name}.git",
    )


@route("GET", "/user")
def me(call: Call) -> Reply:
    """Who asks. A workflow's token is no person's."""
    user = call.user
    if call.token and call.token.kind == "workflow":
        raise Refusal(403, "Resource not accessible by integration")
    return Reply(body=_whole(call, user, "private"))


@route("GET", "/users/{username}")
def user_named(call: Call) -> Reply:
    """A person."""
    found = call.world.users.get(call.values["username"])
    if found is None:
        raise Refusal(404, "Not Found")
    return Reply(body=_whole(call, found, "public"))


def _whole(call: Call, user: User, view: str) -> dict[str, Any]:
    known = person(call, user) or {}
    return shaped(f"{view}-user", **known, name=user.login, user_view_type=view)


@route("GET", REPO, "metadata")
def one_repository(call: Call) -> Reply:
    """The repository."""
    repo = call.repository
    parents = {}
    if repo.parent is not None:
        parents = {name: repository(call, repo.parent) for name in ("parent", "source")}
    return Reply(body={**repository(call, repo, "full-repository"), **parents})


def _commit(bare: Bare, sha: str, call: Call) -> dict[str, Any]:
    message, name, address = bare.subject(sha)
    parents = bare.git("rev-list", "--parents", "-1", sha).split()[1:]
    who = {"name": name, "email": address, "date": "2026-01-01T00:00:00Z"}
    url = f"{call.api}/repos/{call.repository.full_name}/commits/{sha}"
    return shaped(
        "commit",
        sha=sha,
        url=url,
        author=None,
        committer=None,
        parents=[shaped_parent(url, sha, parent) for parent in parents],
        commit={
            "url": url,
            "author": who,
            "committer": who,
            "message": message,
            "comment_count": 0,
            "tree": {"sha": bare.git("rev-parse", f"{sha}^{{tree}}"), "url": url},
        },
    )


def shaped_parent(url: str, sha: str, parent: str) -> dict[str, str]:
    """A parent as listed in a commit."""
    return {"sha": parent, "url": url.replace(sha, parent)}


@route("GET", f"{REPO}/commits/{{ref}}", "contents")
def commit(call: Call) -> Reply:
    """A commit."""
    bare = call.repository.bare
    sha = bare.sha(call.values["ref"])
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {call.values['ref']}")
    return Reply(body=_commit(bare, sha, call))


@route("GET", f"{REPO}/branches/{{branch}}", "contents")
def branch(call: Call) -> Reply:
    """A branch."""
    repo, name = call.repository, call.values["branch"]
    sha = repo.bare.sha(f"refs/heads/{name}")
    if sha is None:
        raise Refusal(404, "Branch not found")
    url = f"{call.api}/repos/{repo.full_name}/branches/{name}"
    return Reply(
        body=shaped(
            "branch-with-protection",
            name=name,
            commit=_commit(repo.bare, sha, call),
            protected=repo.protected == name,
            protection_url=f"{url}/protection",
            _links={"html": f"{call.base}/{repo.full_name}/tree/{name}", "self": url},
        )
    )


@route("GET", f"{REPO}/branches/{{branch}}/protection", "administration")
def protection(call: Call) -> Reply:
    """What protects a branch."""
    if call.repository.protected != call.values["branch"]:
        raise Refusal(404, "Branch not protected")
    return Reply(body=shaped("branch-protection", enabled=True))


def _ref(call: Call, name: str, kind: str, sha: str) -> dict[str, Any]:
    api = f"{call.api}/repos/{call.repository.full_name}/git"
    target = {"type": kind, "sha": sha, "url": f"{api}/{kind}s/{sha}"}
    return shaped("git-ref", ref=name, url=f"{api}/{name}", object=target)


@route("GET", f"{REPO}/git/ref/{{ref}}", "contents")
def one_ref(call: Call) -> Reply:
    """A ref by its whole name without ``refs/``."""
    name = f"refs/{call.values['ref']}"
    found = call.repository.bare.refs(name).get(name)
    if found is None:
        raise Refusal(404, "Not Found")
    return Reply(body=_ref(call, name, *found))


@route("GET", f"{REPO}/git/matching-refs/{{ref}}", "contents")
def matching_refs(call: Call) -> Reply:
    """The refs whose names start so."""
    found = call.repository.bare.refs(f"refs/{call.values['ref']}")
    return Reply(body=[_ref(call, name, *where) for name, where in found.items()])


@route("GET", f"{REPO}/git/trees/{{tree_sha}}", "contents")
def tree(call: Call) -> Reply:
    """The files of a revision, all of them if it is asked for them."""
    revision = call.values["tree_sha"]
    sha = call.repository.bare.sha(revision)
    if sha is None:
        raise Refusal(404, "Not Found")
    listed = call.repository.bare.tree(sha, recursive="recursive" in call.query)
    entries = [
        {"path": path, "mode": mode, "type": kind, "sha": blob} for mode, kind, blob, path in listed
    ]
    return Reply(body=shaped("git-tree", sha=sha, truncated=False, tree=entries))


@route("POST", f"{REPO}/dispatches", "contents")
def dispatch(call: Call) -> Reply:
    """Starts the workflows that wait for ``repository_dispatch``."""
    call.repository.dispatches.append(call.body)
    return Reply(status=204)
