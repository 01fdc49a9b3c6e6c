"""The page of the action and of the workflows that others call, from their files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from generators.markdown import ROOT, anchor, code, page, table

FOLDER = ".github/workflows"
_ORDER = ("check", "report", "build", "announce", "release", "verify")
_VARIABLES = {
    "AWS_ROLE": "The role on AWS that the job signs in as, by OpenID Connect.",
    "AWS_REGION": "The AWS region of the bucket.",
    "AWS_ROLE_SECONDS": "How long the role is valid, in seconds. Default: 3600.",
    "AZURE_CLIENT_ID": "The application on Azure that the job signs in as, by OpenID Connect.",
    "AZURE_TENANT_ID": "The tenant of that application.",
    "AZURE_STORAGE_ACCOUNT": "The storage account on Azure.",
    "DATARELEASE_CACHE_BUDGET": "The most that the cache of data may hold. Default: 2GB.",
    "DATARELEASE_DISPATCH": "Repositories (`OWNER/NAME`, separated by blanks or commas) that "
    "receive the event `data-release` for each new version.",
    "GOOGLE_PROVIDER": "The workload identity provider on Google Cloud.",
    "GOOGLE_SERVICE_ACCOUNT": "The service account on Google Cloud that the job signs in as.",
    "SSH_KNOWN_HOSTS": "The known hosts of a remote called `ssh`.",
    "STAGING_HOST": "The host that the password of the staging remote is for.",
    "STAGING_KNOWN_HOSTS": "The known hosts of a staging remote by SSH.",
    "WEBDAV_HOST": "The host that the password of a remote called `webdav` is for.",
}
"""Variables of a repository or an environment that the workflows read."""
_STEP_OUTPUTS = {
    "version": "The number of the version that a release made, or that merging would make: `3` for "
    "`data-v3`. Empty: there is none.",
    "tag": "The tag of that version; of a release that found nothing to do, the version that has "
    "the data. Empty: there is none.",
    "released": "Whether this step made a version: `true` or `false`. A check never does.",
    "digest": "The digest of the data.",
    "verdict": "The verdict: `pass`, `warn` or `block`.",
    "report": "The path of the report as HTML.",
}
"""What `check` and `release` set as outputs of their step in a workflow."""


def workflow_page() -> str:
    """The page of the action and of each workflow that can be called."""
    found = {name: _read(f"{FOLDER}/{name}.yml") for name in _callable()}
    rows = [
        (f"[`{name}.yml`](#{anchor(f'{name}.yml')})", _first(_intro(name)), _grants(content))
        for name, content in found.items()
    ]
    return page(
        "Workflows and the action", "workflows",
        "The reusable workflows and the GitHub Action of datarelease, with their inputs, outputs, "
        "secrets, variables and permissions. `datarelease init` writes the files that call them; "
        "you need this page to change those files.",
        "A workflow is called by `uses: datarelease/datarelease/.github/workflows/NAME.yml@REF`, "
        "where REF is the tag or the full SHA of the commit that you trust.",
        table(("workflow", "what it does", "permissions that the caller grants"), rows),
        *_action(),
        "## Outputs of steps",
        "A step that runs `datarelease check` or `datarelease release` has these outputs. Give it "
        "an `id`, and read them as `steps.ID.outputs.NAME`. `check` sets them before it fails with "
        "exit code 1. [`trim`](commands/trim.md) has outputs of its own.",
        table(("output", "meaning"), [(code(name), text) for name, text in _STEP_OUTPUTS.items()]),
        *(part for name, content in found.items() for part in _workflow(name, content)),
    )  # fmt: skip


def _callable() -> list[str]:
    names = {
        path.stem for path in (ROOT / FOLDER).glob("*.yml")
        if "workflow_call" in _read(f"{FOLDER}/{path.name}")["on"]
    }  # fmt: skip
    if names != set(_ORDER):
        raise SystemExit(f"docs/generators/workflows.py orders {_ORDER}, and there are {names}")
    return list(_ORDER)


def _read(path: str) -> CommentedMap:
    yaml = YAML()
    content = yaml.load((ROOT / path).read_text(encoding="utf-8"))
    assert isinstance(content, CommentedMap)  # noqa: S101 - what a workflow is
    return content


def _intro(name: str) -> str:
    """The comment on the top of the file."""
    lines = (ROOT / FOLDER / f"{name}.yml").read_text(encoding="utf-8").splitlines()
    head = []
    for line in lines:
        if not line.startswith("#"):
            break
        head.append(line.removeprefix("#").strip())
    return " ".join(head)


def _first(text: str) -> str:
    return re.split(r"(?<=\.) ", text, maxsplit=1)[0]


def _grants(content: Mapping[str, Any]) -> str:
    granted = sorted({
        f"{scope}: {access}"
        for job in content["jobs"].values()
        for scope, access in job.get("permissions", {}).items()
    })  # fmt: skip
    return ", ".join(map(code, granted))


def _action() -> Iterator[str]:
    content = _read("action.yml")
    yield "## The action"
    yield f"`uses: datarelease/datarelease@REF`. {content['description']}"
    yield _inputs(content["inputs"])
    rows = [(code(name), _text(value)) for name, value in content["outputs"].items()]
    yield table(("output", "meaning"), rows)


def _workflow(name: str, content: CommentedMap) -> Iterator[str]:
    call = content["on"]["workflow_call"] or {}
    yield f"## {name}.yml"
    yield f"{_intro(name)} The file is [{name}.yml](../../{FOLDER}/{name}.yml)."
    if call.get("inputs"):
        yield _inputs(call["inputs"])
    if call.get("outputs"):
        rows = [(code(key), _text(value)) for key, value in call["outputs"].items()]
        yield table(("output", "meaning"), rows)
    if call.get("secrets"):
        secrets = [
            (code(key), "yes" if value.get("required") else "no", _text(value))
            for key, value in call["secrets"].items()
        ]
        yield table(("secret", "required", "meaning"), secrets)
    text = (ROOT / FOLDER / f"{name}.yml").read_text(encoding="utf-8")
    variables = dict.fromkeys(re.findall(r"vars\.([A-Z_]+)", text))
    if variables:
        yield table(("variable", "meaning"), [(code(v), _VARIABLES[v]) for v in sorted(variables)])
    yield table(("job", "environment", "permissions"), list(_jobs(content)))


def _jobs(content: CommentedMap) -> Iterator[tuple[str, str, str]]:
    for name, job in content["jobs"].items():
        place = job.get("environment", "")
        place = place["name"] if isinstance(place, Mapping) else place
        granted = job.get("permissions", CommentedMap())
        reasons = [
            f"{code(f'{scope}: {access}')} {_comment(granted, scope)}".strip()
            for scope, access in granted.items()
        ]
        called = job.get("uses", "")
        calls = f", which calls {called.rpartition('/')[2]}" if called else ""
        yield f"{code(name)}{calls}", code(place) if place else "none", "; ".join(reasons) or "none"


def _comment(part: CommentedMap, key: str) -> str:
    """The comment behind a key: why it is there."""
    tokens = part.ca.items.get(key)
    text = tokens[2].value if tokens and tokens[2] else ""
    return text.partition("\n")[0].strip().removeprefix("#").strip()


def _inputs(inputs: Mapping[str, Any]) -> str:
    rows = []
    for name, value in inputs.items():
        default = value.get("default")
        shown = "required" if value.get("required") else code(str(default)) if default else "empty"
        rows.append((code(name), value.get("type", "string"), shown, _text(value)))
    return table(("input", "type", "default", "meaning"), rows)


def _text(value: Mapping[str, Any]) -> str:
    text = str(value.get("description", "")).strip()
    if not text:
        raise SystemExit("an input, output or secret of a workflow has no description")
    return text
