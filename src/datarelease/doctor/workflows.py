"""Asks a repository's workflow files whether the loop of check, report and release is closed.

A file that GitHub accepts as valid can still leave the loop open without an error: a report that
waits for a renamed workflow never starts, and a secret that no job passes on is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from datarelease.adapters.store.credentials import DAGSHUB_TOKEN
from datarelease.doctor.local import Question
from datarelease.flows.workflow_jobs import Job, jobs_in, parsed
from datarelease.model.diagnosis import PUBLISHING, READING, STAGING_SECRETS, Line
from datarelease.model.directory import ROOT
from datarelease.model.review.reviewed_digest import CONTEXT

AREA = "GitHub"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_LOOP = ("check", "report", "release", "verify")
_WITH_CREDENTIALS = {"release": PUBLISHING, "verify": READING}
"""Step: the environment that has its credentials."""
_HANDED_OVER: dict[str, tuple[str, ...]] = {"dagshub": (DAGSHUB_TOKEN,), "s3": KEYS}
"""Who keeps a remote: the secrets without which nobody can sign in there."""
_DAILY = frozenset({"pull_request", "push", "merge_group"})
"""Triggers whose runs people miss when a file is disabled."""
_PULLS_ONLY = r"workflow_run\.event == 'pull_request'"


@dataclass(frozen=True, kw_only=True)
class WorkflowNeeds:
    """What a project asks of its workflows."""

    kinds: Mapping[str, str]
    """Remote that holds versions: who keeps it."""
    staging: str | None = None
    """Who keeps the staging remote, if there is one."""
    owner: str = ""
    """Of the repository on GitHub; empty: it is not known."""
    directory: str = ROOT
    """The DVC root, from the top of the git repository."""


def workflow_question(workflows: Mapping[str, str], wanted: WorkflowNeeds) -> Question:
    """Whether the workflows are there and close the loop; ``workflows`` are texts by file name."""
    return Question(area=AREA, check="workflows", ask=lambda: _lines(workflows, wanted))


def _lines(workflows: Mapping[str, str], wanted: WorkflowNeeds) -> list[Line]:
    files, faults = parsed(workflows)
    lines = [
        _line(f"{name}: {why}", f"correct .github/workflows/{name}") for name, why in faults.items()
    ]
    jobs = list(jobs_in(files, wanted.directory))
    steps = {job.step for job in jobs}
    needed = [*_LOOP]
    if any("--bundle" in job.text for job in jobs if job.step == "release"):
        needed += ["build"]  # whoever takes a bundle over has not made it
    missing = [step for step in needed if step not in steps]
    if missing:
        found = f"no workflow in .github/workflows runs: {', '.join(missing)}"
        lines.append(_line(found, "datarelease init"))
    if "release" in steps and "announce" not in steps:
        lines.append(
            _warning(
                "no workflow announces releases: no GitHub Release, no word in the pull request",
                "add the job `announce` of the file that `datarelease init` writes",
            )
        )
    lines += _triggers(files, jobs)
    for job in jobs:
        lines += [*_queue(job), *_environment(job, wanted), *_secrets(job, wanted)]
    return lines or [Line(area=AREA, check="workflows", state="ok", found=", ".join(_LOOP))]


def _line(found: str, remedy: str) -> Line:
    return Line(area=AREA, check="workflows", state="missing", found=found, remedy=remedy)


def _warning(found: str, remedy: str) -> Line:
    return Line(area=AREA, check="workflows", state="warning", found=found, remedy=remedy)


def _triggers(files: Mapping[str, Mapping[Any, Any]], jobs: Iterable[Job]) -> Iterator[Line]:
    """What never starts, or stops by itself."""
    jobs = list(jobs)
    checks = {str(files[job.file].get("name")) for job in jobs if job.step == "check"}
    for job in jobs:
        on = _on(files[job.file])
        called = _named(on.get("workflow_run"), "workflows")
        if job.step == "report" and "workflow_run" in on and checks and not checks & called:
            names = ", ".join(sorted(checks))
            yield _line(
                f"{job.file} waits for the end of {', '.join(sorted(called)) or 'nothing'}, and "
                f"the check is in the workflow called {names}: its report is never posted",
                f"write `workflows: [{names}]` into .github/workflows/{job.file}",
            )
        queue = any(
            "merge_group" in _on(files[check.file]) for check in jobs if check.step == "check"
        )
        if (
            job.step == "report"
            and queue
            and re.search(_PULLS_ONLY, job.text)
            and not re.search(r"merge_group", job.text)
        ):
            yield _line(
                f"{job.place}, posts for pull requests alone: a required {CONTEXT} never comes in "
                "a merge queue",
                'write `if: contains(fromJSON(\'["pull_request", "merge_group"]\'), '
                f"github.event.workflow_run.event)` for that job in .github/workflows/{job.file}",
            )
        wanted = {"check": "pull_request", "report": "workflow_run", "release": "push"}.get(
            job.step
        )
        if wanted is not None and wanted not in on and "workflow_call" not in on:
            yield _line(
                f"{job.place}, is never started by {wanted}",
                f"add `{wanted}:` below `on:` in .github/workflows/{job.file}",
            )
        if job.step == "verify" and "schedule" in on and on.keys() & _DAILY:
            yield _warning(
                f"{job.file} has a schedule: in a public repository that was quiet for 60 "
                "days GitHub disables the whole file, with its checks and releases",
                "move the job verify and the schedule into a file of their own "
                "(`datarelease init` writes data-verify.yml)",
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


def _queue(job: Job) -> Iterator[Line]:
    """Whether releases wait for one another, and for nothing that waits for them."""
    if job.step != "release":
        return
    suffix = "" if job.directory == ROOT else f"-{job.directory}"
    if job.called and f"{PUBLISHING}{suffix}" in job.groups:
        yield _line(
            f"{job.place}, calls a workflow whose concurrency group has the name of the caller's: "
            "GitHub cancels both as a deadlock",
            f"take `concurrency:` out of .github/workflows/{job.file}: the called workflow has it",
        )
    elif not job.called and not job.groups:
        yield _warning(
            f"{job.place}, does not wait for another release: of two at the same time one fails",
            f"add `concurrency: {{group: {PUBLISHING}{suffix}, queue: max}}` to "
            f".github/workflows/{job.file}",
        )


def _environment(job: Job, wanted: WorkflowNeeds) -> Iterator[Line]:
    """Whether what an environment holds reaches the job."""
    needing = sorted(name for name, kind in wanted.kinds.items() if kind in {*_HANDED_OVER, "aws"})
    environment = _WITH_CREDENTIALS.get(job.step)
    if environment is None or not needing:
        return
    if not job.called and job.environment != environment:
        yield _warning(
            f"{job.place}, does not run in the environment {environment}, so the credentials for "
            f"{', '.join(needing)} that it holds do not reach the job",
            f"add `environment: {environment}` to that job",
        )
    secret = sorted(name for name in needing if wanted.kinds[name] in _HANDED_OVER)
    owner = job.called.partition("/")[0]
    if secret and owner and wanted.owner and owner.lower() != wanted.owner.lower():
        yield _warning(
            f"{job.place}, calls a workflow of {owner}: it is uncertain whether the secrets of the "
            f"environment {environment}, which {', '.join(secret)} needs, reach a workflow of "
            "another owner",
            "take that job out and run `datarelease init`: it writes a job of your own",
        )


def _secrets(job: Job, wanted: WorkflowNeeds) -> Iterator[Line]:
    """What a job does not hand over: it is empty where it is needed, and nothing says so."""
    needed = {}
    if job.step in _WITH_CREDENTIALS:
        kinds = wanted.kinds.items()
        needed = {remote: job.lacks(_HANDED_OVER.get(kind, ())) for remote, kind in kinds}
    # A reusable workflow that does both is asked once.
    builds = job.step == "build" and "/release.yml@" not in job.text
    if wanted.staging in {"aws", "s3"} and (job.step == "release" or builds):
        needed["the staging remote"] = job.lacks(STAGING_SECRETS)
    for remote, names in needed.items():
        if names:
            entries = ", ".join(f"{name}: ${{{{ secrets.{name} }}}}" for name in names)
            yield _line(
                f"{job.place}, does not hand over {' and '.join(names)}, which {remote} needs",
                f"add to that job: {entries}",
            )
    if job.step not in _WITH_CREDENTIALS or "aws" not in wanted.kinds.values():
        return
    takes_role = bool(job.called) or "/configure-aws-credentials@" in job.text
    if job.lacks(KEYS) and not (takes_role and job.permissions.get("id-token") == "write"):
        yield _line(
            f"{job.place}, can sign in at AWS neither by OpenID Connect nor with keys",
            "add `id-token: write` to the permissions of that job"
            if takes_role
            else "add the step aws-actions/configure-aws-credentials of the file that "
            "`datarelease init` writes, and `id-token: write` to the permissions of that job",
        )
