"""The settings of a repository on GitHub: read, never changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from datarelease.adapters.github import values
from datarelease.adapters.github.connection import PAGE, GitHubConnection, part
from datarelease.adapters.github.errors import Ask
from datarelease.model.github import Environment, TagRuleset, WorkflowPermissions


class GitHubSettings(GitHubConnection):
    """What a setup needs to know of a repository; each method raises GitHubError."""

    def environment(self, name: str) -> Environment | None:
        """The environment called ``name``, or None."""
        ask = Ask(f"describe the environment {name}", "actions: read")
        place = f"/environments/{part(name)}"
        found = self._find(values.as_environment, place, ask)
        if found is None or found.branches is None:
            return found
        listed = _names_in("branch_policies")
        branches = self._page(listed, f"{place}/deployment-branch-policies", ask)
        return replace(found, branches=branches)

    def names(self, kind: str, environment: str | None = None) -> frozenset[str]:
        """The names of the ``secrets`` or ``variables`` of an environment, or of the repository."""
        place = "/actions" if environment is None else f"/environments/{part(environment)}"
        ask = Ask(f"list the names of {kind}", f"{kind}: read")
        return frozenset(self._page(_names_in(kind), f"{place}/{kind}", ask))

    def tag_rulesets(self) -> tuple[TagRuleset, ...]:
        """The rulesets for tags, those of the organisation included."""
        ask = Ask("list the rulesets", "metadata: read")
        numbers = self._list(
            lambda data: int(data["id"]), "/rulesets", ask, includes_parents="true", targets="tag"
        )
        return tuple(self._get(values.as_ruleset, f"/rulesets/{number}", ask) for number in numbers)

    def workflow_permissions(self) -> WorkflowPermissions | None:
        """The default permissions of a workflow's token; None: this token may not see them."""
        ask = Ask("describe the permissions of workflows", "administration: read")
        return self._find(values.as_permissions, "/actions/permissions/workflow", ask)

    def releases_are_immutable(self) -> bool:
        """A GitHub Release keeps its assets permanently once it is published."""
        ask = Ask("describe immutable releases", "administration: read")
        return bool(self._find(lambda data: data.get("enabled"), "/immutable-releases", ask))

    def subject_prefix(self) -> str | None:
        """The beginning of the ``sub`` claim of an OIDC token, if GitHub gives it."""
        ask = Ask("describe the subject of OIDC tokens", "actions: read")
        prefix = self._find(
            lambda data: data.get("sub_claim_prefix"), "/actions/oidc/customization/sub", ask
        )
        return str(prefix).rstrip(":") if prefix else None

    def _page(
        self, reader: Callable[[Any], tuple[str, ...]], path: str, ask: Ask
    ) -> tuple[str, ...]:
        """What is on the first page; thirty secrets or branches fit on one."""
        return self._get(reader, path, ask, per_page=str(PAGE))


def _names_in(key: str) -> Callable[[Any], tuple[str, ...]]:
    """Names below ``key``; a tag among branches is ``tag NAME``, which no branch can be called."""
    return lambda data: tuple(
        f"tag {item['name']}" if item.get("type") == "tag" else str(item["name"])
        for item in data[key]
    )
