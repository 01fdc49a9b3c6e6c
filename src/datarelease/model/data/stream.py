"""Streams: which topic feeds which dataset, in which batches, and what became of the records.

Offsets are Kafka's: those of a partition count up by one a record, and a span ``[start, end)`` of
them names the same records permanently, or none (the log may have been cut or compacted since).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datarelease.model.data.dataset import Dataset
from datarelease.model.data.provenance import Provenance

STREAMS = "streams"
"""Directory of the plans, relative to the repository."""
EventFormat = Literal["json", "avro"]


def counts_file(dataset: Dataset) -> str:
    """Where a stream's counts are: what became of its records, a DVC metric kept by git."""
    return f"{dataset.report_dir}/stream.json"


def stream_directories(name: str) -> tuple[str, str]:
    """Where the stages of the stream ``name`` put raw records and dead letters; DVC tracks both."""
    return f"data/{STREAMS}/{name}/raw", f"data/{STREAMS}/{name}/dead"


def part_name(batch: int) -> str:
    """Name of the files of a batch. Six digits keep the order of names that of the batches."""
    return f"{batch:06}.parquet"


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A topic that feeds a dataset: ``params.yaml: release.streams.NAME``."""

    dataset: Dataset
    """What it feeds. Its schema types the events; its key tells them apart."""
    topic: str
    format: EventFormat = "json"
    time: str | None = None
    """Column that says when an event happened; None: nobody can tell which ones are late."""
    late_minutes: int = 60
    """An event is late when it happened so long before the newest one of earlier batches, of which
    those do not count that are ahead of their own record."""
    batch: int = 1_000_000
    """Most records of one batch."""
    propose_events: int = 100_000
    """A pull request is due when so many records wait..."""
    propose_minutes: int = 60
    """...or when the first of them has waited so long."""
    dead_letters: str | None = None
    """Topic that gets the events which break the schema; None: the file alone has them."""
    holes: bool = False
    """Offsets without a record are to be expected: a compacted topic, or transactions."""

    @property
    def name(self) -> str:
        """That of the dataset."""
        return self.dataset.name

    @property
    def plan_file(self) -> str:
        """The batches, in git; input of the stage that drains the topic."""
        return f"{STREAMS}/{self.name}.json"

    @property
    def raw_dir(self) -> str:
        """The records as they were on the broker, a Parquet file for each batch; DVC tracks it."""
        return stream_directories(self.name)[0]

    @property
    def dead_dir(self) -> str:
        """The dead letters, a Parquet file for each batch that has any; DVC tracks it."""
        return stream_directories(self.name)[1]

    @property
    def counts_file(self) -> str:
        """What became of the records, a DVC metric kept by git."""
        return counts_file(self.dataset)


@dataclass(frozen=True, kw_only=True)
class Span:
    """Records of one partition: offsets ``[start, end)``."""

    partition: int
    start: int
    end: int
    high: int
    """The high watermark when the batch was planned: the log went on up to here."""
    lost: int = 0
    """Offsets before ``start`` that the broker dropped before anybody read them."""
    tail: str | None = None
    """SHA-256 (hex) of the last record, seen when the batch was planned; None: no record there.

    A topic that was deleted, made again and filled has other records at the same offsets."""

    @property
    def offsets(self) -> int:
        """How many; at least as many as records."""
        return self.end - self.start


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Records that were taken together."""

    number: int
    spans: tuple[Span, ...]
    """Sorted by partition; partitions with nothing new are left out."""

    @property
    def part(self) -> str:
        """Name of its files."""
        return part_name(self.number)

    @property
    def offsets(self) -> int:
        """How many, over all partitions."""
        return sum(span.offsets for span in self.spans)


@dataclass(frozen=True, kw_only=True)
class StreamPlan:
    """All batches of a stream: ``streams/NAME.json``. Batches are appended, never changed."""

    topic: str
    cluster: str
    topic_id: str | None
    """None: the broker is too old to have one."""
    batches: tuple[Batch, ...] = ()
    format: Literal[1] = 1

    def ends(self) -> dict[int, int]:
        """The offset after the last planned one, by partition."""
        return {span.partition: span.end for batch in self.batches for span in batch.spans}


@dataclass(frozen=True, kw_only=True)
class BatchCounts:
    """What became of the records of one batch.

    ``events + duplicates + tombstones + dead == records`` and ``records + holes`` are the offsets.
    """

    number: int
    spans: tuple[Span, ...]
    md5: str | None
    """Of its part file in the dataset, as DVC hashes it; None: no event, no file."""
    records: int
    events: int
    """Rows of its part file."""
    duplicates: int
    """Same key as an earlier event: the first one stays."""
    tombstones: int
    """Records without a value. They remove nothing from the dataset."""
    dead: int
    """Records that break the schema."""
    reasons: tuple[tuple[str, int], ...] = ()
    """(reason code, dead letters), most frequent first."""
    late: int = 0
    """Events older than the watermark of earlier batches by more than ``late_minutes``."""
    ahead: int = 0
    """Events dated later than their record by more than an hour: a clock is wrong there."""
    out_of_order: int = 0
    """Events that happened before one of this batch with a smaller offset of their partition."""
    holes: int = 0
    schemas: tuple[int, ...] = ()
    """Ids in the schema registry that the records name, sorted."""
    first: str | None = None
    """Time of the oldest event, ISO 8601 UTC."""
    last: str | None = None
    """Time of the newest event, ISO 8601 UTC."""
    watermark: str | None = None
    """Time of the newest event that is not ahead, ISO 8601 UTC: what later ones are late by."""
    unknown: tuple[tuple[str, int], ...] = ()
    """(field beside the schema, events that have it), most frequent first, at most 20."""

    @property
    def part(self) -> str:
        """Name of its part file."""
        return part_name(self.number)

    @property
    def lost(self) -> int:
        """Offsets before the batch that the broker dropped unread."""
        return sum(span.lost for span in self.spans)


@dataclass(frozen=True, kw_only=True)
class StreamCounts:
    """What became of the records of a stream: ``reports/NAME/stream.json``."""

    stream: str
    topic: str
    cluster: str
    batches: tuple[BatchCounts, ...]
    time: str | None = None
    """Column by which events were found late or out of order."""
    late_minutes: int = 60
    key: tuple[str, ...] = ()
    """Of the dataset, by which duplicates were found."""
    made_from: Provenance = ()
    """The part files are the data. Empty: unknown, as in files of earlier releases of this
    program."""
    format: Literal[1] = 1


@dataclass(frozen=True, kw_only=True)
class StreamReport:
    """The part of a report about a stream: what came since the baseline."""

    name: str
    topic: str
    before: int
    """How many batches the baseline has."""
    new: tuple[BatchCounts, ...]
    remade: int = 0
    """Batches of the baseline whose part file has other bytes now: a rule changed, say."""
    gone: int = 0
    """Batches of the baseline that are not there any more."""
    first: bool = False
    """There is nothing to compare with."""

    @property
    def append_only(self) -> bool:
        """Every part of the baseline is there with the same bytes; new ones came at most."""
        return not self.first and not self.remade and not self.gone

    @property
    def records(self) -> int:
        """New records, whatever became of them."""
        return sum(batch.records for batch in self.new)

    @property
    def lost(self) -> int:
        """Offsets that the broker dropped before they were read."""
        return sum(batch.lost for batch in self.new)

    @property
    def events(self) -> int:
        """New rows."""
        return sum(batch.events for batch in self.new)

    @property
    def dead(self) -> int:
        """New dead letters."""
        return sum(batch.dead for batch in self.new)


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A dead letter: a record as it was, and why it was refused."""

    partition: int
    offset: int
    timestamp: int | None
    """Milliseconds since 1970."""
    key: bytes | None
    value: bytes | None
    reason: str
    detail: str
    headers: tuple[tuple[str, bytes | None], ...] = ()


def group_of(stream: Stream) -> str:
    """The consumer group of a stream."""
    return f"datarelease-{stream.name}"
