"""Remotes through the file systems of DVC: object stores, and folders on servers."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from errno import ENOENT
from pathlib import Path
from typing import Any, TypeVar

from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
    wait_random,
)

from datarelease.adapters.copying import unreadable_file
from datarelease.adapters.store.connection import CONCURRENCY, Connection
from datarelease.adapters.store.directory import (
    ObjectInfo,
    absent,
    md5_of,
    replacing,
)
from datarelease.adapters.store.errors import SilentError, may_pass, reasoned, store_errors
from datarelease.adapters.store.kinds import KINDS
from datarelease.adapters.store.remote_kind import RemoteKind
from datarelease.adapters.store.workers import each
from datarelease.errors import WorldError
from datarelease.progress import TIMEOUT, Advance

_T = TypeVar("_T")

LISTING_PAYS = 3
"""From so many objects of one folder on, listing it takes fewer requests than asking for each."""
AWS_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE)"
_CHUNK = 1 << 20


class ObjectStore:
    """An fsspec file system below a root."""

    def __init__(
        self,
        name: str,
        url: str,
        fs: Callable[[], Any],
        root: str,
        *,
        kind: RemoteKind = KINDS["s3"],
        keys: str = AWS_KEYS,
        timeout: float = TIMEOUT,
    ) -> None:
        """Use what ``fs`` opens below ``root``, such as ``bucket/prefix``.

        It is opened by the first request: that may sign in, and a check of a fork's pull request
        has nothing to sign in with. It is an ``fsspec.AbstractFileSystem`` of which nobody else
        keeps hold, and it remembers no listings, because other writers are about. ``kind`` says
        how it is used, ``keys`` where its credentials come from; it may be silent for ``timeout``
        seconds, as it was told.
        """
        self.name = name
        self.url = url
        self._connection = Connection(fs, kind.has_ended)
        self.lists = kind.lists
        self.kind = kind
        self._root = root.rstrip("/")
        self._prefix = root if not root or root.endswith("/") else f"{root}/"
        self._keys = keys
        self._timeout = timeout
        self._silent: WorldError | None = None
        self._opaque: bool | None = None

    @property
    def _fs(self) -> Any:
        return self._connection.fs

    def stat(self, keys: Sequence[str]) -> dict[str, ObjectInfo]:
        """The objects among ``keys``: by listing the folders where several of them are."""
        folders: dict[str, list[str]] = defaultdict(list)
        for key in dict.fromkeys(keys):
            folders[key.rpartition("/")[0]].append(key)
        crowded = [
            folder
            for folder, members in folders.items()
            if self.kind.lists and len(members) >= LISTING_PAYS
        ]
        listed_folders = set(crowded)
        single = [
            key
            for folder, members in folders.items()
            if folder not in listed_folders
            for key in members
        ]
        listed: dict[str, Any] = {}
        for page in each(self._list, crowded, CONCURRENCY):
            listed.update(page)
        listed.update(zip(single, each(self._head, single, CONCURRENCY), strict=True))
        found = {key: listed[key] for key in dict.fromkeys(keys) if listed.get(key) is not None}
        if len(found) < sum(map(len, folders.values())):
            self.require_bucket()
        opaque = self._etags_are_opaque(found)
        return {key: self._described(item, opaque=opaque) for key, item in found.items()}

    def read(self, key: str) -> bytes | None:
        """The bytes of an object, or None."""
        try:
            data: bytes = self._call(lambda: self._fs.cat_file(self.path(key)))
        except FileNotFoundError:
            self.require_bucket()
            return None
        return data

    def part(self, key: str, start: int, end: int) -> bytes:
        """Some bytes of an object, by a request for this range."""
        try:
            data = self._call(lambda: self.kind.part(self._fs, self.path(key), start, end))
        except FileNotFoundError as error:
            raise self._absent(key) from error
        return data

    def folders(self, key: str) -> tuple[str, ...]:
        """The names between ``key`` and the next slash, listed with a delimiter.

        Raises:
            WorldError: The remote cannot be asked, or has no listings.
        """
        if not self.kind.lists:
            raise WorldError(
                f"remote {self.name!r} ({self.url}) cannot be listed.",
                remedy="Name a version, or ask another remote or the git repository for the "
                "versions.",
            )
        path = self.path(key).rstrip("/")
        try:
            listed = self._call(lambda: self._fs.ls(path, detail=True))
        except FileNotFoundError:
            self.require_bucket()
            return ()
        names = {item["name"] for item in listed if item["type"] == "directory"}
        return tuple(sorted(name.rstrip("/").rpartition("/")[2] for name in names))

    def upload(self, files: Mapping[str, Path], advance: Advance) -> None:
        """Write objects; each is retried on its own."""

        def put(key: str) -> None:
            if not files[key].is_file():
                raise unreadable_file(files[key], FileNotFoundError(ENOENT, os.strerror(ENOENT)))
            try:
                self._call(lambda: self.kind.put(self._fs, str(files[key]), self.path(key)))
            except FileNotFoundError as error:
                raise self._no_bucket() from error
            advance(1)

        each(put, list(files), CONCURRENCY)

    def download(self, key: str, target: Path) -> str:
        """Read an object into a file; a transfer that was cut off starts again."""
        with replacing(target) as scratch:
            try:
                self._call(lambda: self._fs.get_file(self.path(key), str(scratch)))
            except FileNotFoundError as error:
                raise self._absent(key) from error
            return md5_of(scratch)

    def digest(self, key: str) -> str:
        """The MD5 of an object, read through once."""

        def read_through() -> str:
            md5 = hashlib.md5(usedforsecurity=False)
            with self._fs.open(self.path(key), "rb", block_size=8 * _CHUNK) as stream:
                while chunk := stream.read(_CHUNK):
                    md5.update(chunk)
            return md5.hexdigest()

        try:
            return self._call(read_through)
        except FileNotFoundError as error:
            raise self._absent(key) from error

    # --- for the upkeep of what is there

    def path(self, key: str) -> str:
        """Where the file system finds an object."""
        return self.kind.path(self._prefix, key)

    def ask(self, work: Callable[[Any], _T], *, key: str = "") -> _T:
        """What ``work`` gets from the file system; ``key`` is what it cannot do without."""
        try:
            return self._call(lambda: work(self._fs))
        except FileNotFoundError as error:
            raise self._absent(key) from error

    def require_bucket(self) -> None:
        """Fail unless the bucket exists: without it, every object would only look absent."""

        def ask() -> None:
            try:
                self.kind.require_holder(self._fs, self._root)
            except PermissionError:
                # The bucket exists; keys for a part of it have no right to query the whole bucket.
                return

        try:
            self._call(ask)
        except FileNotFoundError as error:
            raise self._no_bucket() from error

    # --- inside

    def _head(self, key: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self._call(lambda: self._fs.info(self.path(key)))
        except FileNotFoundError:
            return None
        return found if found["type"] == "file" else None

    def _list(self, folder: str) -> dict[str, Mapping[str, Any]]:
        try:
            listed = self._call(lambda: self._fs.ls(self.path(folder).rstrip("/"), detail=True))
        except FileNotFoundError:
            return {}
        above = f"{folder}/" if folder else ""
        return {
            above + item["name"].rpartition("/")[2]: item
            for item in listed
            if item["type"] == "file" and not item["name"].endswith("/")
        }

    def _etags_are_opaque(self, found: Mapping[str, Mapping[str, Any]]) -> bool:
        """The ETags look like MD5s but are not, as with KMS and with customers' keys.

        Told by the newest object, once: a bucket's encryption applies to what is written next.
        Listings do not say it. Source: Amazon S3 API Reference, "Object", ETag.
        """
        if not hasattr(self._fs, "call_s3") or not found:
            return False
        if self._opaque is None:
            newest = max(found, key=lambda key: str(found[key].get("LastModified")))
            bucket, _, path = self.path(newest).partition("/")
            head = self._call(lambda: self._fs.call_s3("head_object", Bucket=bucket, Key=path))
            kms = str(head.get("ServerSideEncryption", "")).startswith("aws:kms")
            self._opaque = kms or "SSECustomerAlgorithm" in head
        return self._opaque

    def _call(self, work: Callable[[], _T]) -> _T:
        """The result of ``work``, tried again while the failure may pass by itself.

        A store that was silent for the whole time is not asked again: whatever else this process
        wants of it would wait as long, one after the other.
        """
        if self._silent is not None:
            raise self._silent
        try:
            with (
                store_errors(self.name, self.url, self._keys, self._timeout),
                reasoned(self._fs, self._root.partition("/")[0]),
            ):
                return Retrying(
                    stop=stop_after_attempt(self.kind.attempts)
                    | stop_after_delay(self._timeout / 2),
                    wait=wait_exponential(multiplier=0.25, max=5) + wait_random(0, 0.5),
                    retry=retry_if_exception(may_pass),
                    before_sleep=lambda _: self._connection.forget_ended(),
                    reraise=True,
                )(work)
        except SilentError as error:
            self._silent = error
            raise

    def _no_bucket(self) -> WorldError:
        holder, name = self.kind.holder, self._root.partition("/")[0]
        return WorldError(
            f"remote {self.name!r} ({self.url}): there is no {holder}{name and f' {name!r}'}.",
            remedy=f"Create the {holder}, or correct the address: "
            f"`dvc remote modify {self.name} url {self.kind.example}`.",
        )

    def _absent(self, key: str) -> WorldError:
        self.require_bucket()
        return absent(self.name, self.url, key)

    def _described(self, item: Mapping[str, Any], *, opaque: bool) -> ObjectInfo:
        return ObjectInfo(size=int(item["size"]), md5=None if opaque else self.kind.md5(item))
