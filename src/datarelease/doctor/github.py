"""Asks what a repository on GitHub needs, so that only reviewed code meets the secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from datarelease.adapters.store.credentials import DAGSHUB_TOKEN
from datarelease.adapters.store.remote_variables import variable_prefix
from datarelease.doctor.local import Questions
from datarelease.doctor.workflows import KEYS, WorkflowNeeds
from datarelease.model.adoption import held_for, held_on_github, staging_credentials
from datarelease.model.diagnosis import PUBLISHING, READING, ROLE, Observation
from datarelease.model.github import tag_ruleset
from datarelease.model.versions.channel import ChannelGrammar
from datarelease.model.versions.version import TagGrammar

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub

_SECRETS = frozenset({DAGSHUB_TOKEN, *KEYS})
"""What an environment should hold and the repository should not."""
_WANTED: dict[str, list[Sequence[str]]] = {
    "dagshub": [(DAGSHUB_TOKEN,)],
    "aws": [ROLE, KEYS],
    "s3": [KEYS],
}
"""Who keeps a remote: the secrets or variables that release.yml and verify.yml hand on."""


def github_questions(
    github: GitHub, repository: str, tags: TagGrammar, wanted: WorkflowNeeds
) -> Questions:
    """What is asked of GitHub, each on its own: tokens differ in what they may see."""
    return {
        PUBLISHING: partial(_environment, github, repository, PUBLISHING),
        READING: partial(_environment, github, repository, READING),
        "credentials": partial(_credentials, github, wanted),
        "staging": partial(_staging, github, wanted.staging),
        "webhooks": partial(_webhooks, github, wanted.webhooks),
        "loose secrets": partial(_loose, github),
        "tag ruleset": partial(_ruleset, github, repository, tags),
        "workflow token": partial(_token, github, repository),
        "releases": partial(_releases, github, repository),
    }


def _environment(github: GitHub, repository: str, name: str) -> Iterator[Observation]:
    branch = github.repository().default_branch
    found = github.environment(name)
    place = f"repos/{repository}/environments/{name}"
    make = (
        f"gh api -X PUT {place} -F 'deployment_branch_policy[protected_branches]=false' "
        "-F 'deployment_branch_policy[custom_branch_policies]=true'\n"
        f"gh api -X POST {place}/deployment-branch-policies -f name={branch}"
    )
    if found is None:
        yield Observation(
            "missing" if name == PUBLISHING else "warning",
            "the environment does not exist: without it, pull requests can read the secrets",
            make,
        )
    elif found.is_limited_to(branch):
        yield Observation("ok", f"for workflows of {branch} only")
    elif found.protected_branches:
        what = f"for workflows of every protected branch, not of {branch} only"
        yield Observation("warning", what, make)
    else:
        allowed = "any branch" if found.branches is None else ", ".join(found.branches) or "none"
        what = (
            f"for workflows of {allowed}: everybody who can push there can read its "
            f"secrets; allow {branch} only"
        )
        yield Observation("missing", what, make)


def _credentials(github: GitHub, wanted: WorkflowNeeds) -> Iterator[Observation]:
    anywhere = github.names("variables")
    for environment in (PUBLISHING, READING):
        if github.environment(environment) is None:
            continue  # said already
        names = (
            github.names("secrets", environment) | github.names("variables", environment) | anywhere
        )
        for remote, kind in wanted.kinds.items():
            held = held_for(remote, wanted.addresses.get(remote, ""))
            if kind in _WANTED:
                yield _has(remote, environment, _WANTED[kind], names)
            elif held:
                yield _has_elsewhere(remote, environment, held, names)


def _has(
    remote: str, environment: str, wanted: Sequence[Sequence[str]], names: frozenset[str]
) -> Observation:
    here = next((group for group in wanted if set(group) <= names), None)
    if here is not None:
        return Observation("ok", f"{remote}: {' and '.join(here)} in {environment}")
    kind = "variable" if wanted[0] is ROLE else "secret"
    return Observation(
        "missing" if environment == PUBLISHING else "warning",
        f"{remote}: {environment} lacks " + ", or ".join(map(" and ".join, wanted)),
        "\n".join(f"gh {kind} set {name} --env {environment}" for name in wanted[0]),
    )


def _has_elsewhere(
    remote: str, environment: str, held: Sequence[tuple[str, str]], names: frozenset[str]
) -> Observation:
    lacking = [(kind, name) for kind, name in held if name not in names]
    # DVC's configuration may name the account, and a key of the remote's own needs nothing else.
    key = f"{variable_prefix(remote).removeprefix('DATARELEASE_')}_"
    by_key = held[0][0] == "vars" and any(name.startswith(key) for name in names)
    if by_key or {name for _, name in lacking} <= {"AZURE_STORAGE_ACCOUNT"}:
        return Observation("ok", f"{remote}: can sign in in {environment}")
    return Observation(
        "missing" if environment == PUBLISHING else "warning",
        f"{remote}: {environment} lacks {' and '.join(name for _, name in lacking)}",
        _commands(lacking, f" --env {environment}"),
    )


def _commands(held: Sequence[tuple[str, str]], more: str = "") -> str:
    """What sets secrets and variables on GitHub."""
    kinds = {"secrets": "secret", "vars": "variable"}
    return "\n".join(f"gh {kinds[kind]} set {name}{more}" for kind, name in held)


def _staging(github: GitHub, staging: str) -> Iterator[Observation]:
    held = held_on_github(staging_credentials(staging))
    if not held:
        return
    there = {"secrets": github.names("secrets"), "vars": github.names("variables")}
    missing = [(kind, name) for kind, name in held if name not in there[kind]]
    if missing:
        names = " and ".join(name for _, name in missing)
        what = f"the repository lacks {names}, which the build needs to write"
        yield Observation("missing", what, _commands(missing))
    else:
        yield Observation("ok", f"{' and '.join(name for _, name in held)} of the repository")


def _webhooks(github: GitHub, webhooks: Sequence[str]) -> Iterator[Observation]:
    """The secrets that ``release.notify`` names; a message without one is not sent."""
    if not webhooks:
        return
    missing = sorted(set(webhooks) - github.names("secrets"))
    if missing:
        what = f"the repository lacks {' and '.join(missing)}, which release.notify names"
        yield Observation("warning", what, "\n".join(f"gh secret set {name}" for name in missing))
    else:
        yield Observation("ok", f"{' and '.join(sorted(set(webhooks)))} of the repository")


def _loose(github: GitHub) -> Iterator[Observation]:
    loose = sorted(github.names("secrets") & _SECRETS)
    if loose:
        yield Observation(
            "warning",
            f"{', '.join(loose)} of the whole repository: workflows of every branch get them",
            "\n".join(
                f"gh secret set {name} --env {PUBLISHING} && gh secret delete {name}"
                for name in loose
            ),
        )
    else:
        yield Observation("ok", "none outside environments")


def _ruleset(github: GitHub, repository: str, tags: TagGrammar) -> Iterator[Observation]:
    rulesets = github.tag_rulesets()
    protecting = [rules for rules in rulesets if rules.protects(tags)]
    versions, channels = f"{tags.prefix}*", f"{ChannelGrammar(tags).prefix}*"
    safe_channels = any(rules.protects_channels(tags) for rules in rulesets)
    sound = bool(protecting) and safe_channels
    if not protecting:
        open_tags = versions if safe_channels else f"{versions} and {channels}"
        what = f"everybody who can push can move and delete the tags {open_tags}"
        wanted = json.dumps(tag_ruleset(tags))
        make = f"gh api -X POST repos/{repository}/rulesets --input - <<< '{wanted}'"
        yield Observation("missing", what, make)
    elif not safe_channels:
        what = f"everybody who can push can move and delete {channels}, the history of channels"
        remedy = f"add refs/tags/{channels} to the ruleset {protecting[0].name!r}"
        yield Observation("warning", what, remedy)
    if strict := [rules.name for rules in rulesets if rules.forbids_unyank(tags)]:
        sound = False
        what = f"{', '.join(strict)}: `datarelease unyank` cannot delete {versions}-yanked"
        remedy = f"exclude refs/tags/{versions}-yanked from that ruleset"
        yield Observation("warning", what, remedy)
    if protecting and all(rules.bypassed for rules in protecting):
        sound = False
        what = f"{protecting[0].name}: some users may bypass it"
        remedy = "remove all entries of its bypass list (Settings, Rules, Rulesets)"
        yield Observation("warning", what, remedy)
    if sound:
        what = f"{protecting[0].name}: {versions} can be neither moved nor deleted"
        yield Observation("ok", what)


def _token(github: GitHub, repository: str) -> Iterator[Observation]:
    permissions = github.workflow_permissions()
    place = f"repos/{repository}/actions/permissions/workflow"
    remedy = (
        f"gh api -X PUT {place} -f default_workflow_permissions=read "
        "-F can_approve_pull_request_reviews=false"
    )
    if permissions is None:
        yield Observation(
            "unknown",
            "only an administrator can see the default permissions of workflows",
            f"GITHUB_TOKEN=$(gh auth token) datarelease doctor, or just: {remedy}",
        )
        return
    faults = {
        "may write by default": permissions.write,
        "may approve pull requests": permissions.approves,
    }
    if any(faults.values()):
        what = " and ".join(fault for fault, applies in faults.items() if applies)
        yield Observation("warning", what, remedy)
    else:
        yield Observation("ok", "reads by default, approves nothing")


def _releases(github: GitHub, repository: str) -> Iterator[Observation]:
    if github.releases_are_immutable():
        yield Observation("ok", "immutable once published")
    else:
        yield Observation(
            "warning",
            "assets of a GitHub Release can be replaced (or this token may not see it)",
            f"gh api -X PUT repos/{repository}/immutable-releases",
        )
