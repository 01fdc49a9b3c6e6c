"""Makes openapi.json.gz: what the fake GitHub speaks, cut from GitHub's own OpenAPI description.

Run by hand when an endpoint is added or the description is renewed::

    npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
    python tests/forge/subset.py package/generated/api.github.com.json
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("openapi.json.gz")
REPO = "/repos/{owner}/{repo}"
WANTED = {
    "/user": ["get"],
    "/users/{username}": ["get"],
    REPO: ["get"],
    f"{REPO}/actions/oidc/customization/sub": ["get"],
    f"{REPO}/actions/permissions/workflow": ["get"],
    f"{REPO}/actions/runs/{{run_id}}": ["get"],
    f"{REPO}/actions/runs/{{run_id}}/artifacts": ["get"],
    f"{REPO}/actions/secrets": ["get"],
    f"{REPO}/actions/variables": ["get"],
    f"{REPO}/actions/variables/{{name}}": ["get"],
    f"{REPO}/branches/{{branch}}": ["get"],
    f"{REPO}/branches/{{branch}}/protection": ["get"],
    f"{REPO}/commits/{{commit_sha}}/pulls": ["get"],
    f"{REPO}/commits/{{ref}}": ["get"],
    f"{REPO}/commits/{{ref}}/status": ["get"],
    f"{REPO}/commits/{{ref}}/statuses": ["get"],
    f"{REPO}/dispatches": ["post"],
    f"{REPO}/environments": ["get"],
    f"{REPO}/environments/{{environment_name}}": ["get"],
    f"{REPO}/environments/{{environment_name}}/deployment-branch-policies": ["get"],
    f"{REPO}/environments/{{environment_name}}/secrets": ["get"],
    f"{REPO}/environments/{{environment_name}}/variables": ["get"],
    f"{REPO}/git/matching-refs/{{ref}}": ["get"],
    f"{REPO}/git/ref/{{ref}}": ["get"],
    f"{REPO}/git/trees/{{tree_sha}}": ["get"],
    f"{REPO}/immutable-releases": ["get"],
    f"{REPO}/issues": ["get", "post"],
    f"{REPO}/issues/comments/{{comment_id}}": ["get", "patch", "delete"],
    f"{REPO}/issues/{{issue_number}}": ["get", "patch"],
    f"{REPO}/issues/{{issue_number}}/comments": ["get", "post"],
    f"{REPO}/issues/{{issue_number}}/labels": ["get", "post"],
    f"{REPO}/labels": ["get", "post"],
    f"{REPO}/labels/{{name}}": ["get"],
    f"{REPO}/pulls": ["get", "post"],
    f"{REPO}/pulls/{{pull_number}}": ["get", "patch"],
    f"{REPO}/pulls/{{pull_number}}/files": ["get"],
    f"{REPO}/pulls/{{pull_number}}/merge": ["get", "put"],
    f"{REPO}/releases": ["get", "post"],
    f"{REPO}/releases/assets/{{asset_id}}": ["get", "delete"],
    f"{REPO}/releases/latest": ["get"],
    f"{REPO}/releases/tags/{{tag}}": ["get"],
    f"{REPO}/releases/{{release_id}}": ["get", "patch", "delete"],
    f"{REPO}/releases/{{release_id}}/assets": ["get", "post"],
    f"{REPO}/rules/branches/{{branch}}": ["get"],
    f"{REPO}/rulesets": ["get"],
    f"{REPO}/rulesets/{{ruleset_id}}": ["get"],
    f"{REPO}/statuses/{{sha}}": ["post"],
}
PROSE = {
    "description", "summary", "example", "examples", "externalDocs", "tags", "title",
    "discriminator",
}  # fmt: skip
"""Keys that forbid nothing, except where they name a property."""


def without_prose(node: Any, *, names: bool = False) -> Any:
    """``node`` without prose and GitHub's own marks; ``names``: its keys are names, not words."""
    if isinstance(node, list):
        return [without_prose(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: without_prose(value, names=key in {"properties", "headers"} and not names)
        for key, value in node.items()
        if names or not (key in PROSE or key.startswith("x-"))
    }


def references(node: Any) -> set[str]:
    """Every ``$ref`` in ``node``."""
    if isinstance(node, list):
        return set().union(*map(references, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    found = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return found.union(*map(references, node.values())) if node else found


def subset(whole: dict[str, Any]) -> dict[str, Any]:
    """The wanted paths of ``whole`` and every component that they reach."""
    paths = {
        path: {method: without_prose(whole["paths"][path][method]) for method in methods}
        for path, methods in WANTED.items()
    }
    components: dict[str, dict[str, Any]] = {}
    waiting = references(paths)
    while waiting:
        reference = waiting.pop()
        _, _, kind, name = reference.split("/")
        if name in components.setdefault(kind, {}):
            continue
        components[kind][name] = without_prose(whole["components"][kind][name])
        waiting |= references(components[kind][name])
    return {
        "openapi": whole["openapi"],
        "info": {"version": whole["info"]["version"], "license": whole["info"]["license"]},
        "paths": paths,
        "components": {
            kind: dict(sorted(members.items())) for kind, members in sorted(components.items())
        },
    }


def main() -> int:
    """Writes the subset of the file named on the command line."""
    whole = json.loads(Path(sys.argv[1]).read_text())
    text = json.dumps(subset(whole), separators=(",", ":"), ensure_ascii=False)
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    sys.stdout.write(f"{TARGET.name}: {TARGET.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
