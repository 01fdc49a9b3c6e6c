"""One raw file becomes a part of the dataset, a file of dead letters, and counts.

Records pass in chunks: the row groups of the raw file, which the drain keeps small. Only what the
record of seen events holds spans the batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datarelease.ingest.access import needed
from datarelease.ingest.parse.event_checks import EventChecks
from datarelease.ingest.parse.event_faults import with_causes
from datarelease.ingest.parse.event_reader import EventReader
from datarelease.ingest.parse.event_shape import EventShape
from datarelease.ingest.parse.event_sql import (
    INTERNAL,
    EventEngine,
    computed_columns,
    decimal_names,
    json_query,
    read_query,
    typed_query,
)
from datarelease.ingest.parse.files import TAKEN, PartWriter, Raw, chunks
from datarelease.ingest.parse.seen_events import SeenEvents
from datarelease.ingest.raw import RAW_SCHEMA
from datarelease.model.data.stream import BatchCounts, EventFormat

if TYPE_CHECKING:
    from datarelease.ingest.parse.event_avro import AvroReader

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
_RECORDS = "records_of_chunk"
_READ = "rows_read_of_chunk"
_NO_RECORDS = pa.table({"n": pa.array([], pa.int64()), "value": pa.array([], pa.binary())})
_PIECE = 8_192
_UNKNOWN = 20
"""Fields beside the schema that are listed by name."""
_UNKNOWN_KEPT = 10_000
_LONGEST_NAME = 100


class BatchParser:
    """Parses the batches of one stream, one after the other."""

    def __init__(self, engine: EventEngine, shape: EventShape, event_format: EventFormat) -> None:
        """Prepare the query that every chunk goes through."""
        self.engine = engine
        self.shape = shape
        self._format = event_format
        reader = self.reader({})
        if reader is None:
            engine.name(_RECORDS, _NO_RECORDS)
            source = json_query(_RECORDS, shape.names, decimal_names(shape.fields))
        else:
            engine.name(_RECORDS, reader.fields(_NO_RECORDS))
            source = f"SELECT * FROM {_RECORDS}"  # noqa: S608 - a name of ours
        self.checks = EventChecks(engine, shape, typed_query(source, shape.fields))
        self.events = EventReader(shape.fields)
        engine.name(_READ, self.events.schema.empty_table())
        typed = read_query(_READ, shape.fields)
        self._read_sql = self.checks.sql_of(typed, computed_columns(shape.fields))

    def reader(self, schemas: Mapping[int, str]) -> AvroReader | None:
        """Reads the fields of values that DuckDB cannot read; None: it can."""
        if self._format == "json":
            return None
        with needed():
            from datarelease.ingest.parse.event_avro import AvroReader  # noqa: PLC0415 - an extra
        return AvroReader(schemas, self.shape.names)

    def found(self, records: pa.Table, reader: AvroReader | None) -> pa.Table:
        """The columns of the schema, and all that is asked of each record; in the order given."""
        numbers = np.arange(records.num_rows, dtype=np.int64)
        chunk = pa.table({"n": numbers, "value": records["value"]}).combine_chunks()
        if reader is not None:
            return self._asked(self.checks.sql, _RECORDS, reader.fields(chunk), numbers)
        read = self.events.read(chunk)
        found = [self._found_read(read)]
        given = read["n"].to_numpy()
        if len(given) == len(numbers):
            return found[0]
        left = np.setdiff1d(numbers, given)
        found.append(self.found_in_texts(chunk.take(pa.array(left))))
        order = np.argsort(np.concatenate([given, left]))
        return pa.concat_tables(found).take(pa.array(order))

    def _found_read(self, rows: pa.Table) -> pa.Table:
        """What `found` gives of ``rows``, as the reader of events gives them."""
        answers = self._asked(self._read_sql, _READ, rows, rows["n"].to_numpy())
        fields = enumerate(self.shape.fields)
        known = {field.name: rows[f"f{place}"] for place, field in fields}
        known |= {name: answers[name] for name in answers.column_names}
        schema = self.checks.found
        # Rows of the reader lack nothing, and have nothing that the schema does not know.
        columns = (known.get(f.name, pa.nulls(rows.num_rows)).cast(f.type) for f in schema)
        return pa.Table.from_arrays(list(columns), schema=schema)

    def found_in_texts(self, records: pa.Table) -> pa.Table:
        """What `found` gives of JSON ``records`` with ``n`` and ``value``, by the engine alone."""
        found = self._asked(self.checks.sql, _RECORDS, records, records["n"].to_numpy())
        name = f"{INTERNAL}fault"
        place = found.schema.get_field_index(name)
        return found.set_column(place, name, with_causes(found[name], records["value"]))

    def _asked(
        self, sql: str, name: str, rows: pa.Table, numbers: npt.NDArray[np.int64]
    ) -> pa.Table:
        """The answers to ``sql`` of ``rows``, called ``name`` and numbered ``numbers`` in order."""
        # In pieces, since a piece is what a thread of the engine takes.
        pieces = rows.combine_chunks().to_batches(max_chunksize=_PIECE)
        self.engine.name(name, pa.Table.from_batches(pieces, rows.schema))
        found = self.engine.query(sql)
        if not np.array_equal(found[f"{INTERNAL}n"].to_numpy(), numbers):
            raise RuntimeError("the engine changed the order of records")
        return found

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
        self._reader = parser.reader(raw.header.schemas)
        rows = parser.checks.schema
        self._part = stack.enter_context(PartWriter(part, rows, raw.fingerprint))
        self._dead = stack.enter_context(PartWriter(dead, DEAD_SCHEMA, raw.dead_fingerprint))
        self._seen = SeenEvents(parser.engine, parser.shape, rows)
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
        found = self._parser.found(events, self._reader)
        broken, reasons, details = self._parser.checks.judge(found)
        self._count_unknown(found)
        rows = found.select(list(self._parser.shape.names))
        if reasons:
            self._reject(events.filter(pa.array(broken)), reasons, details)
            rows, events = (table.filter(pa.array(~broken)) for table in (rows, events))
        self._part.add(rows)
        self._seen.add(rows, events)

    def _reject(self, lost: pa.Table, reasons: Sequence[str], details: Sequence[str]) -> None:
        topic = pa.repeat(pa.scalar(self._header.topic), lost.num_rows)
        why = {"reason": pa.array(reasons, pa.string()), "detail": pa.array(details, pa.string())}
        self._dead.add(pa.table({"topic": topic, **{n: lost[n] for n in TAKEN}, **why}))
        self._reasons.update(reasons)

    def _count_unknown(self, found: pa.Table) -> None:
        extra = found[f"{INTERNAL}extra"]
        if extra.null_count == found.num_rows:
            return
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
            schemas=tuple(sorted(self._reader.ids)) if self._reader else (),
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
