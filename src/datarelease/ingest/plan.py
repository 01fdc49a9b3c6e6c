"""Plans: which offsets belong together, what waits, and whether a pull request is due.

Starts are the ends of the plan so far, ends are where the log may be read to now: spans of a
partition follow each other without gap or overlap, and what the broker dropped in between is
counted. Only the records at the ends of spans are read.

What asks the broker raises ConfigError where it has no such topic, ConflictError where the topic is
another one than the plan's, and WorldError where the broker or the git remote does not answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from datarelease.adapters.dvc.tracked import find_root
from datarelease.documents import encode
from datarelease.errors import ConflictError
from datarelease.flows.write_file import read, write
from datarelease.ingest.access import agreed_plan, connected, read_plan
from datarelease.ingest.kafka.source import PartitionLog, Source, Topic
from datarelease.ingest.streams import stream_at
from datarelease.model.data.stream import Batch, Span, Stream, StreamPlan
from datarelease.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What was added to a plan."""

    stream: str
    plan: StreamPlan
    """All of it, as it now stands in the work tree."""
    new: tuple[Batch, ...]
    """The batches that were appended now."""
    pending: tuple[Batch, ...]
    """Those planned before that the remote's default branch does not have yet."""
    dropped: tuple[Batch, ...]
    """Those of the work tree that are in the plan no more: they were planned again, or the remote's
    default branch has other ones."""


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


def plan_now(
    root: Path, name: str, *, env: Mapping[str, str], progress: Progress, anew: bool = False
) -> Planned:
    """What waits now for the stream ``name``, appended to ``streams/NAME.json``.

    The work tree's plan is kept where it continues the one of the remote's default branch;
    otherwise, or if it is to be planned ``anew``, the latter is what is appended to.

    Raises:
        ConfigError: Also where there is no such stream, no broker is configured, or a file is not a
            plan.
    """
    root = find_root(root)
    stream = stream_at(root, name)
    agreed = agreed_plan(root, stream, env)
    here = read_plan(read(root / stream.plan_file), stream)
    before = agreed if anew else _continued(agreed, here)
    with connected(env) as broker:
        progress.say(f"{stream.topic}: asking the broker")
        plan = extended(before, stream, broker)
    write(root / stream.plan_file, encode(plan).encode())
    known = len(agreed.batches) if agreed else 0
    kept = len(before.batches) if before else 0
    return Planned(
        stream=stream.name,
        plan=plan,
        new=plan.batches[kept:],
        pending=plan.batches[known:kept],
        dropped=tuple(b for b in (here.batches if here else ()) if b not in plan.batches),
    )


def waiting_now(root: Path, name: str, *, env: Mapping[str, str], progress: Progress) -> Waiting:
    """What waits for the stream ``name`` after what the remote's default branch has.

    Raises:
        ConfigError: Also where there is no such stream, or no broker is configured.
    """
    root = find_root(root)
    stream = stream_at(root, name)
    plan = agreed_plan(root, stream, env)
    with connected(env) as broker:
        progress.say(f"{stream.topic}: asking the broker")
        return look(plan, stream, broker, now=dt.datetime.now(dt.UTC))


def extended(plan: StreamPlan | None, stream: Stream, source: Source) -> StreamPlan:
    """The ``plan`` of the remote's default branch, with everything that waits now after it."""
    plan, waiting = _waiting(plan, stream, source)
    first = plan.batches[-1].number + 1 if plan.batches else 1
    batches = cut(waiting, size=stream.batch, first=first)
    tailed = tuple(_with_tails(batch, stream.topic, source) for batch in batches)
    return replace(plan, batches=(*plan.batches, *tailed))


def look(plan: StreamPlan | None, stream: Stream, source: Source, *, now: dt.datetime) -> Waiting:
    """What waits after ``plan``."""
    _, waiting = _waiting(plan, stream, source)
    events = sum(span.offsets for span in waiting.values())
    oldest = _oldest(waiting, stream, source)
    due, reason = _due(stream, events, oldest, now)
    return Waiting(
        stream=stream.name,
        events=events,
        oldest=None if oldest is None else oldest.strftime("%Y-%m-%dT%H:%M:%SZ"),
        due=due,
        reason=reason,
        lost=sum(span.lost for span in waiting.values()),
    )


def cut(waiting: Mapping[int, Span], *, size: int, first: int) -> tuple[Batch, ...]:
    """All that waits as batches of at most ``size`` offsets, numbered from ``first``.

    In each batch every partition has the same share, as far as it has so much: none is left
    behind by a busier one.
    """
    left = {partition: span for partition, span in waiting.items() if span.offsets}
    batches: list[Batch] = []
    while left:
        spans = []
        shares = _shares({partition: span.offsets for partition, span in left.items()}, size)
        for partition, count in shares.items():
            span = left.pop(partition)
            end = span.start + count
            spans.append(replace(span, end=end))
            if end < span.end:
                left[partition] = replace(span, start=end, lost=0)
        batches.append(Batch(number=first + len(batches), spans=tuple(spans)))
    return tuple(batches)


# --- inside


def _continued(agreed: StreamPlan | None, here: StreamPlan | None) -> StreamPlan | None:
    """The plan to append to: that of the work tree where it begins with all that is ``agreed``."""
    if agreed is None or here is None:
        return agreed or here
    same = replace(here, batches=agreed.batches) == agreed
    return here if same and here.batches[: len(agreed.batches)] == agreed.batches else agreed


def _waiting(
    plan: StreamPlan | None, stream: Stream, source: Source
) -> tuple[StreamPlan, dict[int, Span]]:
    """The plan, an empty one where there is none, and by partition what waits after it."""
    topic = source.topic(stream.topic)
    logs = source.logs(topic)
    if plan is None:
        plan = StreamPlan(topic=topic.name, cluster=topic.cluster, topic_id=topic.id)
    _check_same(plan, topic, logs, source)
    return plan, _gathered(plan, logs)


def _gathered(plan: StreamPlan, logs: Mapping[int, PartitionLog]) -> dict[int, Span]:
    """What waits, by partition, where anything does or was lost.

    A stream begins with the oldest record that is still there; later on, and for partitions that
    were added since, whatever is between the plan's end and the oldest record is lost.
    """
    ends = plan.ends()
    waiting = {}
    for partition, log in sorted(logs.items()):
        before = ends.get(partition, 0 if plan.batches else log.low)
        start = max(before, log.low)
        span = Span(
            partition=partition, start=start, end=max(log.stable, start), high=log.high,
            lost=start - before,
        )  # fmt: skip
        if span.offsets or span.lost:
            waiting[partition] = span
    return waiting


def _check_same(
    plan: StreamPlan, topic: Topic, logs: Mapping[int, PartitionLog], source: Source
) -> None:
    """Refuse another topic, another cluster, or a topic that was deleted and made again."""
    if plan.topic != topic.name:
        raise _other(topic, f"the plan is for topic {plan.topic!r}")
    if plan.cluster != topic.cluster:
        raise _other(topic, f"it is on cluster {topic.cluster}, and was on {plan.cluster}")
    if plan.topic_id and topic.id and plan.topic_id != topic.id:
        raise _other(topic, f"its id is {topic.id}, and was {plan.topic_id}")
    last = {span.partition: span for batch in plan.batches for span in batch.spans}
    for partition, span in sorted(last.items()):
        high = logs[partition].high if partition in logs else 0
        if span.end > high:
            why = f"partition {partition} ends at offset {high}, and the plan at {span.end}"
            raise _other(topic, why)
    asked = {
        partition: span.end - 1
        for partition, span in last.items()
        if span.tail is not None and logs[partition].low < span.end
    }
    for partition, record in source.first_records(topic.name, asked).items():
        # Compaction may have taken the record away; then another one comes first.
        if record.offset == asked[partition] and record.fingerprint != last[partition].tail:
            raise _other(
                topic,
                f"the record at offset {record.offset} of partition {partition} is not the one "
                "that was planned",
            )


def _with_tails(batch: Batch, topic: str, source: Source) -> Batch:
    found = source.first_records(topic, {span.partition: span.end - 1 for span in batch.spans})
    tails = {(p, record.offset): record.fingerprint for p, record in found.items()}
    return replace(
        batch,
        spans=tuple(replace(s, tail=tails.get((s.partition, s.end - 1))) for s in batch.spans),
    )


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
        "--anew`. If the topic was deleted and created again, or moved, you have two choices. Feed "
        "another dataset from it: the released rows stay. Or delete the stream's plan "
        "(streams/NAME.json) in a pull request: the next proposal starts from the beginning of the "
        "topic, and REMOVES every row that the dataset has from the earlier topic. The policy "
        "blocks that proposal (append_only) until release.policy.allow_breaking names the dataset, "
        "and a person has to merge it. Versions that were released before keep their rows.",
    )


def _oldest(waiting: Mapping[int, Span], stream: Stream, source: Source) -> dt.datetime | None:
    starts = {partition: span.start for partition, span in waiting.items() if span.offsets}
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
        return False, "no events wait"
    if events >= stream.propose_events:
        return True, f"{events:,} events wait, and {stream.propose_events:,} are enough"
    minutes = 0 if oldest is None else int((now - oldest).total_seconds() // 60)
    if oldest is not None and minutes >= stream.propose_minutes:
        return True, f"the first event has been waiting for {minutes} minutes"
    return False, (
        f"{events:,} of {stream.propose_events:,} events wait, the first one for "
        f"{max(minutes, 0)} of {stream.propose_minutes} minutes"
    )
