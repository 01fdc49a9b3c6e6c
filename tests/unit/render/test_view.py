"""The one reading of a report: which datasets, columns and findings, in which order."""

from __future__ import annotations

from dataclasses import replace

from tests import sample_reports as samples

from datarelease.model.data.validation import Violation
from datarelease.model.review.policy import Finding, Verdict, blocking_first, worst
from datarelease.render.columns import ColumnView, still_groups
from datarelease.render.view import ReportView


def violation(column: str, severity: str) -> Violation:
    """A failed check of one column."""
    return Violation(
        column=column,
        check="ge(0)",
        reason="dataframe_check",
        category="data",
        count=1,
        total=10,
        severity="error" if severity == "error" else "warning",
    )


def finding(rule: str, level: str, column: str | None = None) -> Finding:
    """A finding about the dataset ``b``."""
    return Finding(
        rule=rule,
        level="block" if level == "block" else "warn",
        dataset="b",
        column=column,
        message=rule,
    )


def test_the_worst_level_decides_and_comes_first() -> None:
    """Nothing found is a pass; findings of one level keep their order."""
    found = (finding("psi", "warn"), finding("rows", "block"), finding("ks", "warn"))
    assert worst(f.level for f in found) == "block"
    assert worst([]) == "pass"
    assert [f.rule for f in blocking_first(found)] == ["rows", "psi", "ks"]


def test_datasets_are_shown_worst_first() -> None:
    """A blocked one, one that lost rows, one that changed, and the unchanged ones last."""
    datasets = (
        samples.dataset("a", rows=(100, 100)),
        samples.dataset("b", rows=(100, 100)),
        samples.dataset("c", rows=(100, 90)),
        samples.dataset("d", rows=(100, 100), status="identical"),
    )
    verdict = Verdict(findings=(finding("psi", "block"),))
    view = ReportView(samples.report(*datasets, verdict=verdict))
    assert [dataset.name for dataset in view.datasets] == ["b", "c", "a", "d"]
    assert [dataset.name for dataset in view.told] == ["b", "c", "a"]
    assert [dataset.name for dataset in view.same] == ["d"]
    assert view.by_name["b"].level == "block"


def test_a_failed_check_counts_for_its_column() -> None:
    """The finding about failed checks names no column: each failed check gives its own a level."""
    failed = (violation("x", "error"), violation("y", "warning"))
    columns = tuple(samples.text_column(name, {"u": (1, 1)}) for name in "xyz")
    part = samples.dataset("b", violations=failed, columns=columns)
    for level, wanted in (("block", "block"), ("warn", "pass")):
        verdict = Verdict(findings=(finding("violations", level),))
        view = ReportView(samples.report(part, verdict=verdict)).by_name["b"]
        levels = {column.name: column.level for column in view.columns}
        assert levels == {"x": wanted, "y": "warn", "z": "pass"}


def test_a_column_with_a_finding_never_counts_as_still() -> None:
    """One that moved by less than a twentieth of what is notable does, if nothing was found."""
    (moved,) = samples.small().datasets[0].diff.columns
    calm = replace(moved, psi=0.001, ks=None, js=None, after=moved.before)
    assert ColumnView(calm).still
    assert not ColumnView(calm, "warn").still
    assert not ColumnView(replace(calm, before=None)).still
    assert not ColumnView(replace(calm, psi=0.1)).still


def test_still_columns_are_told_in_two_groups() -> None:
    """Those that are the same, and those that hardly moved; an empty group is left out."""
    (moved,) = samples.small().datasets[0].diff.columns
    calm = replace(moved, psi=0.001, ks=None, js=None, after=moved.before)
    same = ColumnView(replace(calm, column="same", psi=0.0))
    assert still_groups([ColumnView(calm), same]) == (
        ("Unchanged", (same,)),
        ("Little or no drift", (ColumnView(calm),)),
    )
    assert still_groups([]) == ()
