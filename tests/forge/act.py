"""GitHub Actions: the real workflow files, run by ``act`` here against the fake GitHub.

Each job is a run of act of its own, with the token, the secrets and the variables that GitHub would
give that job, and nothing of this process's environment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.forge import events, workflows
from tests.forge.events import Event
from tests.forge.going import Going
from tests.forge.jobs import Machine, pages_of
from tests.forge.records import Repository
from tests.forge.runs import Run
from tests.forge.server import GitHubServer
from tests.forge.workflows import StartupFailure

DEEPEST = 3
"""How long a chain of runs that start runs may get: GitHub's own limit."""


@dataclass(kw_only=True)
class Actions:
    """GitHub Actions for ``server``. Everything that it makes is below ``folder``."""

    server: GitHubServer
    folder: Path
    cml: Path | None = None
    """The program that setup-cml installs; None: setup-cml fails."""
    roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """AWS credentials as variables, by the ARN of the role that they are had for."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """More variables of the machine, for every job."""
    tool_cache: Path | None = None
    """``RUNNER_TOOL_CACHE``; below ``folder`` unless given."""
    across_owners: bool = True
    """An environment's secrets reach its jobs in reusable workflows of other owners."""
    runs: list[Run] = field(default_factory=list)
    """All, oldest first."""

    @property
    def machine(self) -> Machine:
        """The runner for every job."""
        return Machine(
            server=self.server,
            folder=self.folder,
            cml=self.cml,
            roles=self.roles,
            environment=self.environment,
            tool_cache=self.tool_cache or self.folder / "tools",
            across_owners=self.across_owners,
        )

    def dispatch(self, event: Event, *, follow: bool = True, depth: int = 0) -> list[Run]:
        """Runs each workflow file that ``event`` starts; with ``follow``, those they start, too."""
        made = [self.run(event, path) for path in self.started(event)]
        if follow and depth < DEEPEST:
            for run in list(made):
                made += self.dispatch(self.completed(run), depth=depth + 1)
        return made

    def started(self, event: Event) -> list[str]:
        """The workflow files that ``event`` starts."""
        return [
            path
            for path in workflows.paths(event.repository, event.files)
            if event.starts(workflows.load(event.repository, event.files, path))
        ]

    def completed(self, run: Run) -> Event:
        """The ``workflow_run`` event of a run."""
        repository = run.event.repository
        return events.workflow_run(self.server, repository, repository.runs[run.id])

    def run(self, event: Event, path: str, *, only: str | None = None) -> Run:
        """Runs the workflow file ``path``, or one job of it, whether or not the event starts it."""
        run_id = self.server.world.number()
        workflow = workflows.load(event.repository, event.files, path)
        workflow = workflows.with_only(workflow, only) if only else workflow
        going = Going(machine=self.machine, event=event, workflow=workflow, id=run_id)
        going.tell(None)
        failure = ""
        event.repository.artifacts[run_id] = []
        try:
            going.all()
        except StartupFailure as error:
            failure = str(error)
        self._deploy(event.repository, run_id)
        event.repository.artifacts[run_id] = sorted(
            it.name for it in self.artifacts(run_id).iterdir()
        )
        results = {job.result for job in going.jobs.values()}
        conclusion = next(
            (it for it in ("failure", "success", "skipped") if it in results), "success"
        )
        conclusion = "startup_failure" if failure else conclusion
        going.tell(conclusion)
        made = Run(
            id=run_id,
            name=workflow.name,
            event=event,
            conclusion=conclusion,
            jobs=going.jobs,
            artifacts=self.artifacts(run_id),
            attestations=tuple(self._attestations(run_id)),
            failure=failure,
        )
        self.runs.append(made)
        return made

    def artifacts(self, run_id: int) -> Path:
        """The folder of a run's artifacts; what is put there by hand counts as uploaded."""
        folder = self.folder / "artifacts" / str(run_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _deploy(self, repository: Repository, run_id: int) -> None:
        """What a run deployed takes the place of the pages before."""
        folder = pages_of(self.folder, run_id)
        if folder.exists():
            repository.pages = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            }

    def _attestations(self, run_id: int) -> list[dict[str, str]]:
        path = self.folder / "attestations" / f"{run_id}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
