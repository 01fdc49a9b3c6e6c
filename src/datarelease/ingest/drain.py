"""The records of planned offsets, as they are on the broker, one Parquet file a batch.

Deterministic: the same offsets give the same bytes, whenever and how often they are read. A file
is complete or not there: it is written elsewhere, brought to the disk, then renamed. Files that
are there with the right header are kept unread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from datarelease.errors import ConflictError, WorldError
from datarelease.ingest.kafka.source import Source
from datarelease.ingest.raw import (
    RawHeader,
    RowGroups,
    SchemaIds,
    fingerprint,
    read_raw_header,
)
from datarelease.model.data.stream import Batch, Span, Stream, StreamPlan
from datarelease.progress import Progress

TOGETHER = 8
"""Batches written at once; a drain that is killed begins again with those it had not finished."""
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
        removed = self._remove_strangers()
        missing = [batch for batch in self.plan.batches if not self._has(batch)]
        records = offsets = 0
        with ExitStack() as stack:
            if missing:
                source = stack.enter_context(self.open_source())
                _same_topic(self.plan, source)
                self.folder.mkdir(parents=True, exist_ok=True)
                total = sum(batch.offsets for batch in missing)
                label = f"Draining {self.stream.name}"
                advance = stack.enter_context(self.progress.track(label, total, "offsets"))
                records = sum(self._write(some, source, advance) for some in _groups(missing))
                offsets = total
        # Not before: an empty folder is not raw data, and where nothing can be drained (a
        # build without a broker) it would pass for what this stage left.
        self.folder.mkdir(parents=True, exist_ok=True)
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
        if not self.folder.is_dir():
            return ()
        strangers = sorted(p for p in self.folder.iterdir() if p.is_file() and p.name not in known)
        for path in strangers:
            path.unlink()
        return tuple(path.name for path in strangers)

    def _has(self, batch: Batch) -> bool:
        path = self.folder / batch.part
        try:
            header = read_raw_header(path)
        except (OSError, ValueError, LookupError, pa.ArrowException):
            return False  # none of ours, or cut off by somebody: written again
        return (header.topic, header.cluster, header.batch, header.format) == (
            self.plan.topic, self.plan.cluster, batch, self.stream.format,
        )  # fmt: skip

    def _write(
        self, batches: Sequence[Batch], source: Source, advance: Callable[[int], None]
    ) -> int:
        """How many records these batches have, whose files are now there.

        It reads all batches of one partition before the next one: the client discards prefetched
        records at every seek.
        """
        with ExitStack() as stack:
            files = {batch.number: stack.enter_context(self._file(batch)) for batch in batches}
            for spans in by_partition(batches):
                for number, records in records_of(source, self.plan.topic, spans):
                    files[number].add(records)
                    advance(records.num_rows)
                for file in files.values():
                    file.groups.flush()
            for file in files.values():
                self._finish(file)
            return sum(file.groups.written for file in files.values())

    @contextmanager
    def _file(self, batch: Batch) -> Iterator[_File]:
        """The file of a batch, being written; left unfinished it is dropped with the block."""
        with ExitStack() as stack:
            scratch = self.scratch / batch.part
            stack.callback(scratch.unlink, missing_ok=True)
            sink = stack.enter_context(pa.OSFile(str(scratch), "wb"))
            groups = stack.enter_context(RowGroups(sink))
            ids = SchemaIds(wanted=self.stream.format == "avro")
            yield _File(batch=batch, scratch=scratch, sink=sink, groups=groups, ids=ids)

    def _finish(self, file: _File) -> None:
        """Put a file in its place, complete and on the disk."""
        self._holes_allowed(file.batch, file.batch.offsets - file.groups.written)
        file.groups.finish(self._header(file.batch, file.ids.found))
        file.sink.close()
        _to_disk(file.scratch)
        file.scratch.chmod(0o644)
        file.scratch.replace(self.folder / file.batch.part)
        _to_disk(self.folder)

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


@dataclass(frozen=True, kw_only=True)
class _File:
    """The file of a batch, being written."""

    batch: Batch
    scratch: Path
    sink: pa.NativeFile
    groups: RowGroups
    ids: SchemaIds

    def add(self, records: pa.RecordBatch) -> None:
        """Append records of the batch."""
        self.ids.look(records)
        self.groups.add(records)


def _groups(batches: Sequence[Batch]) -> Iterator[Sequence[Batch]]:
    for start in range(0, len(batches), TOGETHER):
        yield batches[start : start + TOGETHER]


def _same_topic(plan: StreamPlan, source: Source) -> None:
    topic = source.topic(plan.topic)
    other = plan.topic_id and topic.id and plan.topic_id != topic.id
    if topic.cluster != plan.cluster or other:
        raise replaced(plan.topic, "its cluster or its id is another one")


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def by_partition(batches: Sequence[Batch]) -> Iterator[list[tuple[int, Span]]]:
    """(number of the batch, span), for each partition in turn."""
    spans = [(batch.number, span) for batch in batches for span in batch.spans]
    for partition in sorted({span.partition for _, span in spans}):
        yield [(number, span) for number, span in spans if span.partition == partition]


def records_of(
    source: Source, topic: str, spans: Sequence[tuple[int, Span]]
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """(number of the batch, records) of one partition, in order; each tail as it was planned."""
    for run in _runs(spans):
        first, last = run[0][1], run[-1][1]
        left = list(run)
        for records in source.read(topic, first.partition, first.start, last.end):
            rest = records
            while rest.num_rows:
                number, span = left[0]
                here = _before(rest, span.end)
                if here.num_rows:
                    _check_tail(here, topic, span)
                    yield number, here
                    rest = rest.slice(here.num_rows)
                if rest.num_rows:
                    left.pop(0)


def _runs(spans: Sequence[tuple[int, Span]]) -> list[list[tuple[int, Span]]]:
    """Spans that follow each other without a gap, together."""
    runs: list[list[tuple[int, Span]]] = []
    for number, span in spans:
        if runs and runs[-1][-1][1].end == span.start:
            runs[-1].append((number, span))
        else:
            runs.append([(number, span)])
    return runs


def _before(records: pa.RecordBatch, end: int) -> pa.RecordBatch:
    """The first of them, up to offset ``end``; offsets rise."""
    offsets = records.column("offset")
    if offsets[-1].as_py() < end:
        return records
    return records.slice(0, pc.sum(pc.less(offsets, end)).as_py())


def _check_tail(records: pa.RecordBatch, topic: str, span: Span) -> None:
    last = records.num_rows - 1
    if span.tail is None or records.column("offset")[last].as_py() != span.end - 1:
        return
    stamp = records.column("timestamp").cast(pa.int64())[last].as_py()
    key, value = (records.column(name)[last].as_py() for name in ("key", "value"))
    if fingerprint(key, value, stamp) != span.tail:
        raise replaced(
            topic,
            f"the record at offset {span.end - 1} of partition {span.partition} is not the one "
            "that was planned",
        )


def replaced(topic: str, why: str) -> ConflictError:
    """The error for a topic that is another one by the same name."""
    return ConflictError(
        f"Topic {topic!r} is not the one that was planned: {why}.",
        untouched="Nothing was written for this batch.",
        remedy="If it was deleted and made again, its old records exist only where they were "
        "drained before (`dvc pull`).",
    )
