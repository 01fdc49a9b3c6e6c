"""What changed in a version, in sentences for those who read the data and made none of it.

Each note is a phrase (``words``): the GitHub Release, the changelog, feeds and messages write the
same notes down, each with its own escapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datarelease.model.review.diff import (
    ColumnDiff,
    Compatibility,
    DatasetDiff,
    FileCounts,
    RowDiff,
    SchemaChange,
)
from datarelease.model.review.policy import Limit
from datarelease.model.review.report import DatasetReport, Report
from datarelease.model.review.split import splits
from datarelease.render import numbers as number
from datarelease.render import words
from datarelease.render.escape import PROSE, clean
from datarelease.render.words import Data, Phrase, Prose, Strong, write_phrase

_SCHEMA = 12
"""At most so many changes of the columns of a dataset are told one by one."""
_COLUMNS = 3
"""At most so many columns are named in a sentence, or told with their figures."""
_PARAMS = 3
_MOST = 80
"""Notes of a version; GitHub bounds the length of a page."""
_CLEAR_PSI = 0.25
"""From here on a distribution is called another one, where the policy names no limit: "Population
stability index", Siddiqi (2006), chapter 7."""
_CLEAR_NULLS = 0.05
"""A rise of the share of missing values that readers are told of."""


def report_notes(report: Report) -> tuple[Phrase, ...]:
    """What changed in the data of a version, the gravest first."""
    notes = (*_whole(report), *_told(report), *_params(report))
    more = len(notes) - _MOST
    rest: tuple[Phrase, ...] = ((f"{number.count(more)} more, which the report lists.",),)
    return (*notes[:_MOST], *(rest if more > 0 else ()))


def plain_note(phrase: Phrase) -> str:
    """A note as plain text on one line.

    >>> plain_note(("The dataset ", Data("orders"), " is new."))
    'The dataset orders is new.'
    """
    parts = write_phrase(
        phrase, own=str, data=clean, strong=clean, prose=lambda text: clean(text, PROSE, space=" ")
    )
    return "".join(parts)


def _whole(report: Report) -> Iterator[Phrase]:
    """What is to be said of the version as a whole."""
    if report.base is None:
        yield ("This is the first version.",)
    elif report.rollback_of is not None:
        yield ("This is a rollback: the data is that of ", Strong(report.rollback_of), ".")
    if report.base is not None and report.compatibility == Compatibility.BREAKING:
        base = Strong(report.base)
        yield (Strong("Breaking"), ": programs that read ", base, " may fail.")


def _told(report: Report) -> Iterator[Phrase]:
    """The datasets: those that are gone, those that changed, those that are new."""
    told = [dataset for dataset in report.datasets if dataset.diff]
    for dataset in sorted(told, key=_gravest_first):
        yield from _dataset(dataset, report)
    for split in splits(dataset.diff for dataset in told):
        less = f", {number.count(split.lost)} fewer than it had" if split.lost else ""
        held = number.counted(split.after, split.noun)
        yield ("The parts of ", Data(split.former), f" have {held} together{less}.")
    if not told:
        yield ("The data is the same.",)


_ORDER = {"removed": 0, "unreadable": 1, "identical": 2, "changed": 2, "added": 3}


def _gravest_first(dataset: DatasetReport) -> tuple[int, bool, str]:
    breaking = dataset.diff.compatibility == Compatibility.BREAKING
    return _ORDER[dataset.diff.status], not breaking, dataset.name


def _dataset(dataset: DatasetReport, report: Report) -> Iterator[Phrase]:
    diff, name = dataset.diff, Data(dataset.name)
    desc: Phrase = (" (", Prose(dataset.desc), ")") if dataset.desc else ()
    before, after, noun = words.amounts(diff)
    match diff.status:
        case "removed" if diff.retired:
            yield ("The dataset ", name, *desc, " was retired: ", Prose(diff.retired))
        case "removed":
            lost = f", with its {number.counted(before, noun)}" if before else ""
            yield (
                "The dataset ",
                name,
                *desc,
                f" was removed{lost}.",
                *_intended(report, dataset.name),
            )
        case "added":
            holds = f" has {number.counted(after, noun)}." if after is not None else " was added."
            yield ("The dataset ", name, *desc, *((" is new and",) if report.base else ()), holds)
        case "unreadable":
            yield (name, " could not be compared: ", Prose(diff.unreadable))
        case _:
            if diff.renamed_from is not None:
                former = " is a part of the former " if diff.is_part else " is the former "
                reason = _intended(report, diff.renamed_from)
                yield ("The dataset ", name, former, Data(diff.renamed_from), ".", *reason)
            if diff.status == "identical":
                return
            yield from _schema(diff, report)
            yield _amount(diff)
            if not diff.is_part:
                yield from _columns(diff, report)


def _amount(diff: DatasetDiff) -> Phrase:
    """How much a changed dataset holds, and how that came about."""
    name = Data(diff.name)
    before, after, noun = words.amounts(diff)
    if before is None or after is None:
        return (name, " changed.")
    if diff.is_part:
        return (name, f" has {number.counted(after, noun)}.")
    if after == before:
        head = f" has {number.counted(after, noun)}, as many as before"
    else:
        delta = f"{number.count(abs(after - before))} {'more' if after > before else 'fewer'}"
        head = f" has {number.counted(after, noun)}, {delta} than before"
    counts = diff.of_files.counts if diff.of_files is not None else None
    if diff.rows is not None:
        return (name, head, *_rows(diff.rows))
    if counts is not None:
        return (name, head, *_files(counts))
    return (name, f"{head}.")


def _rows(rows: RowDiff) -> Phrase:
    parts = [(rows.added, "added"), (rows.removed, "removed"), (rows.changed, "changed")]
    said = _counted(parts)
    if not said:
        return (". No row differs.",)
    most = [Data(column) for column, _ in rows.columns[:_COLUMNS]]
    if not rows.changed or not most:
        return (f": {said}.",)
    only = len(rows.columns) <= _COLUMNS
    return (f": {said}, {'in' if only else 'most often in'} ", *_listed(most), ".")


def _files(counts: FileCounts) -> Phrase:
    said = _counted(
        [
            (counts.added, "added"),
            (counts.removed, "removed"),
            (counts.changed, "changed"),
            (counts.renamed, "renamed"),
        ]
    )
    return (f": {said}." if said else ". No file differs.",)


def _counted(parts: Sequence[tuple[int, str]]) -> str:
    """Counts of what was done, in words; empty where nothing was.

    >>> _counted([(5, "added"), (0, "removed"), (1, "changed")])
    '5 were added and 1 was changed'
    """
    said = [f"{number.count(n)} {'was' if n == 1 else 'were'} {verb}" for n, verb in parts if n]
    *first, last = said or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _listed(names: Sequence[Data]) -> Phrase:
    """Names after each other, with "and" before the last."""
    out: list[str | Data] = []
    for index, name in enumerate(names):
        if index:
            out.append(" and " if index == len(names) - 1 else ", ")
        out.append(name)
    return tuple(out)


def _schema(diff: DatasetDiff, report: Report) -> Iterator[Phrase]:
    """The changes of columns, types, key and rules, the gravest first."""
    changes = sorted(diff.schema, key=lambda change: change.compatibility, reverse=True)
    for change in changes[:_SCHEMA]:
        intended = _intended(report, f"{diff.name}.{change.before or change.column}")
        if change.kind != "renamed":
            intended = _intended(report, f"{diff.name}.{change.column}")
        yield ("In ", Data(diff.name), ": ", *_change(change), ".", *intended)
    more = len(changes) - _SCHEMA
    if more > 0:
        counted = number.counted(more, "further change")
        yield ("In ", Data(diff.name), f": {counted} of columns or rules, which the report lists.")


def _change(change: SchemaChange) -> Phrase:
    """One change as a clause: ``the column email was removed``."""
    column, before, after = Data(change.column or "?"), change.before, change.after
    match change.kind:
        case "added":
            return ("the column ", column, " is new", *_of_type(after))
        case "removed":
            return ("the column ", column, " was removed")
        case "renamed":
            old, new = before or change.column or "?", after or change.column or "?"
            return ("the column ", Data(old), " was renamed to ", Data(new))
        case "retyped":
            was: Phrase = (" from ", Data(before)) if before else ()
            return ("the type of the column ", column, " changed", *was, *_of_type(after, " to "))
        case "key":
            old_key, new_key = (Data(key) if key else "none" for key in (before, after))
            return ("the row key changed from ", old_key, " to ", new_key)
        case _:
            return words.schema_change(change)


def _of_type(name: str | None, before: str = ", of type ") -> Phrase:
    return (before, Data(name)) if name else ()


def _columns(diff: DatasetDiff, report: Report) -> Iterator[Phrase]:
    """Columns whose values are distributed in another way, or are missing more often."""
    moved = [column for column in diff.columns if _is_moved(diff.name, column, report.psi_limit)]
    moved.sort(key=lambda column: column.psi or 0.0, reverse=True)
    for column in moved[:_COLUMNS]:
        yield (
            "The distribution of ", Data(column.column), " in ", Data(diff.name),
            " changed", *_figures(column), ".",
        )  # fmt: skip
    for column in diff.columns:
        old, new = column.before, column.after
        if old and new and new.null_rate - old.null_rate >= _CLEAR_NULLS:
            yield (
                f"{number.share(new.null_rate)} of the values of ", Data(column.column), " in ",
                Data(diff.name),
                f" are missing; before, {number.share(old.null_rate)} were missing.",
            )  # fmt: skip


def _is_moved(dataset: str, column: ColumnDiff, limit: Limit | None) -> bool:
    allowed = limit.of(dataset, column.column) if limit is not None else None
    return column.psi is not None and column.psi >= (allowed or _CLEAR_PSI)


def _figures(column: ColumnDiff) -> Phrase:
    """How a distribution moved; of personal data its distance alone."""
    old, new = column.before, column.after
    psi = f"PSI {number.drift_value(column.psi or 0.0)}"
    if column.pii or column.kind != "number" or old is None or new is None:
        return (f" ({psi})",)
    if old.mean is None or new.mean is None:
        return (f" ({psi})",)
    means = f"the mean was {number.decimal(old.mean)} and is {number.decimal(new.mean)}"
    return (f": {means} ({psi})",)


def _params(report: Report) -> Iterator[Phrase]:
    """The parameters that the data was made with, where they changed."""
    if report.base is None:
        return
    for change in report.params[:_PARAMS]:
        name, before, after = Data(change.name), change.before, change.after
        if before is None:
            yield ("The parameter ", name, " is new: ", Data(after or ""), ".")
        elif after is None:
            yield ("The parameter ", name, " was removed (before: ", Data(before), ").")
        else:
            yield (
                "The parameter ", name, " changed from ", Data(before), " to ", Data(after), ".",
            )  # fmt: skip
    more = len(report.params) - _PARAMS
    if more > 0:
        yield (f"{number.counted(more, 'further parameter')} changed.",)


def _intended(report: Report, what: str) -> Phrase:
    """The reason that was given for a breaking change; empty where none was."""
    for finding in report.verdict.findings:
        if finding.waiver is not None and finding.waiver.what == what:
            return (" The reason: ", Prose(finding.waiver.reason))
    return ()
