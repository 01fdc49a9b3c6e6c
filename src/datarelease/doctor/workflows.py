"""Asks a repository's workflow files whether the loop of check, report and release is closed.

A file that GitHub accepts as valid can still leave the loop open without an error: a report that
waits for a renamed workflow never starts, and a secret that no job passes on is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datarelease.adapters.store.credentials import DAGSHUB_TOKEN
from datarelease.adapters.store.remote_variables import variable_prefix
from datarelease.flows.workflow_jobs import Job, jobs_in
from datarelease.model.adoption import (
    address_scheme,
    held_on_github,
    staging_credentials,
    workflow_credentials,
)
from datarelease.model.diagnosis import PUBLISHING, READING, Observation
from datarelease.model.directory import ROOT
from datarelease.model.review.reviewed_digest import CONTEXT

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_LOOP = ("check", "report", "release", "verify")
_WITH_CREDENTIALS = {"release": PUBLISHING, "versions": PUBLISHING, "verify": READING}
"""Step: the environment that has its credentials."""
_ACTIONS = {"gs": "google-github-actions/auth@", "azure": "azure/login@"}
"""By scheme, the step that signs in by OpenID Connect."""
_CALLED = {"ssh": "ssh", "webdavs": "webdav"}
"""By scheme, the name of the remote whose secrets our reusable workflows take."""
_HANDED_OVER: dict[str, tuple[str, ...]] = {"dagshub": (DAGSHUB_TOKEN,), "s3": KEYS}
"""Who keeps a remote: the secrets without which nobody can sign in there."""
_STARTED_BY = {"check": "pull_request", "report": "workflow_run", "release": "push"}
_DAILY = frozenset({"pull_request", "push", "merge_group"})
"""Triggers whose runs people miss when a file is disabled."""
_PULLS_ONLY = r"workflow_run\.event == 'pull_request'"


@dataclass(frozen=True, kw_only=True)
class WorkflowNeeds:
    """What a project asks of its workflows."""

    kinds: Mapping[str, str]
    """Remote that holds versions: who keeps it."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """The same remotes: their addresses, without credentials."""
    staging: str = ""
    """Address of the staging remote; empty: there is none."""
    owner: str = ""
    """Of the repository on GitHub; empty: it is not known."""
    directory: str = ROOT
    """The DVC root, from the top of the git repository."""
    webhooks: tuple[str, ...] = ()
    """Secrets that ``release.notify`` names."""


def workflow_observations(workflows: Mapping[str, str], wanted: WorkflowNeeds) -> list[Observation]:
    """Whether the workflows are there and close the loop; ``workflows`` are texts by file name."""
    jobs, faults = jobs_in(workflows, wanted.directory)
    seen = [
        Observation("missing", f"{name}: {why}", f"correct .github/workflows/{name}")
        for name, why in faults.items()
    ]
    steps = {job.step for job in jobs}
    needed = [*_LOOP]
    if any("--bundle" in job.text for job in jobs if job.step == "release"):
        needed += ["build"]  # whoever takes a bundle over has not made it
    missing = [step for step in needed if step not in steps]
    if missing:
        what = f"no workflow in .github/workflows runs: {', '.join(missing)}"
        remedy = "datarelease init"
        if workflows:
            remedy += "   (it leaves files alone that are there: correct a wrong one, or delete it)"
        seen.append(Observation("missing", what, remedy))
    if "release" in steps and "announce" not in steps:
        what = "no workflow announces releases: no GitHub Release, no result in the pull request"
        remedy = "add the job `announce` of the file that `datarelease init` writes"
        seen.append(Observation("warning", what, remedy))
    seen += [*_triggers(jobs), *_catalogue(jobs)]
    for job in jobs:
        seen += [*_queue(job), *_environment(job, wanted), *_secrets(job, wanted)]
    return seen or [Observation("ok", ", ".join(_LOOP))]


def _triggers(jobs: Sequence[Job]) -> Iterator[Observation]:
    """What never starts, or stops by itself."""
    checks = [job.document for job in jobs if job.step == "check"]
    titles = {str(document.get("name")) for document in checks}
    queue = any("merge_group" in _on(document) for document in checks)
    for job in jobs:
        on = _on(job.document)
        called = _named(on.get("workflow_run"), "workflows")
        if job.step == "report" and "workflow_run" in on and titles and not titles & called:
            names = ", ".join(sorted(titles))
            yield Observation(
                "missing",
                f"{job.file} waits for the end of {', '.join(sorted(called)) or 'nothing'}, and "
                f"the check is in the workflow called {names}: its report is never posted",
                f"write `workflows: [{names}]` into .github/workflows/{job.file}",
            )
        if (
            job.step == "report"
            and queue
            and re.search(_PULLS_ONLY, job.text)
            and "merge_group" not in job.text
        ):
            yield Observation(
                "missing",
                f"{job.place}, posts for pull requests alone: a required {CONTEXT} never comes in "
                "a merge queue",
                'write `if: contains(fromJSON(\'["pull_request", "merge_group"]\'), '
                f"github.event.workflow_run.event)` for that job in .github/workflows/{job.file}",
            )
        wanted = _STARTED_BY.get(job.step)
        if wanted is not None and wanted not in on and "workflow_call" not in on:
            yield Observation(
                "missing",
                f"{job.place}, is never started by {wanted}",
                f"add `{wanted}:` below `on:` in .github/workflows/{job.file}",
            )
        if job.step == "verify" and "schedule" in on and on.keys() & _DAILY:
            yield Observation(
                "warning",
                f"{job.file} has a schedule: in a public repository without activity for 60 "
                "days GitHub disables the whole file, with its checks and releases",
                "move the job verify and the schedule into a file of their own "
                "(`datarelease init` writes data-verify.yml)",
            )


def _catalogue(jobs: Sequence[Job]) -> Iterator[Observation]:
    """Whether the catalogue follows what people change."""
    changing = {str(job.document.get("name")) for job in jobs if job.step == "versions"}
    for job in jobs:
        trigger = _on(job.document).get("workflow_run")
        if job.step == "site" and trigger and changing - _named(trigger, "workflows"):
            name = ", ".join(sorted(changing))
            yield Observation(
                "warning",
                f"{job.file} does not start at the end of {name}: the catalogue shows a channel "
                "that is set there, or a withdrawal, only later",
                f"delete .github/workflows/{job.file} and run `datarelease init`, or add {name} to "
                "`workflows:` there",
            )


def _on(document: Mapping[Any, Any]) -> Mapping[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    on = document.get("on", document.get(True))
    if isinstance(on, dict):
        return {str(name): value for name, value in on.items()}
    return dict.fromkeys(map(str, on if isinstance(on, list) else [on]))


def _named(trigger: object, key: str) -> set[str]:
    names = trigger.get(key) if isinstance(trigger, dict) else None
    return set(map(str, names if isinstance(names, list) else [names] if names else []))


def _queue(job: Job) -> Iterator[Observation]:
    """Whether releases wait for one another, and for nothing that waits for them."""
    if job.step not in {"release", "versions"}:
        return
    suffix = "" if job.directory == ROOT else f"-{job.directory}"
    if job.called and f"{PUBLISHING}{suffix}" in job.groups:
        yield Observation(
            "missing",
            f"{job.place}, calls a workflow whose concurrency group has the name of the caller's: "
            "GitHub cancels both as a deadlock",
            f"take `concurrency:` out of .github/workflows/{job.file}: the called workflow has it",
        )
    elif not job.called and not job.groups:
        yield Observation(
            "warning",
            f"{job.place}, does not wait for another release: if two run at once, one fails",
            f"add `concurrency: {{group: {PUBLISHING}{suffix}, queue: max}}` to "
            f".github/workflows/{job.file}",
        )


def _environment(job: Job, wanted: WorkflowNeeds) -> Iterator[Observation]:
    """Whether what an environment holds reaches the job."""
    needing = sorted(name for name, kind in wanted.kinds.items() if kind in {*_HANDED_OVER, "aws"})
    environment = _WITH_CREDENTIALS.get(job.step)
    if environment is None or not needing:
        return
    if not job.called and job.environment != environment:
        yield Observation(
            "warning",
            f"{job.place}, does not run in the environment {environment}, so the credentials for "
            f"{', '.join(needing)} that it holds do not reach the job",
            f"add `environment: {environment}` to that job",
        )
    secret = sorted(name for name in needing if wanted.kinds[name] in _HANDED_OVER)
    owner = job.called.partition("/")[0]
    if secret and owner and wanted.owner and owner.lower() != wanted.owner.lower():
        yield Observation(
            "warning",
            f"{job.place}, calls a workflow of {owner}: it is uncertain whether the secrets of the "
            f"environment {environment}, which {', '.join(secret)} needs, reach a workflow of "
            "another owner",
            "take that job out and run `datarelease init`: it writes a job of your own",
        )


def _elsewhere(job: Job, wanted: WorkflowNeeds) -> Iterator[Observation]:
    """Remotes that are not on S3, at which the job cannot sign in."""
    for remote, address in wanted.addresses.items():
        action = _ACTIONS.get(address_scheme(address), "")
        own = variable_prefix(remote).removeprefix("DATARELEASE_")
        if job.called:
            yield from _in_called(job, remote, address)
            continue
        if action and f"secrets.{own}_" in job.text:
            continue  # a key or a signature of its own
        values = [value for _, value in workflow_credentials(remote, address)]
        lacks = [value.strip("${ }") for value in values if value not in job.text]
        if lacks or action not in job.text:
            missing = " and ".join([*lacks, *([f"the step {action}…"] if action else ())])
            yield Observation(
                "missing",
                f"{job.place}, cannot sign in to {remote}: it does not have {missing}",
                "remove the file and run `datarelease init`, or add it "
                "(docs/remotes/credentials.md)",
            )


def _in_called(job: Job, remote: str, address: str) -> Iterator[Observation]:
    """The same of our reusable workflows: they know remotes by the names that `init` gives them."""
    scheme = address_scheme(address)
    if scheme in _ACTIONS and job.permissions.get("id-token") != "write":
        yield Observation(
            "missing",
            f"{job.place}, cannot sign in to {remote} by OpenID Connect",
            "add `id-token: write` to the permissions of that job",
        )
    held = () if scheme in _ACTIONS else held_on_github(workflow_credentials(remote, address))
    if held and remote.lower() != _CALLED.get(scheme):
        known = " and ".join(sorted(_CALLED.values()))
        yield Observation(
            "missing",
            f"{job.place}, calls a workflow that has secrets of the remotes called {known} and "
            f"none of {remote}",
            "take that job out and run `datarelease init`: it writes a job of your own",
        )
    elif lacks := job.lacks(name for kind, name in held if kind == "secrets"):
        entries = ", ".join(f"{name}: ${{{{ secrets.{name} }}}}" for name in lacks)
        yield Observation(
            "missing",
            f"{job.place}, does not pass {' and '.join(lacks)}, which {remote} needs",
            f"add to that job: {entries}",
        )


def _secrets(job: Job, wanted: WorkflowNeeds) -> Iterator[Observation]:
    """What a job does not pass: it is empty where it is needed, and nothing says so."""
    needed = {}
    if job.step in _WITH_CREDENTIALS:
        kinds = wanted.kinds.items()
        needed = {remote: job.lacks(_HANDED_OVER.get(kind, ())) for remote, kind in kinds}
    # A reusable workflow that does both is asked once.
    builds = job.step == "build" and "/release.yml@" not in job.text
    if job.step == "release" or builds:
        held = held_on_github(staging_credentials(wanted.staging))
        needed["the staging remote"] = job.lacks(name for kind, name in held if kind == "secrets")
    for remote, names in needed.items():
        if names:
            entries = ", ".join(f"{name}: ${{{{ secrets.{name} }}}}" for name in names)
            yield Observation(
                "missing",
                f"{job.place}, does not pass {' and '.join(names)}, which {remote} needs",
                f"add to that job: {entries}",
            )
    if job.step == "announce" and (unsent := job.lacks(wanted.webhooks)):
        entries = ", ".join(f"{name}: ${{{{ secrets.{name} }}}}" for name in unsent)
        where = "`secrets:`" if job.called else "`env:` of its step `datarelease announce`"
        yield Observation(
            "warning",
            f"{job.place}, does not pass {' and '.join(unsent)}, which release.notify names: "
            "these messages are not sent",
            f"add to {where}: {entries}",
        )
    if job.step in _WITH_CREDENTIALS:
        yield from _elsewhere(job, wanted)
    if job.step not in _WITH_CREDENTIALS or "aws" not in wanted.kinds.values():
        return
    takes_role = bool(job.called) or "/configure-aws-credentials@" in job.text
    if job.lacks(KEYS) and not (takes_role and job.permissions.get("id-token") == "write"):
        yield Observation(
            "missing",
            f"{job.place}, can sign in to AWS neither by OpenID Connect nor with keys",
            "add `id-token: write` to the permissions of that job"
            if takes_role
            else "add the step aws-actions/configure-aws-credentials of the file that "
            "`datarelease init` writes, and `id-token: write` to the permissions of that job",
        )
