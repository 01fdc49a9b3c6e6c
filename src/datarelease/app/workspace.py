"""A repository with its work tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.dvc.tracked import TrackedState
from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.adapters.git.repository import Git
from datarelease.adapters.store.directory import Store
from datarelease.adapters.store.limits import fs_config_problems, refuse_problems
from datarelease.app.projects import project_root
from datarelease.app.settings import settings_of
from datarelease.app.wiring import (
    PACKAGE,
    engine,
    environment,
    git_environment,
    opener,
    refuse_read_only,
    stores,
    timeout_of,
    tool,
    work_tree_reader,
)
from datarelease.errors import ConfigError, Problem
from datarelease.flows.cache import Objects
from datarelease.flows.repository import Workspace
from datarelease.model.stage_environment import StageEnvironment, stage_environment
from datarelease.progress import Progress
from datarelease.settings.read import Settings


def open_workspace(
    start: Path,
    *,
    progress: Progress,
    remotes: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    git: Git | None = None,
    plain: bool = False,
) -> Workspace:
    """The DVC repository around ``start``.

    Args:
        start: A directory in it.
        progress: Receives progress messages.
        remotes: They replace those of the settings.
        env: The environment of the programs that are started, by default our own.
        git: Access to the repository, if it needs more than that environment.
        plain: The process has secrets that the repository must not get: its DVC configuration may
            hold plain values only.

    Raises:
        ConfigError: No DVC repository, no git repository, or settings that cannot be used.
        SettingsError: The repository says more than it is trusted with.
    """
    root = project_root(start)
    # git needs a setting that is read before git is there.
    tracked = TrackedState(work_tree_reader(root), lambda: opened.files())  # noqa: PLW0108
    opened = git or Git(root, env=git_environment(env), timeout=timeout_of(tracked))
    if not opened.is_repository():
        raise ConfigError(
            f"{root} is not inside a git repository.",
            remedy="Run `git init` there: versions are git tags.",
        )
    settings = settings_of(tracked, f"in {root}")
    if plain:
        _refuse_more(tracked, opened)
    config = DvcConfig(
        root / ".dvc",
        env=environment(env),
        trust="plain" if plain else "whole",
        timeout=settings.timeout,
    )
    stages = stage_environment(environment(env), settings.stage_environment)
    required = stores(config, remotes or settings.remotes)
    refuse_read_only(config, (store.name for store in required))
    return _wired(root, opened, config, stages, tracked, settings, required, progress)


def _wired(
    root: Path,
    git: Git,
    config: DvcConfig,
    stages: StageEnvironment,
    tracked: TrackedState,
    settings: Settings,
    required: tuple[Store, ...],
    progress: Progress,
) -> Workspace:
    named = opener(config, required)
    dvc = Dvc(
        root,
        env=config.program_environment(),
        config=config.overrides(),
        stages=stages,
        progress=progress,
        on_change=tracked.forget,
    )

    def bound() -> tuple[Store, ...]:
        names = {out.remote for out in dvc.outputs() if out.remote}
        return tuple(store for name in sorted(names) if (store := named(name)) not in required)

    return Workspace(
        root=root,
        settings=settings,
        git=git,
        dvc=dvc,
        tracked=tracked,
        tags=settings.tags,
        remotes=required,
        objects=Objects(cache=config.cache, remotes=required, progress=progress, bound=bound),
        engine=engine(
            settings.memory_limit, root / ".dvc" / "tmp" / PACKAGE, progress, settings.engine
        ),
        progress=progress,
        named=named,
        exports=settings.export,
        tool=tool(),
    )


def _refuse_more(tracked: TrackedState, git: Git) -> None:
    """Fails where files of git beside ``.dvc/config`` configure DVC's remotes."""
    local = ".dvc/config.local"
    if git.read("HEAD", local) is not None:
        what = (
            "is tracked by git, but is meant for each user's own settings: run `git rm --cached "
            f"{local}` and commit"
        )
        refuse_problems([Problem(where=local, what=what)])
    files = [name for name in tracked.files if name.endswith((".dvc", "dvc.lock", "dvc.yaml"))]
    having = [name for name in files if b"fs_config" in (tracked.read(name) or b"")]
    refuse_problems(fs_config_problems(tracked.mapping, having))
