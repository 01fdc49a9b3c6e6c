"""One dataset in the comment: from a full section down to a single line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datarelease.model.data.profile import Scalar
from datarelease.model.data.validation import Validation, Violation
from datarelease.model.review.diff import Compatibility, DatasetDiff, RowChange, SchemaChange
from datarelease.model.review.report import DatasetReport
from datarelease.render import changes, columns, escape
from datarelease.render import numbers as number
from datarelease.render import words as wording
from datarelease.render.markdown import gfm
from datarelease.render.markdown.columns import column_tables, marked
from datarelease.render.triage import Triage, drift_weight


@dataclass(frozen=True, kw_only=True)
class Detail:
    """How much of a section is shown."""

    columns: int
    folded: int
    violations: int
    examples: int
    changes: int


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


def section(triage: Triage, dataset: DatasetReport, *, must_stay: bool) -> tuple[str, ...]:
    """Variants of a dataset's section, richest first; ``must_stay``: the last is not empty."""
    texts = tuple(_section(triage, dataset, detail) for detail in _LEVELS)
    shortest = _title(dataset)
    return (*texts, shortest) if must_stay else (*texts, "")


def facts(triage: Triage, dataset: DatasetReport) -> tuple[str, ...]:
    """The cells of a dataset in the table of datasets."""
    diff = dataset.diff
    name = marked(triage.level(dataset.name), dataset.name, always=True)
    breaking = [c for c in diff.schema if c.compatibility is Compatibility.BREAKING]
    others = [c for c in diff.schema if c.compatibility is not Compatibility.BREAKING]
    schema = [f"**{changes.counts(breaking)}**"] if breaking else []
    schema += [changes.counts(others)] if others else []
    told = [_STATUS.get(diff.status, "") or ", ".join(schema), _checks(dataset.validation)]
    drifted = max(diff.columns, key=drift_weight, default=None)
    if drifted is not None and drift_weight(drifted) > 0:
        told.append(f"{escape.cell(drifted.column, 40)} {' · '.join(columns.drift(drifted))}")
    return (name, "<br>".join(filter(None, (wording.rows(diff), *told))))


def _section(triage: Triage, dataset: DatasetReport, detail: Detail) -> str:
    diff = dataset.diff
    return gfm.stacked(
        _title(dataset),
        _facts_line(dataset),
        _schema(diff.schema, detail),
        _violations(dataset.validation, detail),
        _rows(diff, detail),
        column_tables(triage, dataset, detail.columns, detail.folded),
    )


def _title(dataset: DatasetReport) -> str:
    standing = gfm.text(wording.standing(dataset.diff))
    whole = dataset.diff.status in wording.TOLD_WHOLE
    shown = standing if whole else wording.rows(dataset.diff)
    new = "new dataset, " if dataset.diff.status == "added" and standing else ""
    return f"#### {escape.code(dataset.name)} · {new}{shown}"


def _facts_line(dataset: DatasetReport) -> str:
    diff = dataset.diff
    told = diff.status == "changed" and diff.compatibility > Compatibility.PATCH
    out = [diff.compatibility.value] if told else []
    if diff.status != "removed":
        out.append(_checks(dataset.validation))
    if dataset.size is not None:
        out.append(number.size(dataset.size))
    files = diff.files
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


def _schema(found: Sequence[SchemaChange], detail: Detail) -> str:
    """Breaking changes first; many of a kind go into one line, by name."""
    ordered = sorted(found, key=lambda c: c.compatibility, reverse=True)
    if len(ordered) <= min(12, detail.changes):
        return gfm.bullets(_change(change) for change in ordered)
    groups: dict[tuple[Compatibility, str], list[SchemaChange]] = {}
    for change in ordered:
        groups.setdefault((change.compatibility, change.kind), []).append(change)
    lines = []
    for (compatibility, kind), group in groups.items():
        columns_ = [_subject(change) for change in group]
        shown = gfm.names(columns_, detail.changes, name=40)
        noun = {"contract": "schema rule", "key": "row key"}.get(kind, "column")
        verb = "changed" if kind in {"contract", "key"} else kind
        strong = f"**{compatibility.value}**: " if compatibility is Compatibility.BREAKING else ""
        lines.append(f"{strong}{number.counted(len(group), noun)} {verb}: {shown}")
    return gfm.bullets(lines)


def _subject(change: SchemaChange) -> str:
    if change.kind == "renamed":
        return f"{change.before} → {change.after}"
    return change.column or change.after or change.before or "the table"


def _change(change: SchemaChange) -> str:
    breaking = change.compatibility is Compatibility.BREAKING
    strong = "**breaking**: " if breaking else ""
    return strong + gfm.text(changes.schema_change(change), prose=200)


def _violations(validation: Validation | None, detail: Detail) -> str:
    if validation is None or not validation.violations:
        return ""
    found = sorted(validation.violations, key=lambda v: v.severity != "error")
    lines = [_violation(violation, detail) for violation in found[: detail.violations]]
    hidden = len(found) - len(lines)
    more = f"{number.counted(hidden, 'more failed check')} in the HTML report" if hidden else ""
    return gfm.stacked("**Failed checks**" if lines else "", gfm.bullets(lines, "*"), more)


def _violation(violation: Violation, detail: Detail) -> str:
    mark = "❌" if violation.severity == "error" else "⚠️ warning:"
    column = "the table" if violation.column is None else escape.code(violation.column)
    what = gfm.text(wording.violation(violation), name=80, prose=160)
    rows = ""
    if violation.category == "data":
        part = number.share(number.ratio(violation.count, violation.total))
        total = number.counted(violation.total, "row")
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
        return f"No row-level diff: {why}" if why else ""
    by = gfm.names(diff.rows.key, 6)
    line = f"**Rows by {by}**: {gfm.text(wording.row_counts(diff.rows))}"
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
