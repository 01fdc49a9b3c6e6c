"""The columns of a dataset in the comment: what moved, or a profile where nothing is compared."""

from __future__ import annotations

from collections.abc import Sequence

from datarelease.model.review.diff import ColumnDiff
from datarelease.model.review.report import DatasetReport
from datarelease.render import columns, escape
from datarelease.render import numbers as number
from datarelease.render.markdown import gfm
from datarelease.render.plots import geometry as plots
from datarelease.render.plots import sparkline
from datarelease.render.triage import Triage, drift_weight

MARKS = ("✅", "⚠️", "⛔")
"""By level: nothing found, a warning, a block."""
_NOTABLE = 0.2
"""A fifth of what counts as large drift; columns that moved less are folded."""


def column_tables(triage: Triage, dataset: DatasetReport, shown: int, folded: int) -> str:
    """Drift of the columns that moved; a profile where there is nothing to compare with."""
    every = triage.columns(dataset)
    if dataset.diff.status == "added":
        return _profile(every, shown + folded)
    both = [column for column in every if column.before and column.after]
    moved = [column for column in both if not triage.still(dataset, column)]
    rows = [_moved(triage, dataset, column) for column in moved[: shown + folded]]
    header = ("column, before and after", "what moved")
    notable = min(shown, sum(_notable(triage, dataset, column) for column in moved))
    top, rest = rows[:notable], rows[notable:]
    hidden = len(moved) - len(rows)
    noun = "more changed column" if top else "changed column"
    return gfm.stacked(
        gfm.table(header, top) if top else "",
        gfm.details(number.counted(len(rest), noun), gfm.table(header, rest)) if rest else "",
        f"{number.counted(hidden, 'more changed column')} in the HTML report" if hidden else "",
        _still([column for column in both if triage.still(dataset, column)], shown),
    )


def _still(found: Sequence[ColumnDiff], most: int) -> str:
    """One line for the columns of which there is nothing to tell."""
    return gfm.text(columns.still(found, most)) if found and most else ""


def _notable(triage: Triage, dataset: DatasetReport, column: ColumnDiff) -> bool:
    return triage.level(dataset.name, column.column) > 0 or drift_weight(column) >= _NOTABLE


def _moved(triage: Triage, dataset: DatasetReport, column: ColumnDiff) -> tuple[str, ...]:
    level = triage.level(dataset.name, column.column)
    lines = sparkline.pair(column.histogram) if column.histogram else ()
    shape = "<br>".join(f"`{line}`" for line in lines if line) + _axis(column)
    nulls = columns.nulls(column)
    moved = [
        " · ".join(columns.drift(column)),
        *columns.figures(column)[:2],
        f"nulls {nulls}" if "→" in nulls else "",
    ]
    return (
        "<br>".join(filter(None, (marked(level, column.column), shape))),
        "<br>".join(filter(None, moved)),
    )


def marked(level: int, name: str, *, always: bool = False) -> str:
    """A name in a table with the mark of its level; a long one goes on below its mark."""
    shown = escape.cell(name)
    between = " " if "<wbr>" in shown else "\u00a0"
    return f"{MARKS[level]}{between}{shown}" if level or always else shown


def _axis(column: ColumnDiff) -> str:
    log = column.histogram is not None and plots.logarithmic(column.histogram, column.kind)
    return " <sub>logarithmic</sub>" if log else ""


def _profile(every: Sequence[ColumnDiff], most: int) -> str:
    shown = every[:most]
    if not shown:
        return f"{number.counted(len(every), 'column')} in the HTML report" if every else ""
    rows = [_profiled(column) for column in shown]
    hidden = len(every) - len(shown)
    return gfm.details(
        f"Profile of {number.counted(len(every), 'column')}",
        gfm.stacked(
            gfm.table(("column", "figures"), rows),
            f"{number.counted(hidden, 'more column')} in the HTML report" if hidden else "",
        ),
    )


def _profiled(column: ColumnDiff) -> tuple[str, ...]:
    figures = [f"nulls {columns.nulls(column)}", *columns.figures(column)[:2]]
    name = f"{escape.cell(column.column)} {column.kind}"
    if column.histogram:
        name += f"<br>`{sparkline.pair(column.histogram)[1]}`{_axis(column)}"
    return (name, "<br>".join(figures))
