"""Data that cannot be read: said as such, compared with nothing, and blocked."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console
from tests import sample_reports as samples

from datarelease.analysis.engine.tables import UnreadableTable
from datarelease.documents import decode, encode
from datarelease.flows.check.compare import compare_sides
from datarelease.flows.versions.dataset_at import DatasetAt
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import Profile
from datarelease.model.data.validation import Validation, Violation
from datarelease.model.review.diff import Compatibility, DatasetDiff
from datarelease.model.review.judge import judge
from datarelease.model.review.policy import AppendOnly, Limit, Policy, Waiver
from datarelease.model.review.report import DatasetReport, Report
from datarelease.model.versions.snapshot import DatasetSnapshot, Entry
from datarelease.render.html.report import html
from datarelease.render.markdown.report import markdown
from datarelease.render.terminal.report import summary

REASON = "p0.csv: line 3 has 4 values, the header 2"
ORDERS = Dataset(name="orders", path="data/orders")


def side(label: str, rows: int | None, *, md5: str = "0") -> DatasetAt:
    """One side of a comparison; without ``rows`` it cannot be read."""

    def profile(_: object) -> Profile:
        if rows is None:
            raise UnreadableTable("p0.csv", REASON.removeprefix("p0.csv: "))
        return Profile(dataset="orders", rows=rows, columns=())

    entry = Entry(path="p0.csv", md5=md5 * 32)
    return DatasetAt(
        label=label,
        released=label.startswith("data-v"),
        dataset=ORDERS,
        content=DatasetSnapshot(name="orders", entries=(entry,)),
        profile=profile,
        contract=lambda: None,
        files=lambda: (),
        listing=lambda: (),
        bring=lambda _: None,
    )


def compared(before: DatasetAt | None, after: DatasetAt | None) -> DatasetDiff:
    """What a comparison says that needs neither objects nor an engine."""
    return compare_sides(cast("Any", SimpleNamespace()), before, after, cast("Any", None))


OLD, NEW = side("data-v3", 560), side("the work tree", None, md5="1")


@pytest.mark.parametrize("before", [OLD, None, side("data-v3", None), side("data-v3", 9, md5="1")])
def test_what_cannot_be_read_now_is_compared_with_nothing(before: DatasetAt | None) -> None:
    """Whatever the baseline was, nothing is gone, new or the same."""
    assert compared(before, NEW) == DatasetDiff(
        name="orders",
        status="unreadable",
        rows_before=None,
        rows_after=None,
        unreadable=f"cannot be read: {REASON}",
    )


def test_a_baseline_that_cannot_be_read_adds_nothing() -> None:
    """The rows of today are known, and are no news."""
    diff = compared(side("data-v3", None), side("the work tree", 561, md5="1"))
    assert (diff.status, diff.rows_before, diff.rows_after) == ("unreadable", None, 561)
    assert diff.unreadable == f"data-v3 cannot be read, so nothing was compared: {REASON}"
    assert diff.compatibility is Compatibility.BREAKING


def test_a_version_is_named_where_two_are_compared() -> None:
    """`diff data-v3 data-v4` says which of them cannot be read."""
    diff = compared(OLD, side("data-v4", None, md5="1"))
    assert diff.unreadable == f"data-v4 cannot be read: {REASON}"


def test_a_dataset_that_is_gone_is_gone_though_its_baseline_cannot_be_read() -> None:
    """Data loss is not excused by what was wrong with the data."""
    assert compared(side("data-v3", None), None).status == "removed"


def unread() -> DatasetReport:
    """Orders as a check reports them where a part is malformed."""
    violation = Violation(
        column=None, check="readable", reason="unreadable", category="schema", count=1, total=0,
        message=REASON,
    )  # fmt: skip
    return DatasetReport(
        name="orders",
        path="data/orders",
        desc="",
        validation=Validation(
            dataset="orders", rows=0, schema=None, checks=1, violations=(violation,)
        ),
        diff=compared(OLD, NEW),
    )


def uncompared() -> DatasetReport:
    """Orders where the baseline is malformed."""
    diff = compared(side("data-v3", None), side("the work tree", 561, md5="1"))
    validation = Validation(dataset="orders", rows=561, schema=None, checks=0)
    return replace(unread(), diff=diff, validation=validation)


LENIENT = Policy(
    violations="warn",
    breaking="warn",
    row_loss=Limit(level="block", max=0.0),
    append_only=AppendOnly(overrides={"orders": True}),
    waivers=(Waiver(what="orders", until="data-v9", number=9, reason="it is meant"),),
)


@pytest.mark.parametrize("rollback", [None, "data-v1"])
def test_no_policy_and_no_waiver_lets_unreadable_data_pass(rollback: str | None) -> None:
    """One finding, which blocks; no rule about lost rows or failed checks says it again."""
    [found] = judge(LENIENT, [unread()], number=4, rollback_of=rollback).findings
    assert (found.rule, found.level) == ("unreadable", "block")
    assert found.message == f"cannot be read: {REASON}"


def test_a_build_cannot_report_unreadable_data_as_changed() -> None:
    """The publisher judges by the validation, too."""
    claimed = replace(unread(), diff=samples.dataset("orders").diff)
    findings = judge(Policy(), [claimed]).findings
    assert ("unreadable", "block") in {(found.rule, found.level) for found in findings}


def test_what_was_not_compared_blocks_unless_it_is_waived() -> None:
    """Nobody knows what readers would lose; a waiver of the dataset says that it is meant."""
    [found] = judge(Policy(), [uncompared()], number=4).findings
    assert (found.rule, found.level, found.what) == ("breaking", "block", "orders")
    [waived] = judge(replace(LENIENT, breaking="block"), [uncompared()], number=4).findings
    assert (waived.level, waived.waiver is not None) == ("warn", True)


def on_terminal(report: Report) -> str:
    """What is printed."""
    out = io.StringIO()
    Console(file=out, width=300).print(summary(report))
    return out.getvalue()


def page_text(report: Report) -> str:
    """The words of the HTML report."""
    page = re.sub(r"<(style|script)\b.*?</\1>", "", html(report), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("write", [markdown, page_text, on_terminal])
@pytest.mark.parametrize("part", [unread, uncompared])
def test_every_writer_says_that_it_cannot_be_read(
    write: Callable[[Report], str], part: Callable[[], DatasetReport]
) -> None:
    """The comment, the page, the summary and the terminal; none says lost, removed, new or same."""
    report = samples.report(part(), tag="data-v4")
    text = write(report).replace("\\", "")
    assert part().diff.unreadable in text
    assert REASON in text
    for word in ("removed", "lost", "loses", "new dataset", "added", "0 rows", "560", "same bytes"):
        assert word not in text, word


def test_the_report_can_be_read_back() -> None:
    """As JSON; and one that an earlier program wrote, without the field."""
    report = samples.report(unread())
    assert decode(Report, encode(report)) == report
    old = json.loads(encode(samples.small()))
    for dataset in old["datasets"]:
        del dataset["diff"]["unreadable"]
    assert decode(Report, json.dumps(old)) == samples.small()
