"""What the broker is sent after a release: dead letters, and the group's offsets.

A batch's dead letters and its offsets go in one transaction, so that the next run continues a
killed one, and has nothing to do after a complete one. The group's offsets are for the broker's own
tools (lag): ingestion itself never reads them for its plans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from datarelease.model.data.stream import Batch, DeadLetter, Stream, StreamPlan, group_of
from datarelease.progress import Progress

if TYPE_CHECKING:
    from datarelease.ingest.publisher import KafkaPublisher

_CHUNK = 10_000
_STAMP = pa.timestamp("ms", tz="UTC")


@dataclass(frozen=True, kw_only=True)
class Committed:
    """The result of a commit."""

    stream: str
    group: str
    tag: str | None
    """The version whose batches were committed; None: there is none yet."""
    batches: tuple[int, ...]
    """Numbers of those that were not committed before."""
    dead: int
    """Dead letters that were sent."""
    offsets: Mapping[int, int]
    """The group's offsets now, by partition."""


def settle(
    plan: StreamPlan,
    stream: Stream,
    publisher: KafkaPublisher,
    *,
    tag: str,
    letters_of: Callable[[Batch], Iterable[DeadLetter]],
    progress: Progress,
) -> Committed:
    """Commit every batch of ``plan`` that is not committed yet; offsets never decrease.

    Args:
        plan: That of the released version ``tag``.
        stream: Its settings.
        publisher: The broker.
        tag: The released version.
        letters_of: The dead letters of a batch.
        progress: Receives a message for each batch.

    Raises:
        ConflictError: Another run has taken over.
        WorldError: The broker does not answer; what was committed before stays.
    """
    reached = publisher.committed(sorted(plan.ends()))
    committed, dead = [], 0
    for batch in plan.batches:
        ends = {s.partition: s.end for s in batch.spans if s.end > reached.get(s.partition, -1)}
        if not ends:
            continue
        letters = _unsent(letters_of(batch), reached) if stream.dead_letters else ()
        sent = publisher.settle(ends, letters)
        progress.say(f"{stream.name}: batch {batch.number} committed, {sent} dead letters sent")
        reached |= ends
        dead += sent
        committed.append(batch.number)
    return Committed(
        stream=stream.name,
        group=group_of(stream),
        tag=tag,
        batches=tuple(committed),
        dead=dead,
        offsets=dict(sorted(reached.items())),
    )


def letters_in(path: Path) -> Iterator[DeadLetter]:
    """The dead letters in a file that parse wrote, a bounded number in memory at a time."""
    with pq.ParquetFile(path) as file:
        for rows in file.iter_batches(_CHUNK):
            stamps = rows.column("timestamp").cast(_STAMP).cast(pa.int64())
            for row, stamp in zip(rows.to_pylist(), stamps.to_pylist(), strict=True):
                yield DeadLetter(
                    partition=row["partition"],
                    offset=row["offset"],
                    timestamp=stamp,
                    key=row["key"],
                    value=row["value"],
                    reason=row["reason"],
                    detail=row["detail"] or "",
                    # Files of versions that were released before have no such column.
                    headers=tuple((one["name"], one["value"]) for one in row.get("headers") or ()),
                )


def _unsent(letters: Iterable[DeadLetter], reached: Mapping[int, int]) -> Iterator[DeadLetter]:
    before = dict(reached)  # as it was before the batch
    return (one for one in letters if one.offset >= before.get(one.partition, -1))
