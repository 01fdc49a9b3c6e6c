"""Asks what a repository on GitHub needs, so that only reviewed code meets the secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datarelease.adapters.store.credentials import DAGSHUB_TOKEN
from datarelease.doctor.local import Question
from datarelease.doctor.workflows import AREA, KEYS
from datarelease.model.diagnosis import PUBLISHING, READING, ROLE, STAGING_SECRETS, Line
from datarelease.model.github import tag_ruleset
from datarelease.model.versions.version import TagGrammar

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub

SECRETS = frozenset({DAGSHUB_TOKEN, *KEYS})
"""What an environment should hold and the repository should not."""


@dataclass(frozen=True, kw_only=True)
class RepositoryQuestions:
    """A repository on GitHub, and what this project wants of it."""

    github: GitHub
    repository: str
    """``owner/name``"""
    tags: TagGrammar
    kinds: Mapping[str, str]
    """Remote that holds versions: who keeps it."""
    staging: str | None = None
    """Who keeps the staging remote, if there is one."""


def unasked(why: str, remedy: str) -> Question:
    """Nothing can be asked of GitHub."""
    line = Line(area=AREA, check="set-up", state="unknown", found=why, remedy=remedy)
    return Question(area=AREA, check="set-up", ask=lambda: [line])


def github_questions(asked: RepositoryQuestions) -> Iterator[Question]:
    """What is asked of GitHub, each on its own: tokens differ in what they may see."""
    questions: dict[str, Callable[[RepositoryQuestions], Iterable[Line]]] = {
        PUBLISHING: lambda _: _environment(asked, PUBLISHING),
        READING: lambda _: _environment(asked, READING),
        "credentials": _credentials,
        "staging": _staging,
        "loose secrets": _loose,
        "tag ruleset": _ruleset,
        "workflow token": _token,
        "releases": _releases,
    }
    for check, ask in questions.items():
        yield Question(area=AREA, check=check, ask=lambda ask=ask: ask(asked))  # type: ignore[misc]


def _environment(asked: RepositoryQuestions, name: str) -> Iterator[Line]:
    branch = asked.github.repository().default_branch
    found = asked.github.environment(name)
    place = f"repos/{asked.repository}/environments/{name}"
    make = (
        f"gh api -X PUT {place} -F 'deployment_branch_policy[protected_branches]=false' "
        "-F 'deployment_branch_policy[custom_branch_policies]=true'\n"
        f"gh api -X POST {place}/deployment-branch-policies -f name={branch}"
    )
    if found is None:
        yield Line(
            area=AREA, check=name, state="missing" if name == PUBLISHING else "warning",
            found="the environment does not exist: without it, pull requests can read the secrets",
            remedy=make,
        )  # fmt: skip
    elif found.is_limited_to(branch):
        yield Line(area=AREA, check=name, state="ok", found=f"for workflows of {branch} only")
    elif found.protected_branches:
        yield Line(
            area=AREA, check=name, state="warning",
            found=f"for workflows of every protected branch, not of {branch} only", remedy=make,
        )  # fmt: skip
    else:
        allowed = "any branch" if found.branches is None else ", ".join(found.branches) or "none"
        yield Line(
            area=AREA, check=name, state="missing",
            found=(
                f"for workflows of {allowed}: everybody who can push there can read its "
                f"secrets; allow {branch} only"
            ),
            remedy=make,
        )  # fmt: skip


def _credentials(asked: RepositoryQuestions) -> Iterator[Line]:
    anywhere = asked.github.names("variables")
    for environment in (PUBLISHING, READING):
        if asked.github.environment(environment) is None:
            continue  # said already
        names = (
            asked.github.names("secrets", environment)
            | asked.github.names("variables", environment)
            | anywhere
        )
        for remote, kind in asked.kinds.items():
            if kind in _WANTED:
                yield _has(remote, environment, _WANTED[kind], names)


_WANTED: dict[str, list[Sequence[str]]] = {
    "dagshub": [(DAGSHUB_TOKEN,)],
    "aws": [ROLE, KEYS],
    "s3": [KEYS],
}
"""Who keeps a remote: the secrets or variables that release.yml and verify.yml hand on."""


def _has(
    remote: str, environment: str, wanted: Sequence[Sequence[str]], names: frozenset[str]
) -> Line:
    check = "credentials"
    here = next((group for group in wanted if set(group) <= names), None)
    if here is not None:
        found = f"{remote}: {' and '.join(here)} in {environment}"
        return Line(area=AREA, check=check, state="ok", found=found)
    kind = "variable" if wanted[0] is ROLE else "secret"
    return Line(
        area=AREA, check=check, state="missing" if environment == PUBLISHING else "warning",
        found=f"{remote}: {environment} lacks " + ", or ".join(map(" and ".join, wanted)),
        remedy="\n".join(f"gh {kind} set {name} --env {environment}" for name in wanted[0]),
    )  # fmt: skip


def _staging(asked: RepositoryQuestions) -> Iterator[Line]:
    if asked.staging not in {"aws", "s3"}:
        return
    missing = sorted(set(STAGING_SECRETS) - asked.github.names("secrets"))
    if missing:
        yield Line(
            area=AREA, check="staging", state="missing",
            found=f"the repository lacks {' and '.join(missing)}, which the build needs to write",
            remedy="\n".join(f"gh secret set {name}" for name in missing),
        )  # fmt: skip
    else:
        found = f"{' and '.join(STAGING_SECRETS)} of the repository"
        yield Line(area=AREA, check="staging", state="ok", found=found)


def _loose(asked: RepositoryQuestions) -> Iterator[Line]:
    loose = sorted(asked.github.names("secrets") & SECRETS)
    if loose:
        yield Line(
            area=AREA, check="loose secrets", state="warning",
            found=f"{', '.join(loose)} of the whole repository: workflows of every branch get them",
            remedy="\n".join(
                f"gh secret set {name} --env {PUBLISHING} && gh secret delete {name}"
                for name in loose
            ),
        )  # fmt: skip
    else:
        yield Line(area=AREA, check="loose secrets", state="ok", found="none outside environments")


def _ruleset(asked: RepositoryQuestions) -> Iterator[Line]:
    rulesets = asked.github.tag_rulesets()
    wanted = json.dumps(tag_ruleset(asked.tags))
    make = f"gh api -X POST repos/{asked.repository}/rulesets --input - <<< '{wanted}'"
    strict = [rules.name for rules in rulesets if rules.forbids_unyank(asked.tags)]
    protecting = [rules for rules in rulesets if rules.protects(asked.tags)]
    pattern = f"{asked.tags.prefix}*"
    if not protecting:
        yield Line(
            area=AREA, check="tag ruleset", state="missing",
            found=f"everybody who can push can move and delete the tags {pattern}", remedy=make,
        )  # fmt: skip
    elif strict:
        yield Line(
            area=AREA, check="tag ruleset", state="warning",
            found=f"{', '.join(strict)}: `datarelease unyank` cannot delete {pattern}-yanked",
            remedy=f"exclude refs/tags/{pattern}-yanked from that ruleset",
        )  # fmt: skip
    elif all(rules.bypassed for rules in protecting):
        yield Line(
            area=AREA, check="tag ruleset", state="warning",
            found=f"{protecting[0].name}: some users may bypass it",
            remedy="remove all entries of its bypass list (Settings, Rules, Rulesets)",
        )  # fmt: skip
    else:
        found = f"{protecting[0].name}: {pattern} can be neither moved nor deleted"
        yield Line(area=AREA, check="tag ruleset", state="ok", found=found)


def _token(asked: RepositoryQuestions) -> Iterator[Line]:
    permissions = asked.github.workflow_permissions()
    place = f"repos/{asked.repository}/actions/permissions/workflow"
    remedy = (
        f"gh api -X PUT {place} -f default_workflow_permissions=read "
        "-F can_approve_pull_request_reviews=false"
    )
    if permissions is None:
        found = "only an administrator can see the default permissions of workflows"
        yield Line(
            area=AREA, check="workflow token", state="unknown", found=found,
            remedy=f"GITHUB_TOKEN=$(gh auth token) datarelease doctor, or just: {remedy}",
        )  # fmt: skip
        return
    faults = [
        *(["may write by default"] if permissions.write else []),
        *(["may approve pull requests"] if permissions.approves else []),
    ]
    if faults:
        yield Line(
            area=AREA, check="workflow token", state="warning", found=" and ".join(faults),
            remedy=remedy,
        )  # fmt: skip
    else:
        found = "reads by default, approves nothing"
        yield Line(area=AREA, check="workflow token", state="ok", found=found)


def _releases(asked: RepositoryQuestions) -> Iterator[Line]:
    if asked.github.releases_are_immutable():
        yield Line(area=AREA, check="releases", state="ok", found="immutable once published")
    else:
        yield Line(
            area=AREA, check="releases", state="warning",
            found="assets of a GitHub Release can be replaced (or this token may not see it)",
            remedy=f"gh api -X PUT repos/{asked.repository}/immutable-releases",
        )  # fmt: skip
