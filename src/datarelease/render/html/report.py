"""The report as one HTML file: no request, no script, light and dark, phone to paper.

Jinja2 escapes every expression; before that, ``escape.clean`` makes control, bidirectional and
invisible characters visible in each of them, so that no template can forget it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from markupsafe import escape as markup_escape

from datarelease.model.data.validation import Violation
from datarelease.model.review.report import Report
from datarelease.render import (
    changes,
    escape,
    findings,
    headline,
)
from datarelease.render import (
    numbers as number,
)
from datarelease.render import (
    words as wording,
)
from datarelease.render.html.overview import dataset_rows, totals
from datarelease.render.html.view import Views
from datarelease.render.plots import geometry as plots
from datarelease.render.plots.geometry import CategoryBar
from datarelease.render.streams import stream_view
from datarelease.render.triage import Triage
from datarelease.render.words import Data, Phrase, Prose, Strong

_SIZE = {
    "width": plots.WIDTH,
    "height": plots.HEIGHT,
    "left": plots.LEFT,
    "right": plots.RIGHT,
    "base": plots.HEIGHT - plots.BOTTOM,
}
_MOST_FINDINGS = 12
_ALL_FINDINGS = 2000
_MOST_DATASETS = 40


def html(report: Report) -> str:
    """The report as a self-contained HTML document that ends in a newline."""
    environment, style = _environment()
    triage = Triage(report)
    views = Views(triage)
    compared = report.outcome == "compared" and report.tag
    after_word = escape.clean(report.tag or "", 24) if compared else "this change"
    context = {
        "report": report,
        "headline": _sentence(headline.headline(report)),
        "verdict": headline.verdict(report),
        "remedy": headline.remedy(report),
        "changed": headline.changed(report),
        "effect": headline.effect(report.compatibility),
        "findings": [
            (finding, findings.said(finding, triage), views.place(finding))
            for finding in triage.findings[:_ALL_FINDINGS]
        ],
        "hidden_findings": max(len(triage.findings) - _ALL_FINDINGS, 0),
        "most_findings": _MOST_FINDINGS,
        "most_datasets": _MOST_DATASETS,
        "totals": totals(report),
        "rows": dataset_rows(triage, views.anchors),
        "views": views.all,
        "streams": [stream_view(stream, report.base) for stream in report.streams],
        "before_word": escape.clean(report.base or "before", 24),
        "after_word": after_word,
        "size": _SIZE,
        "style": Markup(f"<style>{style}</style>"),  # noqa: S704 - our own style sheet
        "style_hash": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    }
    return environment.get_template("report.html.j2").render(context).strip() + "\n"


@cache
def _environment() -> tuple[Environment, str]:
    """The templates, and the style sheet."""
    environment = Environment(
        loader=PackageLoader("datarelease.render"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "phrase": _phrase,
        "plain": _plain,
        "name": lambda text: escape.clean(text, 120),
        "wrap": lambda text: _wrapped(text, 120),
        "prose": lambda text: escape.clean(text, 1000, space=" "),
        "digest": lambda text: escape.clean(text[: wording.SHORT_DIGEST]),
        "value": lambda value, limit=120: escape.clean(number.scalar_text(value), limit),
        "param": _param,
        "count": number.count,
        "counted": number.counted,
        "rowcount": lambda rows: number.counted(rows, "row"),
        "drift": lambda value: "" if value is None else number.drift_value(value),
        "figure": lambda text: "none" if text is None else text,
        "place": findings.place,
        "change_words": changes.schema_change,
        "violation_words": wording.violation,
        "violation_share": _violation_share,
        "row_words": lambda rows: _plain(wording.row_counts(rows)),
        "bar_share": _bar_share,
    }
    source = environment.loader.get_source(environment, "style.css")[0]  # type: ignore[union-attr]
    return environment, "\n".join(line.strip() for line in source.splitlines())


def _finalize(value: Any) -> Any:
    return (
        escape.clean(value, None)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


def _phrase(phrase: Phrase) -> Markup:
    out: list[Markup] = []
    for part in phrase:
        match part:
            case Data(text=text):
                out.append(Markup('<code dir="auto">{}</code>').format(_wrapped(text, 120)))
            case Strong(text=text):
                out.append(Markup('<strong dir="auto">{}</strong>').format(escape.clean(text, 120)))
            case Prose(text=text):
                shown = escape.clean(text, 1000, space=" ")
                out.append(Markup('<span dir="auto">{}</span>').format(shown))
            case str():
                out.append(markup_escape(part))
    return Markup("").join(out)


def _wrapped(text: str, limit: int) -> Markup:
    """A name that may go on in the next line where its words end."""
    parts = re.split(r"(?<=[_./])(?=.)", escape.clean(text, limit))
    return Markup("<wbr>").join(parts)


def _sentence(phrase: Phrase) -> Phrase:
    """The phrase with a capital first letter, if it is a word of ours: a tag stays as it is."""
    first, *rest = phrase
    return (first[:1].upper() + first[1:] if isinstance(first, str) else first, *rest)


def _plain(phrase: Phrase) -> str:
    return "".join(
        part if isinstance(part, str) else escape.clean(part.text, 60, space=" ") for part in phrase
    )


def _param(value: str | None) -> Markup:
    if value is None:
        return Markup('<span class="muted">none</span>')
    return Markup('<code dir="auto">{}</code>').format(escape.clean(value, 200))


def _violation_share(violation: Violation) -> str:
    return number.share(number.ratio(violation.count, violation.total))


def _bar_share(bar: CategoryBar) -> str:
    old, new = (None if part is None else number.share(part) for part in (bar.before, bar.after))
    return f"{old} → {new}" if old is not None and new is not None else new or old or ""
