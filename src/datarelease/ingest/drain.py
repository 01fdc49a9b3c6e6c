"""The records of planned offsets, as they are on the broker, one Parquet file a batch.

Deterministic: the same offsets give the same bytes, whenever and how often they are read. A file
is complete or not there: it is written elsewhere, brought to the disk, then renamed. Files that
are there with the right header are kept unread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from datarelease.adapters.dvc.tracked import find_root
from datarelease.adapters.store.directory import to_disk
from datarelease.app.wiring import PACKAGE
from datarelease.documents import DocumentError
from datarelease.errors import ConfigError, ConflictError, WorldError
from datarelease.flows.write_file import read
from datarelease.ingest.access import connected, locked, read_plan, schema_texts
from datarelease.ingest.kafka.source import Source
from datarelease.ingest.raw import RawHeader, RowGroups, fingerprint, read_raw_header, schema_ids
from datarelease.ingest.streams import stream_at
from datarelease.model.data.stream import Batch, Span, Stream, StreamPlan
from datarelease.progress import Progress

TOGETHER = 8
"""Batches written at once; a drain that is killed begins again with those it had not finished."""


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


def drain_now(root: Path, name: str, *, env: Mapping[str, str], progress: Progress) -> Drained:
    """The records of the work tree's plan, in ``stream.raw_dir``, which then has no other file.

    Raises:
        ConfigError: No such stream, no plan, no broker configured, or it has no such topic.
        ConflictError: The topic is not the one that was planned.
        WorldError: The broker does not answer or no longer has the records, another drain of this
            stream runs, or the files cannot be written.
    """
    root = find_root(root)
    stream = stream_at(root, name)
    plan = read_plan(read(root / stream.plan_file), stream)
    if plan is None:
        raise ConfigError(
            f"{stream.plan_file} does not exist: nothing was planned for {stream.name}.",
            untouched="Nothing was drained.",
            remedy=f"Run `datarelease ingest plan {stream.name}`.",
        )
    try:
        with _scratch(root, stream) as scratch:
            return _Drain(
                stream=stream, plan=plan, folder=root / stream.raw_dir, scratch=scratch, env=env,
                progress=progress,
            ).run()  # fmt: skip
    except OSError as error:
        raise WorldError(
            f"{stream.raw_dir} cannot be written: {error.strerror or error}.",
            untouched="Batches that were finished before are kept; no file is incomplete.",
            remedy="Free space, or correct the permissions of the directory, then run the command "
            "again.",
        ) from error


@contextmanager
def _scratch(root: Path, stream: Stream) -> Iterator[Path]:
    """A directory for unfinished files, used by this process alone while the block runs.

    Its lock ends with the process, however that ends; files of a killed process are removed.
    """
    folder = root / ".dvc" / "tmp" / PACKAGE / "drain" / stream.name
    folder.mkdir(parents=True, exist_ok=True)
    busy = WorldError(
        f"Another drain of {stream.name} runs in this work tree.",
        untouched="Nothing was drained.",
        remedy="Wait for it to end, then run the command again.",
    )
    with locked(folder.parent / f"{stream.name}.lock", busy):
        for left in folder.iterdir():
            left.unlink()
        yield folder


@dataclass(frozen=True, kw_only=True)
class _Drain:
    stream: Stream
    plan: StreamPlan
    folder: Path
    """Where the files belong."""
    scratch: Path
    """Where they are written; on the same file system."""
    env: Mapping[str, str]
    progress: Progress

    def run(self) -> Drained:
        """Make the folder hold exactly the batches of the plan."""
        removed = self._remove_strangers()
        missing = [batch for batch in self.plan.batches if not self._has(batch)]
        records = offsets = 0
        if missing:  # else no broker is needed
            offsets = sum(batch.offsets for batch in missing)
            label = f"Draining {self.stream.name}"
            with (
                connected(self.env) as source,
                self.progress.track(label, offsets, "offsets") as advance,
            ):
                self._check_topic(source)
                self.folder.mkdir(parents=True, exist_ok=True)
                for start in range(0, len(missing), TOGETHER):
                    records += self._write(missing[start : start + TOGETHER], source, advance)
        # Not before: an empty folder is not raw data, and where nothing can be drained (a
        # build without a broker) it would pass for what this stage left.
        self.folder.mkdir(parents=True, exist_ok=True)
        return Drained(
            stream=self.stream.name,
            kept=tuple(batch.number for batch in self.plan.batches if batch not in missing),
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
        try:
            header = read_raw_header(self.folder / batch.part)
        except (OSError, DocumentError, pa.ArrowException):
            return False  # none of ours, or cut off by somebody: written again
        return (header.topic, header.cluster, header.batch, header.format) == (
            self.plan.topic, self.plan.cluster, batch, self.stream.format,
        )  # fmt: skip

    def _check_topic(self, source: Source) -> None:
        topic = source.topic(self.plan.topic)
        other = self.plan.topic_id and topic.id and self.plan.topic_id != topic.id
        if topic.cluster != self.plan.cluster or other:
            raise _replaced(self.plan.topic, "it is on another cluster, or it has another id")

    def _write(
        self, batches: Sequence[Batch], source: Source, advance: Callable[[int], None]
    ) -> int:
        """How many records these batches have, whose files are now there.

        It reads all batches of one partition before the next one: the client discards prefetched
        records at every seek.
        """
        with ExitStack() as stack:
            files = {batch.number: stack.enter_context(self._file(batch)) for batch in batches}
            for run in _runs(batches):
                for number, records in _records_of(source, self.plan.topic, run):
                    if self.stream.format == "avro":
                        files[number].ids.update(schema_ids(records))
                    files[number].groups.add(records)
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
            yield _File(batch=batch, scratch=scratch, sink=sink, groups=groups, ids=set())

    def _finish(self, file: _File) -> None:
        """Put a file in its place, complete and on the disk."""
        batch, ids = file.batch, frozenset(file.ids)
        holes = batch.offsets - file.groups.written
        if holes and not self.stream.holes:
            raise WorldError(
                f"{self.stream.name}: {holes:,} of the {batch.offsets:,} offsets of batch "
                f"{batch.number} have no record (a compacted topic, transactions, or lost data).",
                untouched="Nothing was written for this batch.",
                remedy=f"If that is to be expected, set `holes: true` at "
                f"release.streams.{self.stream.name} in params.yaml.",
            )
        file.groups.finish(
            RawHeader(
                topic=self.plan.topic,
                cluster=self.plan.cluster,
                batch=batch,
                schemas=schema_texts(self.env, ids) if ids else {},
                format=self.stream.format,
            )
        )
        file.sink.close()
        to_disk(file.scratch)
        file.scratch.chmod(0o644)
        file.scratch.replace(self.folder / batch.part)
        to_disk(self.folder)


@dataclass(frozen=True, kw_only=True)
class _File:
    """The file of a batch, being written."""

    batch: Batch
    scratch: Path
    sink: pa.NativeFile
    groups: RowGroups
    ids: set[int]
    """Of the schemas that its records name."""


def _runs(batches: Sequence[Batch]) -> list[list[tuple[int, Span]]]:
    """(number of the batch, span) by partition; those that follow without a gap are together."""
    runs: list[list[tuple[int, Span]]] = []
    spans = [(batch.number, span) for batch in batches for span in batch.spans]
    for number, span in sorted(spans, key=lambda pair: pair[1].partition):
        before = runs[-1][-1][1] if runs else None
        if before and (before.partition, before.end) == (span.partition, span.start):
            runs[-1].append((number, span))
        else:
            runs.append([(number, span)])
    return runs


def _records_of(
    source: Source, topic: str, run: Sequence[tuple[int, Span]]
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """(number of the batch, records) of a run, in order; each tail as it was planned."""
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
        raise _replaced(
            topic,
            f"the record at offset {span.end - 1} of partition {span.partition} is not the one "
            "that was planned",
        )


def _replaced(topic: str, why: str) -> ConflictError:
    return ConflictError(
        f"Topic {topic!r} is not the one that was planned: {why}.",
        untouched="Nothing was written for this batch.",
        remedy="If it was deleted and made again, its old records exist only where they were "
        "drained before (`dvc pull`).",
    )
