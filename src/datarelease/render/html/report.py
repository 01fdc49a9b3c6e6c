"""The report as one HTML file: no request, no script, light and dark, phone to paper."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from jinja2 import Environment
from markupsafe import Markup

from datarelease.model.data.validation import Violation
from datarelease.model.review.policy import Finding
from datarelease.model.review.report import Report
from datarelease.render import escape, plots, words
from datarelease.render import numbers as number
from datarelease.render.files import arrow, growth, of_change
from datarelease.render.html import page
from datarelease.render.html.environment import (
    PLOT_SIZE,
    html_environment,
    plain_phrase,
    style_sheet,
)
from datarelease.render.verdict import finding_place
from datarelease.render.view import DatasetView, ReportView

_MOST_FINDINGS = 12
_ALL_FINDINGS = 2000
_MOST_DATASETS = 40
MOST_PANELS = 4
"""Columns drawn in the plot of the drift."""
_MOST_BARS = 6
_STATES = {"added": "new", "identical": "unchanged", "removed": "removed", "unreadable": "not read"}
_WHOLE = {"added": "new dataset", "removed": "dataset removed", "unreadable": "cannot be read"}
_LEVELS = {"warn": "warn", "block": "blocked"}


def html(report: Report) -> str:
    """The report as a self-contained HTML document that ends in a newline."""
    environment, style = _environment()
    view = ReportView(report)
    verdict = view.verdict
    sections = page.page_sections(view)
    by_view = {id(section.view): section for section in sections}

    def place(finding: Finding) -> str | None:
        section = by_view.get(id(view.by_name.get(finding.dataset)))
        return None if section is None else section.place(finding)

    compared = report.outcome == "compared" and report.tag
    counted = [rows for d in report.datasets if (rows := d.diff.rows_after) is not None]
    files = [found.files for d in report.datasets if (found := d.diff.files_after) is not None]
    context = {
        "report": report,
        "verdict": verdict,
        "findings": [
            (finding, verdict.said(finding), place(finding))
            for finding in verdict.findings[:_ALL_FINDINGS]
        ],
        "hidden_findings": max(len(verdict.findings) - _ALL_FINDINGS, 0),
        "most_findings": _MOST_FINDINGS,
        "most_datasets": _MOST_DATASETS,
        "rows": sum(counted),
        "datasets": len(counted),
        "files": sum(files),
        "file_datasets": len(files),
        "counted_word": ("Rows or files" if counted else "Files") if files else "Rows",
        "overview": [
            (dataset, section and section.anchor)
            for dataset in view.datasets
            for section in (by_view.get(id(dataset)),)
        ],
        "sections": sections,
        "streams": view.streams,
        "pipeline": view.pipeline,
        "before_word": escape.clean(report.base or "before", 24),
        "after_word": escape.clean(report.tag or "", 24) if compared else "this change",
        "size": PLOT_SIZE,
        "style": Markup(f"<style>{style}</style>"),  # noqa: S704 - our own style sheet
        "style_hash": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    }
    return environment.get_template("report.html.j2").render(context).strip() + "\n"


def drift_plot(report: Report) -> str | None:
    """The columns that moved most as one SVG document, old and new over each other.

    None: there is no baseline, or no column that can be drawn moved. Values of ``pii`` columns
    have no histogram, so none can appear.
    """
    moved = [
        (escape.clean(f"{dataset.name}.{view.name}", 30), view, histogram)
        for dataset, view in ReportView(report).drifted()
        if (histogram := view.diff.histogram) and histogram.before and histogram.after
    ]
    panels = [
        {
            "name": name,
            "view": view,
            "plot": plots.distribution(histogram, view.diff.kind, years=view.years),
            "bars": plots.categories(histogram, _MOST_BARS)[0],
        }
        for name, view, histogram in moved[:MOST_PANELS]
    ]
    template = _environment()[0].get_template("drift.svg.j2")
    return template.render(panels=panels, size=PLOT_SIZE).strip() if panels else None


@cache
def _environment() -> tuple[Environment, str]:
    """The templates, and the style sheet."""
    environment = html_environment()
    environment.filters |= {
        "param": _param,
        "place": finding_place,
        "violation_share": _violation_share,
        "arrow": _arrow,
        "change_size": of_change,
        "growth": growth,
        "row_words": lambda rows: plain_phrase(words.row_counts(rows)),
        "row_file_words": words.row_file,
        "row_parts": page.row_parts,
        "bar_share": _bar_share,
        "chip": _chip,
        "cells": _cells,
        "facts": page.section_facts,
    }
    return environment, style_sheet(environment)


def _param(value: str | None) -> Markup:
    if value is None:
        return Markup('<span class="muted">none</span>')
    return Markup('<code dir="auto">{}</code>').format(escape.clean(value, 200))


def _violation_share(violation: Violation) -> str:
    return number.share(number.ratio(violation.count, violation.total))


def _bar_share(bar: plots.CategoryBar) -> str:
    old, new = (None if part is None else number.share(part) for part in (bar.before, bar.after))
    return f"{old} → {new}" if old is not None and new is not None else new or old or ""


def _chip(view: DatasetView) -> tuple[str, str]:
    """The class of a dataset's chip and its word: the verdict, or its state where that is pass."""
    if view.level != "pass":
        return view.level, _LEVELS[view.level]
    state = view.diff.status
    # There is nothing to approve in what is unchanged or new.
    return ("pass" if state == "changed" else "plain"), _STATES.get(state, "pass")


def _arrow(pair: tuple[int | None, int | None], *, sizes: bool = False) -> str:
    return arrow(*pair, write=number.size if sizes else number.count)


def _cells(view: DatasetView) -> dict[str, str]:
    """A dataset's line in the table of datasets."""
    breaking, others = view.schema_counts
    changed = "; ".join(filter(None, (breaking and f"breaking: {breaking}", others)))
    return {
        "Files" if view.diff.files_after is not None else "Rows": words.rows(view.diff)
        .replace(" rows", "")
        .replace(" row", ""),
        "Schema": _WHOLE.get(view.diff.status) or changed or "same",
        "Checks": _checks_cell(view),
    }


def _checks_cell(view: DatasetView) -> str:
    validation = view.part.validation
    if validation is None:
        return "not checked"
    if validation.schema is None:
        return "no schema"
    failed = len(validation.violations)
    done = f"{number.count(failed)} failed of" if failed else "passed all of"
    return f"{done} {number.count(validation.checks)}" if validation.checks else "none declared"
