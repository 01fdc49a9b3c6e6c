"""The settings of a repository on GitHub; they are read and never changed.

Every endpoint is in GitHub's published OpenAPI description. Which of them a token may ask differs;
``GitHubError`` with the status 403 means that this one may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from datarelease.adapters.github.connection import part
from datarelease.adapters.github.errors import Ask
from datarelease.adapters.github.requests import Requests
from datarelease.model.github_setup import (
    Environment,
    RepositoryFacts,
    TagRuleset,
    WorkflowPermissions,
)


class GitHubSetup:
    """The settings of one repository."""

    def __init__(self, requests: Requests) -> None:
        """Ask through ``requests``."""
        self._requests = requests

    def repository(self) -> RepositoryFacts:
        """What the repository is called, by name and by number.

        Raises:
            GitHubError: The request failed.
        """
        ask = Ask(what="describe the repository", permission="metadata: read")
        found = self._mapping(self._requests.get("", ask), ask)
        owner = self._mapping(found.get("owner"), ask)
        return RepositoryFacts(
            full_name=str(found["full_name"]),
            id=int(found["id"]),
            owner_id=int(owner["id"]),
            default_branch=str(found["default_branch"]),
            private=bool(found["private"]),
        )

    def environment(self, name: str) -> Environment | None:
        """The environment called ``name``, or None.

        Raises:
            GitHubError: The request failed.
        """
        ask = Ask(what=f"describe the environment {name}", permission="actions: read")
        place = f"/environments/{part(name)}"
        data = self._requests.find(place, ask)
        if data is None:
            return None
        found = self._mapping(data, ask)
        limit = found.get("deployment_branch_policy")
        branches: tuple[str, ...] | None = None
        if isinstance(limit, dict) and limit.get("custom_branch_policies"):
            listed = self._listed(f"{place}/deployment-branch-policies", "branch_policies", ask)
            branches = tuple(_policy(item) for item in listed)
        protected = isinstance(limit, dict) and bool(limit.get("protected_branches"))
        return Environment(name=name, branches=branches, protected_branches=protected)

    def names(self, kind: str, environment: str | None = None) -> frozenset[str]:
        """The names of the ``secrets`` or ``variables`` of an environment, or of the repository.

        Raises:
            GitHubError: The request failed.
        """
        place = "/actions" if environment is None else f"/environments/{part(environment)}"
        ask = Ask(what=f"list the names of {kind}", permission=f"{kind}: read")
        return frozenset(str(item["name"]) for item in self._listed(f"{place}/{kind}", kind, ask))

    def tag_rulesets(self) -> tuple[TagRuleset, ...]:
        """The rulesets for tags, those of the organisation included.

        Raises:
            GitHubError: The request failed.
        """
        ask = Ask(what="list the rulesets", permission="metadata: read")
        listed = self._requests.pages("/rulesets", ask, includes_parents="true", targets="tag")
        return tuple(self._ruleset(self._mapping(item, ask), ask) for item in listed)

    def workflow_permissions(self) -> WorkflowPermissions | None:
        """The default permissions of a workflow's token; None: this token may not see them.

        Raises:
            GitHubError: The request failed.
        """
        ask = Ask(what="describe the permissions of workflows", permission="administration: read")
        data = self._requests.find("/actions/permissions/workflow", ask)
        if data is None:
            return None
        found = self._mapping(data, ask)
        return WorkflowPermissions(
            write=found["default_workflow_permissions"] == "write",
            approves=bool(found["can_approve_pull_request_reviews"]),
        )

    def releases_are_immutable(self) -> bool:
        """A GitHub Release keeps its assets permanently once it is published.

        Raises:
            GitHubError: The request failed.
        """
        ask = Ask(what="describe immutable releases", permission="administration: read")
        found = self._requests.find("/immutable-releases", ask)
        return isinstance(found, dict) and bool(found.get("enabled"))

    def subject_prefix(self) -> str | None:
        """The beginning of the ``sub`` claim of an OIDC token, if GitHub gives it.

        Raises:
            GitHubError: The request failed.
        """
        ask = Ask(what="describe the subject of OIDC tokens", permission="actions: read")
        found = self._requests.find("/actions/oidc/customization/sub", ask)
        prefix = found.get("sub_claim_prefix") if isinstance(found, dict) else None
        return str(prefix).rstrip(":") if prefix else None

    def _ruleset(self, listed: Mapping[str, Any], ask: Ask) -> TagRuleset:
        found = self._mapping(self._requests.get(f"/rulesets/{int(listed['id'])}", ask), ask)
        conditions = found.get("conditions") or {}
        names = conditions.get("ref_name") or {}
        return TagRuleset(
            name=str(found["name"]),
            active=found["enforcement"] == "active",
            include=tuple(map(str, names.get("include") or ())),
            exclude=tuple(map(str, names.get("exclude") or ())),
            rules=frozenset(str(rule["type"]) for rule in found.get("rules") or ()),
            bypassed=bool(found.get("bypass_actors")),
        )

    def _listed(self, path: str, key: str, ask: Ask) -> Iterator[Mapping[str, Any]]:
        """The entries below ``key``; thirty secrets or branches fit on the page of a hundred."""
        found = self._mapping(self._requests.get(path, ask, per_page="100"), ask)
        for item in found[key]:
            yield self._mapping(item, ask)

    def _mapping(self, data: object, ask: Ask) -> Mapping[str, Any]:
        if not isinstance(data, dict):
            raise self._requests.unexpected(ask, "an object was expected")
        return data


def _policy(item: Mapping[str, Any]) -> str:
    """A branch by its pattern; a tag as ``tag NAME``, which no branch can be called."""
    name = str(item["name"])
    return f"tag {name}" if item.get("type") == "tag" else name
