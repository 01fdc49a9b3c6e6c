"""The columns that moved most as one picture, old and new over each other."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from datarelease.model.review.diff import ColumnDiff, Histogram
from datarelease.model.review.report import Report
from datarelease.render import columns, escape
from datarelease.render.plots import geometry as plots
from datarelease.render.triage import drift_weight

_MOST = 4
"""Columns drawn."""
_TITLE = 26
_BAR = 18
_NAMES = 110
"""Space for the names of categories."""
_CATEGORIES = 6
_BEFORE, _AFTER, _TEXT, _GRID = "#9aa4af", "#0a62c9", "#57606a", "#e4e8ec"
_FONT = "system-ui, sans-serif"


def drift_plot(report: Report) -> str | None:
    """An SVG document; None: there is no baseline, or no column that can be drawn moved.

    Values of ``pii`` columns have no histogram, so none can appear.
    """
    moved = [
        (dataset.name, column, histogram)
        for dataset in report.datasets
        for column in dataset.diff.columns
        if (histogram := column.histogram) and histogram.before and histogram.after
        and drift_weight(column) > 0
    ]  # fmt: skip
    moved.sort(key=lambda item: -drift_weight(item[1]))
    if not moved:
        return None
    width, height = plots.WIDTH, (_TITLE + plots.HEIGHT) * len(moved[:_MOST])
    space = "http://www.w3.org/2000/svg"
    page = ET.Element("svg", xmlns=space, viewBox=f"0 0 {width} {height}", width=str(width))
    _shape(page, "rect", width=width, height=height, fill="#ffffff")
    for index, (dataset, column, histogram) in enumerate(moved[:_MOST]):
        panel = _shape(page, "g", transform=f"translate(0 {index * (_TITLE + plots.HEIGHT)})")
        axis = ("logarithmic axis",) if plots.logarithmic(histogram, column.kind) else ()
        said = "  ".join((*columns.drift(column), *axis)).replace("\u00a0", " ")
        _text(panel, 8, 18, f"{escape.clean(f'{dataset}.{column.column}', 30)}   {said}", size=13)
        _panel(_shape(panel, "g", transform=f"translate(0 {_TITLE})"), column, histogram)
    return ET.tostring(page, encoding="unicode")


def _panel(parent: ET.Element, column: ColumnDiff, histogram: Histogram) -> None:
    plot = plots.distribution(histogram, column.kind, years=columns.years(column))
    if plot is None:
        _bars(parent, histogram)
        return
    for label in plot.axes.y:
        grid = {"x1": plots.LEFT, "x2": plots.WIDTH - plots.RIGHT, "y1": label.y, "y2": label.y}
        _shape(parent, "line", stroke=_GRID, **grid)
        _text(parent, label.x, label.y + 4, label.text, anchor="end")
    for label in plot.axes.x:
        _text(parent, label.x, label.y, label.text, anchor=label.anchor)
    for path, colour, opacity in ((plot.before, _BEFORE, 0.45), (plot.after, _AFTER, 0.25)):
        _shape(parent, "path", d=path, fill=colour, stroke=colour, fill_opacity=opacity)


def _bars(parent: ET.Element, histogram: Histogram) -> None:
    found, _ = plots.categories(histogram, _CATEGORIES)
    room = plots.WIDTH - _NAMES - plots.RIGHT
    for index, bar in enumerate(found):
        y = plots.TOP + index * (_BAR + 4)
        _text(parent, _NAMES - 6, y + 12, escape.clean(bar.label, 16), anchor="end")
        for share, colour, down in ((bar.width_before, _BEFORE, 0), (bar.width_after, _AFTER, 9)):
            width = round(room * share / 100, 1)
            _shape(parent, "rect", x=_NAMES, y=y + down, height=8, width=width, fill=colour)


def _shape(parent: ET.Element, name: str, **attributes: object) -> ET.Element:
    named = {key.replace("_", "-"): str(value) for key, value in attributes.items()}
    return ET.SubElement(parent, name, named)


def _text(
    parent: ET.Element, x: float, y: float, text: str, *, anchor: str = "start", size: int = 11
) -> None:
    made = _shape(
        parent, "text", x=x, y=y, fill=_TEXT, text_anchor=anchor, font_size=size, font_family=_FONT
    )
    made.text = text
