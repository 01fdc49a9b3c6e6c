"""Sensors: of DVC's files, of the versions, of the events, of open proposals.

A tick may come twice, late, or after a restart; each reads the present state and remembers as
little as it can. The runs that it requests are safe to repeat.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence

import dagster as dg

from datarelease.adapters.dvc.graph import read_graph
from datarelease.errors import DatareleaseError
from datarelease.flows.catalogue import read_catalogue
from datarelease.model.data.stream import Stream
from datarelease.model.versions.version import TagGrammar, Version
from datarelease.orchestration.checks import (
    RECORDED,
    UNREADABLE,
    ReleasedData,
    Unevaluated,
)
from datarelease.orchestration.ingestion import Ingestion, lag
from datarelease.orchestration.main_branch import holds_data, tip_of
from datarelease.orchestration.pipeline import (
    ANNOUNCE,
    FOLLOW_MAIN,
    FOLLOW_OP,
    MERGE,
    OUTCOME_TAG,
    PROPOSE,
    RELEASE_MAIN,
    RELEASED_CHECKS,
    Pipeline,
    identifier,
    lock_events,
)
from datarelease.orchestration.releases import found_releases
from datarelease.orchestration.resources import Automation, Logged, RepositoryResource

STREAM_TAG, STATE_TAG = "datarelease/stream", "datarelease/state"
VERSION_TAG = "datarelease/version"
PAUSE, LONGEST_PAUSE = 120, 3600
"""Seconds before something is tried again."""
FINAL = ("merged", "refused", RECORDED, UNREADABLE)
"""Outcomes of a run that another try would not change."""
ENOUGH = 8
"""Tries after which a branch without a pull request is one that somebody left."""
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING,
]  # fmt: skip
_FAILED = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_ENDED = [*_FAILED, dg.DagsterRunStatus.SUCCESS]
_Tick = dg.SensorResult | dg.SkipReason | dg.RunRequest
RUNNING, STOPPED = dg.DefaultSensorStatus.RUNNING, dg.DefaultSensorStatus.STOPPED


def lock_sensor(repository: RepositoryResource, when: Automation) -> dg.SensorDefinition:
    """Tells Dagster what DVC's files say: after a pull, a merge, a `dvc repro` by hand."""

    def look(context: dg.SensorEvaluationContext) -> _Tick:
        pipeline = Pipeline(read_graph(repository.path))
        events = list(lock_events(pipeline, repository.path, context.instance))
        if not events:
            return dg.SkipReason("Dagster has recorded all that dvc.lock and the work tree say.")
        return dg.SensorResult(asset_events=events)

    return _sensor("dvc_lock", look, lock_sensor, when, None, on=True)


def versions_sensor(
    repository: RepositoryResource,
    tags: TagGrammar,
    remotes: Sequence[str],
    data: ReleasedData,
    when: Automation,
) -> dg.SensorDefinition:
    """Tells Dagster of the newest version on the git remote, however it was released.

    Runs `released_checks` where checks of its data have no result yet.
    """

    def look(context: dg.SensorEvaluationContext) -> _Tick:
        git = repository.git
        newest = read_catalogue(git, tags).latest
        if newest is None:
            return dg.SkipReason("There is no version yet.")
        events = list(found_releases(git, newest, remotes, data.deps, context.instance))
        found = data.unevaluated(git, newest, context.instance)
        asked = _record(context.instance, newest, found) if found else None
        if isinstance(asked, dg.RunRequest):
            return dg.SensorResult(asset_events=events, run_requests=[asked])
        if events:
            return dg.SensorResult(asset_events=events)
        return asked or dg.SkipReason(f"Nothing new; the newest version is {newest.tag}.")

    job = RELEASED_CHECKS if data.checks else None
    return _sensor("versions", look, versions_sensor, when, job, on=True)


def _record(
    instance: dg.DagsterInstance, version: Version, found: Sequence[Unevaluated]
) -> dg.RunRequest | dg.SkipReason:
    """A run that records the results of checks of ``version``, once for the same events."""
    state = "+".join(sorted({str(each.event.storage_id) for each in found}))
    names = ", ".join(each.checks.dataset.name for each in found)
    why = f"Checks of {version.tag} have no result for {names}"
    about = {VERSION_TAG: version.tag}
    return _request(instance, RELEASED_CHECKS, about, state, only=_ENDED, why=why)


def announce_sensor(
    repository: RepositoryResource, tags: TagGrammar, when: Automation
) -> dg.SensorDefinition:
    """Runs `announce` for each new version on the git remote, however it was released."""

    def look(context: dg.SensorEvaluationContext) -> _Tick:
        catalogue = read_catalogue(repository.git, tags)
        known = tags.parse(context.cursor or "")
        # Set up on a repository with a history, it tells of the newest one, not of all.
        fresh = [v for v in catalogue.versions if known is not None and v.number > known]
        fresh = fresh or ([catalogue.versions[-1]] if catalogue.versions and known is None else [])
        if not fresh:
            return dg.SkipReason(f"No version after {context.cursor or 'none'}.")
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=version.tag,
                    run_config={"ops": {FOLLOW_OP: {"config": {"tag": version.tag}}}},
                    tags={VERSION_TAG: version.tag},
                )
                for version in fresh
                if version.in_force
            ],
            cursor=fresh[-1].tag,
        )

    return _sensor("announcements", look, announce_sensor, when, ANNOUNCE)


def events_sensor(stream: Stream, ingestion: Ingestion, when: Automation) -> dg.SensorDefinition:
    """Runs `propose` for a stream when enough events or minutes have gathered; tells the lag."""
    about = {STREAM_TAG: stream.name}

    def look(context: dg.SensorEvaluationContext) -> _Tick:
        found = ingestion.waiting(stream.name, Logged(context.log))
        # Each lag is reported once, so that a quiet topic does not fill the event log.
        seen = f"{found.events} since {found.oldest}"
        told = [] if seen == context.cursor else [lag(stream, found)]
        # The first event that waits names what would be proposed, so ticks that come twice ask
        # once. That many more events ask again: it is what a refused proposal waits for.
        state = f"{found.oldest}+{found.events // max(stream.propose_events, 1)}"
        tick: dg.RunRequest | dg.SkipReason = dg.SkipReason(found.reason)
        if found.due:
            why = found.reason
            tick = _request(context.instance, PROPOSE, about, state, only=_FAILED, why=why)
        if isinstance(tick, dg.RunRequest):
            return dg.SensorResult(run_requests=[tick], asset_events=told, cursor=seen)
        return dg.SensorResult(skip_reason=tick, asset_events=told, cursor=seen)

    return _sensor(f"events_{identifier(stream.name)}", look, events_sensor, when, PROPOSE)


def merge_sensor(stream: Stream, ingestion: Ingestion, when: Automation) -> dg.SensorDefinition:
    """Runs `merge` for a stream's open proposal, until it is merged or refused; ever less often."""
    about = {STREAM_TAG: stream.name}

    def look(context: dg.SensorEvaluationContext) -> _Tick:
        proposed = ingestion.proposed(stream.name)
        if not proposed:
            return dg.SkipReason("No branch of a proposal is on the git remote.")
        branch, commit = proposed[-1]
        state = f"{branch}@{commit}"
        return _request(context.instance, MERGE, about, state, only=_ENDED, why=branch)

    return _sensor(f"merge_{identifier(stream.name)}", look, merge_sensor, when, MERGE)


def main_sensor(
    repository: RepositoryResource, tags: TagGrammar, when: Automation
) -> dg.SensorDefinition:
    """Runs `follow_main` or `release_main` when the default branch has moved."""
    job = RELEASE_MAIN if when.main == "release" else FOLLOW_MAIN

    def look(context: dg.SensorEvaluationContext) -> _Tick:
        branch, tip = tip_of(repository)
        git = repository.git
        versions = read_catalogue(git, tags).versions if job == RELEASE_MAIN else ()
        if any(version.commit == tip for version in versions):
            return dg.SkipReason(f"{branch} is at the commit of a version.")
        if job == RELEASE_MAIN and not holds_data(repository, tip):
            return dg.SkipReason(f"{branch} has no data yet.")
        if job == FOLLOW_MAIN and git.resolve("HEAD") == tip:
            return dg.SkipReason(f"The clone is at the newest commit of {branch}.")
        return _request(context.instance, job, {}, tip, only=_FAILED, why=branch)

    return _sensor("main", look, main_sensor, when, job, on=when.main != "off")


def _request(
    instance: dg.DagsterInstance,
    job: str,
    about: Mapping[str, str],
    state: str,
    *,
    only: Sequence[dg.DagsterRunStatus],
    why: str,
) -> dg.RunRequest | dg.SkipReason:
    """A run of ``job`` in this ``state``, once; again after runs that ended as ``only`` says.

    The key counts those: it is another one for each new try, and the same for ticks that come
    twice. A try waits twice as long as the one before.
    """
    mine = {**about, STATE_TAG: hashlib.sha256(state.encode()).hexdigest()[:20]}
    going = dg.RunsFilter(job_name=job, tags=about, statuses=_UNDER_WAY)
    if instance.get_runs(going, limit=1):
        return dg.SkipReason(f"A run of {job} is under way. {why}")
    ended = dg.RunsFilter(job_name=job, tags=mine, statuses=list(only))
    tries = instance.get_runs_count(ended)
    records = instance.get_run_records(ended, limit=1) if tries else []
    if records:
        outcome = records[0].dagster_run.tags.get(OUTCOME_TAG)
        if outcome in FINAL or (outcome == "nothing" and tries >= ENOUGH):
            return dg.SkipReason(f"{why}: {outcome}.")
        pause = min(PAUSE * 2 ** min(tries - 1, 10), LONGEST_PAUSE)
        since = time.time() - (records[0].end_time or records[0].update_timestamp.timestamp())
        if since < pause:
            return dg.SkipReason(
                f"Attempt {tries} ended {since:.0f} s ago. The next one starts {pause} s after it "
                "ended."
            )
    key = ":".join([job, *about.values(), state, str(tries)])
    return dg.RunRequest(run_key=key, partition_key=about.get(STREAM_TAG), tags=mine)


def _sensor(
    name: str,
    look: Callable[[dg.SensorEvaluationContext], _Tick],
    of: Callable[..., dg.SensorDefinition],
    when: Automation,
    job: str | None,
    *,
    on: bool | None = None,
) -> dg.SensorDefinition:
    """A sensor whose ticks report errors of this package without a traceback."""

    def tick(context: dg.SensorEvaluationContext) -> _Tick:
        try:
            return look(context)
        except DatareleaseError as error:
            raise dg.Failure(str(error)) from error

    return dg.SensorDefinition(
        name=name,
        evaluation_fn=tick,
        job_name=job,
        minimum_interval_seconds=when.seconds,
        description=of.__doc__,
        default_status=RUNNING if (when.on if on is None else on) else STOPPED,
    )
