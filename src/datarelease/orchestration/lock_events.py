"""Events for changes of DVC's files that Dagster does not know: a pull, a merge, a run.

Each asset's newest event is compared with ``dvc.lock`` and the work tree; if they differ, an event
is made. Nothing else is remembered, so it does not matter who changed what, or when.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg

from datarelease.adapters.dvc.graph import StageNode, current_hashes
from datarelease.orchestration.dagster_private import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    INPUT_DATA_VERSION_TAG_PREFIX,
    NULL_EVENT_POINTER,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from datarelease.orchestration.metadata import stage_metadata
from datarelease.orchestration.pipeline import NEVER_RECORDED, Pipeline, data_versions

UNKNOWN = "unknown"
"""Version of an input of which no lock has a hash."""
Event = dg.AssetMaterialization | dg.AssetObservation


def provenance(pipeline: Pipeline, stage: StageNode) -> dict[str, str]:
    """From which code and inputs DVC made a stage's outputs, as tags of Dagster's events.

    With them Dagster calls an asset stale exactly where DVC would run its stage again.
    """
    return _made_from(stage.locked or NEVER_RECORDED, pipeline.inputs(stage))


def version_tags(
    version: str, code: str, inputs: Mapping[dg.AssetKey, str | None]
) -> dict[str, str]:
    """The tags of an event that tells of a version of the data, and of what it was made from."""
    return {**_made_from(code, inputs), **_data_version(version)}


def _made_from(code: str, inputs: Mapping[dg.AssetKey, str | None]) -> dict[str, str]:
    tags = {CODE_VERSION_TAG: code}
    for key, md5 in inputs.items():
        tags[get_input_data_version_tag(key)] = md5 or UNKNOWN
        tags[get_input_event_pointer_tag(key)] = NULL_EVENT_POINTER
    return tags


def source_events(
    pipeline: Pipeline, root: Path, instance: dg.DagsterInstance
) -> Iterator[dg.AssetObservation]:
    """An observation for each source that is not as Dagster saw it last.

    Raises:
        ConfigError: DVC cannot read the repository.
    """
    for path, md5 in current_hashes(root, pipeline.graph).items():
        key = pipeline.keys[path]
        if _observed(instance, key) != md5:
            yield dg.AssetObservation(asset_key=key, tags=_data_version(md5))


def lock_events(pipeline: Pipeline, root: Path, instance: dg.DagsterInstance) -> Iterator[Event]:
    """An event for each asset whose newest one does not say what DVC's files say.

    Raises:
        ConfigError: DVC cannot read the repository.
    """
    yield from source_events(pipeline, root, instance)
    for stage in pipeline.graph.stages:
        for path, md5 in data_versions(stage).items():
            if md5 is None:
                continue
            tags = {**provenance(pipeline, stage), **_data_version(md5)}
            key = pipeline.keys[path]
            if not _says(instance.get_latest_materialization_event(key), tags):
                yield dg.AssetMaterialization(
                    asset_key=key,
                    description="found in dvc.lock: made outside of Dagster",
                    metadata=stage_metadata(stage, path),
                    tags=tags,
                )


def _data_version(md5: str) -> dict[str, str]:
    return {DATA_VERSION_TAG: md5, DATA_VERSION_IS_USER_PROVIDED_TAG: "true"}


def _observed(instance: dg.DagsterInstance, key: dg.AssetKey) -> str | None:
    found = instance.fetch_observations(key, limit=1).records
    observation = found[0].asset_observation if found else None
    return (observation.tags or {}).get(DATA_VERSION_TAG) if observation else None


def _says(entry: dg.EventLogEntry | None, tags: Mapping[str, str]) -> bool:
    """The event tells of these versions; where Dagster found each input does not matter."""
    told = (entry.asset_materialization.tags if entry and entry.asset_materialization else {}) or {}
    return _versions_in(told) == _versions_in(tags)


def _versions_in(tags: Mapping[str, str]) -> dict[str, str]:
    wanted = (CODE_VERSION_TAG, DATA_VERSION_TAG, INPUT_DATA_VERSION_TAG_PREFIX)
    return {
        name: value
        for name, value in tags.items()
        if name in wanted[:2] or name.startswith(f"{wanted[2]}/")
    }
