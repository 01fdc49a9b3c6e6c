"""What a report says first: what merging does, why it does not, what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from datarelease.model.review.diff import Compatibility, DatasetDiff
from datarelease.model.review.policy import Finding
from datarelease.model.review.report import MergeEffect, Report
from datarelease.render import changes, findings
from datarelease.render import numbers as number
from datarelease.render.triage import Triage
from datarelease.render.words import VERDICTS, Data, Phrase, Prose, Strong

COMPARED = "Compared"
"""Stands for the verdict where two versions are compared and nothing is to be merged."""
MEANING = {
    Compatibility.IDENTICAL: "the same data",
    Compatibility.PATCH: "same columns",
    Compatibility.ADDITIVE: "something new, nothing taken away",
    Compatibility.BREAKING: "readers of the old data may fail",
}
_GROUPS = {"unreadable": "unreadable", "violations": "violations", "breaking": "breaking"}
"""Rules with a remedy of their own; the others are limits."""


def verdict(report: Report) -> str:
    """The verdict in a word."""
    return COMPARED if report.outcome == "compared" else VERDICTS[report.level]


def headline(report: Report) -> Phrase:
    """What merging does; the verdict's symbol and word stand before it."""
    if report.outcome == "compared":
        return (Strong(report.tag or "?"), " with ", Strong(report.base or "?"))
    if report.level == "block":
        return _blocked(report)
    publishes: Phrase = ("merging publishes ", Strong(report.tag or "a new version"))
    older = Prose(report.rollback_of or "an older version")
    # Compared with an older version on purpose, it is the newest one that unchanged data equals.
    same = report.base is not None and report.base_digest in {None, report.digest}
    base = Prose(report.base or "") if same else "the newest version"
    said: dict[MergeEffect, Phrase] = {
        "first": ("first release: ", *publishes),
        "release": publishes,
        "rollback": ("rolls back to the data of ", older, ": ", *publishes),
        "unchanged": ("nothing to release: same data as ", base),
        "same_bytes": ("params changed, the data did not: nothing to release",),
    }
    return said[report.outcome]


def _blocked(report: Report) -> Phrase:
    why = _reason(report)
    if report.tag is None:
        return ("nothing to release, and this data could not be published: ", *why)
    back = report.outcome == "rollback" and report.rollback_of
    what: Phrase = (" (the data of ", Prose(report.rollback_of or ""), ")") if back else ()
    return (Strong(report.tag), *what, " cannot be published: ", *why)


def _blocking(report: Report) -> list[Finding]:
    return [finding for finding in report.verdict.findings if finding.level == "block"]


def _reason(report: Report) -> Phrase:
    """What stands in the way: the one thing by its name, several by their number."""
    found, triage = _blocking(report), Triage(report)
    alone = findings.cause(found[0], triage) if len(found) == 1 else None
    if alone is not None:
        return alone
    rules = Counter(_GROUPS.get(finding.rule, "limit") for finding in found)
    failed = sum(
        len(findings.failed(finding, triage)) or 1
        for finding in found
        if finding.rule == "violations"
    )
    said = (
        ("unreadable", number.counted(rules["unreadable"], "dataset") + " cannot be read"),
        ("violations", number.counted(failed, "check") + " failed"),
        ("breaking", number.counted(rules["breaking"], "breaking change")),
        ("limit", number.counted(rules["limit"], "limit") + " exceeded"),
    )
    return (", ".join(words for rule, words in said if rules[rule]),)


def remedy(report: Report) -> str:
    """What publishing waits for; empty where nothing blocks."""
    if report.level != "block" or report.outcome == "compared":
        return ""
    rules = {_GROUPS.get(finding.rule, "limit") for finding in _blocking(report)}
    until = (
        ("unreadable", "the data can be read"),
        ("violations", "the data passes its schema"),
        ("breaking", "its breaking changes are undone or waived by name"),
        ("limit", "the data is within the limits of the policy"),
    )
    return f"To be published once {_joined([words for rule, words in until if rule in rules])}."


def _joined(words: Sequence[str]) -> str:
    *head, last = words
    return f"{', '.join(head)} and {last}" if head else last


def compared(report: Report) -> Phrase:
    """What the change was compared with."""
    if report.base is None:
        return ("no version yet to compare with",)
    return ("compared with ", Prose(report.base))


def changed(report: Report) -> tuple[str, ...]:
    """What is different from the base, in counts: datasets, rows, columns; () on a first release.

    >>> from datarelease.model.review.diff import DatasetDiff
    >>> summed([DatasetDiff(name="a", status="changed", rows_before=100, rows_after=120)])
    ('20 rows more',)
    """
    return () if report.base is None else summed([part.diff for part in report.datasets])


def summed(diffs: Sequence[DatasetDiff]) -> tuple[str, ...]:
    """What changed in some datasets, a group each: datasets, rows, columns and rules."""
    status = Counter[str](diff.status for diff in diffs)
    whole = {"removed": "removed", "unreadable": "not readable", "added": "added"}
    moved = [diff for diff in diffs if diff.status == "changed"]
    keyed = [diff.rows for diff in moved if diff.rows is not None]
    groups = (
        number.listed("dataset", [(status[state], words) for state, words in whole.items()]),
        number.listed(
            "row",
            [
                (sum(rows.added for rows in keyed), "added"),
                (sum(rows.removed for rows in keyed), "removed"),
                (sum(rows.changed for rows in keyed), "changed"),
            ],
        ),
        *_more_or_fewer(moved),
        changes.counts([change for diff in moved for change in diff.schema]),
    )
    said = tuple(filter(None, groups))
    return said or ("other values in the same rows and columns" if moved else "the same data",)


def _more_or_fewer(moved: Sequence[DatasetDiff]) -> list[str]:
    """Rows where there is no key to tell added ones from removed ones."""
    by = [
        diff.rows_after - diff.rows_before
        for diff in moved
        if diff.rows is None and diff.rows_before is not None and diff.rows_after is not None
    ]
    more, fewer = sum(d for d in by if d > 0), -sum(d for d in by if d < 0)
    return [
        f"{number.counted(count, 'row')} {word}"
        for count, word in ((more, "more"), (fewer, "fewer"))
        if count
    ]


def effect(compatibility: Compatibility) -> Phrase:
    """What a change means for readers, with the term that settings use."""
    if compatibility is Compatibility.IDENTICAL:
        return ()
    return (MEANING[compatibility], " (", Data(compatibility.value), ")")
