"""A repository whose released versions are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datarelease.app.catalogue import find_repository
from datarelease.app.wiring import (
    PACKAGE,
    engine,
    environment,
    installed_for_readers,
    opener,
    stores,
)
from datarelease.flows.cache import Objects
from datarelease.flows.repository import Repository
from datarelease.progress import Progress, Quiet
from datarelease.settings.places import PARAMS_FILE
from datarelease.settings.reading import read_export

if TYPE_CHECKING:
    from datarelease.adapters.dvc.config import Trust

MEMORY_LIMIT = "2GB"


def open_repository(
    repo: str | Path | None, *versions: str, progress: Progress | None = None
) -> Repository:
    """The released versions of a repository, and where their data is.

    Args:
        repo: A directory inside a DVC repository, or the address of a repository (https, ssh, git,
            file), with ``#subdirectory=DIR`` behind it for a project that is not at its top; None:
            the current directory.
        versions: What will be read: of several projects, a whole tag says which one is meant.
        progress: Receives progress messages.

    Raises:
        ConfigError: No such repository, or one without DVC.
        WorldError: It cannot be fetched.
    """
    try:
        from datarelease.adapters.dvc.config import DvcConfig  # noqa: PLC0415 - heavy: DVC
    except ImportError as error:
        raise installed_for_readers(error) or error from None

    found, progress = find_repository(repo, versions), progress or Quiet()
    # In a workflow there are secrets, and the repository is what anybody merged.
    own: Trust = "plain" if environment().get("GITHUB_ACTIONS") == "true" else "whole"
    config = DvcConfig(
        found.dvc_dir,
        env=environment(),
        trust="foreign" if found.cache else own,
        timeout=found.timeout,
    )
    tags, names = found.release_settings()
    remotes = stores(config, names)
    return Repository(
        git=found.git,
        tags=tags,
        remotes=remotes,
        objects=Objects(cache=found.cache or config.cache, remotes=remotes, progress=progress),
        engine=engine(MEMORY_LIMIT, found.dvc_dir / "tmp" / PACKAGE, progress),
        progress=progress,
        named=opener(config, remotes),
        exports=read_export(found.tracked.mapping(PARAMS_FILE)),
    )
