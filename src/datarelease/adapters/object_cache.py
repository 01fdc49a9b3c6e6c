"""Objects on this machine, each under the SHA-256 of its bytes, shared by processes and bounded.

An object takes its place by a rename, complete and with its hash checked. What a reader that was
stopped had fetched waits in ``incoming`` for the next one. A lock keeps two readers from fetching
the same object at once; the system drops it with the process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from datarelease.adapters.store.directory import sha256_of, to_disk
from datarelease.errors import WorldError

DEFAULT_LIMIT = 10 << 30
"""Bytes of all objects together."""
_IN_USE = 3600.0
"""Seconds since its last use for which an object stays, whatever the limit."""
_ABANDONED = 7 * 24 * 3600.0
"""Seconds after which what a stopped reader left is removed."""
_ATTEMPTS = 4
"""Times that a transfer may end without a further byte."""
_Chunks = Callable[[int], Iterator[bytes]]
"""The bytes of an object from a place on."""


@dataclass(frozen=True, kw_only=True)
class ObjectCache:
    """A directory of objects; methods raise WorldError where it cannot be used."""

    root: Path
    limit: int = DEFAULT_LIMIT

    def path(self, sha256: str) -> Path:
        """Where an object is, or would be."""
        return self.root / "sha256" / sha256[:2] / sha256[2:]

    def find(self, sha256: str, size: int) -> Path | None:
        """Where an object is, which counts as used now; None: it is not here."""
        place = self.path(sha256)
        with suppress(OSError):
            if place.stat().st_size == size:
                with suppress(OSError):  # a cache that may only be read is a good one
                    os.utime(place)
                return place
        return None

    def fetch(
        self, sha256: str, size: int, chunks: _Chunks, advance: Callable[[int], None]
    ) -> Path | None:
        """Where an object is, fetched if need be; None: the bytes have another hash or size.

        Args:
            sha256: Of the bytes.
            size: Their number.
            chunks: Fetches them.
            advance: Called with the number of bytes that came.

        Raises:
            WorldError: They cannot be fetched or written. What came so far is kept, unless the
                disk is full.
        """
        from filelock import FileLock  # noqa: PLC0415 - heavy: only where something is fetched

        with self._explained():
            for folder in ("incoming", "locks"):
                (self.root / folder).mkdir(parents=True, exist_ok=True)
            # A few thousand names serve all objects; two that share one wait for each other.
            with FileLock(self.root / "locks" / sha256[:3]):
                found = self.find(sha256, size)
                return found or self._fetched(sha256, size, chunks, advance)

    def trim(self) -> None:
        """Remove what was not used for longest, until the rest is within the limit."""
        now, total, known = time.time(), 0, []
        for place in self.root.glob("sha256/*/*"):
            with suppress(OSError):
                at = place.stat()
                total += at.st_size
                known.append((at.st_mtime, at.st_size, place))
        for used, size, place in sorted(known):
            if total <= self.limit or now - used < _IN_USE:
                break
            with suppress(OSError):  # another process was faster, or is about to read it
                place.unlink()
                total -= size
        for place in self.root.glob("incoming/*"):
            with suppress(OSError):
                if now - place.stat().st_mtime > _ABANDONED:
                    place.unlink()

    def _fetched(
        self, sha256: str, size: int, chunks: _Chunks, advance: Callable[[int], None]
    ) -> Path | None:
        partial = self.root / "incoming" / sha256
        begun = partial.is_file() and partial.stat().st_size > 0
        try:
            _complete(partial, size, chunks, advance)
            sound = sha256_of(partial) == sha256
            if begun and not sound:
                # What somebody else had left may be to blame.
                partial.unlink()
                _complete(partial, size, chunks, advance)
                sound = sha256_of(partial) == sha256
        except OSError:
            partial.unlink(missing_ok=True)  # the disk is full, say: it needs the room
            raise
        if not sound:
            partial.unlink()
            return None
        to_disk(partial)
        partial.chmod(0o444)
        target = self.path(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(target)
        return target

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise WorldError(
                f"The cache {self.root} cannot be written: {error.strerror or error}.",
                untouched="No file that is not complete was kept.",
                remedy="Free space there, or set DATARELEASE_CACHE to a directory on another disk, "
                "then run the same command again.",
            ) from error


def _complete(partial: Path, size: int, chunks: _Chunks, advance: Callable[[int], None]) -> None:
    """Append to a file what it lacks, begun again where a transfer ends early.

    Raises:
        WorldError: Transfers ended several times without a further byte.
    """
    failed = 0
    with partial.open("ab") as stream:
        if stream.tell() > size:
            stream.truncate(0)
        advance(stream.tell())
        while stream.tell() < size:
            before = stream.tell()
            try:
                for chunk in chunks(before):
                    stream.write(chunk)
                    advance(len(chunk))
                    if stream.tell() > size:
                        return  # not these bytes
                if stream.tell() == before:
                    return  # there are no more
            except WorldError:
                failed = 0 if stream.tell() > before else failed + 1
                if failed == _ATTEMPTS:
                    raise
                if failed:
                    time.sleep(2.0 ** (failed - 1) / 2)
            stream.flush()
