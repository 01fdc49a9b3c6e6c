"""What is done to the objects of a remote after they were written: listed, copied, deleted.

Apart from `Store`, so that whoever reads and writes versions holds nothing that can delete. Which
objects may go is not decided here.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from datarelease.adapters.store.connection import CONCURRENCY
from datarelease.adapters.store.directory import DirectoryStore, Store, replacing, to_disk
from datarelease.adapters.store.object_store import ObjectStore
from datarelease.adapters.store.workers import each
from datarelease.errors import ConfigError
from datarelease.progress import Advance

_COPIERS = 4


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object as a listing of its remote shows it."""

    key: str
    size: int
    """Bytes."""
    modified: datetime | None
    """When it was written, by the remote's clock; None: the remote does not say."""


class Upkeep(Protocol):
    """A remote whose objects can be listed with their ages, copied and deleted.

    Each method raises WorldError where the remote fails or refuses.
    """

    @property
    def store(self) -> Store:
        """The remote to read from and write to."""

    def walk(self, key: str) -> tuple[StoredObject, ...]:
        """Every object below the folder ``key``, however deep, asked of the remote now."""

    def copy(self, copies: Mapping[str, str], advance: Advance) -> None:
        """Copy objects (target: source) inside the remote, over what is there."""

    def delete(self, keys: Sequence[str], advance: Advance, *, versions: bool = False) -> None:
        """Delete objects, of which some may be gone; ``advance`` counts objects.

        With ``versions`` the earlier versions that a bucket on S3 keeps are deleted as well.
        """


def upkeep_of(store: Store) -> Upkeep:
    """The upkeep of a remote, with the credentials that it was opened with.

    Raises:
        ConfigError: It has no listings, so nothing can be known of what it holds.
    """
    if isinstance(store, DirectoryStore):
        return DirectoryUpkeep(store)
    if isinstance(store, ObjectStore) and store.lists:
        return ObjectUpkeep(store)
    raise ConfigError(
        f"remote {store.name!r} ({store.url}) cannot be listed, so it is not known what it holds.",
        remedy="Delete what is not needed any more on the server itself.",
    )


class DirectoryUpkeep:
    """The files of a directory."""

    def __init__(self, store: DirectoryStore) -> None:
        """Look after the directory of ``store``."""
        self.store = store

    def walk(self, key: str) -> tuple[StoredObject, ...]:
        """The regular files below a folder; none where it is not there."""
        with self.store.explained():
            return tuple(self._files(self.store.root / key))

    def _files(self, folder: Path) -> Iterator[StoredObject]:
        for path, _, names in os.walk(folder, onerror=_unless_absent):
            for name in names:
                place = Path(path) / name
                try:
                    at = place.lstat()
                except FileNotFoundError:  # removed meanwhile
                    continue
                if stat.S_ISREG(at.st_mode):
                    yield StoredObject(
                        key=place.relative_to(self.store.root).as_posix(),
                        size=at.st_size,
                        modified=datetime.fromtimestamp(at.st_mtime, UTC),
                    )

    def copy(self, copies: Mapping[str, str], advance: Advance) -> None:
        """Copy files; a file system that shares blocks between files copies no bytes."""

        def put(target: str) -> None:
            source = copies[target]
            with (
                self.store.explained(source),
                replacing(self.store.root / target) as scratch,
                (self.store.root / source).open("rb") as old,
                scratch.open("wb") as new,
            ):
                _copy_bytes(old, new)
            advance(1)

        each(put, list(copies), _COPIERS)

    def delete(self, keys: Sequence[str], advance: Advance, *, versions: bool = False) -> None:  # noqa: ARG002
        """Remove files; they stay away after a power loss."""
        folders: dict[Path, list[Path]] = defaultdict(list)
        for key in keys:
            path = self.store.root / key
            folders[path.parent].append(path)
        for folder, paths in folders.items():
            with self.store.explained():
                for path in paths:
                    path.unlink(missing_ok=True)
                    advance(1)
                if folder.is_dir():
                    to_disk(folder)


class ObjectUpkeep:
    """The objects below the root of an object store or of a folder on a server."""

    def __init__(self, store: ObjectStore) -> None:
        """Look after the objects of ``store``."""
        self.store = store

    def walk(self, key: str) -> tuple[StoredObject, ...]:
        """By listing; the folders of a server are listed one after the other."""
        root = self.store.path("")
        found = self.store.ask(lambda fs: _below(fs, self.store.path(key).rstrip("/")))
        if not found:
            self.store.require_bucket()
        return tuple(
            StoredObject(
                key=str(path).removeprefix(root),
                size=int(item["size"]),
                modified=_utc(self.store.kind.modified(item)),
            )
            for path, item in found.items()
            if item["type"] == "file" and not path.endswith("/")
        )

    def copy(self, copies: Mapping[str, str], advance: Advance) -> None:
        """By a request of the store for each, which sends no bytes over here."""

        def put(target: str) -> None:
            self.store.ask(
                lambda fs: self.store.kind.copy(
                    fs, self.store.path(copies[target]), self.store.path(target)
                ),
                key=copies[target],
            )
            advance(1)

        each(put, list(copies), CONCURRENCY)

    def delete(self, keys: Sequence[str], advance: Advance, *, versions: bool = False) -> None:
        """One request each, so that a refusal names its object."""

        def remove(key: str) -> None:
            self.store.ask(
                lambda fs: self.store.kind.remove(fs, self.store.path(key), versions=versions)
            )
            advance(1)

        each(remove, list(keys), CONCURRENCY)

    def unfinished_uploads(self) -> int:
        """How many uploads in parts were begun below the root and never ended, up to 1,000.

        Raises:
            WorldError: These credentials may not ask, or the store does not say.
        """
        bucket, _, prefix = self.store.path("").partition("/")
        found = self.store.ask(
            lambda fs: fs.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=prefix)
        )
        return len(found.get("Uploads", ()))


# --- inside


def _unless_absent(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _below(fs: Any, folder: str) -> dict[str, Mapping[str, Any]]:
    try:
        found: dict[str, Mapping[str, Any]] = fs.find(folder, detail=True)
    except FileNotFoundError:
        return {}
    return found


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _copy_bytes(old: Any, new: Any) -> None:
    """The rest of one open file written to another, by the kernel where it can do it."""
    size = os.fstat(old.fileno()).st_size
    try:
        while size > 0 and (done := os.copy_file_range(old.fileno(), new.fileno(), size)):
            size -= done
    except (AttributeError, OSError):
        old.seek(0)
        new.seek(0)
        new.truncate()
        shutil.copyfileobj(old, new)
