"""The records of planned offsets, as they are on the broker, one Parquet file a batch.

Deterministic: the same offsets give the same bytes, whenever and how often they are read. A file
is complete or not there: it is written elsewhere, brought to the disk, then renamed. Files that
are there with the right header are kept unread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from datarelease.errors import ConflictError, WorldError
from datarelease.ingest.avro_ids import SchemaIds
from datarelease.ingest.raw import RawHeader, fingerprint, read_header
from datarelease.ingest.row_groups import RowGroups
from datarelease.ingest.source import Source
from datarelease.model.stream import Batch, Span, Stream, StreamPlan
from datarelease.progress import Progress

Schemas = Callable[[frozenset[int]], Mapping[int, str]]
"""The texts of schemas by their ids; those that the registry does not know are left out."""


@dataclass(frozen=True, kw_only=True)
class Drained:
    """What a drain did."""

    stream: str
    kept: tuple[int, ...]
    """Numbers of the batches whose files were there."""
    written: tuple[int, ...]
    removed: tuple[str, ...]
    """Names of files that no batch of the plan has."""
    records: int
    """In the files that were written."""
    holes: int
    """Offsets without a record, in these files."""


@dataclass(frozen=True, kw_only=True)
class Drain:
    """A drain of one stream, ready to run."""

    stream: Stream
    plan: StreamPlan
    folder: Path
    """Where the files belong."""
    scratch: Path
    """Where they are written; on the same file system, nobody else's while this runs."""
    open_source: Callable[[], AbstractContextManager[Source]]
    """Called when a file is missing, not before."""
    schemas: Schemas
    progress: Progress

    def run(self) -> Drained:
        """Make the folder hold exactly the batches of the plan.

        Raises:
            ConfigError: No broker is configured, or it has no such topic.
            ConflictError: The topic is not the one that was planned.
            WorldError: The broker does not answer, or does not have the records any more.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        removed = self._remove_strangers()
        missing = [batch for batch in self.plan.batches if not self._has(batch)]
        records = offsets = 0
        with ExitStack() as stack:
            if missing:
                source = stack.enter_context(self.open_source())
                _same_topic(self.plan, source)
                total = sum(batch.offsets for batch in missing)
                label = f"Draining {self.stream.name}"
                advance = stack.enter_context(self.progress.track(label, total, "offsets"))
                for batch in missing:
                    records += self._write(batch, source, advance)
                    offsets += batch.offsets
        numbers = {batch.number for batch in missing}
        return Drained(
            stream=self.stream.name,
            kept=tuple(b.number for b in self.plan.batches if b.number not in numbers),
            written=tuple(batch.number for batch in missing),
            removed=removed,
            records=records,
            holes=offsets - records,
        )

    def _remove_strangers(self) -> tuple[str, ...]:
        known = {batch.part for batch in self.plan.batches}
        strangers = sorted(p for p in self.folder.iterdir() if p.is_file() and p.name not in known)
        for path in strangers:
            path.unlink()
        return tuple(path.name for path in strangers)

    def _has(self, batch: Batch) -> bool:
        path = self.folder / batch.part
        try:
            header = read_header(path)
        except (OSError, ValueError, LookupError, pa.ArrowException):
            return False  # none of ours, or cut off by somebody: written anew
        return (header.topic, header.cluster, header.batch, header.format) == (
            self.plan.topic, self.plan.cluster, batch, self.stream.format,
        )  # fmt: skip

    def _write(self, batch: Batch, source: Source, advance: Callable[[int], None]) -> int:
        """How many records the batch has."""
        with _placed(self.scratch / batch.part, self.folder / batch.part) as target:
            ids = SchemaIds(wanted=self.stream.format == "avro")
            with RowGroups(target) as groups:
                for span in batch.spans:
                    for records in _checked(source, self.plan.topic, span):
                        ids.look(records)
                        groups.add(records)
                        advance(records.num_rows)
                self._holes_allowed(batch, batch.offsets - groups.written)
                groups.finish(self._header(batch, ids.found))
            return groups.written

    def _header(self, batch: Batch, ids: frozenset[int]) -> RawHeader:
        return RawHeader(
            topic=self.plan.topic,
            cluster=self.plan.cluster,
            batch=batch,
            schemas=self.schemas(ids) if ids else {},
            format=self.stream.format,
        )

    def _holes_allowed(self, batch: Batch, holes: int) -> None:
        if holes and not self.stream.holes:
            raise WorldError(
                f"{self.stream.name}: {holes:,} of the {batch.offsets:,} offsets of batch "
                f"{batch.number} have no record (a compacted topic, transactions, or lost data).",
                untouched="Nothing was written for this batch.",
                remedy=f"If that is to be expected, set `holes: true` at "
                f"release.streams.{self.stream.name} in params.yaml.",
            )


def _same_topic(plan: StreamPlan, source: Source) -> None:
    topic = source.topic(plan.topic)
    other = plan.topic_id and topic.id and plan.topic_id != topic.id
    if topic.cluster != plan.cluster or other:
        raise _other(plan.topic, "its cluster or its id is another one")


def _checked(source: Source, topic: str, span: Span) -> Iterator[pa.RecordBatch]:
    """The records of a span; the last one must be the one that was planned."""
    for records in source.read(topic, span.partition, span.start, span.end):
        last = records.num_rows - 1
        if span.tail is not None and records.column("offset")[last].as_py() == span.end - 1:
            stamp = records.column("timestamp").cast(pa.int64())[last].as_py()
            key, value = (records.column(name)[last].as_py() for name in ("key", "value"))
            if fingerprint(key, value, stamp) != span.tail:
                raise _other(
                    topic,
                    f"the record at offset {span.end - 1} of partition "
                    f"{span.partition} is not the one that was planned",
                )
        yield records


def _other(topic: str, why: str) -> ConflictError:
    return ConflictError(
        f"Topic {topic!r} is not the one that was planned: {why}.",
        untouched="Nothing was written for this batch.",
        remedy="If it was deleted and made again, its old records exist only where they were "
        "drained before (`dvc pull`).",
    )


@contextmanager
def _placed(scratch: Path, target: Path) -> Iterator[pa.NativeFile]:
    """A file to write that takes its place, on the disk and complete, when the block ends well."""
    try:
        with pa.OSFile(str(scratch), "wb") as sink:
            yield sink
        _to_disk(scratch)
        scratch.chmod(0o644)
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
    _to_disk(target.parent)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
