"""What the HTML templates draw: figures, plots and places of each dataset, prepared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from datarelease.model.data.validation import Validation, Violation
from datarelease.model.review.diff import DatasetDiff, SchemaChange
from datarelease.model.review.policy import Finding
from datarelease.model.review.report import DatasetReport, Report
from datarelease.render import changes
from datarelease.render import numbers as number
from datarelease.render import words as wording
from datarelease.render.html.columns import LEVELS, ColumnView, column_views
from datarelease.render.html.overview import tone, word
from datarelease.render.plots import geometry as plots
from datarelease.render.triage import Triage
from datarelease.render.words import Phrase

OPEN_ROWS = 15
OPEN_CARDS = 8


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
    """Those that hardly moved come last."""
    moved: int
    """How many of them have a line in the table."""
    compares: bool
    with_plots: int
    hidden_columns: int
    hidden_changes: int
    hidden_violations: int
    open_rows: int = OPEN_ROWS

    @property
    def open_cards(self) -> int:
        """Columns whose plots are in the open."""
        return min(OPEN_CARDS, self.moved, self.with_plots)

    @property
    def has_limits(self) -> bool:
        """Whether a bar of drift shows its limit."""
        return any(column.psi_limit is not None for column in self.columns[: self.moved])

    @property
    def still(self) -> tuple[tuple[str, tuple[ColumnView, ...]], ...]:
        """The columns that are summarised in one line: unchanged, and hardly moved."""
        quiet = self.columns[self.moved :]
        groups = (
            ("Unchanged", tuple(column for column in quiet if not column.diff)),
            ("Hardly moved", tuple(column for column in quiet if column.diff)),
        )
        return tuple(group for group in groups if group[1])

    @cached_property
    def places(self) -> Mapping[str, str]:
        """The anchor of each column that has a card, by name."""
        return {view.diff.column: view.anchor for view in reversed(self.columns) if view.linked}

    @property
    def diff(self) -> DatasetDiff:
        """The dataset, old and new."""
        return self.part.diff


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

    @cached_property
    def _by_anchor(self) -> Mapping[str, DatasetView]:
        return {view.anchor: view for view in self.all}

    def place(self, finding: Finding) -> str | None:
        """Where on the page a finding is shown in full; None: nowhere."""
        anchor = self.anchors.get(id(self.triage.parts.get(finding.dataset)))
        if anchor is None:
            return None
        view = self._by_anchor[anchor]
        if finding.rule == "violations" and view.violations:
            return f"{anchor}-checks"
        if finding.rule == "breaking" and view.schema:
            return f"{anchor}-schema"
        return view.places.get(finding.column or "", anchor)


def _dataset(triage: Triage, part: DatasetReport, anchor: str, room: Room) -> DatasetView:
    # Sorting is stable: what hardly moved goes to the end.
    ordered = sorted(triage.columns(part), key=lambda column: triage.still(part, column))
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
        columns=column_views(triage, part, tuple(shown), anchor, room.cards),
        moved=sum(not triage.still(part, column) for column in shown),
        compares=any(column.before and column.after for column in ordered),
        with_plots=min(len(shown), room.cards),
        hidden_columns=len(ordered) - len(shown),
        hidden_changes=max(len(schema) - room.changes, 0),
        hidden_violations=max(len(violations) - room.violations, 0),
    )


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
    if part.size is not None:
        files = diff.files
        total = files.added + files.changed + files.unchanged
        moved = (
            f"{number.count(files.added + files.changed)} of {number.counted(total, 'file')} new"
        )
        out.append(("Size", number.size(part.size), moved if total > 1 else ""))
    if diff.columns:
        count = sum(column.after is not None for column in diff.columns)
        told = changes.counts(diff.schema) or "as before"
        out.append(("Columns", number.count(count), told if diff.status == "changed" else ""))
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
