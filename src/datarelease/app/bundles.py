"""The two ends of a bundle: the job that builds, and the job that publishes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.store.directory import DirectoryStore, Store
from datarelease.app.wiring import environment
from datarelease.app.workspace import open_workspace
from datarelease.errors import ConfigError
from datarelease.flows.release.release import Checking
from datarelease.flows.release.take_over import promote, read_bundle
from datarelease.flows.repository import Workspace
from datarelease.progress import Progress


def open_builder(start: Path, *, progress: Progress) -> tuple[Workspace, Store | None]:
    """The repository, and the staging remote: what that has, the pipeline need not make again.

    Raises:
        ConfigError: As ``open_workspace``, or ``release.staging`` names no remote.
    """
    # What the publisher would refuse is refused before the pipeline runs for hours.
    ws = open_workspace(start, progress=progress, plain=True)
    staging = _staging(ws)
    return (_with_source(ws, staging), staging) if staging else (ws, None)


def open_publisher(
    start: Path, folder: Path, *, progress: Progress, remotes: Sequence[str] = ()
) -> tuple[Workspace, Checking]:
    """The repository with the objects of a bundle available, and how to read its check.

    Raises:
        ConfigError: As ``open_workspace``, or a bundle that cannot be used.
    """
    bundle = read_bundle(folder)
    ws = open_workspace(start, progress=progress, remotes=remotes, plain=True)
    if bundle.staging != ws.settings.staging:
        raise ConfigError(
            f"The bundle's objects are on {bundle.staging or 'no staging remote'}, and "
            f"params.yaml names {ws.settings.staging or 'none'} (release.staging).",
            untouched="Nothing was pushed or tagged.",
            remedy="Build again.",
        )
    carrier = _staging(ws) or DirectoryStore("bundle", folder)
    return _with_source(ws, carrier), lambda ws, catalogue: promote(ws, catalogue, folder, bundle)


def _staging(ws: Workspace) -> Store | None:
    name = ws.settings.staging
    if name is None:
        return None
    config = DvcConfig(
        ws.root / ".dvc", env=environment(), trust="plain", timeout=ws.settings.timeout
    )
    return config.store(name)


def _with_source(ws: Workspace, source: Store) -> Workspace:
    objects = dataclasses.replace(ws.objects, remotes=(source, *ws.objects.remotes))
    return dataclasses.replace(ws, objects=objects)
