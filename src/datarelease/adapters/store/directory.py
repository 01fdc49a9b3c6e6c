"""The objects on a remote: a directory, or anything fsspec speaks (S3 above all).

Keys are relative to the remote's root, with forward slashes. What does not belong here: which
objects a version needs, and what it means when one is missing.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from datarelease.adapters.copying import copy_files
from datarelease.adapters.store.workers import each
from datarelease.errors import WorldError, disk_fault
from datarelease.progress import Advance

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_WRITERS = 8
"""Threads that copy files into a directory."""
_BATCH = 24
"""Files that a thread has open, and brings to the disk, together."""


@dataclass(frozen=True, kw_only=True)
class ObjectInfo:
    """What a remote says of an object without reading it."""

    size: int
    """Bytes."""
    md5: str | None
    """Of the content, where the remote's ETag is one."""


class Store(Protocol):
    """A remote, below its root."""

    @property
    def name(self) -> str:
        """The remote's name in DVC's configuration."""

    @property
    def url(self) -> str:
        """Where it is, without credentials."""

    @property
    def lists(self) -> bool:
        """It says which `folders` there are."""

    def stat(self, keys: Sequence[str]) -> dict[str, ObjectInfo]:
        """The objects among ``keys`` that exist, asked of the remote now."""

    def read(self, key: str) -> bytes | None:
        """The bytes of a small object, or None."""

    def part(self, key: str, start: int, end: int) -> bytes:
        """The bytes of an object from ``start`` up to ``end``, which is behind the last one."""

    def folders(self, key: str) -> tuple[str, ...]:
        """The names of the folders right below ``key``, asked of the remote now, sorted.

        Raises:
            WorldError: The remote does not answer, or it does not `lists`.
        """

    def upload(self, files: Mapping[str, Path], advance: Advance) -> None:
        """Write objects (key: local file), over what is there; ``advance`` counts objects."""

    def download(self, key: str, target: Path) -> str:
        """Write an object to ``target`` at once or not at all; returns its MD5."""

    def digest(self, key: str) -> str:
        """The MD5 of an object's bytes, read in full."""


def md5_of(path: Path) -> str:
    """The MD5 (hex) of a file's bytes."""
    with path.open("rb", buffering=0) as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def sha256_of(path: Path) -> str:
    """The SHA-256 (hex) of a file's bytes."""
    with path.open("rb", buffering=0) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def absent(name: str, url: str, key: str) -> WorldError:
    """The error for an object that was asked for and is not on the remote."""
    return WorldError(
        f"remote {name!r} ({url}) does not have the object {key}.",
        remedy="Run `datarelease verify` to see what is missing.",
    )


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A temporary neighbour of ``target`` that takes its place when the block ends well.

    Its bytes are on the disk before the rename: after a power loss ``target`` is the old file or
    the new one, never an empty one.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.parent / f".tmp-{secrets.token_hex(8)}"
    # Nobody else reads it before it is complete.
    os.close(os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield scratch
        to_disk(scratch)
        scratch.chmod(0o644)  # as a new file usually is; temporary ones are private
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)


def to_disk(path: Path) -> None:
    """Return when what was written to a file, or named in a directory, is on the disk (fsync)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network file systems cannot do this for directories; there is no other way to ask.
        if not (path.is_dir() and error.errno in {errno.EINVAL, errno.ENOTSUP}):
            raise
    finally:
        os.close(handle)


def _make_directory(folder: Path) -> None:
    """``folder`` exists, and the names of whatever had to be made for it are on the disk."""
    if folder.is_dir():
        return
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        to_disk(path.parent)


class DirectoryStore:
    """A directory as remote. Files that it has stored survive a power loss."""

    lists = True

    def __init__(self, name: str, root: Path) -> None:
        """Use the directory ``root``, which is made with the first object."""
        self.name = name
        self.root = root

    @property
    def url(self) -> str:
        """The directory."""
        return str(self.root)

    def stat(self, keys: Sequence[str]) -> dict[str, ObjectInfo]:
        """The files among ``keys``."""
        found = {}
        root = str(self.root)
        with self.explained():
            for key in keys:
                with suppress(FileNotFoundError, NotADirectoryError):
                    at = os.stat(f"{root}/{key}")  # noqa: PTH116 - a path for each costs more
                    if stat.S_ISREG(at.st_mode):
                        found[key] = ObjectInfo(size=at.st_size, md5=None)
        return found

    def read(self, key: str) -> bytes | None:
        """The bytes of a file, or None."""
        with self.explained():
            try:
                return (self.root / key).read_bytes()
            except FileNotFoundError:
                return None

    def part(self, key: str, start: int, end: int) -> bytes:
        """Some bytes of a file."""
        with self.explained(key), (self.root / key).open("rb") as stream:
            stream.seek(start)
            return stream.read(end - start)

    def folders(self, key: str) -> tuple[str, ...]:
        """The names of the directories in one; none where it is not there."""
        with self.explained():
            try:
                return tuple(
                    sorted(path.name for path in (self.root / key).iterdir() if path.is_dir())
                )
            except FileNotFoundError:
                return ()

    def upload(self, files: Mapping[str, Path], advance: Advance) -> None:
        """Copy files in, each in full or not at all; one counts when it is on the disk."""
        keys = sorted(files)  # those of one folder beside each other
        batches = [keys[start : start + _BATCH] for start in range(0, len(keys), _BATCH)]

        def put(keys: Sequence[str]) -> None:
            with self.explained():
                folders = [
                    self.root / folder for folder in {key.rpartition("/")[0] for key in keys}
                ]
                for folder in folders:
                    _make_directory(folder)
                copy_files({f"{self.root}/{key}": files[key] for key in keys})
                for folder in folders:
                    to_disk(folder)
            for _ in keys:
                advance(1)

        # Each waits for the disk; together they wait for the same writes of its journal.
        each(put, batches, _WRITERS)

    def download(self, key: str, target: Path) -> str:
        """Copy a file out."""
        with self.explained(key), replacing(target) as scratch:
            shutil.copyfile(self.root / key, scratch)
            return md5_of(scratch)

    def digest(self, key: str) -> str:
        """The MD5 of a file."""
        with self.explained(key):
            return md5_of(self.root / key)

    @contextmanager
    def explained(self, key: str | None = None) -> Iterator[None]:
        """Turns an OSError into a WorldError; ``key`` is what the block cannot do without."""
        try:
            yield
        except OSError as error:
            if key and isinstance(error, FileNotFoundError):
                raise absent(self.name, self.url, key) from error
            full = disk_fault(error) if key and error.errno in _FULL else None
            if full is not None:  # what is read is written on this machine
                raise full from error
            raise WorldError(
                f"remote {self.name!r} ({self.url}): {error.strerror or error}.",
                remedy="Check that the directory exists and can be written, then run the same "
                "command again.",
            ) from error
