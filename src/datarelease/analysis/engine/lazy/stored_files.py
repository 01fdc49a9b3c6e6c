"""Stored objects as a file system of fsspec: DuckDB and Arrow read ranges of them."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Mapping
from pathlib import Path
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

    def __init__(self, source: Ranges, sizes: Mapping[str, int], here: Mapping[str, Path]) -> None:
        """The objects of ``source`` in ``sizes`` (key: bytes); some are files ``here``."""
        super().__init__(skip_instance_cache=True)
        self._source, self._sizes, self._here = source, sizes, here

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
        """An object, of which each read is one request, unless it is here."""
        info = self.info(path)
        return _Opened(self._part, info["name"], info["size"])

    def _part(self, key: str, start: int, end: int) -> bytes:
        if (place := self._here.get(key)) is None:
            data = self._source.part(key, start, end)
        else:
            with place.open("rb") as stream:
                stream.seek(start)
                data = stream.read(end - start)
        if len(data) != end - start:
            raise OSError(f"{key} at {place or self._source.url} is shorter than its manifest says")
        return data


class _Opened(io.RawIOBase):
    """An object as a file."""

    def __init__(self, part: Callable[[str, int, int], bytes], key: str, size: int) -> None:
        self._part, self._key, self.size, self._at = part, key, size, 0

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
        data = self._part(self._key, self._at, end) if end > self._at else b""
        self._at += len(data)
        return data

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
