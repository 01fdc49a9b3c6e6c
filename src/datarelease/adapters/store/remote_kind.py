"""What a kind of remote has to say for itself, as a store of objects says it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

_TIMES = ("LastModified", "last_modified", "mtime", "modified")
"""What file systems call the time of an object's last change."""


class RemoteKind:
    """A store of objects in a bucket, which appear in full or not at all."""

    holder = "bucket"
    """What the first part of the root names: without it, every object would only look absent."""
    example = "s3://BUCKET/PREFIX"
    """An address, as advice."""
    attempts = 5
    """Tries of one request; 1 where the client tries again by itself."""
    lists = True
    """It says what is in a folder."""

    def path(self, prefix: str, key: str) -> str:
        """Where the file system finds an object; ``prefix`` is the root, with a slash."""
        return prefix + key

    def md5(self, item: Mapping[str, Any]) -> str | None:  # noqa: ARG002 - most say none
        """The MD5 of an object's bytes as the store says it, in lower case; None: it does not."""
        return None

    def put(self, fs: Any, source: str, path: str) -> None:
        """Write a local file, over what is there, in full or not at all."""
        fs.put_file(source, path)

    def part(self, fs: Any, path: str, start: int, end: int) -> bytes:
        """The bytes of an object from ``start`` up to ``end``."""
        data: bytes = fs.cat_file(path, start=start, end=end)
        return data

    def modified(self, item: Mapping[str, Any]) -> datetime | None:
        """When an object was written, as a listing says it; None: it does not."""
        found = next((item[name] for name in _TIMES if item.get(name) is not None), None)
        return found if isinstance(found, datetime) else None

    def copy(self, fs: Any, source: str, path: str) -> None:
        """Copy an object inside the store, over what is there, in full or not at all."""
        fs.cp_file(source, path)

    def remove(self, fs: Any, path: str, *, versions: bool) -> None:  # noqa: ARG002 - S3 knows them
        """Delete an object, which may be gone."""
        with suppress(FileNotFoundError):
            fs.rm_file(path)

    def require_holder(self, fs: Any, root: str) -> None:
        """Raise FileNotFoundError if the place that the root is in is not there."""
        fs.info(root.partition("/")[0])

    def has_ended(self, fs: Any) -> bool:  # noqa: ARG002 - most connect for each request
        """The one connection of the file system ended, so that it has to be opened again."""
        return False
