"""All that Dagster shows of a repository, built by one function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import dagster as dg

from datarelease.adapters.dvc.graph import read_graph
from datarelease.adapters.dvc.tracked import find_root
from datarelease.app.settings import settings_at
from datarelease.app.wiring import work_tree_reader
from datarelease.model.data.dataset import Dataset
from datarelease.orchestration.assets import source_assets, stage_assets
from datarelease.orchestration.checks import (
    ReleasedData,
    checks_of,
    dataset_checks,
    released_checks_job,
)
from datarelease.orchestration.dagster_private import UnresolvedAssetJobDefinition
from datarelease.orchestration.ingestion import (
    Ingestion,
    announce_job,
    plans_of,
    stream_jobs,
    topic_assets,
)
from datarelease.orchestration.main_branch import follow_main_job, release_main_job
from datarelease.orchestration.metadata import contract_of
from datarelease.orchestration.pipeline import CHECK, RELEASE, Pipeline, made_by
from datarelease.orchestration.releases import (
    CONSENT,
    RemoteAddress,
    places_of,
    release_assets,
    release_key,
)
from datarelease.orchestration.resources import (
    Automation,
    RepositoryResource,
    process_environment,
    read_automation,
)
from datarelease.orchestration.sensors import (
    announce_sensor,
    events_sensor,
    lock_sensor,
    main_sensor,
    merge_sensor,
    versions_sensor,
)
from datarelease.settings.read import Settings

_ROOT = "DATARELEASE_REPOSITORY"
REMOTES = "DATARELEASE_REMOTES"
REVIEWED = "DATARELEASE_REVIEWED"


def build_definitions(
    root: Path | str | None = None,
    *,
    env: Mapping[str, str] | None = None,
    ingestion: Ingestion | None = None,
    resources: Mapping[str, object] | None = None,
    executor: dg.ExecutorDefinition = dg.in_process_executor,
) -> dg.Definitions:
    """The definitions of the repository at ``root``: assets, checks, jobs, sensors, a schedule.

    Nothing is run and no request is sent: neither a broker nor a network is needed, and what a
    repository does not have (a remote, streams, a lock) is left out.

    Args:
        root: A directory in it; None: what ``DATARELEASE_REPOSITORY`` names, or the current one.
        env: The environment that production differs by; None: that of the process.
        ingestion: What to call of ``datarelease.ingest``.
        resources: Instead of, or beside, our own (``repository``).
        executor: One process for all steps by default: DVC locks its work tree anyway.

    Raises:
        ConfigError: No DVC repository, or pipelines, settings or environment cannot be used.
    """
    env = process_environment() if env is None else env
    place = find_root(Path(root or env.get(_ROOT) or Path.cwd()))
    names = [name.strip() for name in env.get(REMOTES, "").split(",") if name.strip()]
    settings = settings_at(place)
    built = _Builder(
        pipeline=Pipeline(read_graph(place)),
        settings=settings,
        places=places_of(place, names or settings.remotes),
        when=read_automation(env),
        ingestion=ingestion or Ingestion(place),
        repository=RepositoryResource(
            root=str(place), remotes=names, reviewed=env.get(REVIEWED) or None
        ),
    )
    built.say_what_lacks()
    return dg.Definitions(
        assets=built.assets(),
        asset_checks=built.checks(),
        jobs=built.jobs(),
        schedules=built.schedules(),
        sensors=built.sensors(),
        resources={"repository": built.repository, **(resources or {})},
        executor=executor,
    )


@dataclass(frozen=True, kw_only=True)
class _Builder:
    pipeline: Pipeline
    settings: Settings
    places: tuple[RemoteAddress, ...]
    when: Automation
    ingestion: Ingestion
    repository: RepositoryResource

    @cached_property
    def datasets(self) -> Sequence[tuple[dg.AssetKey, Dataset]]:
        """The datasets that DVC tracks, each with its asset."""
        pairs = ((self.pipeline.of_dataset(each), each) for each in self.settings.datasets)
        return [(key, dataset) for key, dataset in pairs if key is not None]

    def say_what_lacks(self) -> None:
        """Log why something that a reader may look for is missing."""
        log = dg.get_dagster_logger("datarelease")
        tracked = {dataset.name for _, dataset in self.datasets}
        for dataset in self.settings.datasets:
            if dataset.name not in tracked:
                log.warning(
                    "%s: no stage makes this dataset, and no .dvc file tracks it", dataset.path
                )
        if not self.places:
            log.warning(
                "DVC has no remote, so there are no jobs that release. Add one: `dvc remote add "
                "--default NAME URL`"
            )
        if not self.settings.streams:
            log.info("params.yaml: release.streams has no stream, so there are no jobs for events")

    def assets(self) -> list[dg.AssetsDefinition | dg.AssetSpec]:
        """Topics, sources, stages and releases."""
        deps = list(self._released.values())
        releases = [release_assets(self.places, deps)] if self.places and deps else []
        schemas = {
            key: schema
            for key, dataset in self.datasets
            if (schema := contract_of(dataset, work_tree_reader(self.repository.path)))
        }
        stages = stage_assets(self.pipeline, dict(self.datasets), schemas)
        streams = self.settings.streams
        there = self.pipeline.graph.sources
        sources = [source_assets(self.pipeline, plans_of(streams))] if there else []
        return [*topic_assets(streams), *sources, *stages, *releases]

    def checks(self) -> list[dg.AssetChecksDefinition]:
        """Schema and policy of each dataset."""
        return [dataset_checks(self._data.checks)] if self.datasets else []

    def jobs(self) -> list[dg.JobDefinition | UnresolvedAssetJobDefinition]:
        """``check`` and ``release``, and what streams and announcements need."""
        streams = self.settings.streams
        found: list[dg.JobDefinition | UnresolvedAssetJobDefinition] = []
        check = self._check()
        if check is not None:
            found.append(dg.define_asset_job(CHECK, check, description=_CHECK))
            if self.places:
                keys = [release_key(place.name) for place in self.places]
                wanted = check | dg.AssetSelection.assets(*keys)
                job = dg.define_asset_job(RELEASE, wanted, description=_RELEASE, config=CONSENT)
                found.append(job)
                found += [release_main_job(self.places, self._released), follow_main_job()]
                found += [released_checks_job(self._data)] if self.datasets else []
        if streams:
            found += stream_jobs(streams, self.ingestion)
        if self._follows:
            found.append(announce_job(streams, self.ingestion))
        return found

    def schedules(self) -> list[dg.ScheduleDefinition]:
        """The nightly check."""
        if self._check() is None:
            return []
        status = dg.DefaultScheduleStatus
        return [
            dg.ScheduleDefinition(
                name="nightly_check",
                job_name=CHECK,
                cron_schedule=self.when.cron,
                execution_timezone=self.when.timezone,
                description="Runs what is out of date, and the checks; releases nothing.",
                default_status=status.RUNNING if self.when.on else status.STOPPED,
            )
        ]

    def sensors(self) -> list[dg.SensorDefinition]:
        """What looks at DVC's files, at versions, and, where there are streams, at events."""
        found = [lock_sensor(self.repository, self.when)]
        tags, names = self.settings.tags, [place.name for place in self.places]
        if names:
            found.append(versions_sensor(self.repository, tags, names, self._data, self.when))
            found.append(main_sensor(self.repository, tags, self.when))
        if self._follows:
            found.append(announce_sensor(self.repository, tags, self.when))
        for stream in self.settings.streams:
            found.append(events_sensor(stream, self.ingestion, self.when))
            if self.settings.policy.auto_merge:
                found.append(merge_sensor(stream, self.ingestion, self.when))
        return found

    @property
    def _follows(self) -> bool:
        """Something follows a release."""
        return bool(self.settings.streams or self.settings.announce)

    @cached_property
    def _made(self) -> Mapping[str, dg.AssetKey]:
        """What stages make, by path."""
        paths = [path for stage in self.pipeline.graph.stages for path in made_by(stage)]
        return {path: self.pipeline.keys[path] for path in paths}

    @cached_property
    def _released(self) -> Mapping[str, dg.AssetKey]:
        """What a release is made from, by path: stages' outputs, datasets of ``.dvc`` files."""
        datasets = {key for key, _ in self.datasets}
        return {
            path: key
            for path, key in self.pipeline.keys.items()
            if path in self._made or key in datasets
        }

    @cached_property
    def _data(self) -> ReleasedData:
        """What a release is made from, with the checks of its datasets."""
        return ReleasedData(deps=self._released, checks=checks_of(self.datasets))

    def _check(self) -> dg.AssetSelection | None:
        """What ``check`` runs; None: there is neither a stage nor a dataset."""
        if not self._made and not self.datasets:
            return None
        return dg.AssetSelection.assets(*self._made.values()) | dg.AssetSelection.all_asset_checks()


_CHECK = "What `datarelease check` does, a step a stage: runs what is out of date, then the checks."
_RELEASE = "`check`, then, if nothing blocks, the release on every remote."
