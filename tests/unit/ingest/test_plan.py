"""Planning, on a broker made of dictionaries: which offsets go into which batch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.errors import ConflictError
from datarelease.ingest.kafka.source import PartitionLog, Record, Topic
from datarelease.ingest.plan import cut, extended, look
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.stream import Span, Stream, StreamPlan

STREAM = Stream(
    dataset=Dataset(name="orders", path="data/orders"),
    topic="orders",
    batch=10,
    propose_events=5,
    propose_minutes=30,
)
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass
class Fake:
    """A broker whose records are named after their offsets."""

    ends: dict[int, int]
    lows: dict[int, int] = field(default_factory=dict)
    undecided: dict[int, int] = field(default_factory=dict)
    """By partition, offsets at the end whose transaction is open."""
    holes: set[tuple[int, int]] = field(default_factory=set)
    made: int = 1
    """Counts up when the topic is deleted and made again."""
    id: str | None = "id-1"
    cluster: str = "cluster"
    stamp: int | None = int(NOW.timestamp() * 1000)

    def topic(self, name: str) -> Topic:
        """It is there."""
        return Topic(name=name, cluster=self.cluster, id=self.id, partitions=tuple(self.ends))

    def logs(self, topic: Topic) -> dict[int, PartitionLog]:
        """As the fields say."""
        return {
            p: PartitionLog(
                low=self.lows.get(p, 0),
                stable=self.ends[p] - self.undecided.get(p, 0),
                high=self.ends[p],
            )
            for p in topic.partitions
        }

    def first_records(self, topic: str, offsets: Mapping[int, int]) -> dict[int, Record]:
        """The first offset that is no hole."""
        found = {}
        for p, offset in offsets.items():
            assert offset >= self.lows.get(p, 0), "asked for what the broker dropped"
            there = [o for o in range(offset, self.ends[p]) if (p, o) not in self.holes]
            if there:
                text = f"{topic}-{self.made}-{p}-{there[0]}".encode()
                found[p] = Record(offset=there[0], timestamp=self.stamp, key=text, value=text)
        return found

    def read(
        self,
        topic: str,  # noqa: ARG002
        partition: int,  # noqa: ARG002
        start: int,  # noqa: ARG002
        end: int,  # noqa: ARG002
    ) -> Iterator[pa.RecordBatch]:
        """Never called."""
        raise AssertionError("planning reads no spans")


def spans(plan: StreamPlan) -> list[list[tuple[int, int, int]]]:
    """(partition, start, end) of each batch."""
    return [[(s.partition, s.start, s.end) for s in b.spans] for b in plan.batches]


# --- cutting


Waiting = st.dictionaries(
    st.integers(0, 7), st.tuples(st.integers(0, 1000), st.integers(0, 300)), max_size=8
).map(
    lambda found: {
        p: Span(partition=p, start=start, end=start + count, high=start + count)
        for p, (start, count) in sorted(found.items())
    }
)


@given(Waiting, st.integers(1, 100), st.integers(1, 9))
def test_batches_cover_everything_once(waiting: dict[int, Span], size: int, first: int) -> None:
    """Spans of a partition follow each other from start to end; nothing is left out or twice."""
    batches = cut(waiting, size=size, first=first)
    ends = {p: one.start for p, one in waiting.items()}
    for number, batch in enumerate(batches, first):
        assert batch.number == number
        assert 0 < batch.offsets <= size
        assert [s.partition for s in batch.spans] == sorted({s.partition for s in batch.spans})
        for span in batch.spans:
            assert span.start == ends[span.partition]
            assert span.end > span.start
            ends[span.partition] = span.end
    assert ends == {p: one.end for p, one in waiting.items()}
    assert all(batch.offsets == size for batch in batches[:-1])


@given(Waiting, st.integers(8, 100))
def test_batches_are_fair(waiting: dict[int, Span], size: int) -> None:
    """Whoever gets less than another, by more than the odd one, had no more to give."""
    left = {p: one.end - one.start for p, one in waiting.items()}
    for batch in cut(waiting, size=size, first=1):
        shares = {span.partition: span.offsets for span in batch.spans}
        most = max(shares.values())
        for p, count in left.items():
            share = shares.get(p, 0)
            assert share == count or share >= most - 1
            left[p] -= share


@given(
    st.lists(
        st.dictionaries(st.integers(0, 3), st.integers(0, 40), min_size=1, max_size=4), max_size=6
    ),
    st.integers(1, 30),
)
def test_plans_only_grow(arrivals: list[dict[int, int]], size: int) -> None:
    """However records and partitions come, batches stay as they are and ends only rise."""
    broker = Fake(ends={})
    stream = replace(STREAM, batch=size)
    plan: StreamPlan | None = None
    for arrival in arrivals:
        for p, count in arrival.items():
            broker.ends[p] = broker.ends.get(p, 0) + count
        before, plan = plan, extended(plan, stream, broker)
        if before is not None:
            assert plan.batches[: len(before.batches)] == before.batches
            assert all(end <= plan.ends()[p] for p, end in before.ends().items())
        assert plan.ends() == {p: end for p, end in broker.ends.items() if end}
        offsets = [
            (s.partition, o) for b in plan.batches for s in b.spans for o in range(s.start, s.end)
        ]
        assert len(offsets) == len(set(offsets)) == sum(broker.ends.values())


# --- extending


def test_nothing_new_is_the_same_plan() -> None:
    """Where nothing waits, the plan stays as it is, however often it is extended."""
    broker = Fake(ends={0: 3, 1: 0})
    plan = extended(None, STREAM, broker)
    assert spans(plan) == [[(0, 0, 3)]]
    assert extended(plan, STREAM, broker) == plan


def test_empty_topic_makes_a_plan_without_batches() -> None:
    """The cluster is remembered from the first look on."""
    plan = extended(None, STREAM, Fake(ends={0: 0}))
    assert plan == StreamPlan(topic="orders", cluster="cluster", topic_id="id-1")


def test_open_transactions_wait() -> None:
    """Records whose transaction is undecided are left for a later batch."""
    broker = Fake(ends={0: 8}, undecided={0: 3})
    plan = extended(None, STREAM, broker)
    assert spans(plan) == [[(0, 0, 5)]]
    assert plan.batches[0].spans[0].high == 8


def test_stream_begins_with_the_oldest_record() -> None:
    """What expired before there was a stream is not lost by it."""
    plan = extended(None, STREAM, Fake(ends={0: 8}, lows={0: 6}))
    assert spans(plan) == [[(0, 6, 8)]]
    assert plan.batches[0].spans[0].lost == 0


def test_expired_offsets_are_counted_once() -> None:
    """What expired between two plans is lost: said of the first span after it, not of others."""
    broker = Fake(ends={0: 8})
    plan = extended(None, STREAM, broker)
    broker.ends[0], broker.lows[0] = 40, 11
    grown = extended(plan, STREAM, broker)
    assert [s.lost for b in grown.batches for s in b.spans] == [0, 3, 0, 0]
    assert grown.batches[1].spans[0].start == 11


def test_loss_without_anything_new_is_kept_for_later() -> None:
    """A log that was emptied adds no batch; the next record brings the whole loss to light."""
    broker = Fake(ends={0: 8})
    plan = extended(None, STREAM, broker)
    broker.ends[0], broker.lows[0] = 12, 12
    assert extended(plan, STREAM, broker) == plan
    assert look(plan, STREAM, broker, now=NOW).lost == 4
    broker.ends[0] = 13
    assert [s.lost for s in extended(plan, STREAM, broker).batches[1].spans] == [4]


def test_partition_added_later_is_read_from_its_beginning() -> None:
    """A topic that grows loses nothing; what its new partition dropped unread counts as lost."""
    broker = Fake(ends={0: 3})
    plan = extended(None, STREAM, broker)
    broker.ends[1], broker.lows[1] = 4, 1
    grown = extended(plan, STREAM, broker)
    assert grown.batches[1].spans[0].start == 1
    assert grown.batches[1].spans[0].lost == 1


def test_tail_is_that_of_the_last_record() -> None:
    """Each span knows its last record; a hole there is told apart from a record."""
    broker = Fake(ends={0: 3, 1: 2}, holes={(1, 1)})
    first, second = extended(None, STREAM, broker).batches[0].spans
    assert first.tail == broker.first_records("orders", {0: 2})[0].fingerprint
    assert second.tail is None


# --- another topic by the same name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cluster": "other"}, "cluster other"),
        ({"id": "id-2"}, "its id is id-2"),
        ({"ends": {0: 2}}, "partition 0 ends at offset 2"),
        ({"ends": {1: 9}}, "partition 0 ends at offset 0"),
        ({"made": 2}, "offset 2 of partition 0 is not the one"),
        ({"made": 2, "id": None, "ends": {0: 50}}, "offset 2 of partition 0 is not the one"),
    ],
)
def test_topic_made_again_is_noticed(change: dict[str, object], said: str) -> None:
    """Another cluster, id, length or content is a conflict, for planning and for waiting."""
    broker = Fake(ends={0: 3})
    plan = extended(None, STREAM, broker)
    other = replace(broker, **change)  # type: ignore[arg-type]
    with pytest.raises(ConflictError, match=said):
        extended(plan, STREAM, other)
    with pytest.raises(ConflictError, match=said):
        look(plan, STREAM, other, now=NOW)


def test_another_topic_in_the_settings_is_a_conflict() -> None:
    """A stream cannot be turned to another topic under its old plan."""
    plan = extended(None, STREAM, Fake(ends={0: 3}))
    with pytest.raises(ConflictError, match="for topic 'orders'"):
        extended(plan, replace(STREAM, topic="bills"), Fake(ends={0: 3}))


def test_expired_or_compacted_tail_is_no_conflict() -> None:
    """Where the last record is gone, the topic has to be believed."""
    broker = Fake(ends={0: 3})
    plan = extended(None, STREAM, broker)
    broker.ends[0] = 6
    assert len(extended(plan, STREAM, replace(broker, lows={0: 4}, made=2)).batches) == 2
    assert len(extended(plan, STREAM, replace(broker, holes={(0, 2)}, made=2)).batches) == 2


# --- waiting


def test_enough_events_are_due() -> None:
    """A pull request is due from the number of events that was set on."""
    assert not look(None, STREAM, Fake(ends={0: 4}), now=NOW).due
    waiting = look(None, STREAM, Fake(ends={0: 4, 1: 1}), now=NOW)
    assert (waiting.events, waiting.due) == (5, True)


def test_old_events_are_due() -> None:
    """One event is enough when it has waited as long as was set."""
    minute = dt.timedelta(minutes=1)
    early = look(None, STREAM, Fake(ends={0: 1}), now=NOW + 29 * minute)
    late = look(None, STREAM, Fake(ends={0: 1}), now=NOW + 30 * minute)
    assert (early.due, late.due) == (False, True)
    assert late.oldest == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize("stamp", [None, 10**18, -(10**18)])
def test_times_that_no_calendar_has_are_none(stamp: int | None) -> None:
    """Whatever time a producer wrote, waiting can be told."""
    waiting = look(None, STREAM, Fake(ends={0: 1}, stamp=stamp), now=NOW)
    assert (waiting.oldest, waiting.due) == (None, False)


def test_nothing_is_never_due() -> None:
    """An empty topic is no reason for a pull request."""
    waiting = look(None, STREAM, Fake(ends={0: 0}), now=NOW)
    assert (waiting.events, waiting.due, waiting.reason) == (0, False, "no events wait")


def test_ends_are_those_of_the_last_batches() -> None:
    """A partition that a batch left out stands where an earlier one ended it."""
    plan = extended(None, replace(STREAM, batch=2), Fake(ends={0: 5, 1: 1}))
    assert spans(plan)[0] == [(0, 0, 1), (1, 0, 1)]
    assert plan.ends() == {0: 5, 1: 1}
    assert isinstance(plan.batches[0].spans[0], Span)
