"""A repository with its work tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from datarelease.adapters.dvc import Dvc
from datarelease.adapters.dvc_config import DvcConfig
from datarelease.adapters.dvc_root import find_root
from datarelease.adapters.git import Git
from datarelease.app.settings import settings_at
from datarelease.app.wiring import PACKAGE, engine, environment, git_environment, stores, tool
from datarelease.errors import ConfigError
from datarelease.flows.content import Objects
from datarelease.flows.workspace import Workspace
from datarelease.progress import Progress


def open_workspace(
    start: Path,
    *,
    progress: Progress,
    remotes: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    git: Git | None = None,
) -> Workspace:
    """The DVC repository around ``start``.

    Args:
        start: A directory in it.
        progress: Told what happens.
        remotes: They stand in for those of the settings.
        env: The environment of the programs that are started, by default our own.
        git: Speaks to the repository, where it takes more than that environment.

    Raises:
        ConfigError: No DVC repository, no git repository, or settings that cannot be used.
    """
    root = find_root(start)
    git = git or Git(root, env=git_environment(env))
    if not git.is_repository():
        raise ConfigError(
            f"{root} is not inside a git repository.",
            untouched="Nothing was changed.",
            remedy="Run `git init` there: versions are git tags.",
        )
    settings = settings_at(root)
    config = DvcConfig(root / ".dvc", env=environment(env))
    required = stores(config, remotes or settings.remotes)
    return Workspace(
        root=root,
        settings=settings,
        git=git,
        dvc=Dvc(root, env=config.program_environment(), config=config.overrides()),
        tags=settings.tags,
        remotes=required,
        objects=Objects(cache=config.cache, remotes=required, progress=progress),
        engine=engine(settings.memory_limit, root / ".dvc" / "tmp" / PACKAGE),
        progress=progress,
        tool=tool(),
    )
