"""GitHub's answers turned into values of the model, strictly: a wrong type is an error.

Properties as in GitHub's OpenAPI description. Only what is needed is read; GitHub adds properties
without notice, so others are skipped.
"""

from __future__ import annotations

import dataclasses
import re
from functools import cache
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from datarelease.model.github import (
    Asset,
    Comment,
    CommitStatus,
    Environment,
    GitHubRelease,
    GitHubRepository,
    Issue,
    PullRequest,
    TagRuleset,
    WorkflowPermissions,
)

_T = TypeVar("_T")
GHOST = "ghost"
"""The user that GitHub shows for a deleted account."""
_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)


def as_repository(data: Any) -> GitHubRepository:
    """A repository."""
    return _read(GitHubRepository, data, name=data["full_name"], owner_id=data["owner"]["id"])


def as_pull(data: Any) -> PullRequest:
    """A pull request, asked for by number or in a listing."""
    number, head, base = data["number"], data["head"], data["base"]
    merge = data["merge_commit_sha"]
    return _read(
        PullRequest,
        data,
        number=number,
        author=_login(data["user"]),
        url=data["html_url"],
        open={"open": True, "closed": False}[data["state"]],
        merged=data["merged_at"] is not None,
        head=_sha(head["sha"]),
        base=base["ref"],
        merge_commit=None if merge is None else _sha(merge),
        head_branch=head["ref"],
        head_repository=head["repo"]["full_name"] if head["repo"] else None,
        into_default=bool(base["repo"]) and base["repo"].get("default_branch") == base["ref"],
    )


def as_merge_commit(data: Any) -> str:
    """The commit that a merge made."""
    if data["merged"] is not True:
        raise ValueError("merged: it is not true")
    return _sha(data["sha"])


def as_comment(data: Any) -> Comment:
    """A comment on an issue or pull request."""
    return _read(Comment, data, author=_login(data.get("user")), body=data.get("body") or "")


def as_status(data: Any) -> CommitStatus:
    """A status of a commit."""
    said, url, author = data["description"] or "", data["target_url"] or "", _login(data["creator"])
    return _read(CommitStatus, data, description=said, url=url, author=author)


def as_ref(data: Any) -> str:
    """The commit that a branch is at."""
    return _sha(data["object"]["sha"])


def as_paths(data: Any) -> tuple[str, ...]:
    """The files of a tree that was asked for with all below it; none if it was cut short."""
    if data["truncated"]:
        return ()
    return tuple(str(entry["path"]) for entry in data["tree"] if entry["type"] == "blob")


def as_changed_paths(data: Any) -> tuple[str, ...]:
    """The names of a file that a pull request changes: the new one, and the old one."""
    return tuple(str(data[k]) for k in ("filename", "previous_filename") if data.get(k))


def as_asset(data: Any) -> Asset:
    """A file of a release."""
    return _read(Asset, data, complete=data["state"] == "uploaded", digest=data.get("digest"))


def as_release(data: Any) -> GitHubRelease:
    """A GitHub Release."""
    return _read(
        GitHubRelease,
        data,
        tag=data["tag_name"],
        name=data["name"] or "",
        body=data.get("body") or "",
        url=data["html_url"],
        assets=tuple(map(as_asset, data["assets"])),
        # A template (RFC 6570): {?name,label} stands at its end.
        uploads=data["upload_url"].partition("{")[0],
    )


def as_issue(data: Any) -> Issue:
    """An issue."""
    body, author, url = data.get("body") or "", _login(data["user"]), data["html_url"]
    return _read(Issue, data, body=body, author=author, url=url)


def as_environment(data: Any) -> Environment:
    """An environment; the branches of a list of its own are asked for separately."""
    limit = data.get("deployment_branch_policy") or {}
    branches = () if limit.get("custom_branch_policies") else None
    protected = limit.get("protected_branches", False)
    return _read(Environment, data, branches=branches, protected_branches=protected)


def as_ruleset(data: Any) -> TagRuleset:
    """A ruleset for tags."""
    refs = (data.get("conditions") or {}).get("ref_name") or {}
    return _read(
        TagRuleset,
        data,
        active=data["enforcement"] == "active",
        include=tuple(refs.get("include") or ()),
        exclude=tuple(refs.get("exclude") or ()),
        rules=frozenset(rule["type"] for rule in data.get("rules") or ()),
        bypassed=bool(data.get("bypass_actors")),
    )


def as_permissions(data: Any) -> WorkflowPermissions:
    """The default permissions of a workflow's token."""
    return _read(
        WorkflowPermissions,
        data,
        write=data["default_workflow_permissions"] == "write",
        approves=data["can_approve_pull_request_reviews"],
    )


def shape_fault(error: Exception) -> str:
    """What of an answer is not as documented, from what a function of this module raised."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing, or has another value"
    return str(error)


def _login(user: Any) -> str:
    return str(user["login"]) if user else GHOST


def _sha(text: Any) -> str:
    if not isinstance(text, str) or not _SHA.fullmatch(text):
        raise ValueError(f"{text!r:.60} is not the SHA of a commit")
    return text


def _read(kind: type[_T], data: Any, **given: Any) -> _T:
    """The value with the fields that are ``given``, and else with the properties of their names.

    Each field has the type that the model declares.
    """
    model: Any = kind
    names = (field.name for field in dataclasses.fields(model))
    fields = {name: given[name] if name in given else data[name] for name in names}
    checked: _T = _adapter(model).validate_python(model(**fields))
    return checked


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Made once, since making it takes milliseconds."""
    # A union hands the configuration down to plain dataclasses, which a bare class does not.
    return TypeAdapter(kind | None, config=ConfigDict(strict=True, revalidate_instances="always"))
