"""Dagster's daemon, played in this process: ticks of sensors, and the runs that they ask for.

The only module of the tests that imports names outside of Dagster's public interface.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from tests.project import Project

from datarelease.orchestration.definitions import build_definitions
from datarelease.orchestration.ingestion import Ingestion

__all__ = ["Daemon", "StaleStatus", "shown", "stale_statuses"]


class Daemon:
    """Ticks of the sensors of a repository, and its runs, as Dagster's daemon makes them."""

    def __init__(
        self,
        project: Project,
        ingestion: Ingestion | None,
        instance: dg.DagsterInstance,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Remember run keys and cursors, as Dagster does; None: the real ingestion."""
        self._project, self._ingestion, self.instance = project, ingestion, instance
        self._env = env or {}
        self.events = 0
        self.said = ""
        self._keys: set[str] = set()
        self._cursors: dict[str, str | None] = {}

    def tick(self, name: str) -> list[dg.RunRequest]:
        """What a tick asks for that was not asked for before; its events are recorded."""
        definitions = build_definitions(
            self._project.root, env=self._env, ingestion=self._ingestion
        )
        sensor = definitions.get_repository_def().get_sensor_def(name)
        context = dg.build_sensor_context(
            self.instance, cursor=self._cursors.get(name), definitions=definitions
        )
        found = sensor.evaluate_tick(context)
        self._cursors[name] = found.cursor or self._cursors.get(name)
        for event in found.asset_events:
            self.instance.report_runless_asset_event(event)
        self.events, self.said = len(found.asset_events), found.skip_message or ""
        fresh = [
            request for request in found.run_requests or () if request.run_key not in self._keys
        ]
        self._keys |= {str(request.run_key) for request in fresh}
        return fresh

    def run(self, request: dg.RunRequest, job: str) -> bool:
        """Whether the run that was asked for succeeds."""
        definitions = build_definitions(
            self._project.root, env=self._env, ingestion=self._ingestion
        )
        result = definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            partition_key=request.partition_key,
            run_config=request.run_config,
            tags=dict(request.tags or {}),
            raise_on_error=False,
        )
        return result.success

    def _built(self) -> dg.Definitions:
        """As if they were loaded anew: a run has a process of its own."""
        return build_definitions(self._project.root, env=self._env, ingestion=self._ingestion)

    def stale(self) -> set[str]:
        """What Dagster thinks of what it can make: fresh, stale or missing."""
        return {status.value for status in stale_statuses(self._built(), self.instance).values()}


def shown(instance: dg.DagsterInstance, path: str, check: str) -> dg.AssetCheckEvaluation | None:
    """What Dagster shows for a check of the newest materialization; None: not evaluated."""
    key = dg.AssetCheckKey(dg.AssetKey(path.split("/")), check)
    record = instance.get_latest_asset_check_evaluation_record(key)
    context = LoadingContextForTest(instance)
    if record is None or not asyncio.run(record.targets_latest_materialization(context)):
        return None
    evaluation = record.evaluation
    return evaluation if isinstance(evaluation, dg.AssetCheckEvaluation) else None


def stale_statuses(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> dict[str, StaleStatus]:
    """What Dagster thinks of each asset that it can make, by key."""
    graph = definitions.resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    return {
        key.to_user_string(): resolver.get_status(key) for key in graph.materializable_asset_keys
    }
