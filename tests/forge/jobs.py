"""One job under act: what GitHub would give it, the run, and how it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.forge.events import Event
from tests.forge.joblog import JobLog, read
from tests.forge.server import GitHubServer
from tests.forge.stand_ins import found_actions, stand_ins
from tests.forge.workflows import RESULT, RUNNER, Document, dumped, steps_of

ACT = Path(sys.executable).parent / "act"
LONGEST = 300.0
"""Seconds that a job may take."""
ROOT = Path(__file__).parents[2]
"""Where the stand-in actions are imported from."""
CALLED = "./.github/workflows/called.yml"
NESTED = "./.github/workflows/nested.yml"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The runner, and what it stands on."""

    server: GitHubServer
    folder: Path
    cml: Path | None
    roles: Mapping[str, Mapping[str, str]]
    environment: Mapping[str, str]
    tool_cache: Path
    across_owners: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A job that is to run, in files cut down to it."""

    job_id: str
    event: Event
    run_id: int
    folder: Path
    main: Document
    called: Document | None = None
    nested: Document | None = None
    """What ``called`` calls."""
    token: str = ""
    permissions: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    visible: frozenset[str] = frozenset()
    """Names of the secrets that the job sees."""
    variables: Mapping[str, str] = field(default_factory=dict)
    environment: str = ""
    """The name of the environment that the job names."""

    @property
    def result(self) -> Path:
        """Where the results of the jobs in ``main`` get written."""
        return self.folder / "result.json"

    @property
    def called_result(self) -> Path:
        """Where the results of the jobs in ``called`` get written."""
        return self.folder / "called.json"

    @property
    def nested_result(self) -> Path:
        """Where the results of the jobs in ``nested`` get written."""
        return self.folder / "nested.json"


def with_files(
    plan: Plan, *, main: Document, called: Document | None = None, nested: Document | None = None
) -> Plan:
    """``plan`` with the files that are to run."""
    return replace(plan, main=main, called=called, nested=nested)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What came of a plan."""

    main: Mapping[str, Any]
    """``needs`` as the job after it sees it; empty where a reusable workflow failed: act ends."""
    called: Mapping[str, Any]
    """The same inside the reusable workflow; empty where that never began."""
    nested: Mapping[str, Any]
    """The same inside of one that it calls."""
    log: JobLog


def run_job(machine: Machine, plan: Plan) -> Ended:
    """Runs the plan's job.

    Raises:
        AssertionError: act did not even get to the end of the file.
    """
    places = _written(machine, plan)
    command = _command(machine, plan, places)
    with subprocess.Popen(
        command,
        env=_environment(machine, plan),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as going:
        try:
            printed, _ = going.communicate(timeout=LONGEST)
        finally:
            if going.poll() is None:
                os.killpg(going.pid, signal.SIGKILL)
    (plan.folder / "log.jsonl").write_text(printed)
    log = read(printed.splitlines(), plan.job_id)
    main, called, nested = map(_results, (plan.result, plan.called_result, plan.nested_result))
    assert main or called or nested, f"act broke off in {plan.job_id}:\n{printed[-4000:]}"
    return Ended(main=main, called=called, nested=nested, log=log)


def _results(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _written(machine: Machine, plan: Plan) -> dict[str, Path]:
    """Every file that act is given, by its option."""
    folder = plan.folder
    tree = folder / "tree" / ".github" / "workflows"
    for made in (tree, folder / "home", folder / "tmp", folder / "act"):
        made.mkdir(parents=True)
    machine.tool_cache.mkdir(parents=True, exist_ok=True)
    # act sets RUNNER_TOOL_CACHE to this place, whatever it is told.
    (folder / "act" / "tool_cache").symlink_to(machine.tool_cache)
    (tree / "main.yml").write_text(dumped(plan.main))
    for name, document in (("called", plan.called), ("nested", plan.nested)):
        if document is not None:
            (tree / f"{name}.yml").write_text(dumped(document))
    secrets = {**plan.secrets, "GITHUB_TOKEN": plan.token}
    texts: dict[str, Any] = {
        "eventpath": plan.event.payload,
        "secret-file": secrets,
        "var-file": dict(plan.variables),
    }
    places = {}
    for option, content in texts.items():
        # act reads YAML from files that are called so, and JSON is YAML.
        suffix = "json" if option == "eventpath" else "yml"
        places[option] = folder / f"{option}.{suffix}"
        places[option].write_text(json.dumps(content))
    (folder / "scene.json").write_text(json.dumps(_scene(machine, plan)))
    return places


def python_of(folder: Path) -> Path:
    """The directory of the Python that ``setup-python`` finds for jobs, made once.

    It sees the packages of this environment, so that installing one that is there needs no
    network, but what a job installs stays in it.
    """
    place = folder / "python"
    if not place.exists():
        making = folder / "python.making"
        venv.create(making, with_pip=False, symlinks=True)
        packages = sysconfig.get_path("purelib", vars={"base": str(making)})
        (Path(packages) / "machine.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
        making.rename(place)
    return place / "bin"


def pages_of(folder: Path, run_id: int) -> Path:
    """Where a run leaves the files that it deploys to GitHub Pages."""
    return folder / "pages" / str(run_id)


def _scene(machine: Machine, plan: Plan) -> dict[str, Any]:
    """What the stand-in actions need to know."""
    oidc = plan.permissions.get("id-token") == "write"
    caches = machine.folder / "caches" / plan.event.repository.full_name
    return {
        "run_id": plan.run_id,
        "artifacts": str(machine.folder / "artifacts"),
        "attestations": str(machine.folder / "attestations" / f"{plan.run_id}.jsonl"),
        "pages": str(pages_of(machine.folder, plan.run_id)),
        "pages_enabled": plan.event.repository.pages_enabled,
        "environment": plan.environment,
        "caches": str(caches),
        "scopes": list(plan.event.scopes),
        "permissions": dict(plan.permissions),
        "roles": {name: dict(keys) for name, keys in machine.roles.items()} if oidc else {},
        "cml": str(machine.cml) if machine.cml else "",
    }


def _environment(machine: Machine, plan: Plan) -> dict[str, str]:
    """The environment of act, which it leaks into jobs: nothing of ours is in it."""
    folder = plan.folder
    return {
        "PATH": f"{python_of(machine.folder)}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder / "home" / "dvc-site-cache"),
        "DVC_SYSTEM_CONFIG_DIR": str(folder / "home" / "dvc-system"),
        "GIT_TERMINAL_PROMPT": "0",
        "FORGE_ROOT": str(ROOT),
        "FORGE_SCENE": str(folder / "scene.json"),
        **machine.server.trust,
        **machine.environment,
    }


def _command(machine: Machine, plan: Plan, places: Mapping[str, Path]) -> list[str]:
    """Act's command line; no secret is on it."""
    event = plan.event
    variables = {
        "GITHUB_REPOSITORY": event.repository.full_name,
        "GITHUB_REPOSITORY_OWNER": event.repository.owner.login,
        "GITHUB_REPOSITORY_ID": str(event.repository.id),
        "GITHUB_REPOSITORY_OWNER_ID": str(event.repository.owner.id),
        "GITHUB_REF": event.ref,
        "SHA_REF": event.sha,
        "GITHUB_HEAD_REF": event.head_ref,
        "GITHUB_BASE_REF": event.base_ref,
        "GITHUB_RUN_ID": str(plan.run_id),
        "GITHUB_RUN_NUMBER": str(plan.run_id),
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RETENTION_DAYS": "90",
        "RUNNER_ENVIRONMENT": "github-hosted",
    }
    if plan.permissions.get("id-token") == "write":
        variables["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{machine.server.url}/_oidc"
    used = [
        step for file in (plan.main, plan.called, plan.nested) if file for step in steps_of(file)
    ]
    actions = {
        **stand_ins(),
        **found_actions(machine.server.world, used, machine.folder / "trees"),
    }
    return [
        str(ACT), event.name, "--directory", str(plan.folder / "tree"), "--job", RESULT,
        "--workflows", str(plan.folder / "tree" / ".github" / "workflows" / "main.yml"),
        "--json", "--insecure-secrets", "--no-skip-checkout", "--no-cache-server",
        "--platform", f"{RUNNER}=-self-hosted", "--actor", event.actor,
        "--github-instance", machine.server.host,
        "--action-cache-path", str(plan.folder / "act"),
        "--env-file", os.devnull, "--input-file", os.devnull,
        "--defaultbranch", event.repository.default_branch,
        *(f"--{option}={path}" for option, path in places.items()),
        *(f"--local-repository={key}={path}" for key, path in actions.items()),
        *(f"--env={name}={value}" for name, value in variables.items()),
    ]  # fmt: skip
