"""The text of a proposal."""

from __future__ import annotations

import dataclasses

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from tests.hostile import broken_by

from datarelease.ingest.propose.pull_request_text import _ROWS, Described, body
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.stream import BatchCounts, Span, Stream, StreamReport

BATCH = BatchCounts(
    number=3,
    spans=(Span(partition=0, start=100, end=150, high=180, lost=7),),
    md5="0" * 32,
    records=50,
    events=40,
    duplicates=4,
    tombstones=3,
    dead=3,
    reasons=(("amount:in_range", 2), ("json", 1)),
    late=5,
    out_of_order=6,
)


def described(*batches: BatchCounts, **report: object) -> Described:
    """A proposal with these new batches."""
    dataset = Dataset(name="orders", path="data/orders", schema="schemas/orders.yaml")
    base = StreamReport(name="orders", topic="shop.orders", before=2, new=batches)
    return Described(
        stream=Stream(dataset=dataset, topic="shop.orders", propose_events=5_000),
        commit="c" * 40,
        report=dataclasses.replace(base, **report),  # type: ignore[arg-type]
        digest="d" * 64,
    )


def test_every_figure_is_told() -> None:
    """Offsets, the high watermark, what was lost; what became of the records, and why."""
    text = body(described(BATCH))
    assert "**40 new events** for `orders`, from topic `shop.orders` (batch 3)" in text
    assert "| `shop.orders` | 0 | 100 | 150 | 180 | 7 |" in text
    for line in (
        "| events | 40 |", "| dead letters | 3 |", "| **all** | 50 |", "| late events | 5 |",
        "| out of order | 6 |", "| lost before they were read | 7 |",
        "| `amount:in_range` | 2 |", "| `json` | 1 |",
    ):  # fmt: skip
        assert line in text
    assert "**Append-only**: the 2 batches before are unchanged." in text
    assert "d" * 64 in text
    assert "when 5,000 more have come" in text
    assert "`datarelease ingest propose orders --force`" in text


def test_several_batches_are_one_line_a_partition() -> None:
    """From the first start to the last end; counts are sums."""
    later = dataclasses.replace(
        BATCH, number=4, spans=(Span(partition=0, start=150, end=170, high=180),)
    )
    text = body(described(BATCH, later))
    assert "(batches 3 to 4)" in text
    assert "| `shop.orders` | 0 | 100 | 170 | 180 | 7 |" in text
    assert "| events | 80 |" in text
    assert described(BATCH, later).title == "orders: 80 events"


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({"first": True, "before": 0}, "These are the first batches"),
        ({"remade": 1}, "**Not append-only**: of the 2 batches before, 1 have other content"),
        ({"gone": 2}, "**Not append-only**"),
    ],
)
def test_what_is_no_mere_addition_is_said(report: dict[str, object], said: str) -> None:
    """Batches that changed or went are not passed over."""
    assert said in body(described(BATCH, **report))


def test_a_thousand_partitions_fit() -> None:
    """GitHub takes 65,536 characters: tables have an end, and say so."""
    spans = tuple(Span(partition=n, start=0, end=10**9, high=10**9) for n in range(1_000))
    reasons = tuple((f"column_{n}:{'x' * 200}", 1) for n in range(1_000))
    text = body(described(dataclasses.replace(BATCH, spans=spans, reasons=reasons)))
    assert len(text) < 40_000
    assert f"and {1_000 - _ROWS} more partitions" in text
    assert f"and {1_000 - _ROWS} more reasons" in text


def test_text_from_data_is_text() -> None:
    """Topic names and reasons cannot write markup, mentions or links."""

    def held(text: str) -> None:
        batch = dataclasses.replace(BATCH, reasons=((text, 1),))
        html, harmless = (
            str(cmarkgfm.github_flavored_markdown_to_html(body(one), Options.CMARK_OPT_UNSAFE))
            for one in (described(batch, topic=text), described(BATCH))
        )
        for tag in ("<a ", "<img", "<script", "<h1", "<li"):
            assert html.count(tag) == harmless.count(tag)
        assert html.count("<table") == 3

    assert broken_by(held) == {}
