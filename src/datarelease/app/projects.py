"""The DVC projects of a git repository, and which of them is meant.

A project is a directory with a ``.dvc`` of its own: the top of the repository, or one below it that
``dvc init --subdir`` made. Each has its own settings, and tags with its own prefix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from datarelease.adapters.dvc.tracked import TrackedState, find_root
from datarelease.adapters.git.repository import Git
from datarelease.app.wiring import git_environment, work_tree_reader
from datarelease.errors import ConfigError, SettingsError
from datarelease.model.directory import ROOT, normalized
from datarelease.model.paths import path_fault, project_directories
from datarelease.model.versions.channel import is_channel_name
from datarelease.model.versions.version import TagGrammar
from datarelease.model.wording import agreeing
from datarelease.settings.places import PARAMS_FILE
from datarelease.settings.reading import read_tag_settings

_CONFIG = "/.dvc/config"
_SHORT = re.compile(r"v?[0-9]+|latest")
_SUBDIRECTORY = re.compile(r"(?P<address>.+)#subdirectory=(?P<directory>[^#]+)")


@dataclass(frozen=True, kw_only=True)
class Project:
    """One DVC root in a repository."""

    directory: str
    """Relative to the top of the repository, with slashes; ``.`` is the top."""
    tags: TagGrammar | None
    """None: its settings cannot be read."""

    def __str__(self) -> str:
        return f"{self.directory} ({self.tags.format(1)}, …)" if self.tags else self.directory


def split_subdirectory(address: str) -> tuple[str, str | None]:
    """An address, and the directory that ``#subdirectory=DIR`` behind it names.

    The spelling is that of pip for projects in a repository (VCS support, "Subdirectories").

    >>> split_subdirectory("https://host/a#subdirectory=models/churn")
    ('https://host/a', 'models/churn')
    >>> split_subdirectory("git@host:a")
    ('git@host:a', None)

    Raises:
        ConfigError: The directory is not one below the repository's top.
    """
    found = _SUBDIRECTORY.fullmatch(address)
    if found is None:
        return address, None
    try:
        return found["address"], normalized(found["directory"])
    except ValueError as error:
        raise ConfigError(f"{error}.", remedy="Write ADDRESS#subdirectory=models/churn.") from error


def projects_of(files: Iterable[str], read: Callable[[str], bytes | None]) -> tuple[Project, ...]:
    """The projects among the files of a repository, which ``read`` reads."""
    return tuple(
        Project(directory=directory, tags=_tags(directory, read))
        for directory in project_directories(files)
        # A repository from elsewhere may hold anything: nothing is written below its own `.git`.
        if directory == ROOT or path_fault(directory) is None
    )


def _tags(directory: str, read: Callable[[str], bytes | None]) -> TagGrammar | None:
    def below(path: str) -> bytes | None:
        return read(path if directory == ROOT else f"{directory}/{path}")

    try:
        return read_tag_settings(TrackedState(below).mapping(PARAMS_FILE))[0]
    except (SettingsError, ConfigError):
        return None


def choose(projects: Sequence[Project], versions: Iterable[str], where: str) -> Project:
    """The only project, or the one that a whole tag among ``versions`` is of.

    Raises:
        ConfigError: There are several, and no version tells which is meant.
    """
    if len(projects) == 1:
        return projects[0]
    named = [
        project
        for project in projects
        if project.tags and any(project.tags.parse(version) for version in versions)
    ]
    if len(named) == 1:
        return named[0]
    example = next((p for p in projects if p.tags and p.directory != ROOT), projects[0])
    tag = example.tags.format(1) if example.tags else "its tag"
    raise ConfigError(
        f"{where} holds {len(projects)} DVC projects: {', '.join(map(str, projects))}.",
        remedy=(
            f"Name a version by its whole tag ({tag}), or the project: `-C {example.directory}` in "
            f"a clone, `#subdirectory={example.directory}` behind an address."
        ),
    )


def project_root(start: Path) -> Path:
    """The project that ``start`` is in.

    Raises:
        ConfigError: It is in none; those below it are named.
    """
    try:
        return find_root(start)
    except ConfigError:
        below = _below(start)
        if not below:
            raise
        example = next((project.directory for project in below), ROOT)
        raise ConfigError(
            f"{start.resolve()} is not in a DVC project, but {len(below)} "
            f"{agreeing(len(below), 'is', 'are')} below it: "
            f"{', '.join(map(str, below))}.",
            untouched="Nothing was changed.",
            remedy=f"Name the one that you mean: `datarelease -C {example} ...`.",
        ) from None


def read_root(start: Path, versions: Iterable[str]) -> Path:
    """The project that ``start`` is in, or the one below it that ``versions`` are of.

    Raises:
        ConfigError: There is none, or more than one could be meant.
    """
    try:
        return find_root(start)
    except ConfigError:
        below = _below(start)
        if not below:
            raise
        return start.resolve() / choose(below, versions, str(start.resolve())).directory


def has_project(start: Path) -> bool:
    """Whether ``start``, in a work tree, is in a project or has one below it."""
    try:
        find_root(start)
    except ConfigError:
        return bool(_below(start))
    return True


def projects_below(start: Path) -> tuple[str, ...]:
    """The directories of the projects at and below ``start``, relative to it.

    Raises:
        ConfigError: There is none.
    """
    found = tuple(project.directory for project in _below(start))
    if not found:
        raise ConfigError(
            f"There is no DVC project at or below {start}.",
            remedy="Run `datarelease init` in the directory of each: it also runs `dvc init`.",
        )
    return found


def _below(start: Path) -> tuple[Project, ...]:
    git = Git(start, env=git_environment())
    if not start.is_dir() or not git.is_repository():
        return ()
    return projects_of(git.files(), work_tree_reader(start))


def mirrored_project(
    git: Git, commit: str, url: str, directory: str | None, versions: Iterable[str]
) -> str:
    """The directory of a project at a commit of a repository elsewhere.

    It is the named one, the one at the top, or the one that ``versions`` are of.

    Raises:
        ConfigError: There is none, or more than one could be meant.
    """
    read = partial(git.read, commit)
    top = read(_CONFIG[1:]) is not None
    tags = _tags(ROOT, read) if top else None
    if directory is not None and read(f"{directory}{_CONFIG}") is not None:
        return directory
    if directory is None and top and not any(_is_of_another(tags, text) for text in versions):
        return ROOT
    found = projects_of(git.files(commit), read)
    if directory is None and found:
        return choose(found, versions, url).directory
    raise ConfigError(
        f"{url} has no {directory or ROOT}{_CONFIG} on its default branch.".replace("./", ""),
        remedy=f"Its DVC projects: {', '.join(map(str, found))}."
        if found
        else "Name a repository that uses DVC and has a remote.",
    )


def _is_of_another(tags: TagGrammar | None, version: str) -> bool:
    """A version of another project: not one of ``tags``, a short spelling or a channel."""
    short = _SHORT.fullmatch(version) or is_channel_name(version)
    return tags is None or (tags.parse(version) is None and not short)
