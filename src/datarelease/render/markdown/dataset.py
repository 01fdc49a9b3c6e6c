"""One dataset in the comment: from a full section down to a single line."""

from __future__ import annotations

from collections.abc import Sequence

from datarelease.model.data.profile import Scalar
from datarelease.model.data.validation import Validation, Violation
from datarelease.model.review.diff import (
    Compatibility,
    DatasetDiff,
    FileCounts,
    RowChange,
    SchemaChange,
)
from datarelease.model.review.policy import VerdictLevel
from datarelease.render import escape, words
from datarelease.render import numbers as number
from datarelease.render.columns import ColumnView, still_line
from datarelease.render.markdown import gfm
from datarelease.render.markdown.files import Detail, file_section
from datarelease.render.view import DatasetView

SYMBOLS: dict[VerdictLevel, str] = {"pass": "✅", "warn": "⚠️", "block": "⛔"}
"""Each differs in shape, and the word stands beside it: colour alone says nothing."""
_NOTABLE = 0.2
"""A fifth of what counts as large drift; columns that moved less are folded."""


_LEVELS = (
    Detail(columns=8, folded=40, violations=15, examples=10, changes=400),
    Detail(columns=8, folded=0, violations=10, examples=3, changes=400),
    Detail(columns=5, folded=0, violations=5, examples=0, changes=60),
    Detail(columns=2, folded=0, violations=2, examples=0, changes=20),
    Detail(columns=0, folded=0, violations=0, examples=0, changes=3),
)
_CELLS = 4
"""Values shown of an example row."""


_STATUS = {
    "added": "new dataset",
    "removed": "**removed**",
    "unreadable": "**cannot be read**",
}


def section(view: DatasetView, *, must_stay: bool) -> tuple[str, ...]:
    """Variants of a dataset's section, richest first; ``must_stay``: the last is not empty."""
    texts = tuple(_section(view, detail) for detail in _LEVELS)
    return (*texts, _title(view) if must_stay else "")


def facts(view: DatasetView) -> tuple[str, ...]:
    """The cells of a dataset in the table of datasets."""
    breaking, others = view.schema_counts
    schema = ", ".join(filter(None, (breaking and f"**{breaking}**", others)))
    told = [_STATUS.get(view.diff.status, "") or schema, _checks(view.part.validation)]
    if view.drifted is not None:
        told.append(f"{escape.cell(view.drifted.name, 40)} {' · '.join(view.drifted.drift)}")
    cell = "<br>".join(filter(None, (words.rows(view.diff), *told)))
    return (_marked(view.level, view.name, always=True), cell)


def _section(view: DatasetView, detail: Detail) -> str:
    return gfm.stacked(
        _title(view),
        _facts_line(view),
        _schema(view.schema, detail),
        _violations(view.violations, detail),
        _rows(view.diff, detail) if view.files is None else file_section(view.files, detail),
        "<br>\n".join(gfm.text(words.row_file(left)) for left in view.part.row_files),
        _column_tables(view, detail.columns, detail.folded),
    )


def _title(view: DatasetView) -> str:
    if view.whole:
        shown = gfm.text(words.standing(view.diff))
    else:
        new = "new dataset, " if view.diff.status == "added" else ""
        old = f"{gfm.text(view.standing)}, " if view.diff.renamed_from is not None else ""
        shown = new + old + words.rows(view.diff)
    return f"#### {escape.code(view.name)} · {shown}"


def _facts_line(view: DatasetView) -> str:
    dataset, diff = view.part, view.diff
    told = diff.status == "changed" and diff.compatibility > Compatibility.PATCH
    out = [diff.compatibility.value] if told else []
    if diff.status != "removed":
        out.append(_checks(dataset.validation))
    if dataset.size is not None:
        out.append(number.size(dataset.size))
    files = diff.files if view.files is None else FileCounts()
    if files.added + files.removed + files.changed + files.unchanged > 1:
        counts = {"added": files.added, "removed": files.removed, "changed": files.changed}
        moved = [f"{number.count(n)} {word}" for word, n in counts.items() if n]
        out.append(f"files: {', '.join((*moved, f'{number.count(files.unchanged)} unchanged'))}")
    return " · ".join(out)


def _checks(validation: Validation | None) -> str:
    if validation is None:
        return "not checked"
    if validation.schema is None:
        return "no schema declared"
    failed = len(validation.violations)
    if not failed:
        return f"{number.counted(validation.checks, 'check')} passed"
    return f"**{number.count(failed)} of {number.counted(validation.checks, 'check')} failed**"


def _schema(ordered: Sequence[SchemaChange], detail: Detail) -> str:
    """Breaking changes first; many of a kind go into one line, by name."""
    if len(ordered) <= min(12, detail.changes):
        return gfm.bullets(_change(change) for change in ordered)
    groups: dict[tuple[Compatibility, str], list[SchemaChange]] = {}
    for change in ordered:
        groups.setdefault((change.compatibility, change.kind), []).append(change)
    lines = []
    for (compatibility, kind), group in groups.items():
        shown = gfm.names([_subject(change) for change in group], detail.changes, name=40)
        noun, verb = _NOUNS.get(kind, ("column", kind))
        strong = f"**{compatibility.value}**: " if compatibility is Compatibility.BREAKING else ""
        lines.append(f"{strong}{number.counted(len(group), noun)} {verb}: {shown}")
    return gfm.bullets(lines)


_NOUNS = {
    "contract": ("schema rule", "changed"),
    "key": ("row key", "changed"),
    "rule": ("rule for files", "changed"),
    "form": ("form", "changed"),
    "kind_added": ("file kind", "new"),
    "kind_removed": ("file kind", "gone"),
}


def _subject(change: SchemaChange) -> str:
    if change.kind == "renamed":
        return f"{change.before} → {change.after}"
    return change.column or change.after or change.before or "the table"


def _change(change: SchemaChange) -> str:
    breaking = change.compatibility is Compatibility.BREAKING
    strong = "**breaking**: " if breaking else ""
    return strong + gfm.text(words.schema_change(change), prose=200)


def _violations(found: Sequence[Violation], detail: Detail) -> str:
    if not found:
        return ""
    lines = [_violation(violation, detail) for violation in found[: detail.violations]]
    more = gfm.elsewhere(len(found) - len(lines), "more failed check")
    return gfm.stacked("**Failed checks**" if lines else "", gfm.bullets(lines, "*"), more)


def _violation(violation: Violation, detail: Detail) -> str:
    mark = "❌" if violation.severity == "error" else "⚠️ warning:"
    of_files = violation.reason == "file_check"
    whole = "files" if of_files else "the table"
    column = whole if violation.column is None else escape.code(violation.column)
    what = gfm.text(words.violation(violation), name=80, prose=160)
    rows = ""
    if violation.category == "data":
        part = number.share(number.ratio(violation.count, violation.total))
        total = number.counted(violation.total, "file" if of_files else "row")
        rows = f" in {number.count(violation.count)} of {total} ({part})"
    shown = violation.examples[: min(3, max(detail.examples, 1))]
    examples = " · ".join(
        " ".join(_pair(name, number.scalar_text(value)) for name, value in row[:_CELLS])
        for row in shown
    )
    return f"{mark} {column}: {what}{rows}" + (f"<br>\n  {examples}" if examples else "")


def _pair(name: str, value: str) -> str:
    """``column=value`` as one code span."""
    return escape.cell(f"{escape.clean(name, 30)}={escape.clean(value, 40)}", 72)


def _rows(diff: DatasetDiff, detail: Detail) -> str:
    if diff.status != "changed":
        return ""
    if diff.rows is None:
        why = escape.prose(diff.no_row_diff, 300)
        return f"No row diff: {why}" if why else ""
    by = gfm.names(diff.rows.key, 6)
    line = f"**Rows by {by}**: {gfm.text(words.row_counts(diff.rows))}"
    if diff.rows.columns:
        most = 8
        shown = ", ".join(
            f"{escape.code(name)} in {number.counted(count, 'row')}"
            for name, count in diff.rows.columns[:most]
        )
        hidden = len(diff.rows.columns) - most
        more = f" and {number.counted(hidden, 'more column')}" if hidden > 0 else ""
        line += f"<br>\nChanged: {shown}{more}"
    examples = diff.rows.examples[: detail.examples]
    if not examples:
        return line
    table = gfm.table(("row", "values"), (_example(row) for row in examples))
    return gfm.stacked(line, gfm.details(f"Examples of these rows ({len(examples)})", table))


def _example(row: RowChange) -> tuple[str, ...]:
    key = " ".join(_pair(name, number.scalar_text(value)) for name, value in row.key[:_CELLS])
    sign = {"added": "\u2795", "removed": "\u2796", "changed": "✏️"}[row.kind]
    return (f"{sign} {key}", _changed(row) if row.kind == "changed" else _whole(row))


def _changed(row: RowChange) -> str:
    lines = [f"{escape.cell(n, 40)}: {_value(old)} → {_value(new)}" for n, old, new in row.values]
    hidden = len(lines) - _CELLS
    more = [f"{number.counted(hidden, 'more column')}"] if hidden > 0 else []
    return "<br>".join([*lines[:_CELLS], *more])


def _whole(row: RowChange) -> str:
    """The first values of a row that was added or removed; it may have more than it says."""
    cells = [
        _pair(name, number.scalar_text(new if row.kind == "added" else old))
        for name, old, new in row.values[:_CELLS]
    ]
    return " ".join([*cells, "…"] if len(row.values) > _CELLS else cells)


def _value(value: Scalar) -> str:
    return escape.code(number.scalar_text(value), 50)


def _column_tables(view: DatasetView, shown: int, folded: int) -> str:
    """Drift of the columns that moved; a profile where there is nothing to compare with."""
    if view.diff.status == "added":
        return _profile(view.columns, shown + folded)
    rows = [_moved(column) for column in view.moved[: shown + folded]]
    header = ("column, before and after", "drift and statistics")
    notable = sum(c.level != "pass" or c.drift_weight >= _NOTABLE for c in view.moved)
    top, rest = rows[: min(shown, notable)], rows[min(shown, notable) :]
    noun = "more changed column" if top else "changed column"
    return gfm.stacked(
        gfm.table(header, top) if top else "",
        gfm.details(number.counted(len(rest), noun), gfm.table(header, rest)) if rest else "",
        gfm.elsewhere(len(view.moved) - len(rows), "more changed column"),
        gfm.text(still_line(view.still, shown)) if shown else "",
    )


def _moved(column: ColumnView) -> tuple[str, ...]:
    lines = "<br>".join(f"`{line}`" for line in column.blocks if line) + _axis(column)
    moved = [
        " · ".join(column.drift),
        *column.moved[:2],
        f"nulls {column.nulls}" if "→" in column.nulls else "",
    ]
    return (
        "<br>".join(filter(None, (_marked(column.level, column.name), lines))),
        "<br>".join(filter(None, moved)),
    )


def _marked(level: VerdictLevel, name: str, *, always: bool = False) -> str:
    """A name in a table with the mark of its level; a long one goes on below its mark."""
    shown = escape.cell(name)
    between = " " if "<wbr>" in shown else "\u00a0"
    return f"{SYMBOLS[level]}{between}{shown}" if level != "pass" or always else shown


def _axis(column: ColumnView) -> str:
    return " <sub>logarithmic</sub>" if column.logarithmic else ""


def _profile(every: Sequence[ColumnView], most: int) -> str:
    hidden = len(every) - len(every[:most])
    if hidden == len(every):
        return gfm.elsewhere(hidden, "column")
    return gfm.details(
        f"Profile of {number.counted(len(every), 'column')}",
        gfm.stacked(
            gfm.table(("column", "figures"), map(_profiled, every[:most])),
            gfm.elsewhere(hidden, "more column"),
        ),
    )


def _profiled(column: ColumnView) -> tuple[str, ...]:
    name = f"{escape.cell(column.name)} {column.diff.kind}"
    if column.diff.histogram:
        name += f"<br>`{column.blocks[1]}`{_axis(column)}"
    return (name, "<br>".join((f"nulls {column.nulls}", *column.moved[:2])))
