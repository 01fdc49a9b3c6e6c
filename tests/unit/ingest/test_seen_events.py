"""The keys and times of a batch's events: what is late, ahead of its record, or out of order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.ingest.parse.event_engine import EventEngine
from datarelease.ingest.parse.event_shape import EventShape
from datarelease.ingest.parse.seen_events import SeenEvents
from datarelease.model.data.dataset import Dataset

HOUR = 60 * 60 * 1_000_000
Event = tuple[int, int, int | None, int]
"""Partition, key, time (hours) and time of the record (hours)."""
ROWS = pa.schema([("id", pa.int64()), ("at", pa.timestamp("us", "UTC"))])
RECORDS = pa.schema([("partition", pa.int32()), ("timestamp", pa.timestamp("ms", "UTC"))])


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventEngine]:
    """One engine for all tests."""
    with EventEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


def seen(engine: EventEngine, chunks: Sequence[Sequence[Event]]) -> SeenEvents:
    """The events of a batch that came in chunks."""
    dataset = Dataset(name="orders", path="data/orders", schema="orders.yaml", key=("id",))
    shape = EventShape(
        dataset=dataset, fields=(), expected=(), strict=False, schema=None, time="at"
    )
    batch = SeenEvents(engine, shape, ROWS)
    for events in chunks:
        keys = pa.array([key for _, key, _, _ in events], pa.int64())
        at = [None if time is None else time * HOUR for _, _, time, _ in events]
        stamps = [stamp * HOUR // 1_000 for *_, stamp in events]
        parts = pa.array([part for part, *_ in events], pa.int32())
        batch.add(
            pa.table([keys, pa.array(at, ROWS.field("at").type)], schema=ROWS),
            pa.table([parts, pa.array(stamps, RECORDS.field("timestamp").type)], schema=RECORDS),
        )
    return batch


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 20), st.none() | st.integers(-3, 9), st.integers(0, 6)
    ),
    max_size=25,
)


@examples(30)
@given(events=EVENTS, cut=st.integers(0, 25))
def test_times_are_those_of_the_first_of_each_key(
    engine: EventEngine, events: list[Event], cut: int
) -> None:
    """An event is out of order if one of its partition before it, not ahead, is newer."""
    events.sort(key=lambda event: event[0])
    batch = seen(engine, [events[:cut], events[cut:]])
    again = {n for n, e in enumerate(events) if e[1] in {key for _, key, _, _ in events[:n]}}
    assert set(batch.duplicates([]).nonzero()[0].tolist()) == again
    kept = [event for n, event in enumerate(events) if n not in again]
    ahead = [event for event in kept if event[2] is not None and event[2] > event[3] + 1]
    expected = 0
    for n, (part, _, time, _) in enumerate(kept):
        before = [e[2] for e in kept[:n] if e[0] == part and e[2] is not None and e not in ahead]
        expected += time is not None and time < max(before, default=time)
    times = batch.times(None, 0)
    assert (times.out_of_order, times.ahead) == (expected, len(ahead))


def test_a_prepared_query_is_of_the_rows_that_are_given(engine: EventEngine) -> None:
    """Whatever was given before, and however many queries there are."""
    queries = []
    for sql in ("SELECT sum(n)::BIGINT AS n FROM {}", "SELECT max(n) AS n FROM {}"):
        given_rows = engine.give(pa.table({"n": pa.array([], pa.int64())}))
        queries.append(engine.prepare(sql.format(given_rows.name), given_rows))
    for numbers in ([1, 2], [5, 6, 7], []):
        found = [query.answers(pa.table({"n": pa.array(numbers, pa.int64())})) for query in queries]
        expected = [sum(numbers) or None, max(numbers, default=None)]
        assert [table["n"].to_pylist() for table in found] == [[n] for n in expected]


def test_an_engine_that_does_not_look_at_the_rows_is_noticed(engine: EventEngine) -> None:
    """Answers about other rows would pass for those about these."""
    given_rows = engine.give(pa.table({"n": [1]}))
    query = engine.prepare("SELECT 1 AS one", given_rows)
    with pytest.raises(RuntimeError, match="without a look"):
        query.answers(pa.table({"n": [2]}))
