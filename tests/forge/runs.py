"""Runs of workflows, as tests read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.forge.events import Event
from tests.forge.joblog import Annotation


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job that ran, or that was skipped."""

    id: str
    """As GitHub shows it: ``check``, or ``caller / check`` in a reusable workflow."""
    result: str
    """success, failure or skipped."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    log: str = ""
    """All that was printed. Nothing is masked, so that a secret that is printed can be found."""
    steps: Mapping[str, str] = field(default_factory=dict)
    """Result of each step, by its id, or its place in the job from 0."""
    summary: str = ""
    annotations: tuple[Annotation, ...] = ()
    permissions: Mapping[str, str] = field(default_factory=dict)
    """Of its token."""
    secrets: frozenset[str] = frozenset()
    """The names of those that it was given, without GITHUB_TOKEN."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A workflow that ran."""

    id: int
    name: str
    event: Event
    conclusion: str
    """success, failure, skipped or startup_failure."""
    jobs: Mapping[str, Job]
    artifacts: Path
    """A folder for each artifact."""
    attestations: tuple[Mapping[str, str], ...] = ()
    """Subjects: name, and digest as ``sha256:HEX``."""
    failure: str = ""
    """Why GitHub would not have started it."""

    @property
    def log(self) -> str:
        """What all jobs printed."""
        return "\n".join(f"==== {job.id}: {job.result}\n{job.log}" for job in self.jobs.values())

    def job(self, job_id: str) -> Job:
        """A job by its id, or by its last part where that is enough."""
        found = [job for name, job in self.jobs.items() if job_id in {name, name.split(" / ")[-1]}]
        assert len(found) == 1, f"{job_id}: {sorted(self.jobs)} {self.failure}"
        return found[0]

    def leaks(self, secrets: Iterable[str]) -> list[str]:
        """Where any of ``secrets`` can be seen: in a log, a summary, an output or an artifact."""
        needles = [secret.encode() for secret in secrets]
        places: dict[str, bytes] = {}
        for job in self.jobs.values():
            told = (job.log, job.summary, json.dumps(dict(job.outputs)))
            places[f"job {job.id}"] = "\n".join(told).encode()
        for path in self.artifacts.rglob("*"):
            if path.is_file():
                places[f"artifact {path.relative_to(self.artifacts)}"] = path.read_bytes()
        return [name for name, text in places.items() if any(it in text for it in needles)]
