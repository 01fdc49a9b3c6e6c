"""What the report says, in words, before any rendering: phrases made of our words and of data.

A phrase is a tuple of parts. Plain strings are this module's own words; everything that comes from
data, names or messages is wrapped, so that each rendering escapes it its own way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from datarelease.model.diff import Compatibility, DatasetDiff, RowDiff, SchemaChange
from datarelease.model.policy import Finding, VerdictLevel
from datarelease.model.report import Outcome, Report
from datarelease.model.validation import Violation
from datarelease.render import number


@dataclass(frozen=True)
class Data:
    """A name or a value from the data; shown as code."""

    text: str


@dataclass(frozen=True)
class Strong:
    """What a reader looks for first; a tag, for instance."""

    text: str


@dataclass(frozen=True)
class Prose:
    """Free text that was written elsewhere: a message, a note."""

    text: str


Phrase = tuple[str | Data | Strong | Prose, ...]

SYMBOLS: dict[VerdictLevel, str] = {"pass": "✅", "warn": "⚠️", "block": "⛔"}
"""Each differs in shape, and the word stands beside it: colour alone says nothing."""
VERDICTS: dict[VerdictLevel, str] = {"pass": "Pass", "warn": "Warn", "block": "Blocked"}
COMPARED = "Compared"
"""Stands for the verdict where two versions are compared and nothing is to be merged."""

MEANING = {
    Compatibility.IDENTICAL: "the same data",
    Compatibility.PATCH: "other values, same columns",
    Compatibility.ADDITIVE: "something new, nothing taken away",
    Compatibility.BREAKING: "readers of the old data may fail",
}

SHORT_DIGEST = 12


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
    said: dict[Outcome, Phrase] = {
        "first": ("first release: ", *publishes),
        "release": publishes,
        "rollback": ("rolls back to the data of ", older, ": ", *publishes),
        "unchanged": ("nothing to release: same data as ", base),
        "same_bytes": ("params changed, the data did not: nothing to release",),
    }
    return said[report.outcome]


def _blocked(report: Report) -> Phrase:
    rules = {finding.rule for finding in report.verdict.findings if finding.level == "block"}
    until: list[str] = []
    if "unreadable" in rules:
        until.append("the data can be read")
    if "violations" in rules:
        until.append("the data passes its schema")
    if "breaking" in rules:
        until.append("its breaking changes are waived by name")
    if rules - {"unreadable", "violations", "breaking"}:
        until.append("the data keeps the policy")
    wait = f" will not be published until {' and '.join(until)}"
    if report.tag is None:
        return ("nothing to release, and this data", wait)
    back = report.outcome == "rollback" and report.rollback_of
    what: Phrase = (" (the data of ", Prose(report.rollback_of or ""), ")") if back else ()
    return (Strong(report.tag), *what, wait)


def compared(report: Report) -> Phrase:
    """What the change was compared with."""
    if report.base is None:
        return ("no version yet to compare with",)
    return ("compared with ", Prose(report.base))


def rows(diff: DatasetDiff) -> str:
    """Row counts, old and new.

    >>> rows(DatasetDiff(name="a", status="changed", rows_before=1000, rows_after=900))
    '1,000 → 900 rows (−100, −10.0%)'
    """  # noqa: RUF002
    before, after = diff.rows_before, diff.rows_after
    if diff.status == "removed" and before is not None:
        return f"{number.count(before)} → 0 rows"
    if before is None or after is None:
        known = after if before is None else before
        return "rows unknown" if known is None else number.counted(known, "row")
    if before == after:
        return number.counted(after, "row")
    return (
        f"{number.count(before)} → {number.counted(after, 'row')} ({number.change(before, after)})"
    )


TOLD_WHOLE = frozenset({"removed", "identical", "unreadable"})
"""Of these a dataset's title says what happened, and no count of rows."""


def standing(diff: DatasetDiff, *, first: bool = False) -> Phrase:
    """What happened to a dataset as a whole; empty where it merely changed."""
    match diff.status:
        case "added":
            return () if first else ("new dataset",)
        case "removed":
            lost = number.counted(diff.rows_before, "row") if diff.rows_before else "its data"
            return ("dataset removed, and ", lost, " with it")
        case "identical":
            return ("unchanged: the same bytes",)
        case "unreadable":
            return (Prose(diff.unreadable),)
        case "changed":
            return ()


def schema_change(change: SchemaChange) -> Phrase:
    """One schema change as a sentence without its compatibility."""
    column: Phrase = (Data(change.column),) if change.column is not None else ("the table",)
    before, after = change.before, change.after
    note: Phrase = (" (", Prose(change.note), ")") if change.note else ()
    match change.kind:
        case "added":
            typed: Phrase = (", type ", Data(after)) if after else ()
            return ("column ", *column, " added", *typed, *note)
        case "removed":
            typed = (", it was of type ", Data(before)) if before else ()
            return ("column ", *column, " removed", *typed, *note)
        case "renamed":
            old, new = before or change.column or "?", after or change.column or "?"
            return ("column ", Data(old), " renamed to ", Data(new), *note)
        case "retyped":
            types = _from_to(before, after, "unknown")
            return ("column ", *column, " changed its type: ", *types, *note)
        case "key":
            return ("row key changed: ", *_from_to(before, after, "none"), *note)
        case "contract":
            return (*_contract(column, before, after), *note)


def _contract(column: Phrase, before: str | None, after: str | None) -> Phrase:
    if before and after:
        return ("schema promise on ", *column, " changed: ", *_from_to(before, after, "none"))
    if before:
        return ("schema promise on ", *column, " withdrawn: ", Data(before))
    if after:
        return ("schema promise on ", *column, " added: ", Data(after))
    return ("schema promise on ", *column, " changed")


def _from_to(before: str | None, after: str | None, none: str) -> Phrase:
    return (Data(before) if before else none, " → ", Data(after) if after else none)


_KINDS = {
    "added": "added",
    "removed": "removed",
    "renamed": "renamed",
    "retyped": "retyped",
    "key": "key",
    "contract": "promise",
}


def schema_counts(changes: Sequence[SchemaChange]) -> str:
    """How many changes of each kind, the breaking ones named first.

    >>> schema_counts([SchemaChange(kind="removed", column="a", before="text", after=None,
    ...                             compatibility=Compatibility.BREAKING)])
    '1 removed'
    """
    found = Counter[str](change.kind for change in changes)
    order = ("removed", "renamed", "retyped", "key", "contract", "added")
    return ", ".join(f"{found[kind]} {_KINDS[kind]}" for kind in order if found[kind])


def finding_place(finding: Finding) -> Phrase:
    """Where a finding applies."""
    if not finding.dataset:
        return ("all datasets",)
    if finding.column is None:
        return (Data(finding.dataset),)
    return (Data(f"{finding.dataset}.{finding.column}"),)


def row_counts(rows_: RowDiff) -> Phrase:
    """The row diff in one line."""
    parts = [
        f"{number.count(rows_.added)} added",
        f"{number.count(rows_.removed)} removed",
        f"{number.count(rows_.changed)} changed",
        f"{number.count(rows_.unchanged)} unchanged",
    ]
    skipped = (
        f" ({number.counted(rows_.skipped_files, 'file')} with equal hashes not read)"
        if rows_.skipped_files
        else ""
    )
    appended = rows_.added and not rows_.removed and not rows_.changed
    return (" · ".join(parts) + skipped + (" · append-only" if appended else ""),)


def finding_message(finding: Finding) -> str:
    """What was found, without the rule's name, which stands before it."""
    return finding.message.removeprefix("breaking change: ")


def finding_limit(finding: Finding) -> str:
    """The limit that was passed, in the unit of its rule; empty where the message says it all.

    >>> finding_limit(Finding(rule="psi", level="warn", dataset="a", column="b", message="",
    ...                       observed=0.4, limit=0.25))
    ' (limit 0.25)'
    """
    if finding.limit is None:
        return ""
    if finding.rule in {"row_loss", "row_gain", "null_rate", "dead_letters"}:
        return f" (limit {number.share(finding.limit)})"
    return (
        f" (limit {number.decimal(finding.limit)})" if finding.rule in {"psi", "ks", "js"} else ""
    )


def finding_waiver(finding: Finding) -> Phrase:
    """Why a finding does not block, where a waiver excuses it; else nothing."""
    waiver = finding.waiver
    if waiver is None:
        return ()
    return ("; waived until ", Data(waiver.until), ": ", Prose(waiver.reason))


_REASONS = {
    "column_not_in_dataframe": "column is missing",
    "column_not_in_schema": "column is not in the schema",
    "column_not_ordered": "columns are out of order",
    "duplicate_column_labels": "two columns share a name",
    "wrong_datatype": "wrong type",
    "datatype_coercion": "values do not convert to the type",
    "series_contains_nulls": "nulls where none are allowed",
    "series_contains_duplicates": "duplicates where values must be unique",
    "duplicates": "duplicate rows",
    "check_error": "the check itself failed",
    "unreadable": "the file cannot be read as a table",
}


def violation(failed: Violation) -> Phrase:
    """What a failed check found."""
    if failed.reason == "dataframe_check":
        return (Data(failed.check),)
    said = _REASONS[failed.reason]
    speaks = failed.message and failed.category == "schema"
    return (said, ": ", Prose(failed.message)) if speaks else (said,)
