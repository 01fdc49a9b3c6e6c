"""The objects at an address, read without DVC: a directory, a bucket, or a web server.

What does not belong here: what the objects mean, and whether their bytes are the right ones.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from datarelease.adapters.store.errors import brief_error
from datarelease.errors import ConfigError, DatareleaseError, WorldError
from datarelease.model.git_address import without_credentials
from datarelease.model.project import installation

if TYPE_CHECKING:
    from datarelease.adapters.store.http_files import HttpFiles

_CHUNK = 1 << 20
_RANGE = 8 << 20
"""Bytes of one request to a bucket."""
_BUCKETS = {
    "s3": ("s3", "s3fs", "read-s3"),
    "gs": ("gs", "gcsfs", "read-gs"),
    "gcs": ("gs", "gcsfs", "read-gs"),
    "azure": ("abfs", "adlfs", "read-azure"),
    "az": ("abfs", "adlfs", "read-azure"),
    "abfs": ("abfs", "adlfs", "read-azure"),
}
"""The protocol of fsspec, the package that speaks it, and our extra that brings it, by scheme."""
SCHEMES = (*_BUCKETS, "https", "http", "file")


class ObjectSource(Protocol):
    """Objects below an address; each method raises WorldError where they cannot be read."""

    @property
    def url(self) -> str:
        """The address, without credentials."""

    @property
    def folder(self) -> Path | None:
        """The directory that it is; None: it is elsewhere."""

    def read(self, key: str, limit: int) -> bytes | None:
        """The bytes of a small object, or None; an error where there are more than ``limit``."""

    def size(self, key: str) -> int:
        """The bytes of an object."""

    def part(self, key: str, start: int, end: int) -> bytes:
        """The bytes of an object from ``start`` up to ``end``, which is behind the last one."""

    def chunks(self, key: str, start: int) -> Iterator[bytes]:
        """The bytes of an object from ``start`` on, piece by piece."""

    def folders(self, key: str) -> tuple[str, ...] | None:
        """The names of the folders right below ``key``, sorted; None: it does not say."""

    def address(self, key: str) -> str:
        """Where other programs find an object."""


def open_source(address: str) -> ObjectSource:
    """The objects at ``address``.

    Raises:
        ConfigError: No address that can be read, or a package for it is not installed.
    """
    scheme, mark, rest = address.partition("://")
    if not mark or (scheme := scheme.lower()) == "file":
        return FolderSource(Path(rest if mark else address))
    if scheme in {"http", "https"}:
        from datarelease.adapters.store.http_files import HttpFiles  # noqa: PLC0415 - heavy: requests

        return WebSource(without_credentials(address), HttpFiles(address))
    if scheme not in _BUCKETS:
        raise ConfigError(
            f"{without_credentials(address)!r} is not an address that can be read.",
            remedy=f"Name a directory, or an address with {', '.join(SCHEMES)}. A remote of "
            "another kind is read through its git repository: repo=URL, with the extra `release`.",
        )
    return BucketSource(scheme, rest.strip("/"), _file_system(scheme))


def _file_system(scheme: str) -> Any:
    from datarelease.adapters.store.connection import google_class  # noqa: PLC0415 - heavy: asyncio

    protocol, package, extra = _BUCKETS[scheme]
    try:
        importlib.import_module(package)
        fsspec = importlib.import_module("fsspec")
        is_google = package == "gcsfs"
        file_system = google_class() if is_google else fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        raise ConfigError(
            f"An address with {scheme}:// needs a package that is not installed: {error.name}.",
            remedy=f"{installation(extra)}.",
        ) from None
    # What is opened keeps the credentials that it found. fsspec would give it back for as long as
    # the process lives, whatever has become of the environment; each of them takes 0.1 s to open.
    found_in = (os.environ.items(), fsspec.config.conf.get(protocol, {}).items())
    here = (os.getpid(), threading.get_ident())
    return _opened(file_system, hash((here, *(frozenset(map(str, items)) for items in found_in))))


@lru_cache(maxsize=4)
def _opened(file_system: Any, found: int) -> Any:  # noqa: ARG001 - what it is shared by
    return file_system(use_listings_cache=False, skip_instance_cache=True)


class FolderSource:
    """A directory."""

    def __init__(self, root: Path) -> None:
        """Read below ``root``.

        Raises:
            ConfigError: It is no directory.
        """
        self.folder = root.expanduser().absolute()
        self.url = str(self.folder)
        if not self.folder.is_dir():
            raise ConfigError(
                f"{self.url} is not a directory.",
                remedy="Name the directory that is the DVC remote, where `files` and `releases` "
                "are; or an address with s3://, gs://, azure:// or https://.",
            )

    def read(self, key: str, limit: int) -> bytes | None:
        """See `ObjectSource.read`."""
        with _explained(self.url, key):
            try:
                with (self.folder / key).open("rb") as stream:
                    return _within(stream.read(limit + 1), limit, key, self.url)
            except (FileNotFoundError, NotADirectoryError):
                return None

    def size(self, key: str) -> int:
        """See `ObjectSource.size`."""
        with _explained(self.url, key):
            return (self.folder / key).stat().st_size

    def part(self, key: str, start: int, end: int) -> bytes:
        """See `ObjectSource.part`."""
        with _explained(self.url, key), (self.folder / key).open("rb") as stream:
            stream.seek(start)
            return stream.read(max(0, end - start))

    def chunks(self, key: str, start: int) -> Iterator[bytes]:
        """See `ObjectSource.chunks`."""
        with _explained(self.url, key), (self.folder / key).open("rb") as stream:
            stream.seek(start)
            while chunk := stream.read(_CHUNK):
                yield chunk

    def folders(self, key: str) -> tuple[str, ...] | None:
        """See `ObjectSource.folders`."""
        with _explained(self.url, key):
            place = self.folder / key
            found = place.iterdir() if place.is_dir() else ()
            return tuple(sorted(path.name for path in found if path.is_dir()))

    def address(self, key: str) -> str:
        """The path."""
        return str(self.folder / key)


class WebSource:
    """A web server, which lists nothing."""

    folder = None

    def __init__(self, url: str, files: HttpFiles) -> None:
        """Read ``files``, whose address without credentials is ``url``."""
        self.url, self._files = url, files

    def read(self, key: str, limit: int) -> bytes | None:
        """See `ObjectSource.read`."""
        data = bytearray()
        with _explained(self.url, key):
            try:
                for chunk in self._files.chunks(key, 0):
                    data += chunk
                    if len(data) > limit:
                        break
            except FileNotFoundError:
                return None
        return _within(bytes(data), limit, key, self.url)

    def size(self, key: str) -> int:
        """See `ObjectSource.size`."""
        with _explained(self.url, key):
            return self._files.size(key)

    def part(self, key: str, start: int, end: int) -> bytes:
        """See `ObjectSource.part`."""
        with _explained(self.url, key):
            return self._files.part(key, start, end)

    def chunks(self, key: str, start: int) -> Iterator[bytes]:
        """See `ObjectSource.chunks`."""
        with _explained(self.url, key):
            yield from self._files.chunks(key, start)

    def folders(self, key: str) -> tuple[str, ...] | None:  # noqa: ARG002
        """None: a server does not say."""
        return None

    def address(self, key: str) -> str:
        """The address, without credentials."""
        return f"{self.url.rstrip('/')}/{quote(key)}"


class BucketSource:
    """A bucket, through a file system of fsspec, which finds its own credentials."""

    folder = None

    def __init__(self, scheme: str, root: str, fs: Any) -> None:
        """Read below ``root`` (``bucket/prefix``) with ``fs``."""
        self.url = f"{scheme}://{root}"
        self._root, self._fs = root, fs

    def read(self, key: str, limit: int) -> bytes | None:
        """See `ObjectSource.read`."""
        with _explained(self.url, key):
            try:
                data: bytes = self._fs.cat_file(self._path(key), start=0, end=limit + 1)
            except FileNotFoundError:
                return None
        return _within(data, limit, key, self.url)

    def size(self, key: str) -> int:
        """See `ObjectSource.size`."""
        with _explained(self.url, key):
            return int(self._fs.info(self._path(key))["size"])

    def part(self, key: str, start: int, end: int) -> bytes:
        """See `ObjectSource.part`."""
        with _explained(self.url, key):
            data: bytes = self._fs.cat_file(self._path(key), start=start, end=end)
        return data

    def chunks(self, key: str, start: int) -> Iterator[bytes]:
        """See `ObjectSource.chunks`."""
        size = self.size(key)
        for first in range(start, size, _RANGE):
            yield self.part(key, first, min(first + _RANGE, size))

    def folders(self, key: str) -> tuple[str, ...] | None:
        """See `ObjectSource.folders`."""
        with _explained(self.url, key):
            try:
                listed = self._fs.ls(self._path(key), detail=True)
            except FileNotFoundError:
                return ()
        names = (item["name"] for item in listed if item["type"] == "directory")
        return tuple(sorted(name.rstrip("/").rpartition("/")[2] for name in names))

    def address(self, key: str) -> str:
        """The address with the bucket's scheme."""
        return f"{self.url}/{key}"

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"


def _within(data: bytes, limit: int, key: str, url: str) -> bytes:
    if len(data) > limit:
        raise WorldError(
            f"{key} at {url} is refused: it is larger than {limit:,} bytes.",
            untouched="Nothing was written.",
            remedy="No release writes such a file: find out who did.",
        )
    return data


@contextmanager
def _explained(url: str, key: str) -> Iterator[None]:
    """Turns whatever a client raises into a WorldError; an object that is not there passes."""
    try:
        yield
    except (FileNotFoundError, DatareleaseError):
        raise
    except Exception as error:
        # Whatever a client library raises for a network is, for us, the world.
        raise WorldError(
            f"{key} at {url} cannot be read: {brief_error(error)}",
            untouched="Nothing was written.",
            remedy="Check the address, the network and your credentials for it, then run the same "
            "command again: what was fetched is kept.",
        ) from error
