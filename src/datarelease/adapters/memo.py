"""A memo in a directory: a file for each result, named by the kind and inputs of the result.

A file is a line of JSON (kind, inputs, SHA-256 of the value) and the value. What is read is held
against that line: a file that is damaged, cut short, renamed or of another program's format counts
as absent, is removed, and its result is computed again. That does not prove who wrote it; whoever
may write here can write any result, just as they may write the records of stages.

A large value is kept in blocks, of which a reader takes a few. Then the SHA-256 is that of a list
of their sizes and their own hashes, and a block is held against its hash when it is read.

A file takes its place by a rename, so that processes share a memo without locks.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from datarelease.model.data.provenance import Provenance
from datarelease.model.versions.snapshot import canonical_json

MEMO_LIMIT = 512 * 1024**2
"""Bytes that the results may have together; those that were not used for longest go first."""
_FORMAT = 1
_HEADER_LIMIT = 1024**2
_LISTED = struct.Struct("<Q32s")
"""Size and SHA-256 of a block."""


@dataclass(frozen=True)
class FileMemo:
    """Results in the files of one directory."""

    folder: Path
    limit: int = MEMO_LIMIT

    def get(self, kind: str, made_from: Provenance) -> bytes | None:
        """The result of this kind that was made from exactly these inputs; None: not known."""
        place = self._place(kind, made_from)
        try:
            if self._size_of(place) is None:
                return None
            with place.open("rb") as stream:
                header, value = stream.readline(_HEADER_LIMIT), stream.read()
        except OSError:
            return None
        sound = header == _header(kind, made_from, value)
        _note_use(place, sound=sound)
        return value if sound else None

    def put(self, kind: str, made_from: Provenance, value: bytes) -> None:
        """Keep a result; without space, or the right to write, it is not kept."""
        self._write(kind, made_from, (_header(kind, made_from, value), value))

    def get_blocks(
        self, kind: str, made_from: Provenance, places: Sequence[int]
    ) -> list[bytes] | None:
        """Those blocks of a result that are at these places; None: they are not known."""
        place = self._place(kind, made_from)
        try:
            size = self._size_of(place)
            if size is None:
                return None
            with place.open("rb") as stream:
                found = _read_blocks(stream, kind, made_from, places, size)
        except OSError:
            return None
        _note_use(place, sound=found is not None)
        return found

    def put_blocks(self, kind: str, made_from: Provenance, blocks: Sequence[bytes]) -> None:
        """Keep a result in blocks, as `put` does."""
        listed = b"".join(
            _LISTED.pack(len(block), hashlib.sha256(block).digest()) for block in blocks
        )
        header = _header(kind, made_from, listed, blocks=len(blocks))
        self._write(kind, made_from, (header, listed, *blocks))

    def _size_of(self, place: Path) -> int | None:
        """Bytes of a file that may be read; None: it is none of the memo's."""
        # A cache is data: a pipe would be waited for, a link or a huge file read through.
        found = place.lstat()
        sound = stat.S_ISREG(found.st_mode) and found.st_size <= self.limit
        return found.st_size if sound else None

    def _write(self, kind: str, made_from: Provenance, parts: Iterable[bytes]) -> None:
        place = self._place(kind, made_from)
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            # Not forced to the disk: what a power loss leaves of it counts as absent.
            with NamedTemporaryFile(dir=place.parent, prefix=".tmp-", delete=False) as scratch:
                try:
                    scratch.writelines(parts)
                    scratch.close()
                    Path(scratch.name).replace(place)
                except OSError:
                    Path(scratch.name).unlink(missing_ok=True)

    def prune(self, limit: int | None = None) -> int:
        """Remove the results that were not used for longest; how many were removed.

        Args:
            limit: Bytes that may stay; default: the memo's own limit.
        """
        allowed, removed = self.limit if limit is None else limit, 0
        for place in sorted(self.files(), key=_last_used, reverse=True):
            allowed -= _size(place)
            if allowed < 0:
                place.unlink(missing_ok=True)
                removed += 1
        return removed

    def files(self) -> list[Path]:
        """The files of all results, sorted by name."""
        return sorted(path for path in self.folder.glob("[0-9a-f][0-9a-f]/*") if path.is_file())

    def _place(self, kind: str, made_from: Provenance) -> Path:
        name = hashlib.sha256(canonical_json([_FORMAT, kind, made_from])).hexdigest()
        return self.folder / name[:2] / name[2:]


def memo_beside(objects: Path) -> FileMemo:
    """The memo of a cache of DVC, whose objects are in the directory ``objects``."""
    return FileMemo(objects.with_name("memo"))


def _header(kind: str, made_from: Provenance, value: bytes, *, blocks: int | None = None) -> bytes:
    described = {
        "format": _FORMAT,
        "kind": kind,
        "made_from": made_from,
        "sha256": hashlib.sha256(value).hexdigest(),
        **({} if blocks is None else {"blocks": blocks}),
    }
    return json.dumps(described, sort_keys=True).encode() + b"\n"


def _read_blocks(
    stream: IO[bytes], kind: str, made_from: Provenance, places: Sequence[int], size: int
) -> list[bytes] | None:
    """Blocks of a file of so many bytes; None: it is not what its first line says."""
    header = stream.readline(_HEADER_LIMIT)
    try:
        number = json.loads(header)["blocks"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if not isinstance(number, int) or not 0 <= number * _LISTED.size <= size:
        return None
    length = number * _LISTED.size
    listed = stream.read(length)
    if header != _header(kind, made_from, listed, blocks=number) or len(listed) < length:
        return None
    blocks = list(_LISTED.iter_unpack(listed))
    *starts, end = accumulate((length for length, _ in blocks), initial=len(header) + length)
    if end != size or any(not 0 <= place < number for place in places):
        return None
    found = []
    for place in places:
        stream.seek(starts[place])
        block = stream.read(blocks[place][0])
        if hashlib.sha256(block).digest() != blocks[place][1]:
            return None
        found.append(block)
    return found


def _note_use(place: Path, *, sound: bool) -> None:
    """A file was used just now; or it is damaged, and goes."""
    with suppress(OSError):  # where nothing can be written, nothing is removed either
        if sound:
            os.utime(place)
        else:
            place.unlink()


def _last_used(place: Path) -> float:
    """When a file was used last; a file that another process removed just now was never used."""
    try:
        return place.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size(place: Path) -> int:
    try:
        return place.stat().st_size
    except FileNotFoundError:
        return 0
