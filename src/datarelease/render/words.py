"""What the report says, in words, before any rendering: phrases made of our words and of data.

A phrase is a tuple of parts. Plain strings are this module's own words; everything that comes from
data, names or messages is wrapped, so that each rendering escapes it its own way.
"""

from __future__ import annotations

from dataclasses import dataclass

from datarelease.model.data.validation import Violation
from datarelease.model.review.diff import DatasetDiff, RowDiff
from datarelease.model.review.policy import VerdictLevel
from datarelease.render import numbers as number


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
SHORT_DIGEST = 12


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
