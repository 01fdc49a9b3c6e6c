"""Endpoints about what somebody set up: environments, secrets, variables, rules; and runs."""

from __future__ import annotations

from typing import Any

from tests.forge.records import Environment
from tests.forge.rest import REPO, Call, Refusal, Reply, route
from tests.forge.serve_people import person
from tests.forge.shapes import shaped


def _environment(call: Call, found: Environment) -> dict[str, Any]:
    rules: list[dict[str, Any]] = []
    if found.reviewers:
        people = [{"type": "User", "reviewer": person(call, who)} for who in found.reviewers]
        rules.append(
            {"id": 1, "node_id": "unset", "type": "required_reviewers",
             "prevent_self_review": False, "reviewers": people}
        )  # fmt: skip
    protected = found.branches == "protected"
    policy = {"protected_branches": protected, "custom_branch_policies": not protected}
    return shaped(
        "environment",
        id=found.id,
        name=found.name,
        url=f"{call.api}/repos/{call.repository.full_name}/environments/{found.name}",
        html_url=f"{call.base}/{call.repository.full_name}/deployments",
        protection_rules=rules,
        deployment_branch_policy=None if found.branches == "all" else policy,
    )


def _environment_named(call: Call) -> Environment:
    found = call.repository.environments.get(call.values["environment_name"])
    if found is None:
        raise Refusal(404, "Not Found")
    return found


@route("GET", f"{REPO}/environments", "actions")
def environments(call: Call) -> Reply:
    """The environments."""
    every = list(call.repository.environments.values())
    shown, headers = call.paged(every)
    body = {"total_count": len(every), "environments": [_environment(call, it) for it in shown]}
    return Reply(body=body, headers=headers)


@route("GET", f"{REPO}/environments/{{environment_name}}", "actions")
def environment(call: Call) -> Reply:
    """An environment."""
    return Reply(body=_environment(call, _environment_named(call)))


def _secrets(call: Call, names: list[str]) -> Reply:
    shown, headers = call.paged(sorted(names))
    secrets = [shaped("actions-secret", name=name) for name in shown]
    return Reply(body={"total_count": len(names), "secrets": secrets}, headers=headers)


def _variables(call: Call, values: dict[str, str]) -> Reply:
    shown, headers = call.paged(sorted(values))
    listed = [shaped("actions-variable", name=name, value=values[name]) for name in shown]
    return Reply(body={"total_count": len(values), "variables": listed}, headers=headers)


@route("GET", f"{REPO}/actions/secrets", "secrets")
def secrets(call: Call) -> Reply:
    """The names of the secrets, never their values."""
    return _secrets(call, list(call.repository.secrets))


@route("GET", f"{REPO}/environments/{{environment_name}}/secrets", "secrets")
def environment_secrets(call: Call) -> Reply:
    """The names of an environment's secrets, never their values."""
    return _secrets(call, list(_environment_named(call).secrets))


@route("GET", f"{REPO}/actions/variables", "variables")
def variables(call: Call) -> Reply:
    """The variables."""
    return _variables(call, call.repository.variables)


@route("GET", f"{REPO}/actions/variables/{{name}}", "variables")
def variable(call: Call) -> Reply:
    """A variable."""
    name, values = call.values["name"], call.repository.variables
    if name not in values:
        raise Refusal(404, "Not Found")
    return Reply(body=shaped("actions-variable", name=name, value=values[name]))


@route("GET", f"{REPO}/environments/{{environment_name}}/variables", "variables")
def environment_variables(call: Call) -> Reply:
    """The variables of an environment."""
    return _variables(call, _environment_named(call).variables)


@route("GET", f"{REPO}/actions/permissions/workflow", "administration")
def workflow_permissions(call: Call) -> Reply:
    """What a workflow's token may where a workflow does not say."""
    return Reply(
        body={
            "default_workflow_permissions": call.repository.workflow_permissions,
            "can_approve_pull_request_reviews": False,
        }
    )


@route("GET", f"{REPO}/actions/runs/{{run_id}}", "actions")
def workflow_run(call: Call) -> Reply:
    """A run of a workflow."""
    found = call.repository.runs.get(call.number("run_id"))
    if found is None:
        raise Refusal(404, "Not Found")
    return Reply(body=found)


@route("GET", f"{REPO}/actions/runs/{{run_id}}/artifacts", "actions")
def run_artifacts(call: Call) -> Reply:
    """The artifacts of a run; ``name`` filters them."""
    every, wanted = call.repository.artifacts.get(call.number("run_id"), []), call.query.get("name")
    names = [name for name in every if wanted in {None, name}]
    found = [shaped("artifact", id=n, name=name, expired=False) for n, name in enumerate(names, 1)]
    return Reply(body={"total_count": len(found), "artifacts": found})


def _rulesets(call: Call) -> list[dict[str, Any]]:
    repo, found = call.repository, []
    if repo.protected:
        rules = [{"type": "pull_request"}, {"type": "deletion"}, {"type": "non_fast_forward"}]
        found.append((1, "main", "branch", [f"refs/heads/{repo.protected}"], rules))
    if repo.tag_rules:
        rules = [{"type": "update"}, {"type": "deletion"}]
        permanent = ["refs/tags/data-v*", "refs/tags/data-channel-*"]
        found.append((2, "data versions", "tag", permanent, rules))
    return [
        shaped(
            "repository-ruleset", id=number, name=name, target=target, enforcement="active",
            source_type="Repository", source=repo.full_name, rules=rules,
            conditions={"ref_name": {"include": include, "exclude": list(repo.unruled_tags)}},
        )
        for number, name, target, include, rules in found
    ]  # fmt: skip


@route("GET", f"{REPO}/rulesets", "metadata")
def rulesets(call: Call) -> Reply:
    """The rulesets, without their rules."""
    short = [{k: v for k, v in rule.items() if k not in {"rules", "conditions"}}
             for rule in _rulesets(call)]  # fmt: skip
    wanted = call.query.get("targets", "branch,tag,push").split(",")
    return call.page([rule for rule in short if rule["target"] in wanted], lambda rule: rule)


@route("GET", f"{REPO}/rulesets/{{ruleset_id}}", "metadata")
def ruleset(call: Call) -> Reply:
    """A ruleset with its rules."""
    for found in _rulesets(call):
        if found["id"] == call.number("ruleset_id"):
            return Reply(body=found)
    raise Refusal(404, "Not Found")


@route("GET", f"{REPO}/rules/branches/{{branch}}", "metadata")
def branch_rules(call: Call) -> Reply:
    """The rules that hold for a branch."""
    repo = call.repository
    if repo.protected != call.values["branch"]:
        return Reply(body=[])
    source = {"ruleset_source_type": "Repository", "ruleset_source": repo.full_name}
    return Reply(
        body=[
            {"type": kind, **source, "ruleset_id": 1} for kind in ("deletion", "non_fast_forward")
        ]
    )
