"""Raw files as what parsing starts from: which there are, what is made from them, their records.

Belongs here: refusing files that a drain did not leave. Does not: what becomes of records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datarelease.documents import DocumentError
from datarelease.errors import ConfigError, WorldError
from datarelease.ingest.drain.raw import RawHeader, read_raw_header
from datarelease.ingest.parse.event_shape import EventShape
from datarelease.ingest.parse.parts import footer_digest
from datarelease.model.data.provenance import DEAD_LETTER_RULES, PARSER_RULES
from datarelease.model.data.stream import Stream
from datarelease.model.versions.snapshot import canonical_json

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
    before = ""
    for path in sorted(folder.glob("*.parquet")):
        header, records = _read(path)
        if path.name != header.batch.part:
            raise _stranger(path, f"it holds batch {header.batch.number}")
        if found and (header.topic, header.cluster) != _source(found[0].header):
            raise _stranger(path, "its records are of another topic than those of the first batch")
        if header.format != stream.format:
            raise ConfigError(
                f"{path.name} was drained as {header.format}; params.yaml says {stream.format}.",
                untouched="Nothing was written.",
                remedy="Drain the topic again, or restore the former format.",
            )
        before = _fingerprint(path, shape, before)
        told = {"part": before, "pii": list(shape.dataset.pii), "rules": DEAD_LETTER_RULES}
        found.append(
            Raw(
                path=path, header=header, records=records, fingerprint=before,
                dead_fingerprint=_digest(told),
            )
        )  # fmt: skip
    return tuple(found)


def _fingerprint(raw: Path, shape: EventShape, before: str) -> str:
    """What a batch's files are made from; without a key earlier parts play no role."""
    made_from = {
        "parser": PARSER_RULES,
        "raw": footer_digest(raw),
        "shape": shape.digest,
        "before": before if shape.dataset.key else "",
    }
    return _digest(made_from)


def _digest(content: object) -> str:
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _source(header: RawHeader) -> tuple[str, str]:
    return header.topic, header.cluster


def _read(path: Path) -> tuple[RawHeader, int]:
    try:
        return read_raw_header(path), pq.read_metadata(path).num_rows
    except (OSError, ValueError, LookupError, DocumentError, pa.ArrowException) as error:
        raise _stranger(path, "it is cut short or has another format") from error


def _stranger(path: Path, why: str) -> WorldError:
    return WorldError(
        f"{path.name} is not the raw file that was expected: {why}.",
        untouched="Nothing was written.",
        remedy="Restore it (`dvc checkout`, `dvc pull`), or remove it and drain again.",
    )


def chunks(raw: Path, header: RawHeader) -> Iterator[pa.Table]:
    """The records in the order of the file, which must be that of partitions and offsets."""
    try:
        with pq.ParquetFile(raw) as file:
            last = (-1, -1)
            for place in range(file.num_row_groups):
                chunk = file.read_row_group(place, columns=list(TAKEN))
                last = _in_order(chunk, last, header)
                yield chunk
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise _damaged(raw) from error


def _in_order(chunk: pa.Table, last: tuple[int, int], header: RawHeader) -> tuple[int, int]:
    """The place of the chunk's last record.

    Raises:
        ValueError: A record occurs twice, out of order, or was never planned.
    """
    partitions, offsets = (chunk[n].to_numpy().astype(np.int64) for n in ("partition", "offset"))
    if not len(offsets):
        return last
    places = np.concatenate(([last[0]], partitions)), np.concatenate(([last[1]], offsets))
    same = places[0][1:] == places[0][:-1]
    ascending = np.where(same, places[1][1:] > places[1][:-1], places[0][1:] > places[0][:-1])
    planned = np.zeros(len(offsets), dtype=bool)
    for span in header.batch.spans:
        inside = (offsets >= span.start) & (offsets < span.end)
        planned |= (partitions == span.partition) & inside
    if not (ascending & planned).all():
        raise ValueError("records that are not those of the plan")
    return int(partitions[-1]), int(offsets[-1])


def _damaged(raw: Path) -> WorldError:
    return WorldError(
        f"{raw.name}: the raw file is damaged, or not the one that was drained.",
        untouched="The part of this batch was left as it was.",
        remedy="Restore it (`dvc checkout`, `dvc pull`), or remove it and drain again.",
    )
