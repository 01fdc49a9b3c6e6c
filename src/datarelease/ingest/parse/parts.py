"""Part files and files of dead letters: written whole or not at all, with a fingerprint inside.

A fingerprint says from what a file was made: the raw file, the rules, and what earlier parts were
made from. As parsing is a pure function of these, a file with the right one need not be made again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from datarelease.adapters.store.directory import md5_of
from datarelease.errors import ConfigError
from datarelease.model.versions.snapshot import canonical_json

_KEY = b"datarelease"
_OURS = re.compile(r"[0-9]{6,}\.parquet|\.tmp-.*", re.DOTALL)
"""Names of parts, and of neighbours that `adapters.store.directory.replacing` writes."""
_SHOWN = 5
_TAIL = 8
"""A Parquet file ends in the length of its footer (4 bytes, little-endian) and ``PAR1``."""


class PartWriter:
    """A Parquet file that comes into being with its first rows; without rows there is none."""

    def __init__(self, path: Path, schema: pa.Schema, fingerprint: str) -> None:
        """Write to ``path``, which nobody reads before the end."""
        self.path = path
        metadata = {_KEY: canonical_json({"fingerprint": fingerprint})}
        self.schema = schema.with_metadata(metadata)
        self.rows = 0
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, rows: pa.Table) -> None:
        """Append a row group."""
        if not rows.num_rows:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, self.schema, compression="zstd")
        # In one piece: where pages end would depend on the pieces that threads made.
        whole = rows.cast(self.schema).combine_chunks()
        self._writer.write_table(whole, row_group_size=rows.num_rows)
        self.rows += rows.num_rows


def fingerprint_of(path: Path) -> str | None:
    """The fingerprint in a file of ours; None: there is no such file, or it is none of ours."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
        found = json.loads(metadata[_KEY])["fingerprint"]
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException):
        return None
    return found if isinstance(found, str) else None


def footer_digest(path: Path) -> str:
    """SHA-256 (hex) of a Parquet file's footer: places, sizes and bounds of all it holds.

    Enough to tell whether a raw file is the one a part was made from, without reading the records.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - _TAIL))
        tail = stream.read(_TAIL)
        length = int.from_bytes(tail[:4], "little")
        stream.seek(max(0, size - _TAIL - length))
        return hashlib.sha256(str(size).encode() + b" " + stream.read()).hexdigest()


def clear_out(folder: Path, known: Collection[str]) -> None:
    """Remove from ``folder`` (made if need be) parts that are not ``known``, and unfinished files.

    Raises:
        ConfigError: There is something else, which may be somebody's only copy.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = sorted(path for path in folder.iterdir() if path.name not in known)
    strangers = [path.name for path in found if path.is_dir() or not _OURS.fullmatch(path.name)]
    if strangers:
        listed = ", ".join(strangers[:_SHOWN]) + (", ..." if len(strangers) > _SHOWN else "")
        raise ConfigError(
            f"{folder} holds files that belong to no batch: {listed}.",
            untouched="Nothing was written or removed.",
            remedy=(
                "Only the stream may write into this directory: move these files elsewhere, "
                "then run the command again."
            ),
        )
    for path in found:
        path.unlink()


class Md5Memo:
    """MD5s of files, remembered as long as size, time and inode of a file stay the same."""

    def __init__(self, path: Path) -> None:
        """Take up what ``path`` remembers; what cannot be read is forgotten."""
        self._path = path
        try:
            loaded = json.loads(path.read_bytes())
        except (OSError, ValueError):
            loaded = {}
        self._known: dict[str, list[object]] = loaded if isinstance(loaded, dict) else {}
        self._asked: dict[str, list[object]] = {}

    def of(self, path: Path) -> str:
        """The MD5 (hex) of a file."""
        stat = path.stat()
        state = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
        known = self._known.get(str(path))
        found = (
            known[3]
            if isinstance(known, list) and len(known) == 4 and known[:3] == state  # noqa: PLR2004
            else md5_of(path)
        )
        self._asked[str(path)] = [*state, found]
        return str(found)

    def save(self) -> None:
        """Remember the files asked about."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._asked))
