"""Object stores through fsspec: S3 and whatever else DVC has a file system for."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tenacity import (
    Retrying,
    retry_if_not_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from datarelease.adapters.store import ObjectInfo, md5_of, replacing
from datarelease.errors import WorldError
from datarelease.progress import Advance

T = TypeVar("T")
A = TypeVar("A")

LISTING_PAYS = 64
"""From so many objects on, listing their folders takes fewer requests than asking for each."""
CONCURRENCY = 32
"""Requests under way at once; each waits for the network, none for a core."""
ATTEMPTS = 4
_MD5 = re.compile(r"[0-9a-f]{32}", re.ASCII)
_HOPELESS = (PermissionError, FileNotFoundError, FileExistsError, WorldError)
_CHUNK = 1 << 20


class ObjectStore:
    """An fsspec file system below a root."""

    def __init__(self, name: str, url: str, fs: Any, root: str) -> None:  # noqa: D417
        """Use ``fs`` below ``root``.

        Args:
            fs: An ``fsspec.AbstractFileSystem``.
            root: Path in ``fs``, such as ``bucket/prefix``.
        """
        self.name = name
        self.url = url
        self._fs = fs
        self._root = root.rstrip("/")

    def stat(self, keys: Sequence[str]) -> dict[str, ObjectInfo]:
        """The objects among ``keys``: by listing their folders where they are many."""
        wanted = set(keys)
        if len(wanted) < LISTING_PAYS:
            found = self._each(self._head, sorted(wanted))
            return {key: info for key, info in zip(sorted(wanted), found, strict=True) if info}
        folders = sorted({key.rpartition("/")[0] for key in wanted})
        listed: dict[str, ObjectInfo] = {}
        for page in self._each(self._list, folders):
            listed.update(page)
        return {key: info for key, info in listed.items() if key in wanted}

    def read(self, key: str) -> bytes | None:
        """The bytes of an object, or None."""
        try:
            data: bytes = self._call(lambda: self._fs.cat_file(self._path(key)))
        except FileNotFoundError:
            return None
        return data

    def create(self, key: str, data: bytes) -> bool:
        """Write an object with ``If-None-Match: *``: the store itself refuses to overwrite."""
        try:
            self._call(lambda: self._fs.pipe_file(self._path(key), data, mode="create"))
        except FileExistsError:
            return False
        except FileNotFoundError as error:
            raise self._no_root() from error
        return True

    def upload(self, files: Mapping[str, Path], advance: Advance) -> None:
        """Write objects; each is retried on its own."""

        def put(key: str) -> None:
            self._call(lambda: self._fs.put_file(str(files[key]), self._path(key)))
            advance(1)

        try:
            self._each(put, list(files))
        except FileNotFoundError as error:
            raise self._no_root() from error

    def download(self, key: str, target: Path) -> str:
        """Read an object into a file; a transfer that was cut off starts again."""
        with replacing(target) as scratch:
            try:
                self._call(lambda: self._fs.get_file(self._path(key), str(scratch)))
            except FileNotFoundError as error:
                raise WorldError(
                    f"remote {self.name!r} ({self.url}) does not have the object {key}.",
                    remedy="Run `datarelease verify` to see what is missing.",
                ) from error
            return md5_of(scratch)

    def digest(self, key: str) -> str:
        """The MD5 of an object, read through once."""

        def read_through() -> str:
            md5 = hashlib.md5(usedforsecurity=False)
            with self._fs.open(self._path(key), "rb", block_size=8 * _CHUNK) as stream:
                while chunk := stream.read(_CHUNK):
                    md5.update(chunk)
            return md5.hexdigest()

        return self._call(read_through)

    # --- inside

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _head(self, key: str) -> ObjectInfo | None:
        self._fs.invalidate_cache()
        try:
            return _info(self._call(lambda: self._fs.info(self._path(key))))
        except FileNotFoundError:
            return None

    def _list(self, folder: str) -> dict[str, ObjectInfo]:
        self._fs.invalidate_cache()
        path = self._path(folder)
        try:
            listed = self._call(lambda: self._fs.ls(path, detail=True, refresh=True))
        except FileNotFoundError:
            return {}
        return {
            item["name"].removeprefix(f"{self._root}/"): _info(item)
            for item in listed
            if item["type"] == "file"
        }

    def _each(self, work: Callable[[A], T], items: Sequence[A]) -> list[T]:
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            return list(pool.map(work, items))

    def _call(self, work: Callable[[], T]) -> T:
        """The result of ``work``, tried again while the failure may pass by itself."""
        with self._explained():
            return Retrying(
                stop=stop_after_attempt(ATTEMPTS),
                wait=wait_exponential_jitter(initial=0.2, max=5),
                retry=retry_if_not_exception_type(_HOPELESS),
                reraise=True,
            )(work)

    def _no_root(self) -> WorldError:
        bucket = self._root.partition("/")[0]
        return WorldError(
            f"remote {self.name!r} ({self.url}): there is no bucket {bucket!r}.",
            remedy="Create the bucket, or correct the address: "
            f"dvc remote modify {self.name} url s3://BUCKET/PREFIX",
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, FileExistsError, WorldError):
            raise
        except PermissionError as error:
            raise WorldError(
                f"remote {self.name!r} ({self.url}) refused these credentials: {_brief(error)}",
                remedy="Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE), and "
                "that they may read, list and write below this address; then run it again.",
            ) from error
        except Exception as error:
            # Whatever a client library raises for a network is, for us, the world.
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> WorldError:
        kind = type(error).__name__
        if kind in {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"}:
            return WorldError(
                f"remote {self.name!r} ({self.url}): no credentials were found.",
                remedy="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or "
                f"dvc remote modify --local {self.name} profile NAME.",
            )
        return WorldError(
            f"remote {self.name!r} ({self.url}) could not be used: {_brief(error)}",
            remedy="Check the endpoint (dvc remote list) and the network, then run it again.",
        )


def _info(item: Mapping[str, Any]) -> ObjectInfo:
    etag = str(item.get("ETag", "")).strip('"')
    # Under KMS or with customer keys an ETag looks like an MD5 and is none.
    opaque = item.get("ServerSideEncryption") == "aws:kms" or item.get("SSECustomerAlgorithm")
    return ObjectInfo(
        size=int(item["size"]), md5=etag if _MD5.fullmatch(etag) and not opaque else None
    )


def _brief(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return textwrap.shorten(text, 300, placeholder=" …")
