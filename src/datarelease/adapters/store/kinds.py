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
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

_MD5 = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NO_FOLDER = {404, 409}
"""Answers to an upload below a folder that is not there: servers differ."""


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

    def tail(self, fs: Any, path: str, size: int) -> bytes:
        """The last ``size`` bytes of an object, or all of a smaller one."""
        whole = fs.info(path)["size"]
        data: bytes = fs.cat_file(path, start=max(0, whole - size), end=whole) if whole else b""
        return data

    def require_holder(self, fs: Any, root: str) -> None:
        """Raise FileNotFoundError if the place that the root is in is not there."""
        fs.info(root.partition("/")[0])

    def has_ended(self, fs: Any) -> bool:  # noqa: ARG002 - most connect for each request
        """The one connection of the file system ended, so that it has to be opened again."""
        return False


class S3Kind(RemoteKind):
    """Amazon S3 and stores like it."""

    def md5(self, item: Mapping[str, Any]) -> str | None:
        """The ETag, if it looks like an MD5; encrypted objects have others (`ObjectStore`)."""
        etag = str(item.get("ETag", "")).strip('"')
        return etag if _MD5.fullmatch(etag) else None

    def tail(self, fs: Any, path: str, size: int) -> bytes:
        """By one request for this range."""
        data: bytes = fs.cat_file(path, start=-size)
        return data


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
        folder, slash, _ = path.rpartition("/")
        scratch = f"{folder}{slash}.tmp-{secrets.token_hex(8)}"
        try:
            self.write(fs, source, scratch)
            self.replace(fs, scratch, path)
        except BaseException:
            with suppress(Exception):  # the first error counts
                fs.rm_file(scratch)
            raise

    def write(self, fs: Any, source: str, path: str) -> None:
        """Write a local file to a new name, and the folders that it lacks."""
        fs.put_file(source, path)

    @abstractmethod
    def replace(self, fs: Any, scratch: str, path: str) -> None:
        """Give a file the name of another one, which it replaces."""

    def tail(self, fs: Any, path: str, size: int) -> bytes:
        """By reading from there."""
        with fs.open(path, "rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, end - size))
            data: bytes = stream.read()
        return data


class SshKind(FolderKind):
    """SFTP; the root is made with the first object, as that of a directory is."""

    example = "ssh://HOST/DIRECTORY"

    def replace(self, fs: Any, scratch: str, path: str) -> None:
        """By OpenSSH's rename, which replaces at once."""
        fs.mv(scratch, path)

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
