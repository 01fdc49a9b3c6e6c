"""What the HTML templates draw: figures, plots and places of each dataset and column, prepared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from datarelease.model.diff import ColumnDiff, ColumnStats, Compatibility, DatasetDiff, SchemaChange
from datarelease.model.policy import VerdictLevel
from datarelease.model.report import DatasetReport, Report
from datarelease.model.validation import Violation
from datarelease.render import columns, number, plots, wording
from datarelease.render.triage import Triage, drift_weight, null_rate
from datarelease.render.wording import Phrase

LEVELS: tuple[VerdictLevel, ...] = ("pass", "warn", "block")
OPEN_ROWS = 15
OPEN_CARDS = 8
MOST_CARDS = 600
"""Plots in one page; the columns that matter most get them, the others stay in the tables."""
MOST_ROWS = 6000
"""Columns named in one page."""


@dataclass(frozen=True, kw_only=True)
class ColumnView:
    """A column's card and its line in the table."""

    diff: ColumnDiff
    anchor: str
    linked: bool
    """Whether there is a card to link to."""
    level: VerdictLevel
    state: str
    drift: str
    psi_width: float
    nulls: str
    nulls_before: float | None
    nulls_after: float | None
    plot: plots.Distribution | None
    bars: tuple[plots.CategoryBar, ...]
    more_bars: int
    figures: tuple[tuple[str, str | None, str | None], ...]


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
    level: VerdictLevel
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
    level: VerdictLevel
    word: str
    rows: str
    schema: str
    checks: str
    drift: tuple[str, str] | None


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
        cards, rows = MOST_CARDS, MOST_ROWS
        out = []
        for part in self.shown:
            view = _dataset(self.triage, part, self.anchors[id(part)], cards, rows)
            cards, rows = cards - view.with_plots, rows - len(view.columns)
            out.append(view)
        return tuple(out)


def _dataset(
    triage: Triage, part: DatasetReport, anchor: str, cards: int, rows: int
) -> DatasetView:
    ordered = triage.columns(part)
    shown = ordered[: max(rows, 0)]
    level = LEVELS[triage.level(part.name)]
    validation = part.validation
    return DatasetView(
        part=part,
        anchor=anchor,
        level=level,
        word=word(part, level),
        standing=wording.standing(part.diff, first=triage.report.base is None),
        facts=_facts(part),
        history=_history(triage.report, part),
        schema=tuple(sorted(part.diff.schema, key=lambda c: c.compatibility, reverse=True)),
        violations=validation.violations if validation else (),
        row_parts=_row_parts(part.diff),
        columns=_columns(triage, part, shown, anchor, cards),
        compares=any(column.before and column.after for column in ordered),
        with_plots=min(len(shown), max(cards, 0)),
        hidden_columns=len(ordered) - len(shown),
    )


def word(part: DatasetReport, level: VerdictLevel) -> str:
    """The chip of a dataset: its verdict, or its state where nothing was found."""
    if level != "pass":
        return wording.VERDICTS[level].lower()
    return {"added": "new", "identical": "unchanged", "removed": "removed"}.get(
        part.diff.status, "pass"
    )


def _facts(part: DatasetReport) -> tuple[tuple[str, str, str], ...]:
    diff, validation = part.diff, part.validation
    after, before = diff.rows_after, diff.rows_before
    current = before if after is None else after
    out = [("Rows", "unknown" if current is None else number.count(current), "")]
    if before is not None and after is not None:
        moved = number.change(before, after) if before != after else "no change in number"
        out = [("Rows", number.count(after), f"{moved}; before {number.count(before)}")]
    if diff.status == "removed":
        out = [("Rows lost", out[0][1], "")]
    if diff.status == "changed":
        out.append(("Compatibility", diff.compatibility.value, ""))
    if part.size is not None:
        files = diff.files
        total = files.added + files.changed + files.unchanged
        moved = f"{number.count(files.added + files.changed)} of {number.counted(total, 'file')} new"
        out.append(("Size", number.size(part.size), moved if total > 1 else ""))
    if diff.columns:
        out.append(("Columns", number.count(len(diff.columns)), ""))
    if validation is not None:
        failed = len(validation.violations)
        checks = number.counted(validation.checks, "check")
        none = validation.schema is None
        done = f"{number.count(failed)} failed" if failed else "passed"
        out.append(("Schema", "none" if none else done, "nothing checked" if none else f"of {checks}" if failed else checks))
    return tuple(out)


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


def _columns(
    triage: Triage, part: DatasetReport, shown: tuple[ColumnDiff, ...], anchor: str, cards: int
) -> tuple[ColumnView, ...]:
    top_psi = max([0.5, *(min(column.psi or 0.0, 1e9) for column in shown)])
    rates = [null_rate(side) or 0.0 for c in shown for side in (c.before, c.after)]
    top_nulls = max([0.05, *(min(rate, 1.0) for rate in rates)])
    return tuple(
        _column(triage, part, column, f"{anchor}c{i}", index < cards, top_psi, top_nulls)
        for index, (i, column) in enumerate(enumerate(shown, start=1))
    )


def _column(
    triage: Triage,
    part: DatasetReport,
    column: ColumnDiff,
    anchor: str,
    linked: bool,  # noqa: FBT001 - a fact about the column, not a mode
    top_psi: float,
    top_nulls: float,
) -> ColumnView:
    histogram = column.histogram if linked else None
    bars, more = plots.categories(histogram) if histogram and not histogram.edges else ((), 0)
    rates = [null_rate(side) for side in (column.before, column.after)]
    widths = [None if rate is None else plots.bar(rate, top_nulls) for rate in rates]
    return ColumnView(
        diff=column,
        anchor=anchor,
        linked=linked,
        level=LEVELS[triage.level(part.name, column.column)],
        state=_state(column, part),
        drift=" · ".join(columns.drift(column)),
        psi_width=plots.bar(min(column.psi or 0.0, 1e9), top_psi),
        nulls=columns.nulls(column),
        nulls_before=widths[0],
        nulls_after=widths[1],
        plot=plots.distribution(histogram, column.kind) if histogram else None,
        bars=bars,
        more_bars=more,
        figures=_figures(column) if linked else (),
    )


def _state(column: ColumnDiff, part: DatasetReport) -> str:
    if part.diff.status != "changed" or (column.before and column.after):
        return ""
    return "added" if column.before is None else "removed"


def _figures(column: ColumnDiff) -> tuple[tuple[str, str | None, str | None], ...]:
    sides = (column.before, column.after)
    out = [("nulls", *(_nulls(side) for side in sides))]
    out += [
        (label, *(columns.figure(column, side, label) for side in sides))
        for label in columns.LABELS[column.kind]
    ]
    for label in ("min", "max"):
        out.append((label, *(_extreme(side, label) for side in sides)))
    return tuple(item for item in out if item[1] is not None or item[2] is not None)


def _nulls(stats: ColumnStats | None) -> str | None:
    if stats is None:
        return None
    return f"{number.count(stats.nulls)} ({number.share(number.ratio(stats.nulls, stats.rows))})"


def _extreme(stats: ColumnStats | None, label: str) -> str | None:
    value = None if stats is None else stats.min if label == "min" else stats.max
    if value is None:
        return None
    if isinstance(value, float):
        return number.decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number.count(value)
    return number.scalar(value)[:200]


def dataset_rows(triage: Triage, anchors: Mapping[int, str]) -> tuple[DatasetRow, ...]:
    """The table of datasets, worst first."""
    out = []
    for part in triage.datasets:
        level = LEVELS[triage.level(part.name)]
        drifted = max(part.diff.columns, key=drift_weight, default=None)
        moved = drifted is not None and drift_weight(drifted) > 0
        out.append(
            DatasetRow(
                anchor=anchors.get(id(part)),
                name=part.name,
                level=level,
                word=word(part, level),
                rows=wording.rows(part.diff).replace(" rows", "").replace(" row", ""),
                schema=_schema_cell(part),
                checks=_checks_cell(part),
                drift=(drifted.column, " · ".join(columns.drift(drifted)[:1])) if drifted is not None and moved else None,
            )
        )
    return tuple(out)


def _schema_cell(part: DatasetReport) -> str:
    breaking = [c for c in part.diff.schema if c.compatibility is Compatibility.BREAKING]
    others = [c for c in part.diff.schema if c.compatibility is not Compatibility.BREAKING]
    said = [f"breaking: {wording.schema_counts(breaking)}"] if breaking else []
    said += [wording.schema_counts(others)] if others else []
    status = {"added": "new dataset", "removed": "dataset removed"}.get(part.diff.status)
    return status or "; ".join(said) or "same"


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
    alive = [part for part in report.datasets if part.diff.status != "removed"]
    rows = sum(part.diff.rows_after or 0 for part in alive)
    return {"rows": number.count(rows), "datasets": f"in {number.counted(len(alive), 'dataset')}"}
