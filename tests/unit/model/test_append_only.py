"""Append-only: streams keep every released row by default, other datasets where they say so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from datarelease.model.data.stream import StreamReport
from datarelease.model.review.diff import DatasetDiff, FileCounts, RowDiff
from datarelease.model.review.judge import judge
from datarelease.model.review.policy import AppendOnly, Policy, Waiver
from datarelease.model.review.report import DatasetReport
from datarelease.settings.read import read_settings

KEPT = StreamReport(name="orders", topic="shop.orders", before=3, new=())
DVC_YAML = {"artifacts": {name: {"path": name, "type": "dataset"} for name in ("orders", "log")}}


def rows(**counts: int) -> RowDiff:
    """A comparison by key."""
    given = (counts.get(name, 0) for name in ("added", "removed", "changed", "unchanged"))
    added, removed, changed, unchanged = given
    return RowDiff(
        key=("id",), added=added, removed=removed, changed=changed, unchanged=unchanged, columns=()
    )


def orders(status: Any = "changed", **more: Any) -> DatasetReport:
    """The dataset."""
    given = {"rows_before": 1170, "rows_after": 1170, **more}
    diff = DatasetDiff(name="orders", status=status, **given)
    return DatasetReport(name="orders", path="orders", desc="", validation=None, diff=diff)


def said(part: DatasetReport, stream: StreamReport | None = KEPT, **policy: Any) -> list[str]:
    """What is found, apart from the size of the loss."""
    streams = (stream,) if stream else ()
    verdict = judge(Policy(**policy), (part,), streams)
    found = [item for item in verdict.findings if item.rule == "append_only"]
    assert all((item.dataset, item.what) == ("orders", "orders") for item in found)
    return [f"{item.level}: {item.message}" for item in found]


def policy(**rules: Any) -> Policy:
    """The policy in ``release.policy``."""
    return read_settings(DVC_YAML, {"release": {"policy": rules}}).policy


# --- what is found


@pytest.mark.parametrize(
    ("part", "stream", "message"),
    [
        (orders(rows=rows(removed=1170, added=40)), KEPT, "1,170 rows removed"),
        (orders(rows=rows(removed=1, changed=2)), KEPT, "1 row removed; 2 rows changed"),
        (orders(), replace(KEPT, remade=1, gone=2),
         "of the 3 batches before, 1 has other content now and 2 are missing"),
        (orders("removed", rows_after=None), None, "the dataset was removed, and 1,170 rows with"),
        (orders(rows_after=1000, no_row_diff="no key"), None, "170 rows fewer than the 1,170 "),
        (orders(files=FileCounts(changed=1, removed=2, added=4), no_row_diff="no key"), None,
         "2 released files removed and 1 released file changed, and rows were not compared (no "),
        (orders(files=FileCounts(changed=1), no_row_diff="no key"), KEPT, "1 released file"),
        # Neither rows nor files could be compared: nothing is known to be kept.
        (orders(no_row_diff="the data of data-v1 is not at hand"), None,
         "released data may have been lost, because rows were not compared (the data of "),
    ],
)  # fmt: skip
def test_lost_rows_and_parts_block(
    part: DatasetReport, stream: StreamReport | None, message: str
) -> None:
    """Rows, batches, files: whatever tells it; what cannot be told is no proof."""
    every = AppendOnly(overrides={"orders": True})
    found = "; ".join(said(part, stream, append_only=every))
    assert found.startswith("block: not append-only: ")
    assert message in found


@pytest.mark.parametrize(
    ("part", "stream"),
    [
        (orders("identical"), KEPT),
        (orders(rows=rows(added=9, unchanged=5)), KEPT),
        (orders("added", rows_before=None), replace(KEPT, first=True, remade=1)),
        (orders(files=FileCounts(added=2, unchanged=3), no_row_diff="no key"), None),
        # Parts with equal hashes, by the counts in git: nobody needs the data for that.
        (orders(rows_after=1200, no_row_diff="the data of data-v1 is not at hand"), KEPT),
        # Written anew with the same rows.
        (orders(files=FileCounts(changed=1), rows=rows(unchanged=5)), None),
    ],
)
def test_what_only_adds_is_append_only(part: DatasetReport, stream: StreamReport | None) -> None:
    """New rows, new parts, a first version."""
    assert said(part, stream, append_only=AppendOnly(overrides={"orders": True})) == []


def test_the_same_rows_in_other_bytes_warn() -> None:
    """Batches that were made again and still have every row lose nothing, and are seen."""
    part = orders(rows=rows(unchanged=1170))
    message = "of the 3 batches before, 3 have other content now; every released row is there"
    [found] = said(part, replace(KEPT, remade=3))
    assert found.startswith(f"warn: not append-only: {message}")


# --- whom it is for


def test_streams_are_held_to_it_and_others_are_not() -> None:
    """By default; also a dataset whose stream is no longer there."""
    lost = orders(rows=rows(removed=5))
    assert said(lost) == ["block: not append-only: 5 rows removed"]
    assert said(lost, None) == []
    past = judge(Policy(), (lost,), fed={"orders"})
    assert [found.rule for found in past.findings] == ["append_only"]


def test_the_rule_is_written_like_the_others() -> None:
    """Off, another level, exceptions both ways."""
    assert policy().append_only == AppendOnly(level="block", streams=True)
    assert policy(append_only=False).append_only == AppendOnly(streams=False)
    assert policy(append_only="warn").append_only == AppendOnly(level="warn")
    mixed = policy(append_only={"level": "warn", "datasets": {"log": True, "orders": False}})
    assert mixed.append_only.of("log", fed=False)
    assert not mixed.append_only.of("orders", fed=True)
    lost = orders(rows=rows(removed=5))
    assert said(lost, append_only=mixed.append_only) == []
    assert said(lost, append_only=AppendOnly(level="warn"))[0].startswith("warn: ")


def test_a_waiver_of_the_dataset_allows_it_once() -> None:
    """A topic that was made again on purpose; a roll-back warns."""
    lost = orders(rows=rows(removed=5))
    waiver = Waiver(what="orders", until="data-v2", number=2, reason="the topic is a new one")
    once = Policy(waivers=(waiver,))
    assert judge(once, (lost,), (KEPT,), number=2).level == "warn"
    assert judge(once, (lost,), (KEPT,), number=3).level == "block"
    assert judge(Policy(), (lost,), (KEPT,), rollback_of="data-v1").level == "warn"
