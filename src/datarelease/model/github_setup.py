"""How a repository on GitHub is set up, as values, and what of it protects releases."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from datarelease.model.versions.version import TagGrammar


@dataclass(frozen=True, kw_only=True)
class RepositoryFacts:
    """A repository, by name and by number."""

    full_name: str
    """``owner/name``"""
    id: int
    owner_id: int
    default_branch: str
    private: bool


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
    """Workflows may approve pull requests."""


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

    def forbids_unyank(self, tags: TagGrammar) -> bool:
        """The tag that withdraws a version cannot be taken back."""
        return self.active and "deletion" in self.rules and self.covers(tags.format_yank(1))


def tag_ruleset(tags: TagGrammar) -> dict[str, object]:
    """The ruleset that is asked for, as the API takes it.

    Versions may be neither moved nor deleted; a withdrawal (``data-vN-yanked``) is reversible.
    """
    return {
        "name": f"{tags.prefix}* are permanent",
        "target": "tag",
        "enforcement": "active",
        "conditions": {
            "ref_name": {
                "include": [f"refs/tags/{tags.prefix}*"],
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
