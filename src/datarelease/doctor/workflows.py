"""Asks a repository's workflow files whether the loop of check, report and release is closed.

A file that GitHub accepts as valid can still leave the loop open without an error: a report that
waits for a renamed workflow never starts, and a secret that no job passes on is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from datarelease.adapters.store.credentials import DAGSHUB_TOKEN
from datarelease.adapters.strict_yaml import parse_yaml, yaml_fault
from datarelease.doctor.local import Question
from datarelease.model.diagnosis import STAGING_SECRETS, Line
from datarelease.model.review.reviewed_digest import CONTEXT

AREA = "GitHub"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_STEPS = {"check": "check", "report": "post", "release": "release", "verify": "verify"}
"""Workflow of ours: command it runs."""
_HANDED_OVER: dict[str, tuple[str, ...]] = {"dagshub": (DAGSHUB_TOKEN,), "s3": KEYS}
"""Who keeps a remote: the secrets without which nobody can sign in there."""
_DAILY = frozenset({"pull_request", "push", "merge_group"})
"""Triggers whose runs people miss when a file is disabled."""
_PULLS_ONLY = r"workflow_run\.event == 'pull_request'"
_NOT_YAML = (LookupError, AttributeError, TypeError, ValueError, RecursionError)


@dataclass(frozen=True, kw_only=True)
class WorkflowNeeds:
    """What the settings of a project ask of its workflows."""

    kinds: Mapping[str, str]
    """Remote that holds versions: who keeps it."""
    staging: str | None = None
    """Who keeps the staging remote, if there is one."""


@dataclass(frozen=True, kw_only=True)
class _Job:
    """A job that runs one of our steps."""

    file: str
    name: str
    step: str
    text: str
    """All its strings, one a line."""
    permissions: Mapping[str, Any]

    @property
    def place(self) -> str:
        return f"{self.file}, job {self.name}"

    def lacks(self, secrets: Iterable[str]) -> list[str]:
        if re.search(r"^inherit$", self.text, re.MULTILINE):
            return []
        return [name for name in secrets if not re.search(rf"\bsecrets\.{name}\b", self.text)]


def workflow_question(workflows: Mapping[str, str], wanted: WorkflowNeeds) -> Question:
    """Whether the workflows are there and close the loop; ``workflows`` are texts by file name."""
    return Question(area=AREA, check="workflows", ask=lambda: _lines(workflows, wanted))


def _lines(workflows: Mapping[str, str], wanted: WorkflowNeeds) -> list[Line]:
    lines, files = [], {}
    for name, text in workflows.items():
        try:
            parsed = parse_yaml(text)
        except yaml.YAMLError as error:
            lines.append(_line(f"{name}: {yaml_fault(error)}", f"correct .github/workflows/{name}"))
        except _NOT_YAML as error:
            lines.append(_line(f"{name}: {error}", f"correct .github/workflows/{name}"))
        else:
            files[name] = parsed if isinstance(parsed, dict) else {}
    jobs = [job for name, document in files.items() for job in _jobs(name, document)]
    missing = [step for step in _STEPS if step not in {job.step for job in jobs}]
    if missing:
        found = f"no workflow in .github/workflows runs: {', '.join(missing)}"
        lines.append(_line(found, "datarelease init"))
    lines += _triggers(files, jobs)
    for job in jobs:
        lines += _secrets(job, wanted)
    found = ", ".join(_STEPS)
    return lines or [Line(area=AREA, check="workflows", state="ok", found=found)]


def _line(found: str, remedy: str) -> Line:
    return Line(area=AREA, check="workflows", state="missing", found=found, remedy=remedy)


def _jobs(file: str, document: Mapping[Any, Any]) -> Iterator[_Job]:
    jobs = document.get("jobs")
    for name, content in jobs.items() if isinstance(jobs, dict) else ():
        text = "\n".join(_strings(content))
        permissions = content.get("permissions") if isinstance(content, dict) else None
        for step, command in _STEPS.items():
            if re.search(rf"/{step}\.yml@|^datarelease {command}\b", text, re.MULTILINE):
                yield _Job(
                    file=file,
                    name=str(name),
                    step=step,
                    text=text,
                    permissions=permissions if isinstance(permissions, dict) else {},
                )


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)
    elif isinstance(value, str):
        yield value


def _triggers(files: Mapping[str, Mapping[Any, Any]], jobs: Iterable[_Job]) -> Iterator[Line]:
    """Jobs that never start, or that GitHub disables."""
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
            yield Line(
                area=AREA, check="workflows", state="warning",
                found=f"{job.file} has a schedule: in a public repository that was quiet for 60 "
                "days GitHub disables the whole file, with its checks and releases",
                remedy="move the job verify and the schedule into a file of their own "
                "(`datarelease init` writes data-verify.yml)",
            )  # fmt: skip


def _on(document: Mapping[Any, Any]) -> Mapping[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    on = document.get("on", document.get(True))
    if isinstance(on, dict):
        return {str(name): value for name, value in on.items()}
    return dict.fromkeys(map(str, on if isinstance(on, list) else [on]))


def _named(trigger: object, key: str) -> set[str]:
    names = trigger.get(key) if isinstance(trigger, dict) else None
    return set(map(str, names if isinstance(names, list) else [names] if names else []))


def _secrets(job: _Job, wanted: WorkflowNeeds) -> Iterator[Line]:
    """Secrets that a job does not pass on, and that its steps would find empty."""
    if job.step not in {"release", "verify"}:
        return
    needed = {
        remote: job.lacks(_HANDED_OVER.get(kind, ())) for remote, kind in wanted.kinds.items()
    }
    if wanted.staging in {"aws", "s3"} and job.step == "release":
        needed["the staging remote"] = job.lacks(STAGING_SECRETS)
    for remote, names in needed.items():
        if names:
            entries = ", ".join(f"{name}: ${{{{ secrets.{name} }}}}" for name in names)
            yield _line(
                f"{job.place}, does not hand over {' and '.join(names)}, which {remote} needs",
                f"add to that job: {entries}",
            )
    if "aws" not in wanted.kinds.values() or job.permissions.get("id-token") == "write":
        return
    if job.lacks(KEYS):
        yield _line(
            f"{job.place}, can sign in at AWS neither by OpenID Connect nor with keys",
            "add `id-token: write` to the permissions of that job",
        )
