"""The versions of a repository, for which no remote of DVC is looked at.

What lists versions loads only this, so that it is quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from datarelease.adapters.dvc.tracked import TrackedState
from datarelease.adapters.git.repository import Git
from datarelease.app.projects import has_project, mirrored_project, read_root, split_subdirectory
from datarelease.app.wiring import PACKAGE, git_environment, timeout_of, work_tree_reader
from datarelease.errors import ConfigError
from datarelease.flows.catalogue import Catalogue, read_catalogue
from datarelease.model.git_address import PROTOCOLS, is_taken, without_credentials
from datarelease.model.versions.version import TagGrammar
from datarelease.progress import TIMEOUT
from datarelease.settings.places import PARAMS_FILE
from datarelease.settings.reading import read_tag_settings


@dataclass(frozen=True, kw_only=True)
class FoundRepository:
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


def open_catalogue(repo: str | Path | None) -> Catalogue:
    """The released versions of a repository, for which no remote of DVC is looked at.

    Raises:
        ConfigError: No such repository, or one without DVC.
        WorldError: It cannot be fetched, or its remote does not answer.
    """
    found = find_repository(repo, ())
    tags, _ = found.release_settings()
    return read_catalogue(found.git, tags)


def find_repository(repo: str | Path | None, versions: Sequence[str]) -> FoundRepository:
    """The repository that is meant; of several projects in it, the one that ``versions`` are of.

    Raises:
        ConfigError: No such repository, or one without DVC.
        WorldError: It cannot be fetched.
    """
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
        return FoundRepository(git=git, dvc_dir=root / ".dvc", tracked=tracked, timeout=timeout)
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


def _mirrored(url: str, directory: str | None, versions: Sequence[str]) -> FoundRepository:
    """A project of a repository elsewhere, through a small mirror in the user's cache."""
    import hashlib  # noqa: PLC0415 - heavy: OpenSSL

    from platformdirs import user_cache_path  # noqa: PLC0415 - only for repositories elsewhere

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
    return FoundRepository(
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
