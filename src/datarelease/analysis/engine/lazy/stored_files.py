"""Stored objects as a file system of fsspec: DuckDB and Arrow read ranges of them."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from typing import Any, Protocol

from fsspec import AbstractFileSystem

_RELEASED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""When an object was written does not matter: its name is made of its bytes."""


class Ranges(Protocol):
    """Objects of which ranges of bytes can be read."""

    @property
    def url(self) -> str:
        """Where they are, for messages."""

    def part(self, key: str, start: int, end: int) -> bytes:
        """The bytes of an object from ``start`` up to ``end``, which is behind the last one."""


class StoredFiles(AbstractFileSystem):  # type: ignore[misc]
    """Objects of known sizes, to be read; paths are their keys."""

    protocol = "datarelease"
    cachable = False

    def __init__(self, source: Ranges, sizes: Mapping[str, int]) -> None:
        """The objects of ``source`` in ``sizes`` (key: bytes)."""
        super().__init__(skip_instance_cache=True)
        self._source, self._sizes = source, sizes

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """What is known of an object; of anything else, that it is not there."""
        key = self._strip_protocol(path)
        if key not in self._sizes:
            raise FileNotFoundError(path)
        return {"name": key, "size": self._sizes[key], "type": "file"}

    def glob(self, path: str, **_: Any) -> list[str]:
        """The object itself: keys are no patterns."""
        return [self._strip_protocol(path)]

    def modified(self, path: str) -> dt.datetime:  # noqa: ARG002
        """The same for all."""
        return _RELEASED

    def open(self, path: str, mode: str = "rb", **_: Any) -> Any:  # noqa: ARG002
        """An object, of which each read is one request."""
        info = self.info(path)
        return _Opened(self._source, info["name"], info["size"])


class _Opened(io.RawIOBase):
    """An object as a file."""

    def __init__(self, source: Ranges, key: str, size: int) -> None:
        self._source, self._key, self.size, self._at = source, key, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        end = self.size if size < 0 else min(self.size, self._at + size)
        wanted = max(0, end - self._at)
        data = self._source.part(self._key, self._at, end) if wanted else b""
        if len(data) != wanted:
            raise OSError(f"{self._key} at {self._source.url} is shorter than its manifest says")
        self._at += len(data)
        return data

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
