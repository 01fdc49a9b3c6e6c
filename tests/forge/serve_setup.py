"""Endpoints that only a look at the set-up asks: branch policies, OIDC, immutable releases."""

from __future__ import annotations

from tests.forge.rest import REPO, Call, Refusal, Reply, route
from tests.forge.shapes import shaped


@route("GET", f"{REPO}/environments/{{environment_name}}/deployment-branch-policies", "actions")
def branch_policies(call: Call) -> Reply:
    """The patterns of the branches that may use an environment."""
    found = call.repository.environments.get(call.values["environment_name"])
    if found is None:
        raise Refusal(404, "Not Found")
    names = found.branches if isinstance(found.branches, tuple) else ()
    policies = [
        shaped("deployment-branch-policy", id=number, name=name, type="branch")
        for number, name in enumerate(names, 1)
    ]
    shown, headers = call.paged(policies)
    body = {"total_count": len(policies), "branch_policies": list(shown)}
    return Reply(body=body, headers=headers)


@route("GET", f"{REPO}/actions/oidc/customization/sub", "actions")
def subject(call: Call) -> Reply:
    """How the ``sub`` claim of an OIDC token is put together."""
    prefix = call.repository.subject_prefix
    known = {} if prefix is None else {"sub_claim_prefix": prefix}
    return Reply(body={"use_default": True, **known})


@route("GET", f"{REPO}/immutable-releases", "administration")
def immutable_releases(call: Call) -> Reply:
    """Whether releases keep their assets; 404 where they need not."""
    if not call.repository.immutable_releases:
        raise Refusal(404, "Not Found")
    return Reply(body={"enabled": True, "enforced_by_owner": False})
