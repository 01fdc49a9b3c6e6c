"""The records of spans, partition by partition; each span ends with the record that was planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from datarelease.errors import ConflictError
from datarelease.ingest.drain.raw import fingerprint
from datarelease.ingest.kafka.source import Source
from datarelease.model.data.stream import Batch, Span


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
