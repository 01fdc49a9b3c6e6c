"""A repository whose remotes are looked after: what may be deleted there, and with which keys."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.git.repository import Git
from datarelease.adapters.store.directory import Store
from datarelease.adapters.store.upkeep import upkeep_of
from datarelease.app.github import github_access, open_github
from datarelease.app.wiring import environment, git_environment
from datarelease.app.workspace import open_workspace
from datarelease.errors import ConfigError
from datarelease.flows.repository import Workspace, catalogue_of
from datarelease.flows.retention.holders import Keeping
from datarelease.flows.versions.documents import read_manifest
from datarelease.progress import Progress


def open_keeping(start: Path, *, progress: Progress, strict: bool) -> Keeping:
    """What holds the data of the repository around ``start``, and every remote of its versions.

    ``strict``: open pull requests have to be known, because something will be deleted.

    Raises:
        ConfigError: As ``open_workspace``; or pull requests are on a GitHub, and there is no token.
        WorldError: The git remote or a manifest cannot be read.
    """
    ws = open_workspace(start, progress=progress)
    places = tuple(_places(ws))
    config = DvcConfig(ws.root / ".dvc", env=environment(), timeout=ws.settings.timeout)
    return Keeping(
        repository=ws,
        whole=Git(ws.git.top(), env=git_environment(), timeout=ws.settings.timeout),
        pulls=lambda: _pulls(ws, strict=strict),
        # Two names may lead to one place; two stores may have equal addresses, and are two places.
        stores=tuple({config.place(s.name): s for s in reversed(places)}.values())[::-1],
        covered=frozenset(store.name for store in places),
        deleting=lambda name: upkeep_of(config.store(name, deleting=True)),
    )


# --- inside


def _pulls(ws: Workspace, *, strict: bool) -> Sequence[int]:
    access = github_access(os.environ, ws.git.remote_url())
    if access is None:
        return ()
    if access.token:
        return [pull.number for pull in open_github(access).open_pulls()]
    if strict:
        raise ConfigError(
            f"The open pull requests of {access.repository} are not known, because GITHUB_TOKEN "
            "is not set.",
            untouched="Nothing was deleted.",
            remedy="Set it to a token that reads pull requests: GITHUB_TOKEN=$(gh auth token).",
        )
    ws.progress.warn(
        f"The open pull requests of {access.repository} were not looked at, because GITHUB_TOKEN "
        "is not set. With --apply, it must be set."
    )
    return ()


def _places(ws: Workspace) -> Iterator[Store]:
    """The remotes of the versions and of this work tree, and the staging one."""
    names = [store.name for store in ws.remotes]
    for version in catalogue_of(ws).versions:
        # Of erased versions too: their erasure may have been stopped.
        manifest = read_manifest(ws, version)
        names += [held.name for held in (*manifest.remotes, *manifest.output_remotes)]
    names += [out.remote for out in ws.dvc.outputs() if out.remote]
    names += [ws.settings.staging] if ws.settings.staging else []
    for name in dict.fromkeys(names):
        try:
            yield ws.named(name)
        except ConfigError as error:
            ws.progress.say(f"the remote {name} is skipped: {error.what}")
