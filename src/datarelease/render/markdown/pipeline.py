"""Metrics and parameters of the pipeline in the comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datarelease.render import escape
from datarelease.render import numbers as number
from datarelease.render.markdown import gfm
from datarelease.render.markdown.gfm import Part
from datarelease.render.pipeline import ResultRow
from datarelease.render.view import ReportView

_OPEN = 20
"""Rows shown in the open; more are folded."""
_NOT_SHOWN = 10


def pipeline_parts(view: ReportView, *, rank: int) -> Iterator[Part]:
    """The parts about metrics, parameters and what cannot be shown of them, in this order."""
    pipeline, base = view.pipeline, escape.prose(view.report.base or "before", 40)
    change = f"{base} → this change"
    for noun, rows, more in (
        ("metric", pipeline.metrics, pipeline.more_metrics),
        ("parameter", pipeline.params, pipeline.more_params),
    ):
        if rows or more:
            variants = _table(noun, change, rows, more)
            yield Part(rank=rank, variants=variants, what=f"{noun}s")
    if pipeline.not_shown:
        yield Part(rank=rank, variants=_not_shown(pipeline.not_shown), what="files of results")


def _table(noun: str, change: str, rows: Sequence[ResultRow], more: int) -> tuple[str, ...]:
    def table(shown: Sequence[tuple[str, ...]]) -> str:
        return gfm.table((noun, change), shown)

    def assemble(shown: Sequence[tuple[str, ...]], hidden: int) -> str:
        rest = shown[_OPEN:]
        folded = gfm.details(number.counted(len(rest), f"more {noun}"), table(rest))
        return gfm.stacked(
            table(shown[:_OPEN]) if shown else "",
            folded if rest else "",
            gfm.elsewhere(hidden, f"more {noun}"),
            f"{number.counted(more, f'more {noun}')} changed" if more else "",
        )

    cells = [(_name(row), _change(row)) for row in rows]
    return (*gfm.shorter_lists(cells, assemble), "")


def _name(row: ResultRow) -> str:
    # Both in one code span would have no place to break.
    if not row.file:
        return escape.cell(row.name)
    return ":<wbr>".join(escape.cell(text) for text in (row.file, row.name) if text)


def _change(row: ResultRow) -> str:
    # A third column would be too wide for a phone, and so would one line.
    difference = f"<br>{row.difference}" if row.difference else ""
    return f"{_value(row.before)} → {_value(row.after)}{difference}"


def _value(value: str | None) -> str:
    return "_none_" if value is None else escape.cell(value, escape.VALUE)


def _not_shown(items: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    lines = [
        f"Not shown: {escape.code(file)} changed, but {escape.prose(why)}" for file, why in items
    ]
    more = len(lines) - _NOT_SHOWN
    rest = [number.counted(more, "more file")] if more > 0 else []
    return (gfm.bullets([*lines[:_NOT_SHOWN], *rest]), "")
