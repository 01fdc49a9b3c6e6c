"""What waits on the broker, and whether a pull request is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from datarelease.ingest.kafka.source import Source
from datarelease.ingest.plan.plan import WaitingRange, check_same, gathered
from datarelease.model.data.stream import Stream, StreamPlan


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
