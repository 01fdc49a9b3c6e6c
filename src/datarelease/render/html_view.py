"""What the HTML templates draw: figures, plots and places of each dataset, prepared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from datarelease.model.diff import Compatibility, DatasetDiff, SchemaChange
from datarelease.model.policy import VerdictLevel
from datarelease.model.report import DatasetReport, Report
from datarelease.model.validation import Validation, Violation
from datarelease.render import changes, columns, number, plots, wording
from datarelease.render.html_columns import LEVELS, ColumnView, column_views
from datarelease.render.triage import Triage, drift_weight
from datarelease.render.wording import Phrase

OPEN_ROWS = 15
OPEN_CARDS = 8


_WORDS = {
    "added": "new",
    "identical": "unchanged",
    "removed": "removed",
    "unreadable": "not read",
}
_CELLS = {
    "added": "new dataset",
    "removed": "dataset removed",
    "unreadable": "cannot be read",
}


@dataclass(frozen=True, kw_only=True)
class RowPart:
    """A part of the bar of rows."""

    word: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, kw_only=True)
class DatasetView:
    """A dataset's section."""

    part: DatasetReport
    anchor: str
    tone: str
    word: str
    standing: Phrase
    facts: tuple[tuple[str, str, str], ...]
    history: plots.History | None
    schema: tuple[SchemaChange, ...]
    violations: tuple[Violation, ...]
    row_parts: tuple[RowPart, ...]
    columns: tuple[ColumnView, ...]
    compares: bool
    with_plots: int
    hidden_columns: int
    hidden_changes: int
    hidden_violations: int
    open_rows: int = OPEN_ROWS
    open_cards: int = OPEN_CARDS

    @property
    def diff(self) -> DatasetDiff:
        """The dataset, old and new."""
        return self.part.diff


@dataclass(frozen=True, kw_only=True)
class DatasetRow:
    """A dataset's line in the table of datasets."""

    anchor: str | None
    name: str
    tone: str
    word: str
    rows: str
    schema: str
    checks: str
    drift: tuple[str, str] | None


@dataclass(frozen=True, kw_only=True)
class Room:
    """What one page still has room for, so that a phone can open it; ``report.json`` has it all."""

    cards: int = 600
    """Columns with a plot; those that matter most get one, the others stay in the tables."""
    columns: int = 6000
    changes: int = 3000
    violations: int = 2000

    def after(self, view: DatasetView) -> Room:
        """The room left after a dataset's section."""
        return Room(
            cards=self.cards - view.with_plots,
            columns=self.columns - len(view.columns),
            changes=self.changes - len(view.schema),
            violations=self.violations - len(view.violations),
        )


@dataclass(frozen=True)
class Views:
    """The sections of a page; datasets that are the same and of which nothing failed have none."""

    triage: Triage

    @cached_property
    def shown(self) -> tuple[DatasetReport, ...]:
        """The datasets with a section."""
        return tuple(d for d in self.triage.datasets if self.triage.tells(d))

    @cached_property
    def anchors(self) -> Mapping[int, str]:
        """The place of each section by the identity of its dataset: names may repeat."""
        return {id(part): f"d{index}" for index, part in enumerate(self.shown, start=1)}

    @cached_property
    def all(self) -> tuple[DatasetView, ...]:
        """The sections; earlier ones take their share of plots first."""
        room = Room()
        out = []
        for part in self.shown:
            view = _dataset(self.triage, part, self.anchors[id(part)], room)
            room = room.after(view)
            out.append(view)
        return tuple(out)


def _dataset(triage: Triage, part: DatasetReport, anchor: str, room: Room) -> DatasetView:
    ordered = triage.columns(part)
    shown = ordered[: room.columns]
    schema = sorted(part.diff.schema, key=lambda change: change.compatibility, reverse=True)
    level = LEVELS[triage.level(part.name)]
    violations = part.validation.violations if part.validation else ()
    return DatasetView(
        part=part,
        anchor=anchor,
        tone=tone(part, level),
        word=word(part, level),
        standing=wording.standing(part.diff, first=triage.report.base is None),
        facts=_facts(part),
        history=_history(triage.report, part),
        schema=tuple(schema[: room.changes]),
        violations=violations[: room.violations],
        row_parts=_row_parts(part.diff),
        columns=column_views(triage, part, shown, anchor, room.cards),
        compares=any(column.before and column.after for column in ordered),
        with_plots=min(len(shown), room.cards),
        hidden_columns=len(ordered) - len(shown),
        hidden_changes=max(len(schema) - room.changes, 0),
        hidden_violations=max(len(violations) - room.violations, 0),
    )


def word(part: DatasetReport, level: VerdictLevel) -> str:
    """The chip of a dataset: its verdict, or its state where nothing was found."""
    if level != "pass":
        return wording.VERDICTS[level].lower()
    return _WORDS.get(part.diff.status, "pass")


def tone(part: DatasetReport, level: VerdictLevel) -> str:
    """The class of a dataset's chip; nothing to approve in what is unchanged or new."""
    return "plain" if level == "pass" and part.diff.status != "changed" else level


def _facts(part: DatasetReport) -> tuple[tuple[str, str, str], ...]:
    diff, validation = part.diff, part.validation
    after, before = diff.rows_after, diff.rows_before
    current = before if after is None else after
    out = [("Rows", "unknown" if current is None else number.count(current), "")]
    if before is not None and after is not None:
        by = f" ({number.signed_share(number.ratio(after - before, before))})" if before else ""
        moved = "as many as before" if before == after else f"from {number.count(before)}{by}"
        out = [("Rows", number.count(after), moved)]
    if diff.status == "removed":
        out = [("Rows lost", out[0][1], "")]
    if diff.status == "changed":
        out.append(("Compatibility", diff.compatibility.value, ""))
    if part.size is not None:
        files = diff.files
        total = files.added + files.changed + files.unchanged
        moved = (
            f"{number.count(files.added + files.changed)} of {number.counted(total, 'file')} new"
        )
        out.append(("Size", number.size(part.size), moved if total > 1 else ""))
    if diff.columns:
        out.append(("Columns", number.count(len(diff.columns)), ""))
    if validation is not None:
        out.append(_schema_fact(validation))
    return tuple(out)


def _schema_fact(validation: Validation) -> tuple[str, str, str]:
    failed = len(validation.violations)
    checks = number.counted(validation.checks, "check")
    if failed:
        return ("Schema", f"{number.count(failed)} failed", f"of {checks}")
    if validation.schema is None:
        return ("Schema", "none", "nothing checked")
    return ("Schema", "passed", checks)


def _history(report: Report, part: DatasetReport) -> plots.History | None:
    versions = [
        (version.tag, rows)
        for version in report.history[-30:]
        for name, rows in version.rows
        if name == part.name
    ]
    now = part.diff.rows_after
    current = now is not None and (not versions or versions[-1][0] != report.tag)
    if now is not None and current:
        versions.append((report.tag or "now", now))
    return plots.history(versions, current=current)


def _row_parts(diff: DatasetDiff) -> tuple[RowPart, ...]:
    if diff.rows is None:
        return ()
    rows = diff.rows
    counts = (
        ("added", rows.added),
        ("removed", rows.removed),
        ("changed", rows.changed),
        ("unchanged", rows.unchanged),
    )
    total = sum(count for _, count in counts)
    # What is there gets at least one percent, the rest share what remains.
    raw = [max(number.ratio(count, total) * 100, 1.0) if count else 0.0 for _, count in counts]
    scale = 100 / (sum(raw) or 1.0)
    out, x = [], 0.0
    for (word_, count), width in zip(counts, raw, strict=True):
        out.append(RowPart(word=word_, count=count, x=round(x, 2), width=round(width * scale, 2)))
        x += width * scale
    return tuple(out)


def dataset_rows(triage: Triage, anchors: Mapping[int, str]) -> tuple[DatasetRow, ...]:
    """The table of datasets, worst first."""
    out = []
    for part in triage.datasets:
        level = LEVELS[triage.level(part.name)]
        drifted = max(part.diff.columns, key=drift_weight, default=None)
        drift = None
        if drifted is not None and drift_weight(drifted) > 0:
            drift = (drifted.column, " · ".join(columns.drift(drifted)[:1]))
        out.append(
            DatasetRow(
                anchor=anchors.get(id(part)),
                name=part.name,
                tone=tone(part, level),
                word=word(part, level),
                rows=wording.rows(part.diff).replace(" rows", "").replace(" row", ""),
                schema=_schema_cell(part),
                checks=_checks_cell(part),
                drift=drift,
            )
        )
    return tuple(out)


def _schema_cell(part: DatasetReport) -> str:
    breaking = [c for c in part.diff.schema if c.compatibility is Compatibility.BREAKING]
    others = [c for c in part.diff.schema if c.compatibility is not Compatibility.BREAKING]
    said = [f"breaking: {changes.counts(breaking)}"] if breaking else []
    said += [changes.counts(others)] if others else []
    return _CELLS.get(part.diff.status) or "; ".join(said) or "same"


def _checks_cell(part: DatasetReport) -> str:
    validation = part.validation
    if validation is None:
        return "not checked"
    if validation.schema is None:
        return "no schema"
    failed = len(validation.violations)
    done = f"{number.count(failed)} failed of" if failed else "passed all of"
    return f"{done} {number.count(validation.checks)}" if validation.checks else "none declared"


def totals(report: Report) -> dict[str, str]:
    """Rows and datasets of the next version."""
    counted = [rows for d in report.datasets if (rows := d.diff.rows_after) is not None]
    datasets = number.counted(len(counted), "dataset")
    return {"rows": number.count(sum(counted)), "datasets": f"in {datasets}"}
