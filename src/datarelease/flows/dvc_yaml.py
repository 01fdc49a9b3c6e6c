"""Additions to the top ``dvc.yaml``: datasets under ``artifacts:``, and stages that check them."""

from __future__ import annotations

import posixpath
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from datarelease.adapters.yaml_edit import insert
from datarelease.flows.edits import rendered
from datarelease.model.adoption import Proposed
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.file_rules import FileRules
from datarelease.settings.artifacts import DATASETS_FILE

MOST_PLAIN = 4
"""Up to so many datasets each gets stages of its own; more of them share a `foreach`."""
StageKind = Literal["validate", "profile"]
STAGE_KINDS: tuple[StageKind, ...] = ("validate", "profile")
"""In the order in which they run: bad data gets no profile."""


def report_file(kind: StageKind, dataset: Dataset) -> str:
    """The file that a stage of that kind writes."""
    return dataset.validation_file if kind == "validate" else dataset.profile_file


@dataclass(frozen=True, kw_only=True)
class PipelineDataset:
    """A dataset on its way into ``dvc.yaml``."""

    proposed: Proposed
    schema: str | None
    """Its file; None: somebody declared the dataset without one."""
    declared: bool = False
    """It stands under ``artifacts:`` already."""
    bare: bool = False
    """It stands there without ``meta:``."""
    lacks: tuple[StageKind, ...] = STAGE_KINDS
    """The stages that are missing."""

    @property
    def dataset(self) -> Dataset:
        """As the settings will read it."""
        files = None if self.proposed.files is None else FileRules()
        return Dataset(name=self.proposed.name, path=self.proposed.path, files=files)


def edited_pipeline(text: str, members: Sequence[PipelineDataset], stages: Iterable[str]) -> str:
    """``text`` of dvc.yaml with what ``members`` lack; ``stages`` are the names that are taken."""
    entries = _stages(members, set(stages))
    if entries:
        text = insert(text, ["stages"], entries, file=DATASETS_FILE)
    for member in members:
        if member.bare:
            path = ["artifacts", member.proposed.name]
            text = insert(text, path, [_artifact(member)], file=DATASETS_FILE)
    new = [_artifact(member) for member in members if not member.declared]
    return insert(text, ["artifacts"], new, file=DATASETS_FILE) if new else text


def _artifact(member: PipelineDataset) -> str:
    """The entry of a dataset, or what one that is declared lacks in it."""
    values = {**vars(member.proposed), "schema": member.schema, "declared": member.declared}
    return textwrap.dedent(rendered("dataset.yaml.j2", **values))


def _stages(members: Sequence[PipelineDataset], taken: set[str]) -> list[str]:
    alike = [member for member in members if member.lacks and member.schema is not None]
    grouped = alike if len(alike) > MOST_PLAIN else []
    each = Dataset(name="${key}", path="${item.path}")
    entries = []
    for kind in STAGE_KINDS:
        lacking = [member for member in grouped if kind in member.lacks]
        if lacking:
            values = {"members": lacking, "each": each, "report": report_file(kind, each)}
            name = _free(kind, taken)
            entries.append(rendered("stages.yaml.j2", name=name, kind=kind, **values))
    for member in members:
        for kind in member.lacks if member not in grouped else ():
            values = {"dataset": member.dataset, "schema": member.schema}
            values["report"] = report_file(kind, member.dataset)
            name = _free(f"{kind}-{member.proposed.name}", taken)
            entries.append(rendered("stage.yaml.j2", name=name, kind=kind, **values))
    return entries


def _free(name: str, taken: set[str]) -> str:
    choices = [name, f"datarelease-{name}", *(f"datarelease-{name}-{n}" for n in range(2, 100))]
    chosen = next(choice for choice in choices if choice not in taken)
    taken.add(chosen)
    return chosen


def artifacts_by_path(dvc_yaml: Mapping[str, Any]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """The entries of ``artifacts:`` by their normal path: (name, entry)."""
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    artifacts = dvc_yaml.get("artifacts")
    for name, entry in (artifacts if isinstance(artifacts, dict) else {}).items():
        if isinstance(entry, dict) and isinstance(entry.get("path"), str):
            found[posixpath.normpath(entry["path"].strip())] = (str(name), entry)
    return found


def declared_below(files: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """The datasets that other ``dvc.yaml`` declare: (name, file) by path from the root.

    >>> entry = {"artifacts": {"u": {"path": "data/u.csv", "type": "dataset"}}}
    >>> declared_below({"sub/dvc.yaml": entry})
    {'sub/data/u.csv': ('u', 'sub/dvc.yaml')}
    """
    return {
        posixpath.normpath(posixpath.join(posixpath.dirname(file), path)): (name, file)
        for file, content in files.items()
        for path, (name, entry) in artifacts_by_path(content).items()
        if entry.get("type") == "dataset"
    }
