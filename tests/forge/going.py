"""One run of a workflow: its jobs in order, and what each is given.

A job gets a token with its own permissions, the secrets of the repository and of the environment
that it names, and, of a fork's pull request, none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.forge import events, workflows
from tests.forge.events import Event
from tests.forge.jobs import CALLED, NESTED, Ended, Machine, Plan, run_job, with_files
from tests.forge.records import Environment, Repository
from tests.forge.runs import Job
from tests.forge.workflows import Document, Outcome, Permissions, Workflow

STANDARD: Permissions = {"contents": "read", "packages": "read"}
"""What a token may where nobody says, in a new repository."""
BORROWED = "FORGE_ENVIRONMENT_"
"""Begins the names under which an environment's secrets pass through a caller."""


@dataclass(frozen=True, kw_only=True)
class _Secrets:
    """The secrets of a job, and how a caller hands them on."""

    given: Mapping[str, str]
    """To act."""
    handed: Any = None
    """The ``secrets:`` of the caller in the copy."""
    names: frozenset[str] = frozenset()
    """Those that the job sees."""


@dataclass(kw_only=True)
class Going:
    """One run while it goes on."""

    machine: Machine
    event: Event
    workflow: Workflow
    id: int
    jobs: dict[str, Job] = field(default_factory=dict)

    def tell(self, conclusion: str | None) -> None:
        """Lets the API know how far the run is."""
        self.event.repository.runs[self.id] = events.shown_run(
            self.machine.server,
            self.event,
            workflow=self.workflow,
            run_id=self.id,
            conclusion=conclusion,
        )

    def all(self) -> None:
        """Runs every job, in the order of their needs."""
        known: dict[str, Outcome] = {}
        standard = dict(STANDARD)
        if self.event.repository.workflow_permissions == "write":
            standard = workflows.granted("write-all")
        for job_id in workflows.in_order(self.workflow.jobs):
            job = self.workflow.jobs[job_id]
            allowed = workflows.permissions(self.workflow, job, standard)
            if "uses" in job:
                known[job_id] = self._call(job_id, job, known, allowed)
            else:
                known[job_id] = self._direct(job_id, job, known, allowed)

    def _direct(
        self, job_id: str, job: Document, known: Mapping[str, Outcome], allowed: Permissions
    ) -> Outcome:
        """A job of the file itself."""
        secrets = self._secrets(job, "inherit", self.event.repository)
        plan = self._plan(job_id, job_id, job, allowed, secrets)
        cut = workflows.isolated(self.workflow.document, job_id, known, str(plan.result))
        ended = run_job(self.machine, with_files(plan, main=cut))
        return self._note(job_id, plan, ended.main[job_id], ended)

    def _call(
        self, caller_id: str, caller: Document, known: Mapping[str, Outcome], allowed: Permissions
    ) -> Outcome:
        """The jobs of a reusable workflow, and how the job that calls it ended."""
        inner = workflows.called(self.machine.server.world, self.workflow, caller["uses"])
        workflows.check_secrets(inner, caller.get("secrets", {}))
        wanted = {
            job_id: workflows.capped(workflows.permissions(inner, job, allowed), allowed, job_id)
            for job_id, job in inner.jobs.items()
        }
        ends: dict[str, Outcome] = {}
        for job_id in workflows.in_order(inner.jobs):
            job, name = inner.jobs[job_id], f"{caller_id} / {job_id}"
            if "uses" in job:
                ends[job_id] = self._call_inside(
                    caller_id, caller, known, inner, job_id, ends, wanted[job_id]
                )
                continue
            secrets = self._secrets(job, caller.get("secrets", {}), inner.repository)
            plan = self._plan(name, job_id, job, wanted[job_id], secrets)
            cut = workflows.isolated(inner.document, job_id, ends, str(plan.called_result))
            main = self._outer(caller_id, known, secrets.handed, plan)
            ended = run_job(
                self.machine,
                with_files(plan, main=main, called=cut | {"name": self.workflow.name}),
            )
            assert ended.called or ended.main[caller_id]["result"] == "skipped", (
                f"{name} has no result:\n{ended.log.text[-4000:]}"
            )
            if not ended.called:
                # The job that calls is skipped, and with it all of these.
                for skipped in inner.jobs:
                    shown = f"{caller_id} / {skipped}"
                    self.jobs[shown] = Job(id=shown, result="skipped")
                return Outcome(result="skipped")
            ends[job_id] = self._note(name, plan, ended.called[job_id], ended)
        return self._end_of_call(caller_id, inner, known, ends)

    def _call_inside(
        self, caller_id: str, caller: Document, known: Mapping[str, Outcome], inner: Workflow,
        job_id: str, ends: Mapping[str, Outcome], allowed: Permissions,
    ) -> Outcome:  # fmt: skip
        """The jobs of a reusable workflow that a reusable workflow calls; it has no outputs."""
        calling = inner.jobs[job_id]
        nested = workflows.called(self.machine.server.world, inner, calling["uses"])
        workflows.check_secrets(nested, calling.get("secrets", {}))
        assert not nested.triggers["workflow_call"].get("outputs"), "not played"
        done: dict[str, Outcome] = {}
        for nested_id in workflows.in_order(nested.jobs):
            job, name = nested.jobs[nested_id], f"{caller_id} / {job_id} / {nested_id}"
            wanted = workflows.permissions(nested, job, allowed)
            assert "uses" not in job, "not played"
            assert "environment" not in job, "not played"
            secrets = self._secrets(job, calling.get("secrets", {}), nested.repository)
            wanted = workflows.capped(wanted, allowed, nested_id)
            plan = self._plan(name, nested_id, job, wanted, secrets)
            token = {"GITHUB_TOKEN": "${{ secrets.GITHUB_TOKEN }}"}
            handed = caller.get("secrets", {})
            handed = handed if handed == "inherit" else {**handed, **token}
            called = workflows.isolated(inner.document, job_id, ends, str(plan.called_result))
            called["jobs"][job_id] |= {"uses": NESTED, "secrets": secrets.handed}
            cut = workflows.isolated(nested.document, nested_id, done, str(plan.nested_result))
            title = {"name": self.workflow.name}
            ended = run_job(
                self.machine,
                with_files(
                    plan, main=self._outer(caller_id, known, handed, plan),
                    called=called | title, nested=cut | title,
                ),
            )  # fmt: skip
            if not ended.nested:
                self.jobs[name] = Job(id=name, result="skipped")
                return Outcome(result="skipped")
            done[nested_id] = self._note(name, plan, ended.nested[nested_id], ended)
        results = {end.result for end in done.values()}
        return Outcome(
            result=next((it for it in ("failure", "success") if it in results), "skipped")
        )

    def _end_of_call(
        self, caller_id: str, inner: Workflow, known: Mapping[str, Outcome],
        ends: Mapping[str, Outcome],
    ) -> Outcome:  # fmt: skip
        """The result of a reusable workflow, and its outputs as act works them out."""
        results = {end.result for end in ends.values()}
        result = next((it for it in ("failure", "success") if it in results), "skipped")
        if result == "skipped" or not inner.triggers["workflow_call"].get("outputs"):
            return Outcome(result=result)
        plan = self._plan(f"{caller_id}-outputs", caller_id, {}, {}, _Secrets(given={}))
        # Those that failed as well: act works no outputs out once a job has failed, GitHub does.
        done = {it: replace(end, result="success") for it, end in ends.items()}
        stubs = inner.document | {"jobs": {it: workflows.stub(end) for it, end in done.items()}}
        main = self._outer(caller_id, known, {}, plan)
        ended = run_job(self.machine, with_files(plan, main=main, called=stubs))
        return Outcome(result=result, outputs=ended.main[caller_id]["outputs"] or {})

    def _outer(
        self, caller_id: str, known: Mapping[str, Outcome], secrets: Any, plan: Plan
    ) -> Document:
        """The caller's file, cut down to the job that calls, which calls the copy."""
        cut = workflows.isolated(self.workflow.document, caller_id, known, str(plan.result))
        cut["jobs"][caller_id] |= {"uses": CALLED, "secrets": secrets}
        return cut

    def _plan(
        self, name: str, job_id: str, job: Document, allowed: Permissions, secrets: _Secrets
    ) -> Plan:
        """What GitHub would give to a job."""
        wanted = job.get("runs-on", workflows.RUNNER)
        # An expression is act's to evaluate, which skips what it has no runner for.
        assert "${{" in wanted or wanted == workflows.RUNNER, (
            f"no runner for {wanted}: act would skip {name}"
        )
        repository, event = self.event.repository, self.event
        if not event.trusted:
            allowed = {it: "read" for it in allowed if it != "id-token"}
        variables: dict[str, str] = {}
        place = None
        if event.trusted:
            place = self._environment(job)
            variables = repository.variables | (place.variables if place else {})
        # act does not quote the path of a step's script: no space may be in it.
        folder = self.machine.folder / "runs" / str(self.id) / name.replace(" / ", "-")
        return Plan(
            job_id=job_id,
            event=event,
            run_id=self.id,
            folder=folder,
            main={},
            token=self.machine.server.world.workflow_token(repository.full_name, allowed),
            permissions=allowed,
            secrets=secrets.given,
            visible=secrets.names,
            variables=variables,
            environment=place.name if place else "",
        )

    def _environment(self, job: Document) -> Environment | None:
        """The environment that a job names; GitHub makes one that is not there."""
        named = job.get("environment")
        if named is None:
            return None
        name = named if isinstance(named, str) else named["name"]
        assert "${{" not in name, f"the name of an environment must be plain here: {name}"
        repository = self.event.repository
        found = repository.environments.get(name)
        return found or self.machine.server.world.environment(repository, name)

    def _secrets(self, job: Document, handed: Any, home: Repository) -> _Secrets:
        """The secrets of a job, in a file of ``home``, whose caller says ``secrets: HANDED``."""
        if not self.event.trusted:
            return _Secrets(given={}, handed={} if handed == "inherit" else handed)
        place = self._environment(job)
        own = place.secrets if place else {}
        given = self.event.repository.secrets
        # Reports of what GitHub does with an environment's secrets across owners contradict.
        if home.owner is not self.event.repository.owner and not self.machine.across_owners:
            own = {}
        if handed == "inherit":
            every = {**given, **own}
            return _Secrets(given=every, handed="inherit", names=frozenset(every))
        borrowed = {f"{BORROWED}{name}": value for name, value in own.items()}
        through = {name: f"${{{{ secrets.{BORROWED}{name} }}}}" for name in own}
        return _Secrets(
            given={**given, **borrowed},
            handed={**handed, **through, "GITHUB_TOKEN": "${{ secrets.GITHUB_TOKEN }}"},
            names=frozenset({**handed, **own}),
        )

    def _note(self, name: str, plan: Plan, found: Mapping[str, Any], ended: Ended) -> Outcome:
        """Writes down how a job ended."""
        log, skipped = ended.log, found["result"] == "skipped"
        # A job that was skipped has none; act leaves the expressions that would have made them.
        outputs = {} if skipped else found["outputs"] or {}
        self.jobs[name] = Job(
            id=name,
            result=found["result"],
            outputs=outputs,
            log="" if skipped else log.text,
            steps=log.steps,
            summary=log.summary,
            annotations=log.annotations,
            permissions=plan.permissions,
            secrets=plan.visible,
        )
        return Outcome(result=found["result"], outputs=outputs)
