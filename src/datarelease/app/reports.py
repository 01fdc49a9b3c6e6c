"""Reports as files."""

from __future__ import annotations

from html import escape
from pathlib import Path

from datarelease.documents import encode
from datarelease.flows.versions.documents import write_documents
from datarelease.model.review.report import Report
from datarelease.render.html.report import html
from datarelease.render.markdown.report import markdown

HTML_NAME = "report.html"


def report_files(report: Report) -> dict[str, bytes]:
    """The report in its three forms, by file name."""
    return {
        "report.json": encode(report).encode(),
        "report.md": markdown(report).encode(),
        HTML_NAME: html(report).encode(),
    }


def write_report(report: Report, out: Path) -> Path:
    """Write the report's three forms into ``out``; returns the HTML file's path.

    Raises:
        ConfigError: Something is in the way.
    """
    write_documents(report_files(report), out)
    return out / HTML_NAME


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
