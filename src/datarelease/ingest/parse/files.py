"""The files of batches: raw files that parsing starts from, parts and dead letters that it makes.

Files are written whole or not at all, with a fingerprint inside. It says from what a file was made:
the raw file, the rules, and what earlier parts were made from. As parsing is a pure function of
these, a file with the right one need not be made again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datarelease.adapters.store.directory import md5_of
from datarelease.documents import DocumentError, decode
from datarelease.errors import ConfigError, WorldError
from datarelease.ingest.parse.event_shape import EventShape
from datarelease.ingest.raw import RawHeader, read_raw_header
from datarelease.model.data.provenance import DEAD_LETTER_RULES, PARSER_RULES
from datarelease.model.data.stream import Stream
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
        self.fingerprint = fingerprint
        metadata = {_KEY: canonical_json({"fingerprint": fingerprint})}
        self.schema = schema.with_metadata(metadata)
        self.rows = 0
        self._writer: pq.ParquetWriter | None = None
        # Rows are compressed while the next ones are parsed; one row group waits at most.
        self._thread = ThreadPoolExecutor(1, "part")
        self._writing: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._wait()
        finally:
            self._thread.shutdown()
            if self._writer is not None:
                self._writer.close()

    def add(self, rows: pa.Table) -> None:
        """Append a row group; what goes wrong with it is raised by the next call, or at the end."""
        if not rows.num_rows:
            return
        self._wait()
        self.rows += rows.num_rows
        self._writing = self._thread.submit(self._write, rows)

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _write(self, rows: pa.Table) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, self.schema, compression="zstd")
        # In one piece: where pages end would depend on the pieces that threads made.
        whole = rows.cast(self.schema).combine_chunks()
        self._writer.write_table(whole, row_group_size=rows.num_rows)


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
            remedy="Only the stream may write into this directory: move these files elsewhere, "
            "then run the command again.",
        )
    for path in found:
        path.unlink()


class Md5Memo:
    """MD5s of files, remembered as long as size, time and inode of a file stay the same."""

    def __init__(self, path: Path) -> None:
        """Take up what ``path`` remembers; what cannot be read is forgotten."""
        self._path = path
        self._asked: dict[str, tuple[int, int, int, str]] = {}
        try:
            self._known = decode(dict[str, tuple[int, int, int, str]], path.read_bytes())
        except (OSError, DocumentError):
            self._known = {}

    def of(self, path: Path) -> str:
        """The MD5 (hex) of a file."""
        stat = path.stat()
        state = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
        *before, md5 = self._known.get(str(path), (0, 0, 0, ""))
        if tuple(before) != state:
            md5 = md5_of(path)
        self._asked[str(path)] = (*state, md5)
        return md5

    def save(self) -> None:
        """Remember the files asked about."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._asked))


TAKEN = ("partition", "offset", "timestamp", "key", "value", "headers")
"""Columns of a raw file that parsing looks at."""


@dataclass(frozen=True, kw_only=True)
class Raw:
    """A raw file, and what its batch is made from."""

    path: Path
    header: RawHeader
    records: int
    fingerprint: str
    """Of the part."""
    dead_fingerprint: str


def raw_files(folder: Path, stream: Stream, shape: EventShape) -> tuple[Raw, ...]:
    """The raw files in the order of their batches.

    Raises:
        ConfigError: Nothing was drained, or in another format.
        WorldError: A file is none of ours, or of another topic than the first.
    """
    if not folder.is_dir():
        raise ConfigError(
            f"{stream.raw_dir} does not exist: nothing was drained yet.",
            untouched="Nothing was written.",
            remedy=f"Run `datarelease ingest drain {stream.name}`, or `dvc repro`, first.",
        )
    found: list[Raw] = []
    before, source = "", None
    for path in sorted(folder.glob("*.parquet")):
        header, records = _read(path)
        if path.name != header.batch.part:
            raise _stranger(path, f"it holds batch {header.batch.number}")
        source = source or (header.topic, header.cluster)
        if (header.topic, header.cluster) != source:
            raise _stranger(path, "its records are of another topic than those of the first batch")
        if header.format != stream.format:
            raise ConfigError(
                f"{path.name} was drained as {header.format}; params.yaml says {stream.format}.",
                untouched="Nothing was written.",
                remedy="Drain the topic again, or restore the former format.",
            )
        made_from = {
            "parser": PARSER_RULES,
            "raw": footer_digest(path),
            "shape": shape.digest,
            "before": before if shape.dataset.key else "",  # else earlier parts play no role
        }
        before = _digest(made_from)
        content = {"part": before, "pii": list(shape.dataset.pii), "rules": DEAD_LETTER_RULES}
        found.append(
            Raw(
                path=path, header=header, records=records, fingerprint=before,
                dead_fingerprint=_digest(content),
            )
        )  # fmt: skip
    return tuple(found)


def _digest(content: object) -> str:
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _read(path: Path) -> tuple[RawHeader, int]:
    try:
        return read_raw_header(path), pq.read_metadata(path).num_rows
    except (OSError, DocumentError, pa.ArrowException) as error:
        raise _stranger(path, "it is cut short or has another format") from error


def _stranger(path: Path, why: str, untouched: str = "Nothing was written.") -> WorldError:
    return WorldError(
        f"{path.name} is not the raw file that was expected: {why}.",
        untouched=untouched,
        remedy="Restore it (`dvc checkout`, `dvc pull`), or remove it and drain again.",
    )


def chunks(raw: Path, header: RawHeader) -> Iterator[pa.Table]:
    """The records in the order of the file, which must be that of partitions and offsets."""
    try:
        with pq.ParquetFile(raw) as file, ThreadPoolExecutor(1, "raw") as thread:
            last = (-1, -1)
            for chunk in _read_ahead(file, thread):
                last = _in_order(chunk, last, header)
                yield chunk
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        why = "it is damaged, or not the one that was drained"
        raise _stranger(raw, why, "The part of this batch was left as it was.") from error


def _read_ahead(file: pq.ParquetFile, thread: ThreadPoolExecutor) -> Iterator[pa.Table]:
    """The row groups of a file, the next one of which is read while one is used."""

    def begin(place: int) -> Future[pa.Table] | None:
        if place >= file.num_row_groups:
            return None
        return thread.submit(file.read_row_group, place, columns=list(TAKEN))

    reading, place = begin(0), 0
    while reading is not None:
        chunk = reading.result()
        place += 1
        reading = begin(place)
        yield chunk


def _in_order(chunk: pa.Table, last: tuple[int, int], header: RawHeader) -> tuple[int, int]:
    """The place of the chunk's last record.

    Raises:
        ValueError: A record occurs twice, out of order, or was never planned.
    """
    partitions, offsets = (chunk[n].to_numpy().astype(np.int64) for n in ("partition", "offset"))
    if not len(offsets):
        return last
    step, rise = np.diff(partitions, prepend=last[0]), np.diff(offsets, prepend=last[1])
    ascending = (step > 0) | ((step == 0) & (rise > 0))
    planned = np.zeros(len(offsets), dtype=bool)
    for span in header.batch.spans:
        inside = (offsets >= span.start) & (offsets < span.end)
        planned |= (partitions == span.partition) & inside
    if not (ascending & planned).all():
        raise ValueError("records that are not those of the plan")
    return int(partitions[-1]), int(offsets[-1])
