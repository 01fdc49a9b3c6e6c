"""Objects of a version read in ranges, where they are: in the cache, or on a remote.

A range has no hash to be checked by. What is checked before the first one is read is what a remote
says of the object: that it is there, its size, and its MD5 where the remote tells one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from datarelease.adapters.store.directory import DirectoryStore, Store
from datarelease.adapters.store.several import locate
from datarelease.errors import WorldError
from datarelease.flows.repository import Repository
from datarelease.flows.versions.read import remotes_by_path
from datarelease.model.versions.manifest import ManifestDataset, ManifestFile


@dataclass(frozen=True, kw_only=True)
class ObjectRanges:
    """Objects on remotes, of which ranges are read."""

    remotes: Mapping[str, Store]
    """The remote that holds an object, by its key."""

    @property
    def url(self) -> str:
        """The addresses of the remotes."""
        return ", ".join(sorted({remote.url for remote in self.remotes.values()}))

    def part(self, key: str, start: int, end: int) -> bytes:
        """The bytes of an object from ``start`` up to ``end``, which is behind the last one."""
        return self.remotes[key].part(key, start, end)


def find_ranges(
    repository: Repository, dataset: ManifestDataset, paths: Iterable[str]
) -> tuple[dict[str, Path], ObjectRanges]:
    """Where files (paths inside the dataset) can be read: on this machine, or else on a remote.

    Raises:
        ConfigError: A remote that alone holds one is not configured.
        WorldError: One is on no remote, or a remote says that it has other bytes there.
    """
    wanted = set(paths)
    here: dict[str, Path] = {}
    away: dict[tuple[Store, ...], list[ManifestFile]] = defaultdict(list)
    bound = remotes_by_path(repository, dataset)
    for file in dataset.files:
        if file.path not in wanted:
            continue
        cached = repository.objects.path(file.md5)
        if cached.is_file() and cached.stat().st_size == file.size:
            here[file.path] = cached
        else:
            away[bound.get(file.path, repository.remotes)].append(file)
    held: dict[str, Store] = {}
    for remotes, files in away.items():
        for file, remote in _holders(remotes, files):
            if isinstance(remote, DirectoryStore):
                here[file.path] = remote.root / file.key
            else:
                held[file.key] = remote
    return here, ObjectRanges(remotes=held)


def _holders(
    remotes: tuple[Store, ...], files: list[ManifestFile]
) -> Iterable[tuple[ManifestFile, Store]]:
    """Each file with the first remote that has it."""
    found, problem = locate(remotes, [file.key for file in files])
    if problem is not None:
        raise problem
    for file in files:
        if file.key not in found:
            where = ", ".join(remote.name for remote in remotes)
            raise _unread(file, f"is missing on {where}")
        remote, info = found[file.key]
        if info.size != file.size or info.md5 not in {None, file.md5}:
            raise _unread(file, f"does not match the manifest on {remote.name}")
        yield file, remote


def _unread(file: ManifestFile, fault: str) -> WorldError:
    return WorldError(
        f"The object {file.key} ({file.path}) {fault}.",
        untouched="Nothing was read.",
        remedy="Run `datarelease verify VERSION --repair` in a clone whose DVC cache has the data: "
        "it sends missing and damaged objects again.",
    )
