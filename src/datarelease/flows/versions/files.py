"""The files of one dataset of a version, listed without their bytes and opened one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, overload

from datarelease.errors import ConfigError
from datarelease.flows.repository import Repository
from datarelease.flows.versions.documents import read_manifest
from datarelease.flows.versions.read import bring, dataset_of_version
from datarelease.model.versions.manifest import ManifestDataset, ManifestFile
from datarelease.model.versions.version import Version
from datarelease.model.wording import plural, short_repr, suggestion


@dataclass(frozen=True, kw_only=True, repr=False)
class ReleasedFile:
    """One file of a version; its bytes are fetched when they are asked for."""

    path: str
    """Inside the dataset, with forward slashes."""
    size: int
    """The size of the file in bytes."""
    md5: str
    sha256: str
    _bytes: FetchesFiles

    @property
    def name(self) -> str:
        """The last part of ``path``."""
        return PurePosixPath(self.path).name

    def fetch(self) -> Path:
        """Where the file is on this machine: read-only, in a cache, under its hash.

        Raises:
            WorldError: It is on no remote, or has other bytes there.
        """
        return self._bytes.fetch([self])[0]

    def open(self) -> BinaryIO:
        """The file, open to be read as bytes. The caller closes it.

        Raises:
            WorldError: As `fetch`.
        """
        return self.fetch().open("rb")

    def read_bytes(self) -> bytes:
        """All bytes of the file.

        Raises:
            WorldError: As `fetch`.
        """
        return self.fetch().read_bytes()

    def __repr__(self) -> str:
        return short_repr(self, self.path, f"{self.size:,} bytes")


class FetchesFiles(Protocol):
    """Brings files of one dataset of a version to this machine."""

    def fetch(self, files: Sequence[ReleasedFile]) -> list[Path]:
        """Where the files are now, in their order."""


@dataclass(frozen=True, kw_only=True)
class FileObjects:
    """Brings files of a dataset of a version into DVC's cache."""

    repository: Repository
    dataset: ManifestDataset

    def fetch(self, files: Sequence[ReleasedFile]) -> list[Path]:
        """Where the files are now, in their order."""
        bring(self.repository, self.dataset, {file.path: file.md5 for file in files}.items())
        return [self.repository.objects.path(file.md5) for file in files]


class ReleasedFiles(Sequence[ReleasedFile]):
    """The files of one dataset of a version, sorted by path.

    A file is found by its place (``files[0]``) or by its path (``files["cats/1.png"]``).
    """

    def __init__(
        self, tag: str, dataset: str, files: Iterable[ReleasedFile], objects: FetchesFiles
    ) -> None:
        """``files`` of a ``dataset`` in the version ``tag``, whose bytes are the ``objects``."""
        self.tag, self.dataset, self._objects = tag, dataset, objects
        self._files = tuple(files)
        self._by_path = {file.path: file for file in self._files}

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all files."""
        return tuple(self._by_path)

    def fetch(self) -> tuple[Path, ...]:
        """All files brought to this machine, several at a time; where each is, in their order.

        Raises:
            WorldError: One is on no remote, or has other bytes there.
        """
        return tuple(self._objects.fetch(self._files))

    @overload
    def __getitem__(self, key: int | str) -> ReleasedFile: ...
    @overload
    def __getitem__(self, key: slice) -> ReleasedFiles: ...
    def __getitem__(self, key: int | str | slice) -> ReleasedFile | ReleasedFiles:
        """One file, or those of a range.

        Raises:
            ConfigError: No file has this path.
            IndexError: There are not so many.
        """
        if isinstance(key, slice):
            return ReleasedFiles(self.tag, self.dataset, self._files[key], self._objects)
        if isinstance(key, int):
            return self._files[key]
        if key not in self._by_path:
            raise ConfigError(
                f"{self.dataset} of {self.tag} has no file {key!r}.",
                remedy=suggestion(key, self._few_names()),
            )
        return self._by_path[key]

    def _few_names(self) -> list[str]:
        return list(self.paths[:20])

    def __iter__(self) -> Iterator[ReleasedFile]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __repr__(self) -> str:
        total = f"{sum(file.size for file in self):,} bytes"
        return short_repr(self, f"{self.tag} {self.dataset}", plural(len(self), "file"), total)


def files_of_version(repository: Repository, version: Version, name: str) -> ReleasedFiles:
    """The files of one dataset of a version, of which none is fetched yet.

    Raises:
        ConfigError: The version has no such dataset.
        WorldError: No remote has its manifest.
    """
    dataset = dataset_of_version(repository, read_manifest(repository, version), name)
    return released_files(version.tag, dataset, FileObjects(repository=repository, dataset=dataset))


def released_files(tag: str, dataset: ManifestDataset, objects: FetchesFiles) -> ReleasedFiles:
    """The files of a dataset of the version ``tag``, whose bytes are the ``objects``."""
    listed = sorted(dataset.files, key=_path)
    return ReleasedFiles(
        tag,
        dataset.name,
        (
            ReleasedFile(
                path=file.path,
                size=file.size,
                md5=file.md5,
                sha256=file.sha256,
                _bytes=objects,
            )
            for file in listed
        ),
        objects,
    )


def _path(file: ManifestFile) -> str:
    return file.path
