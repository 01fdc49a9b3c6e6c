"""One raw file becomes a part of the dataset, a file of dead letters, and counts.

Records pass in chunks: the row groups of the raw file, which the drain keeps small. Only what the
record of seen events holds spans the batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datarelease.ingest.parse.event_engine import EventEngine
from datarelease.ingest.parse.event_parser import EventParser, ParsedEvents
from datarelease.ingest.parse.event_shape import EventShape
from datarelease.ingest.parse.files import TAKEN, PartWriter, Raw, chunks
from datarelease.ingest.parse.seen_events import SeenEvents
from datarelease.ingest.raw import RAW_SCHEMA
from datarelease.model.data.stream import BatchCounts, EventFormat

DEAD_SCHEMA = pa.schema(
    [
        pa.field("topic", pa.string(), nullable=False),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", pa.timestamp("ms", tz="UTC")),
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
        RAW_SCHEMA.field("headers"),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
    ]
)
"""Of a file of dead letters; sorted by partition, then offset."""
_SHORTEST, _LONGEST = 2, 32
"""Chunks that the reader is not tried on after one of which it could not read half."""
_UNKNOWN = 20
"""Fields beside the schema that are listed by name."""
_UNKNOWN_KEPT = 10_000
_LONGEST_NAME = 100


class Attempts:
    """Which chunks the reader is tried on: none for a while after one of which it read too little.

    A stream whose events all have a field that the schema does not know would pay for each try. It
    makes no difference to what becomes of events.
    """

    def __init__(self) -> None:
        """Try it on the first."""
        self._pause = self._left = 0

    @property
    def due(self) -> bool:
        """Whether to try it on the next chunk."""
        return not self._left

    def made(self, parsed: ParsedEvents) -> None:
        """Take note of what became of the next chunk."""
        if self._left:
            self._left -= 1
        elif parsed.read * 2 < len(parsed.broken):
            self._left = self._pause = min(max(2 * self._pause, _SHORTEST), _LONGEST)
        else:
            self._pause = 0


class BatchParser:
    """Parses the batches of one stream, one after the other."""

    def __init__(self, engine: EventEngine, shape: EventShape, event_format: EventFormat) -> None:
        """Prepare for batches whose values become rows of ``shape``."""
        self.engine = engine
        self.events = EventParser(engine, shape, event_format)
        self.attempts = Attempts()

    def parse(
        self, raw: Raw, part: Path, dead: Path, advance: Callable[[int], None]
    ) -> ParsedBatch:
        """The batch, its rows written to ``part`` and its dead letters to ``dead``, if any.

        Raises:
            WorldError: The raw file is damaged.
        """
        with ExitStack() as stack:
            batch = ParsedBatch(self, raw, part, dead, stack)
            for chunk in chunks(raw.path, raw.header):
                batch.take(chunk)
                advance(chunk.num_rows)
        return batch


class ParsedBatch:
    """The state of one batch while its chunks pass, and what became of them."""

    def __init__(
        self, parser: BatchParser, raw: Raw, part: Path, dead: Path, stack: ExitStack
    ) -> None:
        """Begin files that are closed with ``stack``."""
        self._parser = parser
        self._header = raw.header
        self._avro = parser.events.avro_reader(raw.header.schemas)
        rows = parser.events.schema
        self._part = stack.enter_context(PartWriter(part, rows, raw.fingerprint))
        self._dead = stack.enter_context(PartWriter(dead, DEAD_SCHEMA, raw.dead_fingerprint))
        self._seen = SeenEvents(parser.engine, parser.events.shape, rows)
        self._records = 0
        self._tombstones = 0
        self._reasons: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()

    def take(self, chunk: pa.Table) -> None:
        """Sort the records of a chunk into rows and dead letters."""
        events = chunk
        if chunk["value"].null_count:
            events = chunk.filter(pc.is_valid(chunk["value"]))
        self._records += chunk.num_rows
        self._tombstones += chunk.num_rows - events.num_rows
        attempts = self._parser.attempts
        parsed = self._parser.events.parse(events["value"], self._avro, by_sql=not attempts.due)
        attempts.made(parsed)
        self._count_unknown(parsed.extra)
        if parsed.reasons:
            lost = events.filter(pa.array(parsed.broken))
            self._reject(lost, parsed.reasons, parsed.details)
        self._part.add(parsed.rows)
        stamps = events.select(["partition", "timestamp"])
        self._seen.add(parsed.rows, stamps.filter(pa.array(~parsed.broken)))

    def _reject(self, lost: pa.Table, reasons: Sequence[str], details: Sequence[str]) -> None:
        topic = pa.repeat(pa.scalar(self._header.topic), lost.num_rows)
        why = {"reason": pa.array(reasons, pa.string()), "detail": pa.array(details, pa.string())}
        self._dead.add(pa.table({"topic": topic, **{n: lost[n] for n in TAKEN}, **why}))
        self._reasons.update(reasons)

    def _count_unknown(self, extra: pa.ChunkedArray) -> None:
        for pair in pc.value_counts(pc.list_flatten(extra)).to_pylist():
            self._unknown[pair["values"][:_LONGEST_NAME]] += pair["counts"]
        if len(self._unknown) > _UNKNOWN_KEPT:  # somebody puts data into names
            self._unknown = Counter(dict(_ranked(self._unknown)[: _UNKNOWN_KEPT // 2]))

    def counts(self, earlier: Sequence[Path], newest: str | None, late_minutes: int) -> BatchCounts:
        """What became of the records, without the part's MD5, once the files are closed.

        Args:
            earlier: The parts of earlier batches, whose events are left out of this one.
            newest: Time of the newest event of earlier batches that is not ahead of its record.
            late_minutes: How long before that an event is late.
        """
        batch = self._header.batch
        pa.default_memory_pool().release_unused()  # the engine now needs room for all keys
        doubled = self._seen.duplicates(earlier)
        if doubled.any():
            _leave_out(self._part, doubled)
        duplicates = int(doubled.sum())
        counts = BatchCounts(
            number=batch.number,
            spans=batch.spans,
            md5=None,
            records=self._records,
            events=self._part.rows - duplicates,
            duplicates=duplicates,
            tombstones=self._tombstones,
            dead=self._dead.rows,
            reasons=_ranked(self._reasons),
            holes=batch.offsets - self._records,
            schemas=tuple(sorted(self._avro.ids)) if self._avro else (),
            unknown=_ranked(self._unknown)[:_UNKNOWN],
            **asdict(self._seen.times(newest, late_minutes)),
        )
        _add_up(counts)
        return counts


def _add_up(counts: BatchCounts) -> None:
    """Every record must be accounted for, whatever else is wrong with this program."""
    known = counts.events + counts.duplicates + counts.tombstones + counts.dead
    if known != counts.records or counts.holes < 0:
        raise RuntimeError(f"batch {counts.number}: {counts.records} records became {known}")


def _ranked(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _leave_out(part: PartWriter, doubled: npt.NDArray[np.bool_]) -> None:
    """Write the part once more without the events marked in ``doubled``."""
    thinner = part.path.with_suffix(".thinner")
    first = 0
    with (
        PartWriter(thinner, part.schema, part.fingerprint) as kept,
        pq.ParquetFile(part.path) as full,
    ):
        for place in range(full.num_row_groups):
            rows = full.read_row_group(place)
            kept.add(rows.filter(pa.array(~doubled[first : first + rows.num_rows])))
            first += rows.num_rows
    part.path.unlink()
    if kept.rows:
        thinner.replace(part.path)
