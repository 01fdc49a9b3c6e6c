"""Plans: which offsets belong together, what waits, and whether a pull request is due.

Starts are the ends of the plan so far, ends are where the log may be read to now: spans of a
partition follow each other without gap or overlap, and what the broker dropped in between is
counted. Only the records at the ends of spans are read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from datarelease.errors import ConflictError
from datarelease.ingest.kafka.source import PartitionLog, Source, Topic
from datarelease.model.data.stream import Batch, Span, Stream, StreamPlan


@dataclass(frozen=True, kw_only=True)
class WaitingRange:
    """What waits in one partition: offsets ``[start, end)``."""

    start: int
    end: int
    high: int
    lost: int = 0
    """Offsets before ``start`` that the broker dropped before anybody read them."""


def extended(plan: StreamPlan | None, stream: Stream, source: Source) -> StreamPlan:
    """The plan with everything that waits now; the same plan where nothing does.

    Args:
        plan: The one that everybody agreed on: that of the remote's default branch.
        stream: Its settings.
        source: The broker.

    Raises:
        ConfigError: The broker has no such topic.
        ConflictError: The topic is another one than the plan's, if by the same name.
        WorldError: The broker does not answer.
    """
    topic = source.topic(stream.topic)
    logs = source.logs(topic)
    if plan is None:
        plan = StreamPlan(topic=topic.name, cluster=topic.cluster, topic_id=topic.id)
    check_same(plan, topic, logs, source)
    first = plan.batches[-1].number + 1 if plan.batches else 1
    batches = cut(gathered(plan, logs), size=stream.batch, first=first)
    if not batches:
        return plan
    tailed = tuple(_with_tails(batch, topic, source) for batch in batches)
    return replace(plan, batches=(*plan.batches, *tailed))


def continued(agreed: StreamPlan | None, here: StreamPlan | None) -> StreamPlan | None:
    """The plan to append to: ``here`` where it begins with all of ``agreed``, else ``agreed``.

    Args:
        agreed: The plan of the remote's default branch.
        here: That of the work tree.
    """
    if agreed is None or here is None:
        return agreed or here
    same = replace(here, batches=agreed.batches) == agreed
    return here if same and here.batches[: len(agreed.batches)] == agreed.batches else agreed


def gathered(plan: StreamPlan, logs: Mapping[int, PartitionLog]) -> dict[int, WaitingRange]:
    """What waits, by partition, where anything does or was lost.

    A stream begins with the oldest record that is still there; later on, and for partitions that
    were added since, whatever is between the plan's end and the oldest record is lost.
    """
    ends = plan.ends()
    waiting = {}
    for partition, log in sorted(logs.items()):
        before = ends.get(partition, 0 if plan.batches else log.low)
        start = max(before, log.low)
        one = WaitingRange(
            start=start, end=max(log.stable, start), high=log.high, lost=start - before
        )
        if one.end > one.start or one.lost:
            waiting[partition] = one
    return waiting


def cut(waiting: Mapping[int, WaitingRange], *, size: int, first: int) -> tuple[Batch, ...]:
    """All that waits as batches of at most ``size`` offsets, numbered from ``first``.

    In each batch every partition has the same share, as far as it has so much: none is left
    behind by a busier one.
    """
    starts = {partition: one.start for partition, one in waiting.items()}
    batches: list[Batch] = []
    seen: set[int] = set()
    while left := {p: waiting[p].end - starts[p] for p in starts if waiting[p].end > starts[p]}:
        spans = []
        for partition, count in _shares(left, size).items():
            one, start = waiting[partition], starts[partition]
            lost = one.lost if partition not in seen else 0
            spans.append(
                Span(partition=partition, start=start, end=start + count, high=one.high, lost=lost)
            )
            starts[partition] += count
            seen.add(partition)
        batches.append(Batch(number=first + len(batches), spans=tuple(spans)))
    return tuple(batches)


def check_same(
    plan: StreamPlan, topic: Topic, logs: Mapping[int, PartitionLog], source: Source
) -> None:
    """Nothing, where the topic is still the one that the plan was made of.

    Raises:
        ConflictError: Another topic, another cluster, or one that was deleted and made again.
    """
    if plan.topic != topic.name:
        raise _other(topic, f"the plan is one of topic {plan.topic!r}")
    if plan.cluster != topic.cluster:
        raise _other(topic, f"it is on cluster {topic.cluster}, the plan's was on {plan.cluster}")
    if plan.topic_id and topic.id and plan.topic_id != topic.id:
        raise _other(topic, f"its id is {topic.id}, the plan's had {plan.topic_id}")
    ends = plan.ends()
    for partition, end in sorted(ends.items()):
        high = logs[partition].high if partition in logs else 0
        if end > high:
            raise _other(topic, f"partition {partition} ends at {high}, the plan is at {end}")
    last = {span.partition: span for batch in plan.batches for span in batch.spans}
    asked = {
        partition: span.end - 1
        for partition, span in last.items()
        if span.tail is not None and logs[partition].low < span.end
    }
    for partition, record in source.first_records(topic.name, asked).items():
        # Compaction may have taken the record away; then another one comes first.
        same = record.offset != asked[partition] or record.fingerprint == last[partition].tail
        if not same:
            raise _other(
                topic,
                f"the record at offset {record.offset} of partition {partition} is not the one "
                "that was planned",
            )


def _with_tails(batch: Batch, topic: Topic, source: Source) -> Batch:
    asked = {span.partition: span.end - 1 for span in batch.spans}
    found = source.first_records(topic.name, asked)
    spans = []
    for span in batch.spans:
        record = found.get(span.partition)
        there = record is not None and record.offset == span.end - 1
        spans.append(replace(span, tail=record.fingerprint if record and there else None))
    return replace(batch, spans=tuple(spans))


def _shares(left: Mapping[int, int], size: int) -> dict[int, int]:
    """How many of each partition go into a batch: max-min fair, sorted by partition."""
    shares = {}
    room = size
    # From the shortest on, each takes its part of what is left; what it does not need, others do.
    by_length = sorted(left, key=lambda partition: (left[partition], partition))
    for done, partition in enumerate(by_length):
        shares[partition] = min(left[partition], -(-room // (len(by_length) - done)))
        room -= shares[partition]
    return {partition: shares[partition] for partition in sorted(shares) if shares[partition]}


def _other(topic: Topic, why: str) -> ConflictError:
    return ConflictError(
        f"Topic {topic.name!r} is not the one that was drained before: {why}.",
        untouched="Nothing was planned.",
        remedy="Batches that are not merged yet are planned again by `datarelease ingest plan NAME "
        "--anew`. If the topic was deleted and made again, or moved: feed another dataset from it, "
        "and the released rows stay. Or delete the stream's plan (streams/NAME.json) in a pull "
        "request: the next proposal then begins anew, and REMOVES every row that the dataset has "
        "from the topic before. The policy blocks that (append_only) until "
        "release.policy.allow_breaking names the dataset, and a person has to merge it; versions "
        "released before keep their rows.",
    )


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What waits for one stream."""

    stream: str
    events: int
    """Offsets after the plan of the remote's default branch; at least as many as records."""
    oldest: str | None
    """Time of the first record that waits, ISO 8601 UTC; None: none waits, or it has no time."""
    due: bool
    """A pull request should be opened."""
    reason: str
    """Why it is due, or why not, in words."""
    lost: int
    """Offsets that the broker dropped before anybody read them; the next batch counts them."""


def look(plan: StreamPlan | None, stream: Stream, source: Source, *, now: dt.datetime) -> Waiting:
    """What waits after ``plan``.

    Raises:
        ConfigError: The broker has no such topic.
        ConflictError: The topic is another one than the plan's.
        WorldError: The broker does not answer.
    """
    topic = source.topic(stream.topic)
    logs = source.logs(topic)
    if plan is None:
        plan = StreamPlan(topic=topic.name, cluster=topic.cluster, topic_id=topic.id)
    check_same(plan, topic, logs, source)
    waiting = gathered(plan, logs)
    events = sum(one.end - one.start for one in waiting.values())
    oldest = _oldest(waiting, stream, source)
    due, reason = _due(stream, events, oldest, now)
    return Waiting(
        stream=stream.name,
        events=events,
        oldest=None if oldest is None else oldest.strftime("%Y-%m-%dT%H:%M:%SZ"),
        due=due,
        reason=reason,
        lost=sum(one.lost for one in waiting.values()),
    )


def _oldest(
    waiting: Mapping[int, WaitingRange], stream: Stream, source: Source
) -> dt.datetime | None:
    starts = {p: one.start for p, one in waiting.items() if one.end > one.start}
    records = source.first_records(stream.topic, starts)
    stamps = [r.timestamp for r in records.values() if r.timestamp is not None]
    # Whatever a producer wrote: a time that no calendar has is as good as none.
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    try:
        return epoch + dt.timedelta(milliseconds=min(stamps)) if stamps else None
    except OverflowError:
        return None


def _due(
    stream: Stream, events: int, oldest: dt.datetime | None, now: dt.datetime
) -> tuple[bool, str]:
    if not events:
        return False, "nothing waits"
    if events >= stream.propose_events:
        return True, f"{events:,} events wait, {stream.propose_events:,} are enough"
    minutes = 0 if oldest is None else int((now - oldest).total_seconds() // 60)
    if oldest is not None and minutes >= stream.propose_minutes:
        return True, f"the first event waits since {minutes} minutes"
    return False, (
        f"{events:,} of {stream.propose_events:,} events wait, the first since "
        f"{max(minutes, 0)} of {stream.propose_minutes} minutes"
    )
