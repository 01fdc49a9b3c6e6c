"""A repository whose released versions are read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from datarelease.adapters.dvc.tracked import TrackedState, find_root
from datarelease.adapters.git.repository import Git
from datarelease.app.settings import timeout_of
from datarelease.app.wiring import (
    PACKAGE,
    engine,
    environment,
    git_environment,
    opener,
    stores,
    work_tree_reader,
)
from datarelease.errors import ConfigError
from datarelease.flows.cache import Objects
from datarelease.flows.catalogue import Catalogue, read_catalogue
from datarelease.flows.repository import Repository
from datarelease.model.git_address import PROTOCOLS, is_taken, without_credentials
from datarelease.model.versions.version import TagGrammar
from datarelease.progress import TIMEOUT, Progress, Quiet
from datarelease.settings.read import PARAMS_FILE, read_tag_settings

if TYPE_CHECKING:
    from datarelease.adapters.dvc.config import Trust

MEMORY_LIMIT = "2GB"


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A repository, before DVC's configuration is read."""

    git: Git
    dvc_dir: Path
    tracked: TrackedState
    timeout: float
    cache: Path | None = None
    """Where objects of a repository elsewhere are kept; None: it is here."""

    def release_settings(self) -> tuple[TagGrammar, tuple[str, ...]]:
        """The tag grammar and the names of the required remotes."""
        return read_tag_settings(self.tracked.mapping(PARAMS_FILE))


def open_repository(repo: str | Path | None, *, progress: Progress | None = None) -> Repository:
    """The released versions of a repository, and where their data is.

    Args:
        repo: A directory inside a DVC repository, or the address of a repository (https, ssh, git,
            file); None: the current directory.
        progress: Receives progress messages.

    Raises:
        ConfigError: No such repository, or one without DVC.
        WorldError: It cannot be fetched.
    """
    from datarelease.adapters.dvc.config import DvcConfig  # noqa: PLC0415 - heavy: DVC

    found, progress = _found(repo), progress or Quiet()
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
    )


def open_catalogue(repo: str | Path | None) -> Catalogue:
    """The released versions of a repository, for which no remote of DVC is looked at.

    Raises:
        ConfigError, WorldError: As `open_repository`.
    """
    found = _found(repo)
    tags, _ = found.release_settings()
    return read_catalogue(found.git, tags)


def _found(repo: str | Path | None) -> _Found:
    place = Path(repo) if repo is not None else Path.cwd()
    if repo is None or _has_dvc(place):
        root = find_root(place)
        tracked = TrackedState(work_tree_reader(root))
        timeout = timeout_of(tracked)
        git = Git(root, env=git_environment(), timeout=timeout)
        if not git.is_repository():
            raise ConfigError(f"{root} is not inside a git repository.")
        return _Found(git=git, dvc_dir=root / ".dvc", tracked=tracked, timeout=timeout)
    if place.is_dir():
        # git would read a relative path from the mirror's own directory.
        return _mirrored(str(place.resolve()))
    if not is_taken(str(repo)):
        raise ConfigError(
            f"{without_credentials(str(repo))!r} is neither a directory nor the address of a "
            "repository in a supported form.",
            remedy="Name a directory, or an address in https://, ssh:// (or git@HOST:PATH), git:// "
            "or file://.",
        )
    return _mirrored(str(repo))


def _mirrored(url: str) -> _Found:
    """A repository elsewhere, through a small mirror in the user's cache."""
    home = user_cache_path(PACKAGE)
    root = home / "repositories" / hashlib.sha256(url.encode()).hexdigest()[:16]
    root.mkdir(parents=True, exist_ok=True)
    allowed = (*PROTOCOLS, *(["http"] if url.startswith("http://") else []))
    git = Git(root, env={**git_environment(), "GIT_ALLOW_PROTOCOL": ":".join(allowed)})
    head = git.mirror(url)
    config = git.read(head, ".dvc/config")
    if config is None:
        raise ConfigError(
            f"{url} has no .dvc/config on its default branch.",
            remedy="Name a repository that uses DVC and has a remote.",
        )
    dvc_dir = root / ".dvc"
    dvc_dir.mkdir(exist_ok=True)
    (dvc_dir / "config").write_bytes(config)
    return _Found(
        git=git,
        dvc_dir=dvc_dir,
        tracked=TrackedState(partial(git.read, head)),
        timeout=TIMEOUT,
        cache=home / "objects",
    )


def _has_dvc(place: Path) -> bool:
    """A directory in the work tree of a DVC repository; no bare repository that is in one."""
    if not place.is_dir() or not Git(place, env=git_environment()).is_repository():
        return False
    try:
        find_root(place)
    except ConfigError:
        return False
    return True
