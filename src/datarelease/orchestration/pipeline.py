"""DVC's graph as assets: which key stands for which file, at which version it is, and its events.

Versions are translated in both of Dagster's senses (code and data). The events tell of changes that
Dagster does not know: a pull, a merge, a run by hand. Each asset's newest event is compared with
``dvc.lock`` and the work tree; if they differ, an event is made. Nothing else is remembered, so it
does not matter who changed what, or when.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import dagster as dg

from datarelease.adapters.dvc.graph import Graph, StageNode, current_hashes
from datarelease.model.data.dataset import Dataset
from datarelease.model.paths import overlap
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

_OTHER = re.compile(r"[^A-Za-z0-9_.-]")
STAGES = "stages"
"""First part of the key of a stage that makes nothing."""
OUTCOME_TAG = "datarelease/outcome"
"""Of a run: the word that it ended with."""
ROOT_GROUP = "pipeline"
SOURCES = "sources"
RELEASES = "releases"
CHECK, RELEASE = "check", "release"
FOLLOW_MAIN, RELEASE_MAIN = "follow_main", "release_main"
PROPOSE, MERGE, ANNOUNCE = "propose", "merge", "announce"
RELEASED_CHECKS = "released_checks"
"""Names of jobs. No op may be called like a job."""
CHECK_OP, RELEASE_OP, OBSERVE_OP = "check_datasets", "release_datasets", "observe_sources"
FOLLOW_OP, PULL_OP, PULL_RELEASE_OP = "commit_and_announce", "pull", "pull_and_release"
RECORD_OP = "record_released_checks"
_TAKEN = (
    CHECK, RELEASE, RELEASE_MAIN, PROPOSE, MERGE, ANNOUNCE, CHECK_OP, RELEASE_OP, OBSERVE_OP,
    FOLLOW_OP, PULL_OP, PULL_RELEASE_OP, FOLLOW_MAIN, RELEASED_CHECKS, RECORD_OP,
)  # fmt: skip
NEVER_RECORDED = "never"
"""Code version of what was made before anybody recorded with which command."""
UNKNOWN = "unknown"
"""Version of an input of which no lock has a hash."""
Event = dg.AssetMaterialization | dg.AssetObservation


@dataclass(frozen=True)
class Pipeline:
    """The graph with its keys."""

    graph: Graph

    @cached_property
    def keys(self) -> Mapping[str, dg.AssetKey]:
        """By path; what a stage without outputs stands for goes by its address."""
        made = [path for stage in self.graph.stages for path in made_by(stage)]
        return asset_keys([*made, *(source.path for source in self.graph.sources)])

    @cached_property
    def op_names(self) -> Mapping[str, str]:
        """Names of the stages' ops, by address."""
        return identifiers((stage.address for stage in self.graph.stages), _TAKEN)

    @cached_property
    def _groups(self) -> Mapping[str, str]:
        folders = sorted({stage.folder for stage in self.graph.stages} - {""})
        return {"": ROOT_GROUP, **identifiers(folders, (ROOT_GROUP, SOURCES, RELEASES))}

    def group(self, stage: StageNode) -> str:
        """The group of what a stage makes: its pipeline."""
        return self._groups[stage.folder]

    def inputs(self, stage: StageNode) -> Mapping[dg.AssetKey, str | None]:
        """What a stage reads, each with the version that ``dvc.lock`` says it read."""
        found: dict[dg.AssetKey, str | None] = {}
        for dep in stage.deps:
            for path, current in self._known.items():
                if overlap(dep.path, path):
                    # Of a part the lock knows the part's hash, not that of the whole.
                    found[self.keys[path]] = dep.md5 if path == dep.path else current
        return found

    @cached_property
    def _known(self) -> Mapping[str, str | None]:
        """The version of every asset, by path, as DVC's files have it."""
        made = {out.path: out.md5 for stage in self.graph.stages for out in stage.outs}
        return {source.path: source.md5 for source in self.graph.sources} | made

    def of_dataset(self, dataset: Dataset) -> dg.AssetKey | None:
        """The asset that a dataset is, is in, or begins with; None: DVC tracks no such data."""
        outs = [path for stage in self.graph.stages for path in made_by(stage)]
        paths = [*outs, *(file.path for file in self.graph.tracked)]
        found = [path for path in paths if overlap(path, dataset.path)]
        exact = [path for path in found if path == dataset.path]
        return self.keys[min(exact or found)] if found else None


def made_by(stage: StageNode) -> tuple[str, ...]:
    """The paths of the assets that a stage makes; at least one, so that every stage is there."""
    return tuple(out.path for out in stage.outs) or (f"{STAGES}/{identifier(stage.address)}",)


def data_versions(stage: StageNode) -> Mapping[str, str | None]:
    """The data version of each asset of a stage, by path; None: DVC has none."""
    if stage.outs:
        return {out.path: out.md5 for out in stage.outs}
    return dict.fromkeys(made_by(stage), stage.locked)


def kinds(path: str, *, made: bool) -> set[str]:
    """What the user interface draws on an asset: its format, and DVC where DVC makes it."""
    suffix = posixpath.splitext(path)[1].lstrip(".").lower()
    known = {"py": "python", "yml": "yaml", "pq": "parquet", "": "folder" if made else "file"}
    name = known.get(suffix, suffix)
    return {identifier(name)} | ({"dvc"} if made else set())


def asset_keys(paths: Iterable[str]) -> Mapping[str, dg.AssetKey]:
    """The key of each path, by path; no two are alike, nor the names that Dagster makes of them.

    >>> asset_keys(["data/customers.parquet"])["data/customers.parquet"].to_user_string()
    'data/customers.parquet'
    """
    keys: dict[str, dg.AssetKey] = {}
    names: set[str] = set()
    for path in sorted(set(paths)):
        key = dg.AssetKey([_OTHER.sub("_", part) for part in path.split("/") if part])
        if key.to_python_identifier().lower() in names:
            *folder, last = key.path
            mark = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            key = dg.AssetKey([*folder, f"{last}-{mark}"])
        names.add(key.to_python_identifier().lower())
        keys[path] = key
    return keys


def identifier(text: str) -> str:
    """``text`` as a name for an op or a group.

    >>> identifier("models/churn/dvc.yaml:train@eu-west")
    'models_churn_dvc_yaml_train_eu_west'
    """
    return re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_") or "_"


def identifiers(texts: Iterable[str], taken: Iterable[str] = ()) -> Mapping[str, str]:
    """A name for each text, by text; no two are alike, and none is ``taken``."""
    names: dict[str, str] = {}
    used = set(taken)
    for text in texts:
        name = identifier(text)
        while name in used or name in names.values():
            name += "_"
        names[text] = name
    return names


# --- events


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
    """An observation for each source that is not as Dagster saw it last."""
    for path, md5 in current_hashes(root, pipeline.graph).items():
        key = pipeline.keys[path]
        if _observed(instance, key) != md5:
            yield dg.AssetObservation(asset_key=key, tags=_data_version(md5))


def lock_events(pipeline: Pipeline, root: Path, instance: dg.DagsterInstance) -> Iterator[Event]:
    """An event for each asset whose newest one does not say what DVC's files say."""
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
