"""Metrics and parameters of the pipeline in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from datarelease.render import escape
from datarelease.render import numbers as number
from datarelease.render.pipeline import PipelineView, ResultRow
from datarelease.render.terminal.tables import plain_table

_ROWS = 20
_NOT_SHOWN = 5


def pipeline_tables(view: PipelineView) -> list[RenderableType]:
    """A table of metrics, one of parameters, and lines on what is not shown; each if it is there.

    Each begins with an empty line.
    """
    parts: list[RenderableType] = []
    if view.metrics or view.more_metrics:
        parts += [Text(), _table("metric", view.metrics, view.more_metrics, difference=True)]
    if view.params or view.more_params:
        parts += [Text(), _table("parameter", view.params, view.more_params)]
    lines = [
        Text(f"not shown: {_clean(file)} changed, but {escape.clean(why, escape.PROSE, space=' ')}")
        for file, why in view.not_shown[:_NOT_SHOWN]
    ]
    if len(view.not_shown) > _NOT_SHOWN:
        more = len(view.not_shown) - _NOT_SHOWN
        lines.append(Text(f"{number.counted(more, 'more file')} not shown"))
    return [*parts, *([Text(), *lines] if lines else [])]


def _table(
    noun: str, rows: Sequence[ResultRow], more: int, *, difference: bool = False
) -> RenderableType:
    table = plain_table(noun, "before", "after", *(["difference"] if difference else []))
    for row in rows[:_ROWS]:
        cells = [Text(_clean(row.label))]
        cells += [Text("none" if c is None else _clean(c)) for c in (row.before, row.after)]
        table.add_row(*cells, *([Text(row.difference)] if difference else []))
    more += max(len(rows) - _ROWS, 0)
    if more:
        table.add_row(Text(f"and {number.count(more)} more"))
    return table


def _clean(text: str) -> str:
    return escape.clean(text, 40)
