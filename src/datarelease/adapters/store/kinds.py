"""The kinds of remotes: how each file system is written to, and what it says of an object.

Sources: Amazon S3 API Reference, "Object" (ETag); Google Cloud Storage JSON API, "Objects"
(md5Hash); Azure Blob Storage REST API, "Get Blob Properties" (Content-MD5); RFC 4918 (WebDAV);
"SSH File Transfer Protocol", draft-ietf-secsh-filexfer-02, with OpenSSH's `posix-rename`.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fsspec.asyn import sync

from datarelease.adapters.store.remote_kind import RemoteKind

_MD5 = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NO_FOLDER = {404, 409}
"""Answers to an upload below a folder that is not there: servers differ."""


class S3Kind(RemoteKind):
    """Amazon S3 and stores like it."""

    def md5(self, item: Mapping[str, Any]) -> str | None:
        """The ETag, if it looks like an MD5; encrypted objects have others (`ObjectStore`)."""
        etag = str(item.get("ETag", "")).strip('"')
        return etag if _MD5.fullmatch(etag) else None

    def remove(self, fs: Any, path: str, *, versions: bool) -> None:
        """With the versions that a bucket keeps, where they are asked for."""
        if not versions:
            super().remove(fs, path, versions=False)
            return
        bucket, _, key = path.partition("/")
        start: dict[str, str] = {}
        while True:
            page = fs.call_s3("list_object_versions", Bucket=bucket, Prefix=key, **start)
            for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if item["Key"] == key:
                    fs.call_s3("delete_object", Bucket=bucket, Key=key, VersionId=item["VersionId"])
            if not page.get("IsTruncated"):
                return
            start = {"KeyMarker": page["NextKeyMarker"]}
            start |= {"VersionIdMarker": page["NextVersionIdMarker"]}


class GoogleKind(RemoteKind):
    """Google Cloud Storage; objects composed of others have no MD5."""

    example = "gs://BUCKET/PREFIX"
    attempts = 1

    def require_holder(self, fs: Any, root: str) -> None:
        """By listing one object: asking for the bucket itself takes one more right."""
        fs.call("GET", "b/{}/o", root.partition("/")[0], maxResults=1, json_out=True)

    def md5(self, item: Mapping[str, Any]) -> str | None:
        """Of the object's metadata, in base 64 there."""
        return _hex(item.get("md5Hash"))


class AzureKind(RemoteKind):
    """Azure Blob Storage; its MD5 is what the writer said, so it is not asked for."""

    holder = "container"
    example = "azure://CONTAINER/PREFIX"
    attempts = 1

    def require_holder(self, fs: Any, root: str) -> None:
        """By listing: a signature for a container does not open its properties."""
        fs.ls(root.partition("/")[0])


class FolderKind(RemoteKind, ABC):
    """Folders on a server: an upload has another name until it is complete."""

    holder = "folder"

    def put(self, fs: Any, source: str, path: str) -> None:
        """Write beside the target, then rename, so that a reader never sees a half."""
        self._beside(fs, self.write, source, path)

    def copy(self, fs: Any, source: str, path: str) -> None:
        """Copy beside the target, then rename, as `put` does."""
        self._beside(fs, self.duplicate, source, path)

    def _beside(
        self, fs: Any, make: Callable[[Any, str, str], None], source: str, path: str
    ) -> None:
        folder, slash, _ = path.rpartition("/")
        scratch = f"{folder}{slash}.tmp-{secrets.token_hex(8)}"
        try:
            make(fs, source, scratch)
            self.replace(fs, scratch, path)
        except BaseException:
            with suppress(Exception):  # the first error counts
                fs.rm_file(scratch)
            raise

    @abstractmethod
    def duplicate(self, fs: Any, source: str, path: str) -> None:
        """Copy a file to a new name, and make the folders that it lacks."""

    def write(self, fs: Any, source: str, path: str) -> None:
        """Write a local file to a new name, and the folders that it lacks."""
        fs.put_file(source, path)

    @abstractmethod
    def replace(self, fs: Any, scratch: str, path: str) -> None:
        """Give a file the name of another one, which it replaces."""

    def part(self, fs: Any, path: str, start: int, end: int) -> bytes:
        """By reading from there."""
        with fs.open(path, "rb") as stream:
            stream.seek(start)
            data: bytes = stream.read(end - start)
        return data


class SshKind(FolderKind):
    """SFTP; the root is made with the first object, as that of a directory is."""

    example = "ssh://HOST/DIRECTORY"

    def replace(self, fs: Any, scratch: str, path: str) -> None:
        """By OpenSSH's rename, which replaces at once."""
        fs.mv(scratch, path)

    def duplicate(self, fs: Any, source: str, path: str) -> None:
        """By OpenSSH's `copy-data` (since 9.0), else by `cp` on the server."""
        fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        try:
            sync(fs.loop, self._copied, fs, source, path)
        except Exception as error:
            if type(error).__name__ == "SFTPNoSuchFile":
                raise FileNotFoundError(source) from error
            raise

    @staticmethod
    async def _copied(fs: Any, source: str, path: str) -> None:
        # sshfs has no public name for its channels, and its copy needs a shell on the server.
        async with fs._pool.get() as channel:  # noqa: SLF001
            if channel.supports_remote_copy:
                await channel.copy(source, path, remote_only=True)
                return
        await fs._cp_file(source, path)  # noqa: SLF001

    def require_holder(self, fs: Any, root: str) -> None:
        """Nothing is required."""

    def has_ended(self, fs: Any) -> bool:
        """All requests share one connection, which the file system does not open again."""
        ended: bool = fs.client.is_closed()
        return ended


class WebdavKind(FolderKind):
    """WebDAV; DVC does not make the folder of the address.

    Its client finds no object whose key holds ``%``, ``?`` or ``#``: keys of versions hold none.
    """

    example = "webdavs://HOST/FOLDER"

    def write(self, fs: Any, source: str, path: str) -> None:
        """By one request, unless a folder is missing: the file system would ask for each first."""
        try:
            self._send(fs, source, path)
        except Exception as error:
            if getattr(error, "status_code", None) not in _NO_FOLDER:
                raise
            self._make_folder(fs, path.rpartition("/")[0])
            self._send(fs, source, path)

    @staticmethod
    def _send(fs: Any, source: str, path: str) -> None:
        with Path(source).open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            fs.client.upload_fileobj(stream, path, overwrite=True, size=size)

    def _make_folder(self, fs: Any, path: str) -> None:
        """Make a folder that may be there, and those that it is in."""
        try:
            fs.client.mkdir(path)
        except Exception as error:
            if type(error).__name__ == "ResourceAlreadyExists":
                return
            if type(error).__name__ != "ResourceConflict":
                raise
            above = path.rpartition("/")[0]
            if not above:  # the folder of the address is not there
                raise FileNotFoundError(path) from error
            self._make_folder(fs, above)
            self._make_folder(fs, path)

    def duplicate(self, fs: Any, source: str, path: str) -> None:
        """By one request, unless a folder is missing."""
        try:
            fs.client.copy(source, path, overwrite=True)
        except Exception as error:
            code = getattr(getattr(error, "response", error), "status_code", None)
            if code not in _NO_FOLDER and type(error).__name__ != "ResourceConflict":
                raise
            self._make_folder(fs, path.rpartition("/")[0])
            fs.client.copy(source, path, overwrite=True)

    def replace(self, fs: Any, scratch: str, path: str) -> None:
        """By one request; the file system's own `mv` copies and deletes."""
        fs.client.move(scratch, path, overwrite=True)

    def require_holder(self, fs: Any, root: str) -> None:  # noqa: ARG002 - it is the address
        """The folder of the address."""
        fs.info("")


class HttpKind(RemoteKind):
    """A server that takes uploads by POST or PUT, and has no listings."""

    example = "https://HOST/PATH"
    lists = False

    def path(self, prefix: str, key: str) -> str:
        """With escapes."""
        return prefix + quote(key)

    def require_holder(self, fs: Any, root: str) -> None:
        """Nothing can be asked."""


KINDS: Mapping[str, RemoteKind] = {
    "s3": S3Kind(),
    "gs": GoogleKind(),
    "azure": AzureKind(),
    "ssh": SshKind(),
    "webdav": WebdavKind(),
    "webdavs": WebdavKind(),
    "http": HttpKind(),
    "https": HttpKind(),
}
"""By DVC's protocol; those that are not here were not tried."""


def _hex(encoded: object) -> str | None:
    """An MD5 in base 64 as text."""
    try:
        digest = base64.b64decode(str(encoded), validate=True).hex()
    except ValueError:
        return None
    return digest if _MD5.fullmatch(digest) else None
