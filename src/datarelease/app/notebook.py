"""Reports in a notebook: the HTML report in a frame, where neither's style reaches the other."""

from __future__ import annotations

from html import escape

from datarelease.model.review.report import Report
from datarelease.render.html.report import html

_STYLE = "width: 100%; height: 40rem; border: 0; resize: vertical"


def show_reports() -> None:
    """Let notebooks show every report as HTML; the model itself cannot render."""
    Report.to_notebook = framed


def framed(report: Report) -> str:
    """An element that holds the whole HTML report; nothing in it runs or sends anything."""
    # Such a frame resolves links against the page around it: "#people" would leave the report.
    page = html(report).replace('<a href="#', '<a href="about:srcdoc#')
    return (
        f'<iframe title="Report" sandbox="" style="{_STYLE}" '
        f'srcdoc="{escape(page, quote=True)}"></iframe>'
    )
