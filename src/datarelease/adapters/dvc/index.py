"""What DVC's index of the work tree says, as values; and the remotes that git holds."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.config import Config
from dvc.exceptions import DvcException

from datarelease.adapters.dvc.config import explained_config
from datarelease.adapters.dvc.open import opened
from datarelease.adapters.dvc.private import plot_sources, top_level_metrics
from datarelease.adapters.dvc.tracked import Output
from datarelease.adapters.store.errors import brief_error
from datarelease.errors import WorldError, disk_fault
from datarelease.model.paths import relative_path


@dataclass(frozen=True, kw_only=True)
class IndexedOutput(Output):
    """An output as DVC itself reads it: templates expanded, ignored files left out.

    Its ``source`` is the ``.dvc`` file or the ``dvc.yaml`` that declares it.
    """

    cached: bool = True
    """DVC keeps its content; False: git does."""
    measured: bool = False
    """A metric or a plot."""
    imported: bool = False
    """DVC fetches it from where it was imported, and from no remote of this repository."""
    foreign: bool = False
    """It belongs to another DVC repository."""

    @property
    def kept(self) -> bool:
        """``dvc push`` sends it to a remote of this repository, and ``dvc pull`` wants it there."""
        return self.md5 is not None and self.pushed and not self.imported


@dataclass(frozen=True, kw_only=True)
class IndexView:
    """The outputs and pipelines of the work tree as DVC itself reads them."""

    outputs: tuple[IndexedOutput, ...]
    """What git does not hold, sorted by path."""
    kept_by_git: tuple[str, ...]
    """Paths of outputs that git holds, sorted."""
    pipelines: tuple[str, ...]
    """Every ``dvc.yaml`` with stages."""
    never_run: tuple[str, ...]
    """Addresses of the stages that no lock knows."""


def read_index(repo: Any, root: Path) -> IndexView:
    """What the index of ``repo`` (``dvc.repo.Repo``) says; outputs outside of ``root`` are none."""
    stages = list(repo.index.stages)
    outs = _indexed(repo, root)
    yaml = {Path(stage.path) for stage in stages if Path(stage.path).suffix == ".yaml"}
    return IndexView(
        outputs=tuple(out for out in outs if out.cached),
        kept_by_git=tuple(out.path for out in outs if not out.cached and out.stage),
        pipelines=tuple(sorted(path.relative_to(repo.root_dir).as_posix() for path in yaml)),
        never_run=tuple(
            str(stage.addressing)
            for stage in stages
            if stage.cmd and not all(out.hash_info for out in stage.outs)
        ),
    )


def _indexed(repo: Any, root: Path) -> tuple[IndexedOutput, ...]:
    """The outputs of the index below ``root``, sorted by path."""
    found = []
    for out in repo.index.outs:
        if out.protocol != "local" or not Path(out.fs_path).is_relative_to(root):
            continue
        stage, md5 = out.stage, out.hash_info.value if out.hash_info else None
        elsewhere = stage.is_repo_import or stage.is_partial_import or stage.is_versioned_import
        found.append(
            IndexedOutput(
                path=Path(out.fs_path).relative_to(root).as_posix(),
                md5=str(md5) if md5 else None,
                size=out.meta.size if out.meta else None,
                source=Path(stage.path).relative_to(root).as_posix(),
                stage=getattr(stage, "name", None),
                legacy=out.hash_name != "md5",
                remote=out.remote,
                pushed=bool(out.can_push),
                cached=bool(out.use_cache),
                measured=bool(out.is_metric or out.is_plot),
                imported=elsewhere,
                foreign=bool(stage.is_repo_import),
            )
        )
    return tuple(sorted(found, key=lambda out: out.path))


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """What DVC knows about a work tree."""

    outputs: tuple[IndexedOutput, ...]
    """Sorted by path, those that git keeps included."""
    stages: frozenset[str]
    """Names of the stages of the top ``dvc.yaml``; of a group, the group's."""
    shown: frozenset[str]
    """Paths that are top-level metrics or sources of plots."""


def inventory(root: Path) -> Inventory:
    """Every output of the repository at ``root``, and what its pipelines say about them.

    Raises:
        ConfigError: DVC cannot read one of its files; with DVC's words.
        WorldError: Another process works in it, or data that define plots or metrics are not
            available.
    """
    logging.getLogger("dvc").setLevel(logging.CRITICAL)
    with (
        chdir(root),
        redirect_stdout(io.StringIO()),
        opened(root) as repo,
    ):
        here = Path(repo.root_dir)
        return Inventory(
            outputs=_indexed(repo, here),
            stages=frozenset(
                str(stage.name).partition("@")[0]
                for stage in repo.index.stages
                if getattr(stage, "name", None) and Path(stage.path) == here / "dvc.yaml"
            ),
            shown=frozenset(_shown(repo)),
        )


def _shown(repo: Any) -> Iterator[str]:
    """Sources of the plots and metrics that stand at the top of a ``dvc.yaml``.

    DVC looks into directories among them, and fetches the listings that are not here.
    """
    try:
        metrics = list(top_level_metrics(repo))
        sources = list(plot_sources(repo))
    except DvcException:
        raise
    except Exception as error:
        raise disk_fault(error) or WorldError(
            "Data that `plots:` or `metrics:` of dvc.yaml name are neither in the work tree nor in "
            f"DVC's cache, and cannot be fetched: {brief_error(error)}",
            untouched="Nothing was changed.",
            remedy=(
                "Get the data (`dvc pull`, `dvc repro`), or give access to the remote, then "
                "run the same command again."
            ),
        ) from error
    yield from metrics
    for source in sources:
        yield relative_path(str(source), Path(repo.root_dir))


class RemoteSettings:
    """The remotes in ``.dvc/config``, the file that git holds."""

    def __init__(self, dvc_dir: Path) -> None:
        """Read the file in ``dvc_dir``; without the file there are no remotes.

        Raises:
            ConfigError: DVC refuses it.
        """
        self._dvc_dir = dvc_dir
        self.remotes: dict[str, Mapping[str, Any]] = {}
        self.default: str | None = None
        if not dvc_dir.is_dir():
            return
        with explained_config():
            read: dict[str, Any] = Config(str(dvc_dir), validate=False).read("repo")
            self.remotes = dict(read.get("remote", {}))
            self.default = read.get("core", {}).get("remote")

    def set(
        self, name: str, settings: Mapping[str, str], *, url: str | None, default: bool
    ) -> None:
        """Give a remote ``settings``; with ``url`` it is made, as ``dvc remote add`` does.

        Raises:
            ConfigError: DVC refuses them.
        """
        with explained_config(), Config(str(self._dvc_dir)).edit("repo") as config:
            remote = config["remote"].setdefault(name, {})
            remote.update(({"url": url} if url is not None else {}) | dict(settings))
            if default:
                config["core"]["remote"] = name
