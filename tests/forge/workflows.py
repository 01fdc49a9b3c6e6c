"""Workflow files as they are in a commit: loaded, resolved, and cut down to one job.

``act`` runs all jobs of a file with one token and the same secrets. To give each job what GitHub
would give it, a file is cut down to that one job: what it needs is replaced by stubs with the
results and outputs that the real ones had, and a last job writes down how it went.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml
from ruamel.yaml import YAML
from tests.forge.records import WORKFLOW_PERMISSIONS, Repository
from tests.forge.world import World

RESULT = "forge-result"
RUNNER = "ubuntu-24.04"
Document = dict[str, Any]
Permissions = dict[str, str]


class StartupFailure(Exception):  # noqa: N818 (GitHub's own words)
    """GitHub would not have started the workflow."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a job ended."""

    result: str
    """success, failure, cancelled or skipped."""
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """A workflow file of a repository at a commit, with what act does not know written out."""

    repository: Repository
    sha: str
    path: str
    document: Document

    @property
    def name(self) -> str:
        """Its name, or its path where it has none."""
        return str(self.document.get("name", self.path))

    @property
    def triggers(self) -> dict[str, Any]:
        """What starts it, by event."""
        given = self.document["on"]
        if isinstance(given, dict):
            return {name: options or {} for name, options in given.items()}
        return {name: {} for name in ([given] if isinstance(given, str) else given)}

    @property
    def jobs(self) -> dict[str, Document]:
        """Its jobs by id, in the order of the file."""
        return dict(self.document["jobs"])


def load(repository: Repository, sha: str, path: str) -> Workflow:
    """The workflow ``path`` at ``sha``.

    ``job.workflow_*`` and ``$/`` (the workflow's own repository at its own commit) are replaced by
    what they stand for; ``concurrency.queue``, ``environment.deployment`` and ``cache-mode`` are
    dropped: act knows none of them.
    """
    text = repository.bare.git("show", f"{sha}:{path}")
    for name, value in (("repository", repository.full_name), ("sha", sha)):
        text = re.sub(rf"\bjob\.workflow_{name}\b", f"'{value}'", text)
    document = YAML(typ="safe", pure=True).load(text)  # YAML 1.2, where `on` and `no` are words
    for place in (document, *document["jobs"].values()):
        for name, unknown in (("concurrency", "queue"), ("environment", "deployment")):
            if isinstance(place.get(name), dict):
                place[name].pop(unknown, None)
        place.pop("cache-mode", None)
    for step in steps_of(document):
        if step.get("uses", "").startswith("$/"):
            place = f"{repository.full_name}/{step['uses'][2:]}".rstrip("/")
            step["uses"] = f"{place}@{sha}"
    return Workflow(repository=repository, sha=sha, path=path, document=document)


def with_only(workflow: Workflow, job_id: str) -> Workflow:
    """``workflow`` with one of its jobs, which needs no other."""
    job = workflow.jobs[job_id]
    assert not needs_of(job), f"{job_id} needs other jobs"
    return replace(workflow, document=workflow.document | {"jobs": {job_id: job}})


def paths(repository: Repository, sha: str) -> list[str]:
    """The workflow files at a commit."""
    listed = repository.bare.git("ls-tree", "--name-only", sha, ".github/workflows/").splitlines()
    return [path for path in listed if path.endswith((".yml", ".yaml"))]


def steps_of(document: Document) -> list[Document]:
    """Every step of every job."""
    return [step for job in document["jobs"].values() for step in job.get("steps", [])]


def called(world: World, caller: Workflow, uses: str) -> Workflow:
    """The reusable workflow that ``uses`` names, from its repository at its ref.

    Without a repository it is of the caller's, at its commit, also where that was called itself
    (GitHub's "Reusing workflow configurations").
    """
    if uses.startswith(("./", "$/")):
        found = load(caller.repository, caller.sha, uses[2:])
        if "workflow_call" not in found.triggers:
            raise StartupFailure(f"not made to be called: {uses}")
        return found
    match = re.fullmatch(r"([^/]+/[^/]+)/(\.github/workflows/[^@]+)@(.+)", uses)
    if match is None or match[1] not in world.repositories:
        raise StartupFailure(f"workflow was not found: {uses}")
    repository = world.repositories[match[1]]
    sha = resolve(repository, match[3])
    if sha is None or match[2] not in paths(repository, sha):
        raise StartupFailure(f"workflow was not found: {uses}")
    found = load(repository, sha, match[2])
    if "workflow_call" not in found.triggers:
        raise StartupFailure(f"not made to be called: {uses}")
    return found


def resolve(repository: Repository, ref: str) -> str | None:
    """The commit of a tag, a branch or a whole SHA, as ``uses: …@ref`` means it."""
    for name in (f"refs/tags/{ref}", f"refs/heads/{ref}"):
        if sha := repository.bare.sha(name):
            return sha
    return repository.bare.sha(ref) if re.fullmatch("[0-9a-f]{40}", ref) else None


def check_secrets(inner: Workflow, handed: Any) -> None:
    """Refuses secrets that a reusable workflow does not declare, or that it needs and does not get.

    Raises:
        StartupFailure: GitHub would not start it.
    """
    if handed == "inherit":
        return
    declared = inner.triggers["workflow_call"].get("secrets", {})
    if unknown := sorted(set(handed) - set(declared)):
        raise StartupFailure(f"Invalid secrets, {unknown} not defined in the referenced workflow")
    needed = {name for name, options in declared.items() if (options or {}).get("required")}
    if missing := sorted(needed - set(handed)):
        raise StartupFailure(f"Secrets {missing} are required, but not provided while calling")


def granted(given: Any) -> Permissions:
    """A ``permissions:`` value written out."""
    if given in ("read-all", "write-all"):
        return dict.fromkeys(WORKFLOW_PERMISSIONS, given.removesuffix("-all"))
    unknown = set(given) - WORKFLOW_PERMISSIONS
    if unknown:
        raise StartupFailure(f"unknown permissions: {sorted(unknown)}")
    return {name: level for name, level in given.items() if level != "none"}


def permissions(workflow: Workflow, job: Document, default: Permissions) -> Permissions:
    """What the token of ``job`` may: by the job, else by the file, else ``default``."""
    for place in (job, workflow.document):
        if "permissions" in place:
            return granted(place["permissions"])
    return default


def capped(wanted: Permissions, allowed: Permissions, job: str) -> Permissions:
    """``wanted``, where a caller allows it; GitHub does not start a workflow that wants more."""
    order = {"none": 0, "read": 1, "write": 2}
    for name, level in wanted.items():
        if order[level] > order[allowed.get(name, "none")]:
            raise StartupFailure(
                f"The nested job '{job}' is requesting '{name}: {level}', "
                f"but is only allowed '{name}: {allowed.get(name, 'none')}'"
            )
    return wanted


def needs_of(job: Document) -> list[str]:
    """The ids of the jobs that ``job`` needs."""
    given = job.get("needs", [])
    return [given] if isinstance(given, str) else list(given)


def in_order(jobs: Mapping[str, Document]) -> list[str]:
    """The ids of ``jobs``, each after those that it needs."""
    done: list[str] = []
    while len(done) < len(jobs):
        ready = [it for it in jobs if it not in done and set(needs_of(jobs[it])) <= set(done)]
        if not ready:
            raise StartupFailure(f"jobs need each other: {sorted(set(jobs) - set(done))}")
        done += ready
    return done


def stub(outcome: Outcome) -> Document:
    """A job that does nothing, with a given result and given outputs."""
    for value in outcome.outputs.values():
        assert "${{" not in value, f"an output that would be evaluated again: {value}"
    stub: Document = {
        "runs-on": RUNNER,
        "outputs": dict(outcome.outputs),
        "steps": [{"run": "true" if outcome.result == "success" else "false", "shell": "bash"}],
    }
    if outcome.result == "skipped":
        stub["if"] = False
    return stub


def isolated(
    document: Document, job_id: str, known: Mapping[str, Outcome], result: str
) -> Document:
    """``document`` with the job ``job_id`` alone, among stubs; its end is written to ``result``."""
    cut = copy.deepcopy(document)
    job = cut["jobs"][job_id]
    stubs = {needed: stub(known[needed]) for needed in needs_of(job)}
    write = {
        "needs": [job_id],
        "if": "always()",
        "runs-on": RUNNER,
        "steps": [
            {
                "shell": "bash",
                "env": {"NEEDS": "${{ toJSON(needs) }}", "RESULT": result},
                "run": 'printf %s "$NEEDS" > "$RESULT"',
            }
        ],
    }
    cut["jobs"] = {**stubs, job_id: job, RESULT: write}
    return cut


def dumped(document: Document) -> str:
    """``document`` as YAML."""
    return yaml.safe_dump(document, sort_keys=False, width=1000)
