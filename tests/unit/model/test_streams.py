"""Streams in settings, reports, verdicts and manifests; nothing here knows a broker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import sample_reports

from datarelease.adapters.dvc.listing import tree_md5
from datarelease.documents import DocumentError, decode, encode
from datarelease.errors import ConfigError, SettingsError
from datarelease.flows.check.streams import compare_streams, counts_here, counts_then
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.provenance import of_counts
from datarelease.model.data.stream import (
    Batch,
    BatchCounts,
    Span,
    StreamCounts,
    StreamPlan,
    StreamReport,
)
from datarelease.model.review.judge import judge
from datarelease.model.review.policy import Limit, Policy
from datarelease.model.versions.snapshot import DataFile, DatasetSnapshot, Entry, Snapshot
from datarelease.progress import Quiet
from datarelease.render.html.report import html
from datarelease.render.markdown.report import markdown
from datarelease.render.streams import stream_view
from datarelease.settings.read import read_settings

DVC_YAML = {
    "artifacts": {
        "orders": {
            "path": "data/orders",
            "type": "dataset",
            "meta": {"schema": "schemas/orders.yaml", "key": ["id"]},
        },
        "people": {"path": "data/people.csv", "type": "dataset"},
    }
}
ORDERS = Dataset(name="orders", path="data/orders")


def batch(number: int, **given_: Any) -> BatchCounts:
    """The counts of a batch of ten records."""
    span = Span(partition=0, start=(number - 1) * 10, end=number * 10, high=number * 10)
    fields: dict[str, Any] = {
        "spans": (span,), "md5": f"{number:032x}", "records": 10, "events": 10, "duplicates": 0,
        "tombstones": 0, "dead": 0,
    }  # fmt: skip
    return BatchCounts(number=number, **(fields | given_))


def counts(*batches: BatchCounts, key: tuple[str, ...] = ()) -> StreamCounts:
    """Those of a stream."""
    [content] = parts(*(one.part for one in batches)).datasets
    return StreamCounts(
        stream="orders", topic="shop.orders", cluster="c", batches=batches, key=key,
        made_from=of_counts(replace(ORDERS, key=key), content, lambda _: None),
    )  # fmt: skip


def parts(*names: str) -> Snapshot:
    """A directory of parts, whose MD5s are those of `batch`."""
    files = [DataFile(path=name, md5=f"{int(name[:6]):032x}") for name in names]
    whole = Entry(path=".", md5=tree_md5(files))
    return Snapshot(datasets=(DatasetSnapshot(name="orders", entries=(whole,)),))


# --- settings


def test_a_stream_is_named_after_the_dataset_that_it_feeds() -> None:
    """Its places follow from the dataset's name; what is not given has its default."""
    settings = read_settings(
        DVC_YAML, {"release": {"streams": {"orders": {"topic": "shop.orders"}}}}
    )
    stream = settings.stream("orders")
    assert stream is not None
    assert (stream.dataset.key, stream.topic, stream.format) == (("id",), "shop.orders", "json")
    assert stream.plan_file == "streams/orders.json"
    assert stream.counts_file == "reports/orders/stream.json"
    assert (stream.propose_events, stream.propose_minutes) == (100_000, 60)
    assert settings.stream("people") is None


@pytest.mark.parametrize(
    ("streams", "said"),
    [
        ({"ordres": {"topic": "t"}}, "unknown dataset 'ordres'; did you mean 'orders'?"),
        ({"people": {"topic": "t"}}, "artifacts.people.meta.schema is missing"),
        ({"orders": {}}, "streams.orders.topic: this setting is missing"),
        ({"orders": {"topic": "no such/topic"}}, "streams.orders.topic"),
        ({"orders": {"topic": "t", "fromat": "json"}}, "did you mean 'format'?"),
        ({"orders": {"topic": "t", "format": "xml"}}, "streams.orders.format"),
        ({"orders": {"topic": "t", "batch": 0}}, "streams.orders.batch"),
        ({"orders": {"topic": "t", "propose": {"event": 1}}}, "did you mean 'events'?"),
        ({"orders": "t"}, "expected a mapping"),
        (
            {"orders": {"topic": "t", "dead_letters": "t"}},
            "streams.orders.dead_letters: 't' is the topic that orders reads from",
        ),
    ],
)
def test_faults_of_a_stream_are_named_with_their_place(streams: Any, said: str) -> None:
    """Each names the key, and a close match where there is one."""
    with pytest.raises(SettingsError) as raised:
        read_settings(DVC_YAML, {"release": {"streams": streams}})
    assert said in str(raised.value)


def test_announcements_do_not_go_to_a_topic_that_feeds_a_dataset() -> None:
    """They would come back as events."""
    release = {"streams": {"orders": {"topic": "t"}}, "announce": "t"}
    with pytest.raises(SettingsError, match=r"release\.announce: 't' is the topic"):
        read_settings(DVC_YAML, {"release": release})


# --- documents


numbers = st.integers(min_value=0, max_value=2**63 - 1)
spans = st.builds(
    Span,
    partition=st.integers(0, 1000),
    start=numbers,
    end=numbers,
    high=numbers,
    lost=numbers,
    tail=st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
)
batches = st.builds(Batch, number=st.integers(1, 10**6), spans=st.tuples(spans))
plans = st.builds(
    StreamPlan,
    topic=st.text(),
    cluster=st.text(),
    topic_id=st.none() | st.text(),
    batches=st.tuples(batches, batches),
)


@given(plans)
def test_a_plan_is_read_as_it_was_written(plan: StreamPlan) -> None:
    """Offsets up to 2**63 - 1 included."""
    assert decode(StreamPlan, encode(plan)) == plan


def test_a_plan_with_an_unknown_property_is_refused() -> None:
    """A typo would lose a batch."""
    text = encode(StreamPlan(topic="t", cluster="c", topic_id=None)).replace("batches", "batchs")
    with pytest.raises(DocumentError):
        decode(StreamPlan, text)


def test_counts_that_cannot_be_read_stop_a_check() -> None:
    """A release without its offsets would look like one that needs none."""
    with pytest.raises(ConfigError, match=r"reports/orders/stream\.json cannot be used"):
        counts_here(lambda _: b"{}", [ORDERS], parts("000001.parquet"))


def test_counts_of_a_baseline_that_cannot_be_read_are_left_out() -> None:
    """They are of another version of the program; everything counts as new then."""
    assert counts_then(lambda _: b"{}", [ORDERS], Quiet()) == ()


def test_counts_are_found_where_the_stage_leaves_them() -> None:
    """One document for each dataset that has one."""
    files = {"reports/orders/stream.json": encode(counts(batch(1))).encode()}
    people = Dataset(name="people", path="data/people.csv")
    now = parts("000001.parquet")
    assert counts_here(files.get, [people, ORDERS], now) == (counts(batch(1)),)


@pytest.mark.parametrize(
    ("declared", "made", "now", "changed"),
    [
        ({}, counts(batch(1), key=("order",)), parts("000001.parquet"), "key"),
        ({"pii": ("name",)}, counts(batch(1)), parts("000001.parquet"), "pii"),
        ({"schema": "here.yaml"}, counts(batch(1)), parts("000001.parquet"), "schema"),
        ({}, replace(counts(batch(1)), made_from=()), parts("000001.parquet"), "dataset"),
        ({}, counts(batch(1)), parts("000001.parquet", "000002.parquet"), "data"),
        ({}, counts(batch(1)), parts(), "data"),
    ],
)
def test_counts_made_from_anything_else_stop_a_check(
    declared: dict[str, Any], made: StreamCounts, now: Snapshot, changed: str
) -> None:
    """DVC cannot depend on dvc.yaml, so nobody else would notice that duplicates may be there."""
    files = {"reports/orders/stream.json": encode(made).encode(), "here.yaml": b"a schema"}
    with pytest.raises(ConfigError, match=f"made before these inputs changed: {changed}") as raised:
        counts_here(files.get, [replace(ORDERS, **declared)], now)
    assert "dvc repro --force" in str(raised.value.remedy)


# --- comparison


def test_new_batches_after_equal_ones_are_append_only() -> None:
    """The rows of the baseline are all there, untouched."""
    [found] = compare_streams([counts(batch(1))], [counts(batch(1), batch(2), batch(3))])
    assert (found.append_only, found.before, found.events) == (True, 1, 20)
    assert [b.number for b in found.new] == [2, 3]


@pytest.mark.parametrize(
    ("other", "remade", "gone"),
    [
        ((batch(1, md5="f" * 32), batch(2)), 1, 0),
        ((batch(2),), 0, 1),
        ((batch(1, spans=()),), 1, 0),
        ((), 0, 1),
    ],
)
def test_a_part_that_is_other_or_gone_is_not_append_only(
    other: tuple[BatchCounts, ...], remade: int, gone: int
) -> None:
    """Other bytes, other offsets, or no such batch any more."""
    [found] = compare_streams([counts(batch(1))], [counts(*other)])
    assert (found.append_only, found.remade, found.gone) == (False, remade, gone)


def test_without_a_baseline_nothing_is_append_only() -> None:
    """There is nothing that could have been kept."""
    sides: tuple[list[StreamCounts] | None, ...] = (None, [])
    for before in sides:
        [found] = compare_streams(before, [counts(batch(1))])
        assert (found.first, found.append_only, len(found.new)) == (True, False, 1)


def test_more_high_water_does_not_make_a_batch_another_one() -> None:
    """The log went on; the records of the batch are the same."""
    later = replace(batch(1).spans[0], high=99, tail="0" * 64)
    [found] = compare_streams([counts(batch(1))], [counts(batch(1, spans=(later,)))])
    assert found.append_only


# --- verdict


def stream(**given_: Any) -> StreamReport:
    """A stream with one new batch."""
    return StreamReport(name="orders", topic="shop.orders", before=1, new=(batch(2, **given_),))


def test_dead_letters_beyond_their_limit_are_a_finding() -> None:
    """A share of the new records, by default of one in a hundred; a limit by dataset wins."""
    some = stream(dead=1, events=9)
    [found] = judge(Policy(), (), (some,)).findings
    assert (found.rule, found.level, found.dataset) == ("dead_letters", "warn", "orders")
    assert "1 of 10 new records break the schema (10.0%)" in found.message
    lenient = Policy(dead_letters=Limit(level="block", max=0.01, overrides={"orders": 0.5}))
    assert judge(lenient, (), (some,)).findings == ()
    strict = Policy(dead_letters=Limit(level="block", max=0.01))
    assert judge(strict, (), (some,)).level == "block"
    assert judge(strict, (), (some,), rollback_of="data-v1").level == "warn"


def test_events_that_the_broker_dropped_are_a_finding() -> None:
    """Nobody can bring them back, so by default they warn, which keeps people in the loop."""
    gone = stream(spans=(Span(partition=0, start=10, end=20, high=20, lost=5),))
    [found] = judge(Policy(), (), (gone,)).findings
    assert (found.rule, found.level, found.observed) == ("lost_events", "warn", 5.0)
    assert judge(Policy(lost_events="block"), (), (gone,)).level == "block"


def test_a_stream_without_new_records_is_no_finding() -> None:
    """No share of nothing."""
    assert judge(Policy(), (), (replace(stream(), new=()),)).findings == ()


# --- rendering


def test_every_rendering_says_whether_only_rows_were_added() -> None:
    """In the words of the comment and the page, with the version that is kept."""
    report = sample_reports.streamed()
    assert "**append-only**: 4 batches of data-v3 unchanged" in markdown(report)
    assert '<strong dir="auto">append-only</strong>' in html(report)
    remade = replace(report, streams=(replace(report.streams[0], remade=3),))
    said = markdown(remade)
    assert "**not append-only**: of 4 batches of data-v3, 3 made again" in said


def test_dead_letters_are_counted_by_reason() -> None:
    """The most frequent first; the share is of all new records."""
    said = markdown(sample_reports.streamed())
    assert "312 dead letters (2.5% of the records): `amount:in_range` 300, `not_json` 12" in said


def test_fields_that_no_column_takes_are_named() -> None:
    """A producer's new field is seen by a reviewer before anybody misses it."""
    said = markdown(sample_reports.streamed())
    assert "Fields that are not in the schema were left out: `coupon` in 640 events" in said


def test_text_from_a_topic_is_made_harmless() -> None:
    """Names and reasons come from outside."""
    evil = replace(
        sample_reports.streamed().streams[0],
        name="<img src=x>", topic="@everyone",
        new=(batch(1, dead=1, reasons=(("`</code><script>`", 1),)),),
    )  # fmt: skip
    report = sample_reports.report(streams=(evil,))
    assert "<script>" not in html(report)
    assert "<img" not in html(report)
    assert "<img src=x>" not in markdown(report).replace("`<img src=x>`", "")


def test_many_batches_are_cut_and_counted() -> None:
    """The newest have a line each."""
    many = StreamReport(
        name="orders", topic="t", before=0, new=tuple(batch(n) for n in range(1, 101)), first=True
    )
    view = stream_view(many, None)
    assert (len(view.rows), view.rows[0][0], view.hidden) == (12, "100", 88)
    report = sample_reports.report(streams=(many,) * 40)
    assert len(markdown(report, limit=8000)) < 8000
