"""A repository whose released versions are read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from datarelease.adapters.dvc.tracked import TrackedState
from datarelease.adapters.git.repository import Git
from datarelease.app.projects import has_project, mirrored_project, read_root, split_subdirectory
from datarelease.app.settings import timeout_of
from datarelease.app.wiring import (
    PACKAGE,
    engine,
    environment,
    git_environment,
    installed_for_readers,
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
from datarelease.settings.read import PARAMS_FILE, read_export, read_tag_settings

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

    found, progress = _found(repo, versions), progress or Quiet()
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


def open_catalogue(repo: str | Path | None) -> Catalogue:
    """The released versions of a repository, for which no remote of DVC is looked at.

    Raises:
        ConfigError, WorldError: As `open_repository`.
    """
    found = _found(repo, ())
    tags, _ = found.release_settings()
    return read_catalogue(found.git, tags)


def _found(repo: str | Path | None, versions: Sequence[str]) -> _Found:
    address, directory = split_subdirectory(str(repo)) if repo is not None else (None, None)
    place = Path(address) if address is not None else Path.cwd()
    if address is None or _is_work_tree(place):
        root = read_root(place / (directory or ""), versions)
        if directory is not None and root != (place / directory).resolve():
            raise ConfigError(
                f"{place / directory} is not a DVC project.",
                remedy="Name a directory that has a .dvc of its own, or leave #subdirectory out.",
            )
        tracked = TrackedState(work_tree_reader(root))
        timeout = timeout_of(tracked)
        git = Git(root, env=git_environment(), timeout=timeout)
        if not git.is_repository():
            raise ConfigError(
                f"{root} is not inside a git repository.",
                remedy="Name a directory of a git repository, or the address of one.",
            )
        return _Found(git=git, dvc_dir=root / ".dvc", tracked=tracked, timeout=timeout)
    if place.is_dir():
        # git would read a relative path from the mirror's own directory.
        return _mirrored(str(place.resolve()), directory, versions)
    if not is_taken(address):
        raise ConfigError(
            f"{without_credentials(address)!r} is neither a directory nor the address of a "
            "repository in a supported form.",
            remedy="Name a directory, or an address in https://, ssh:// (or git@HOST:PATH), git:// "
            "or file://.",
        )
    return _mirrored(address, directory, versions)


def _mirrored(url: str, directory: str | None, versions: Sequence[str]) -> _Found:
    """A project of a repository elsewhere, through a small mirror in the user's cache."""
    home = user_cache_path(PACKAGE)
    root = home / "repositories" / hashlib.sha256(url.encode()).hexdigest()[:16]
    root.mkdir(parents=True, exist_ok=True)
    allowed = (*PROTOCOLS, *(["http"] if url.startswith("http://") else []))
    env = {**git_environment(), "GIT_ALLOW_PROTOCOL": ":".join(allowed)}
    git = Git(root, env=env)
    head = git.mirror(url)
    project = mirrored_project(git, head, without_credentials(url), directory, versions)
    dvc_dir = root / project / ".dvc"
    dvc_dir.mkdir(parents=True, exist_ok=True)
    git = Git(root / project, env=env)
    (dvc_dir / "config").write_bytes(git.read(head, ".dvc/config") or b"")
    return _Found(
        git=git,
        dvc_dir=dvc_dir,
        tracked=TrackedState(partial(git.read, head)),
        timeout=TIMEOUT,
        cache=home / "objects",
    )


def _is_work_tree(place: Path) -> bool:
    """A directory of a work tree with a DVC project around it or below; no bare repository."""
    if not place.is_dir() or not Git(place, env=git_environment()).is_repository():
        return False
    return has_project(place)
