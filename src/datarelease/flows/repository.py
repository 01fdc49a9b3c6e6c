"""What flows work with: a repository's versions and their data, and for writing its work tree."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from datarelease.adapters.dvc.tracked import TrackedState
from datarelease.adapters.git.repository import Git
from datarelease.adapters.memo import FileMemo, memo_beside
from datarelease.adapters.store.directory import Store
from datarelease.errors import ConfigError, WithdrawnVersionWarning
from datarelease.flows.cache import Objects
from datarelease.flows.catalogue import Catalogue, read_catalogue
from datarelease.flows.write_file import read
from datarelease.model.data.dataset import Dataset
from datarelease.model.versions.channel import is_channel_name
from datarelease.model.versions.snapshot import DataFile
from datarelease.model.versions.version import TagGrammar, Version
from datarelease.progress import Progress

if TYPE_CHECKING:
    from datarelease.adapters.dvc.work_tree import Dvc
    from datarelease.analysis.engine.protocol import Engine
    from datarelease.settings.read import Settings


@dataclass(frozen=True, kw_only=True)
class Repository:
    """Released versions, to read: a repository of which no work tree is needed."""

    git: Git
    tags: TagGrammar
    remotes: tuple[Store, ...]
    """Where the data is; of a work tree: the required remotes, in the order of the settings."""
    objects: Objects
    engine: Callable[[], Engine]
    """Opens an engine; the caller closes it."""
    progress: Progress
    named: Callable[[str], Store]
    """Opens a remote of DVC's configuration, which an output may name (``remote: NAME``)."""
    exports: bool = False
    """Versions have readable paths on the remotes (``release.export``)."""

    _known: dict[str, TrackedState] = field(default_factory=dict, repr=False, compare=False)

    @property
    def memo(self) -> FileMemo:
        """What is known of content that was seen before, beside DVC's objects."""
        return memo_beside(self.objects.cache)

    def at(self, commit: str) -> TrackedState:
        """What DVC tracked at a commit, and its files."""
        if commit not in self._known:
            self._known[commit] = TrackedState(
                partial(self.git.read, commit), partial(self.git.files, commit)
            )
        return self._known[commit]


def with_remotes(repository: Repository, names: Callable[[], Iterable[str]]) -> Repository:
    """The repository, whose objects are also looked for on the remotes ``names``.

    They are asked for objects that the others lack, and their names are determined only then. A
    remote that is not configured any more is skipped; the reader of its objects reports them.
    """

    def bound() -> Sequence[Store]:
        found = list(repository.objects.bound())
        for name in sorted(names()):
            try:
                store = repository.named(name)
            except ConfigError as error:
                repository.progress.say(f"the remote {name} is not used: {error.what}")
                continue
            found += [store] if store not in (*found, *repository.remotes) else []
        return found

    objects = dataclasses.replace(repository.objects, bound=bound)
    return dataclasses.replace(repository, objects=objects)


def catalogue_of(repository: Repository) -> Catalogue:
    """The versions on the git remote, asked now."""
    return read_catalogue(repository.git, repository.tags)


def find_version(repository: Repository, text: str) -> Version:
    """The version that ``text`` names, to be read.

    The reader is warned where it was withdrawn, or where a channel falls back because of that.

    Raises:
        ConfigError: There is no such version.
        ErasedVersionError: Its data was erased.
    """
    return warned_of(repository.progress, catalogue_of(repository), text)


def warned_of(progress: Progress, catalogue: Catalogue, text: str) -> Version:
    """``find_version`` in a catalogue that was read before."""
    found = catalogue.find_readable(text)
    warning = catalogue.withdrawal(found)
    if is_channel_name(text):
        warning = catalogue.fallback(catalogue.channel(text))
    if warning is not None:
        progress.warn(warning, WithdrawnVersionWarning)
    return found


@dataclass(frozen=True, kw_only=True)
class Workspace(Repository):
    """A DVC repository with its work tree."""

    root: Path
    settings: Settings
    dvc: Dvc
    tracked: TrackedState
    """Of the work tree; read anew after DVC has run."""
    tool: str
    """``datarelease 0.1.0``"""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file of the work tree, or None."""
        return read(self.root / path)

    def adopt(self, dataset: Dataset, files: Sequence[DataFile]) -> None:
        """Take files of a dataset that only the work tree has into the cache."""
        whole = self.root / dataset.path
        self.objects.adopt(files, whole if whole.is_dir() else whole.parent)

    def changed(self) -> None:
        """Read anew what is tracked: files of DVC in the work tree were written."""
        self.tracked.forget()
        self.dvc.forget()

    def head(self) -> str:
        """The commit checked out.

        Raises:
            ConfigError: There is no commit yet.
        """
        head = self.git.resolve("HEAD")
        if head is None:
            raise ConfigError(
                "The repository has no commit yet.",
                untouched="Nothing was changed.",
                remedy="Commit dvc.yaml, dvc.lock and params.yaml, then run the command again.",
            )
        return head
