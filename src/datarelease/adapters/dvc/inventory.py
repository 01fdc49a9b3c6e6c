"""What an existing DVC repository holds, how it is set up, and the settings that it gets."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.config import Config
from dvc.exceptions import DvcException

from datarelease.adapters.dvc.open import opened
from datarelease.adapters.dvc.private import plot_sources, top_level_metrics
from datarelease.adapters.store.errors import brief_error
from datarelease.errors import ConfigError, WorldError, disk_fault
from datarelease.model.git_address import without_credentials
from datarelease.model.paths import relative_path


@dataclass(frozen=True, kw_only=True)
class InventoryOutput:
    """One output of the work tree's pipelines and ``.dvc`` files."""

    path: str
    """Relative to the repository, with forward slashes."""
    md5: str | None
    size: int | None
    stage: str | None
    """Address of the stage that makes it; None: added or imported."""
    cached: bool
    """DVC keeps its content; False: git does."""
    measured: bool
    """A metric or a plot."""
    legacy: bool
    """Hashed as DVC 2 did."""
    imported: bool
    """It belongs to another DVC repository."""
    pushed: bool
    """False: DVC sends it to no remote (``push: false``)."""
    remote: str | None
    """The one remote that DVC keeps it on; None: the default one."""


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """What DVC knows about a work tree."""

    outputs: tuple[InventoryOutput, ...]
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
        outs = [out for out in repo.index.outs if Path(out.fs_path).is_relative_to(here)]
        return Inventory(
            outputs=tuple(sorted((_tracked(out, here) for out in outs), key=lambda t: t.path)),
            stages=frozenset(
                str(stage.name).partition("@")[0]
                for stage in repo.index.stages
                if getattr(stage, "name", None) and Path(stage.path) == here / "dvc.yaml"
            ),
            shown=frozenset(_shown(repo)),
        )


def _tracked(out: Any, root: Path) -> InventoryOutput:
    stage = out.stage
    return InventoryOutput(
        path=Path(out.fs_path).relative_to(root).as_posix(),
        md5=str(out.hash_info.value) if out.hash_info else None,
        size=out.meta.size if out.meta else None,
        stage=str(stage.addressing) if stage.cmd else None,
        cached=bool(out.use_cache),
        measured=bool(out.is_metric or out.is_plot),
        legacy=out.hash_name == "md5-dos2unix",
        imported=bool(stage.is_repo_import),
        pushed=bool(out.can_push),
        remote=out.remote,
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
        with _broken_config():
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
        with _broken_config(), Config(str(self._dvc_dir)).edit("repo") as config:
            remote = config["remote"].setdefault(name, {})
            remote.update(({"url": url} if url is not None else {}) | dict(settings))
            if default:
                config["core"]["remote"] = name


@contextmanager
def _broken_config() -> Iterator[None]:
    with _explained(
        "DVC's configuration (.dvc/config) cannot be used",
        "Correct it; `dvc remote list` shows what DVC reads.",
    ):
        yield


@contextmanager
def _explained(what: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except DvcException as error:
        reason = without_credentials(" ".join(str(error).split()))
        raise ConfigError(f"{what}: {reason}", remedy=remedy) from error
