"""The graph of DVC's pipelines: stages with inputs and outputs, as DVC itself expands them.

Templates, ``foreach``, ``matrix`` and nested ``dvc.yaml`` files are expanded by DVC, which is asked
for the result. Nothing here changes directory or standard output: several threads may read at once.
"""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.dependency.param import ParamsDependency

from datarelease.adapters.dvc.open import opened
from datarelease.model.paths import overlap, relative_path
from datarelease.model.versions.snapshot import canonical_json


@dataclass(frozen=True, kw_only=True)
class PipelineFile:
    """A file or directory that a stage reads or makes, or that a ``.dvc`` file tracks."""

    path: str
    """Relative to the repository, with forward slashes; an address where it is outside."""
    md5: str | None
    """As ``dvc.lock`` or the ``.dvc`` file has it; None: it has none yet."""
    size: int | None = None
    desc: str = ""
    source: str = ""
    """The ``.dvc`` file, where one tracks it."""


@dataclass(frozen=True, kw_only=True)
class StageNode:
    """One stage."""

    name: str
    folder: str
    """Of its ``dvc.yaml``; "" at the root of the repository."""
    cmd: str
    desc: str
    deps: tuple[PipelineFile, ...]
    outs: tuple[PipelineFile, ...]
    version: str
    """SHA-256 (hex) of command and parameters as they are now."""
    locked: str | None
    """The same as ``dvc.lock`` has it; None: the stage never ran."""

    @property
    def address(self) -> str:
        """The argument that names it for ``dvc repro`` at the root of the repository."""
        return f"{self.folder}/dvc.yaml:{self.name}" if self.folder else self.name


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All pipelines of a repository."""

    stages: tuple[StageNode, ...] = ()
    tracked: tuple[PipelineFile, ...] = ()
    """What ``.dvc`` files track."""

    @property
    def sources(self) -> tuple[PipelineFile, ...]:
        """What stages read and no stage makes, and what ``.dvc`` files track; sorted by path."""
        made = [out.path for stage in self.stages for out in stage.outs]
        kept = {file.path: file for file in self.tracked}
        for dep in (dep for stage in self.stages for dep in stage.deps):
            if not any(overlap(dep.path, path) for path in (*made, *kept)):
                kept[dep.path] = dep
        return tuple(kept[path] for path in sorted(kept))


def read_graph(root: Path) -> Graph:
    """The graph of the repository at ``root``; needs no data.

    Raises:
        ConfigError: DVC cannot read it.
    """
    with opened(root) as repo:
        stages, tracked = [], []
        for stage in repo.index.stages:
            if stage.cmd and Path(stage.path).suffix == ".yaml":
                stages.append(_node(stage, root.resolve()))
            else:
                source = relative_path(stage.path, root.resolve())
                tracked += [_tracked(out, root.resolve(), source) for out in stage.outs]
    return Graph(stages=tuple(stages), tracked=tuple(tracked))


def current_hashes(root: Path, graph: Graph) -> dict[str, str]:
    """DVC's hash of each source as it is in the work tree now, by path.

    What a ``.dvc`` file tracks counts as that file says; what is not here, or is outside the
    repository, is left out. Unchanged files are not read again.
    """
    wanted = {source.path for source in graph.sources}
    found = {source.path: source.md5 for source in graph.tracked}
    with opened(root) as repo:
        for dep in (dep for stage in repo.index.stages if stage.cmd for dep in stage.deps):
            path = relative_path(dep.fs_path, root.resolve())
            is_file = dep.protocol == "local" and not isinstance(dep, ParamsDependency)
            if path in wanted and path not in found and is_file and dep.exists:
                found[path] = str(dep.get_hash().value)
    return {path: md5 for path, md5 in found.items() if md5}


def _node(stage: Any, root: Path) -> StageNode:
    params = [dep for dep in stage.deps if isinstance(dep, ParamsDependency)]
    files = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    ran = all(out.hash_info for out in stage.outs) and all(dep.hash_info for dep in stage.deps)
    command = "\n".join(stage.cmd) if isinstance(stage.cmd, list) else str(stage.cmd)
    then = {relative_path(dep.fs_path, root): dep.hash_info.value for dep in params}
    now = {relative_path(dep.fs_path, root): dep.read_params() for dep in params}
    return StageNode(
        name=str(stage.name),
        folder=posixpath.dirname(relative_path(stage.path, root)),
        cmd=command,
        desc=str(stage.desc or ""),
        deps=tuple(_tracked(dep, root) for dep in files),
        outs=tuple(_tracked(out, root) for out in stage.outs),
        version=_digest(command, now),
        locked=_digest("" if stage.cmd_changed else command, then) if ran else None,
    )


def _tracked(item: Any, root: Path, source: str = "") -> PipelineFile:
    return PipelineFile(
        path=relative_path(item.fs_path, root) if item.protocol == "local" else str(item),
        md5=str(item.hash_info.value) if item.hash_info else None,
        size=item.meta.size if item.meta else None,
        desc=str(item.annot.desc or ""),
        source=source,
    )


def _digest(command: str, params: object) -> str:
    plain = canonical_json([command, _plain(params)])
    return hashlib.sha256(plain).hexdigest()


def _plain(value: object) -> object:
    """``value`` in types of JSON: parameters may be dates, or of a Python file's own types."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if isinstance(value, str | int | bool | None) else repr(value)
