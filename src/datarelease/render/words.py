"""What the report says, in words, before any rendering: phrases made of our words and of data.

A phrase is a tuple of parts. Plain strings are this module's own words; everything that comes from
data, names or messages is wrapped, so that each rendering escapes it its own way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from datarelease.model.data.validation import Violation
from datarelease.model.review.diff import DatasetDiff, RowDiff, SchemaChange
from datarelease.model.review.row_files import RowsFile
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
_Part = TypeVar("_Part")


def write_phrase(
    phrase: Phrase,
    *,
    own: Callable[[str], _Part],
    data: Callable[[str], _Part],
    strong: Callable[[str], _Part],
    prose: Callable[[str], _Part],
) -> list[_Part]:
    """Each part of a phrase as a rendering writes it."""
    by_kind = {Data: data, Strong: strong, Prose: prose}
    return [
        own(part) if isinstance(part, str) else by_kind[type(part)](part.text) for part in phrase
    ]


SHORT_DIGEST = 12


def row_file(left: RowsFile) -> Phrase:
    """How many rows a file beside the report has.

    >>> row_file(RowsFile(kind="changes", name="a/changes.parquet", rows=2, total=2))
    ('All 2 changed rows are in ', Data(text='a/changes.parquet'))
    """
    of_table = "failing value" if left.kind == "violations" else "changed row"
    of_files = "failing file" if left.kind == "violations" else "changed file"
    noun = of_files if left.of_files else of_table
    if left.is_whole:
        every = "The one " + noun + " is" if left.rows == 1 else f"All {left.rows:,} {noun}s are"
        return (f"{every} in ", Data(left.name))
    first = f"{left.rows:,} of {number.counted(left.total, noun)} are in "
    return (first, Data(left.name), " (limit: ", Data("release.rows_budget"), ")")


def rows(diff: DatasetDiff) -> str:
    """Counts of rows, or of files, old and new.

    >>> rows(DatasetDiff(name="a", status="changed", rows_before=1000, rows_after=900))
    '1,000 → 900 rows (−100, −10.0%)'
    """  # noqa: RUF002
    before, after, noun = amounts(diff)
    if diff.is_part and before is not None and after is not None:
        return f"{number.counted(after, noun)}, {number.count(before)} before the split"
    if diff.status == "removed" and before is not None:
        return f"{number.count(before)} → 0 {noun}s"
    if before is None or after is None:
        known = after if before is None else before
        return f"{noun}s unknown" if known is None else number.counted(known, noun)
    if before == after:
        return number.counted(after, noun)
    return (
        f"{number.count(before)} → {number.counted(after, noun)} ({number.change(before, after)})"
    )


def amounts(diff: DatasetDiff) -> tuple[int | None, int | None, str]:
    """How much a dataset held and holds, None where that is not known, and what it is called."""
    files = diff.of_files
    if files is None:
        return diff.rows_before, diff.rows_after, "row"
    old, new = files.before, files.after
    return old.files if old else None, new.files if new else None, "file"


def standing(diff: DatasetDiff, *, first: bool = False) -> Phrase:
    """What happened to a dataset as a whole; empty where it merely changed."""
    verb = "split from " if diff.is_part else "renamed from "
    named: Phrase = (verb, Data(diff.renamed_from)) if diff.renamed_from is not None else ()
    match diff.status:
        case "added":
            return () if first else ("new dataset",)
        case "removed" if diff.retired:
            return ("dataset retired: ", Prose(diff.retired))
        case "removed":
            before, _, noun = amounts(diff)
            lost = number.counted(before, noun) if before else "its data"
            return ("dataset removed, with ", lost)
        case "identical":
            return (*named, *(("; ",) if named else ()), "unchanged: the same bytes")
        case "unreadable":
            return (Prose(diff.unreadable),)
        case "changed":
            return named


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
    "file_check": "files break a rule",
}


def violation(failed: Violation) -> Phrase:
    """What a failed check found."""
    if failed.reason in {"dataframe_check", "file_check"}:
        return (Data(failed.check),)
    said = _REASONS[failed.reason]
    speaks = failed.message and failed.category == "schema"
    return (said, ": ", Prose(failed.message)) if speaks else (said,)


def schema_change(change: SchemaChange) -> Phrase:
    """One schema change as a sentence without its compatibility."""
    note: Phrase = (" (", Prose(change.note), ")") if change.note else ()
    said = _file_change(change) if change.kind in _OF_FILES else _column_change(change)
    return (*said, *note)


_OF_FILES = {"kind_added", "kind_removed", "form", "rule"}


def _column_change(change: SchemaChange) -> Phrase:
    column: Phrase = (
        ("column ", Data(change.column)) if change.column is not None else ("the table",)
    )
    before, after = change.before, change.after
    match change.kind:
        case "added":
            typed: Phrase = (", type ", Data(after)) if after else ()
            return (*column, " added", *typed)
        case "removed":
            typed = (", type ", Data(before)) if before else ()
            return (*column, " removed", *typed)
        case "renamed":
            old, new = before or change.column or "?", after or change.column or "?"
            return ("column ", Data(old), " renamed to ", Data(new))
        case "retyped":
            return (*column, " has another type: ", *_from_to(before, after, "unknown"))
        case "key":
            return ("row key changed: ", *_from_to(before, after, "none"))
        case _:
            return _contract(column, before, after)


def _file_change(change: SchemaChange) -> Phrase:
    """A change of a dataset of files as a sentence."""
    kind, before, after = Data(change.column or "?"), change.before, change.after
    match change.kind:
        case "kind_added":
            return ("a new kind of file: ", kind, *((", ", Prose(after)) if after else ()))
        case "kind_removed":
            were = (", ", Prose(before)) if before else ()
            return ("a kind of file removed: ", kind, *were)
        case "form":
            return ("changed from ", Data(before or "?"), " to ", Data(after or "?"))
        case _:
            return ("rule for files changed: ", *_from_to(before, after, "none"))


def _contract(column: Phrase, before: str | None, after: str | None) -> Phrase:
    rule: Phrase = ("schema rule for ", *column)
    if before and after:
        return (*rule, " changed: ", *_from_to(before, after, "none"))
    if before:
        return (*rule, " removed: ", Data(before))
    if after:
        return (*rule, " added: ", Data(after))
    return (*rule, " changed")


def _from_to(before: str | None, after: str | None, none: str) -> Phrase:
    return (Data(before) if before else none, " → ", Data(after) if after else none)


_COLUMNS = {
    "removed": "removed",
    "renamed": "renamed",
    "retyped": "with another type",
    "added": "added",
}


def change_counts(found: Sequence[SchemaChange]) -> str:
    """How many changes of each kind, in words.

    >>> from datarelease.model.review.diff import Compatibility
    >>> of = {"before": "text", "after": None, "compatibility": Compatibility.BREAKING}
    >>> kinds = ("removed", "key", "added")
    >>> change_counts([SchemaChange(kind=kind, column="a", **of) for kind in kinds])
    '1 column removed, 1 added, row key changed'
    """
    kinds = Counter[str](change.kind for change in found)
    out = [number.listed("column", [(kinds[kind], words) for kind, words in _COLUMNS.items()])]
    if kinds["key"]:
        out.append("row key changed")
    out.append(
        number.listed(
            "file kind", [(kinds["kind_removed"], "removed"), (kinds["kind_added"], "new")]
        )
    )
    if kinds["form"]:
        out.append("changed between table and files")
    if kinds["rule"]:
        out.append(f"{number.counted(kinds['rule'], 'rule')} for files changed")
    if kinds["contract"]:
        out.append(f"{number.counted(kinds['contract'], 'schema rule')} changed")
    return ", ".join(filter(None, out))
