"""DVC's graph as assets: which key stands for which file, and at which version it is.

What belongs here: the translation, in both of Dagster's senses of a version (code and data). What
does not: running anything, and any event.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from dagster import AssetKey

from datarelease.adapters.dvc.graph import Graph, StageNode
from datarelease.model.data.dataset import Dataset
from datarelease.model.paths import overlap

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


@dataclass(frozen=True)
class Pipeline:
    """The graph with its keys."""

    graph: Graph

    @cached_property
    def keys(self) -> Mapping[str, AssetKey]:
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

    def inputs(self, stage: StageNode) -> Mapping[AssetKey, str | None]:
        """What a stage reads, each with the version that ``dvc.lock`` says it read."""
        found: dict[AssetKey, str | None] = {}
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

    def of_dataset(self, dataset: Dataset) -> AssetKey | None:
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


def asset_keys(paths: Iterable[str]) -> Mapping[str, AssetKey]:
    """The key of each path, by path; no two are alike, nor the names that Dagster makes of them.

    >>> asset_keys(["data/customers.parquet"])["data/customers.parquet"].to_user_string()
    'data/customers.parquet'
    """
    keys: dict[str, AssetKey] = {}
    names: set[str] = set()
    for path in sorted(set(paths)):
        key = AssetKey([_OTHER.sub("_", part) for part in path.split("/") if part])
        if key.to_python_identifier().lower() in names:
            *folder, last = key.path
            mark = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            key = AssetKey([*folder, f"{last}-{mark}"])
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
