"""What one page shows of each dataset, how much of it, and where: sections, cards and plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from datarelease.model.data.profile import Scalar
from datarelease.model.data.validation import Violation
from datarelease.model.review.diff import ColumnStats, FileCounts, RowDiff, SchemaChange
from datarelease.model.review.policy import Finding
from datarelease.model.review.report import MASK, Report
from datarelease.render import numbers as number
from datarelease.render import plots, words
from datarelease.render.columns import ColumnView, null_rate, still_groups
from datarelease.render.files import COUNTS
from datarelease.render.html.files import files_facts, sizes_plot
from datarelease.render.view import DatasetView, ReportView

_OPEN_CARDS = 8
_MOST_PSI = 1e9
Figure = tuple[str, str | None, str | None]


class Room(NamedTuple):
    """What one page still has room for, so that a phone can open it; ``report.json`` has it all."""

    cards: int = 600
    """Columns with a plot; those that matter most get one, the others stay in the tables."""
    columns: int = 6000
    changes: int = 3000
    violations: int = 2000


@dataclass(frozen=True, kw_only=True)
class Card:
    """A column's card and its line in the table."""

    view: ColumnView
    anchor: str
    linked: bool
    state: str
    psi_width: float
    psi_limit: float | None
    """Where the limit is on the bar, in percent; None: there is none, or it is not known."""
    null_widths: tuple[float | None, ...]
    plot: plots.DistributionPlot | None
    bars: tuple[plots.CategoryBar, ...]
    more_bars: int
    figures: tuple[Figure, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A dataset's section."""

    view: DatasetView
    anchor: str
    history: plots.History | None
    sizes: plots.DistributionPlot | None
    """Of a dataset of files."""
    schema: tuple[SchemaChange, ...]
    violations: tuple[Violation, ...]
    columns: tuple[Card, ...]
    """Those that hardly moved come last."""
    with_plots: int
    hidden: Room
    """What there was no room for; columns without a plot do not count."""

    @cached_property
    def moved(self) -> tuple[Card, ...]:
        """The columns that have a line in the table."""
        return tuple(card for card in self.columns if not card.view.still)

    @property
    def open_cards(self) -> int:
        """Columns whose plots are in the open."""
        return min(_OPEN_CARDS, len(self.moved), self.with_plots)

    @property
    def has_limits(self) -> bool:
        """Whether a bar of drift shows its limit."""
        return any(card.psi_limit is not None for card in self.moved)

    @property
    def compares(self) -> bool:
        """Whether a column is in both versions."""
        return any(column.compares for column in self.view.columns)

    @property
    def still(self) -> tuple[tuple[str, tuple[Card, ...]], ...]:
        """The columns that are told in one line: unchanged, and hardly moved."""
        cards = {id(card.view): card for card in self.columns}
        groups = still_groups([card.view for card in self.columns if card.view.still])
        return tuple((word, tuple(cards[id(view)] for view in views)) for word, views in groups)

    @cached_property
    def anchors(self) -> Mapping[str, str]:
        """The place of each column that has a card, by name."""
        return {card.view.name: card.anchor for card in reversed(self.columns) if card.linked}

    def place(self, finding: Finding) -> str:
        """Where a finding about the dataset is shown in full."""
        if finding.rule == "violations" and self.violations:
            return f"{self.anchor}-checks"
        if finding.rule == "breaking" and self.schema:
            return f"{self.anchor}-schema"
        return self.anchors.get(finding.column or "", self.anchor)


def page_sections(report: ReportView) -> tuple[Section, ...]:
    """A section for each dataset of which there is something to say; the first get more room."""
    room, out = Room(), []
    for index, view in enumerate(report.told, start=1):
        section = _section(report.report, view, f"d{index}", room)
        used = map(len, (section.columns, section.schema, section.violations))
        room = Room(*(left - n for left, n in zip(room, (section.with_plots, *used), strict=True)))
        out.append(section)
    return tuple(out)


def _section(report: Report, view: DatasetView, anchor: str, room: Room) -> Section:
    # Sorting is stable: what hardly moved goes to the end.
    shown = sorted(view.columns, key=lambda column: column.still)[: room.columns]
    return Section(
        view=view,
        anchor=anchor,
        history=_history(report, view),
        sizes=sizes_plot(view.files),
        schema=view.schema[: room.changes],
        violations=view.violations[: room.violations],
        columns=_cards(report, view, shown, anchor, room.cards),
        with_plots=min(len(shown), room.cards),
        hidden=Room(
            cards=0,
            columns=len(view.columns) - len(shown),
            changes=max(len(view.schema) - room.changes, 0),
            violations=max(len(view.violations) - room.violations, 0),
        ),
    )


def section_facts(view: DatasetView) -> tuple[tuple[str, str, str], ...]:
    """The figures at the head of a section: a name, the figure, and what it was before."""
    diff = view.diff
    before, after, noun = words.amounts(diff)
    title = f"{noun.capitalize()}s"
    current = before if after is None else after
    rows = "unknown" if current is None else number.count(current)
    out = [(f"{title} lost" if diff.status == "removed" else title, rows, "")]
    if before is not None and after is not None and diff.status != "removed":
        by = f" ({number.signed_share(number.ratio(after - before, before))})" if before else ""
        moved = "as many as before" if before == after else f"from {number.count(before)}{by}"
        out = [(title, rows, moved)]
    if view.files is not None:
        return (*out, *files_facts(view.files), *_schema_fact(view))
    if view.part.size is not None:
        files = diff.files
        total = files.added + files.changed + files.unchanged
        new = number.count(files.added + files.changed)
        moved = f"{new} of {number.counted(total, 'file')} new" if total > 1 else ""
        out.append(("Size", number.size(view.part.size), moved))
    if diff.columns:
        count = sum(column.after is not None for column in diff.columns)
        told = words.change_counts(diff.schema) or "as before"
        out.append(("Columns", number.count(count), told if diff.status == "changed" else ""))
    return (*out, *_schema_fact(view))


def _schema_fact(view: DatasetView) -> tuple[tuple[str, str, str], ...]:
    validation = view.part.validation
    if validation is None:
        return ()
    checks = number.counted(validation.checks, "check")
    title = "Schema" if view.files is None else "Rules"
    if validation.violations:
        return ((title, f"{number.count(len(validation.violations))} failed", f"of {checks}"),)
    if validation.schema is None:
        return (("Schema", "none", "nothing checked"),)
    return ((title, "passed", checks),)


def _history(report: Report, view: DatasetView) -> plots.History | None:
    versions = [
        (version.tag, rows)
        for version in report.history[-30:]
        for name, rows in version.rows
        if name == view.name
    ]
    _, now, _ = words.amounts(view.diff)
    current = now is not None and (not versions or versions[-1][0] != report.tag)
    if now is not None and current:
        versions.append((report.tag or "now", now))
    return plots.history(versions, current=current, noun=view.noun)


def row_parts(rows: RowDiff | FileCounts) -> tuple[tuple[str, int, float, float], ...]:
    """The parts of the bar of rows: a word, how many, where it begins and its width in percent."""
    names = COUNTS if isinstance(rows, FileCounts) else ("added", "removed", "changed", "unchanged")
    counts = [getattr(rows, name) for name in names]
    # What is there gets at least one percent, the rest share what remains.
    raw = [max(number.ratio(n, sum(counts)) * 100, 1.0) if n else 0.0 for n in counts]
    scale = 100 / (sum(raw) or 1.0)
    out, x = [], 0.0
    for name, count, width in zip(names, counts, raw, strict=True):
        out.append((name, count, round(x, 2), round(width * scale, 2)))
        x += width * scale
    return tuple(out)


def _cards(
    report: Report, part: DatasetView, shown: Sequence[ColumnView], anchor: str, most: int
) -> tuple[Card, ...]:
    """The columns in the order given; the first ``most`` of them get a plot and a table."""
    limits = [_psi_limit(report, part.name, view) for view in shown]
    shifts = [min(view.diff.psi or 0.0, _MOST_PSI) for view in shown]
    rates = [[null_rate(side) for side in (view.diff.before, view.diff.after)] for view in shown]
    top_psi = max([0.5, *(limit or 0.0 for limit in limits), *shifts])
    top_nulls = max([0.05, *(min(rate or 0.0, 1.0) for both in rates for rate in both)])
    out = []
    for index, (view, limit) in enumerate(zip(shown, limits, strict=True)):
        histogram = view.diff.histogram if index < most else None
        bars = plots.categories(histogram) if histogram and not histogram.edges else ((), 0)
        known = limit is not None and view.diff.psi is not None
        out.append(
            Card(
                view=view,
                anchor=f"{anchor}c{index + 1}",
                linked=index < most,
                state=_state(view, part),
                psi_width=_bar(shifts[index], top_psi),
                psi_limit=_bar(limit or 0.0, top_psi) if known else None,
                null_widths=tuple(None if r is None else _bar(r, top_nulls) for r in rates[index]),
                plot=plots.distribution(histogram, view.diff.kind, years=view.years)
                if histogram
                else None,
                bars=bars[0],
                more_bars=bars[1],
                figures=_figures(view) if index < most else (),
            )
        )
    return tuple(out)


def _bar(value: float, top: float) -> float:
    """The width of a bar in percent; something that is there is at least visible."""
    return round(min(max(value / top * 100, 1.5 if value else 0.0), 100.0), 1) if top else 0.0


def _psi_limit(report: Report, dataset: str, view: ColumnView) -> float | None:
    """The largest PSI that the policy lets pass without a finding."""
    limit = None if report.psi_limit is None else report.psi_limit.of(dataset, view.name)
    return None if limit is None else min(max(limit, 0.0), _MOST_PSI)


def _state(view: ColumnView, part: DatasetView) -> str:
    if part.diff.status != "changed" or view.compares:
        return ""
    return "added" if view.diff.before is None else "removed"


def _figures(view: ColumnView) -> tuple[Figure, ...]:
    sides = view.diff.before, view.diff.after
    out: list[Figure] = [("nulls", _nulls(sides[0]), _nulls(sides[1]))]
    out += [
        (name, view.figure(sides[0], name), view.figure(sides[1], name)) for name in view.labels
    ]
    for name in ("min", "max"):
        old, new = (_extreme(getattr(side, name, None), years=view.years) for side in sides)
        out.append((name, old, new))
    return tuple(item for item in out if item[1] is not None or item[2] is not None)


def _nulls(stats: ColumnStats | None) -> str | None:
    if stats is None:
        return None
    return f"{number.count(stats.nulls)} ({number.share(number.ratio(stats.nulls, stats.rows))})"


def _extreme(value: Scalar, *, years: bool) -> str | None:
    if value is None or value == MASK:
        return None  # the card says that values are hidden
    if years and isinstance(value, int | float):
        return number.year(value)
    if isinstance(value, float):
        return number.decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number.count(value)
    return number.scalar_text(value)[:200].removesuffix("T00:00:00")
