"""The report as a comment on a pull request: Markdown that says first what merging does.

Order is by what matters (``view``), length is bounded by parts that come in several sizes
(``gfm.fit``), text from data is made harmless in one place (``escape``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from urllib.parse import quote

from datarelease.model.review.policy import Finding
from datarelease.model.review.report import MARKDOWN_LIMIT, Report
from datarelease.render import escape, words
from datarelease.render import numbers as number
from datarelease.render.markdown import gfm
from datarelease.render.markdown.dataset import SYMBOLS, facts, section
from datarelease.render.markdown.gfm import GAP, Part
from datarelease.render.markdown.losses import losses
from datarelease.render.markdown.pipeline import pipeline_parts
from datarelease.render.streams import StreamView
from datarelease.render.verdict import VerdictView, finding_place
from datarelease.render.view import ReportView

SECTIONS = 30
"""At most so many datasets get a section of their own; the table names the others."""
_OPEN = 20
"""Findings shown in the open; more are folded."""
_MESSAGES = (escape.PROSE, 100)
"""Characters of a finding's message, in a list and in a tighter one."""
_LEAST_LINE = 30
"""Characters that a finding takes at least."""
_NOTE_SPACE = 400
"""Characters kept for saying what was left out."""
_SAFE_IN_URL = "/:?=&%#~-._+,;@"


def markdown(report: Report, *, limit: int = MARKDOWN_LIMIT, link: str | None = None) -> str:
    """The report as a GitHub comment of fewer than ``limit`` characters that ends in a newline.

    ``link`` is the address of the HTML report, where the caller knows one (https only); it must
    not come from the report's data.

    Raises:
        ValueError: ``limit`` is below about 2,000 characters, or ``link`` is not an https
            address.
    """
    view, page = ReportView(report), _page(link)
    single = len(report.datasets) == 1
    parts = [
        Part(rank=0, variants=(_head(view.verdict),)),
        Part(rank=0, variants=losses(view)),
        Part(rank=0, variants=blocking(view.verdict, limit)),
        Part(rank=2, variants=warnings(view.verdict), what="warnings"),
        Part(rank=4, variants=_notes(report), what="notes"),
        Part(rank=3, variants=() if single else _overview(view), what="the table of datasets"),
        *(
            Part(rank=1 if single else 5, variants=_stream(stream), what="a stream")
            for stream in view.streams
        ),
        *(
            Part(
                rank=1 if single else 6 + place,
                variants=section(dataset, must_stay=single),
                what="a dataset",
            )
            for place, dataset in enumerate(view.told[:SECTIONS])
        ),
        *pipeline_parts(view, rank=6 + SECTIONS),
    ]
    parts = [part for part in parts if part.variants and part.variants[0]]
    footer = _footer(report, page)
    chosen, gone = gfm.fit(parts, limit - len(footer) - _NOTE_SPACE - len(GAP))
    left_out = _left_out(gone, len(view.told) - SECTIONS, page)
    return GAP.join(text for text in (*chosen, left_out, footer) if text) + "\n"


def _page(link: str | None) -> str:
    """How the HTML report is called in the comment."""
    if link is None:
        return "the HTML report"
    if not link.startswith("https://"):
        raise ValueError("the link to the HTML report has to be an https address")
    return f"[the HTML report]({quote(link, safe=_SAFE_IN_URL)})"


def _head(verdict: VerdictView) -> str:
    report = verdict.report
    symbol = "🔍" if report.outcome == "compared" else SYMBOLS[report.level]
    between = ": " if report.level == "block" else " · "
    title = gfm.text(verdict.headline, prose=escape.NAME_LENGTH)
    status = [
        f"**{'; '.join(verdict.changed)}**" if verdict.changed else "",
        gfm.text(verdict.effect) if verdict.changed else "",
        gfm.text(verdict.compared, prose=escape.NAME_LENGTH),
        f"digest {escape.code(report.digest, words.SHORT_DIGEST + 1).replace('…', '')}",
    ]
    first = f"### {symbol} {verdict.word}{between}{title}"
    return gfm.stacked(first, verdict.remedy, " · ".join(filter(None, status)))


def _notes(report: Report) -> tuple[str, ...]:
    notes = [f"\u2139\ufe0f {escape.prose(note)}" for note in report.notes]
    return (gfm.bullets(notes[:10], "+"), gfm.bullets(notes[:2], "+"), "") if notes else ()


def _overview(view: ReportView) -> tuple[str, ...]:
    """A row a dataset, worst first, and the unchanged ones by name."""
    of_files = any(dataset.files for dataset in view.told)
    header = ("dataset", f"rows{' or files' * of_files}, schema, checks, largest drift")
    rest = f"Unchanged: {gfm.names([d.name for d in view.same], 12)}" if view.same else ""
    rows = [facts(dataset) for dataset in view.told]

    def assemble(shown: Sequence[tuple[str, ...]], hidden: int) -> str:
        more = gfm.elsewhere(hidden, "more changed dataset")
        return gfm.stacked(gfm.table(header, shown) if shown else "", more, rest)

    return (*gfm.shorter_lists(rows, assemble, steps=(300, 200, 100, 50, 20, 10, 5, 0)), "")


def _stream(view: StreamView) -> tuple[str, ...]:
    """What a stream brought; the table of batches goes first where room is short."""
    title = f"#### Stream {escape.code(view.name)} · {view.brought}"
    said = "<br>\n".join(gfm.text(line) for line in view.said)
    table = gfm.table(view.header, view.rows, right="|".join(view.header[2:])) if view.rows else ""
    more = gfm.elsewhere(view.hidden, "older batch", "older batches")
    return (
        gfm.stacked(title, said, table, more),
        gfm.stacked(title, said),
        title,
    )


def _left_out(gone: Sequence[str], unsectioned: int, page: str) -> str:
    """What was left out for length, in words."""
    found = Counter(gone)
    datasets = found.pop("a dataset", 0) + max(unsectioned, 0)
    things = [*found]
    if datasets:
        things.append(f"the details of {number.counted(datasets, 'dataset')}")
    return f"_Left out here for length: {', '.join(things)}; see_ {page}." if things else ""


def _footer(report: Report, page: str) -> str:
    made = [escape.prose(report.tool, 40)] if report.tool else []
    if report.commit:
        made.append(f"commit {escape.code(report.commit, 13).replace('…', '')}")
    made.append(f"plots and every column: {page if page.startswith('[') else '`report.html`'}")
    if page.startswith("[") and any(dataset.row_files for dataset in report.datasets):
        made.append(f"all rows: {page.replace('the HTML report', 'the artifacts of the check', 1)}")
    return f"<sub>{' · '.join(made)}</sub>"


def blocking(verdict: VerdictView, limit: int) -> tuple[str, ...]:
    """Every blocking finding; where they are too many, each counted by dataset and rule."""
    found = [finding for finding in verdict.findings if finding.level == "block"]
    if not found:
        return ()
    # A list that fills the comment tells less than a count by dataset and leaves room for nothing.
    room = limit // 2
    listed = []
    if len(found) < room // _LEAST_LINE:
        lines = (
            [finding_line(verdict, finding, prose=most) for finding in found] for most in _MESSAGES
        )
        listed = [_folded(each, "blocking finding") for each in lines]
    return (*(text for text in listed if len(text) < room), *_grouped(found))


def _folded(lines: Sequence[str], noun: str, marker: str = "-") -> str:
    more = len(lines) - _OPEN
    if more <= 0:
        return gfm.bullets(lines, marker)
    folded = gfm.details(number.counted(more, f"more {noun}"), gfm.bullets(lines[_OPEN:], marker))
    return gfm.stacked(gfm.bullets(lines[:_OPEN], marker), folded)


def finding_line(verdict: VerdictView, finding: Finding, *, prose: int = escape.PROSE) -> str:
    """A finding in a line: its rule, where it applies, what was found; ``prose`` bounds texts."""
    name = min(escape.NAME_LENGTH, prose // 2)
    where = gfm.text(finding_place(finding))
    said = gfm.text(verdict.said(finding), name=name, prose=prose)
    symbol = SYMBOLS[finding.level]
    return f"{symbol} {gfm.strong(finding.rule)} {where}: {said}"


def _grouped(found: Sequence[Finding]) -> tuple[str, ...]:
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        groups[finding.dataset].append(finding)

    def assemble(lines: Sequence[str], hidden: int) -> str:
        rest = [f for group in list(groups.values())[len(lines) :] for f in group]
        word = "more datasets" if lines else "datasets"
        last = [f"⛔ {number.count(hidden)} {word}: {_by_rule(rest)}"] if hidden else []
        return gfm.bullets((*lines, *last))

    lines = [f"⛔ {escape.code(name, 40)}: {_by_rule(group)}" for name, group in groups.items()]
    return gfm.shorter_lists(lines, assemble, steps=(300, 200, 100, 50, 20, 5, 0))


def _by_rule(found: Sequence[Finding]) -> str:
    rules = Counter(finding.rule for finding in found).most_common()
    shown = ", ".join(f"{escape.prose(rule, 20)} {number.count(n)}" for rule, n in rules[:8])
    other = f", other rules {number.count(sum(n for _, n in rules[8:]))}" if rules[8:] else ""
    return f"{number.counted(len(found), 'blocking finding')} ({shown}{other})"


def warnings(verdict: VerdictView) -> tuple[str, ...]:
    """Every finding that only warns; ever fewer of them where room is short."""
    lines = [
        finding_line(verdict, finding) for finding in verdict.findings if finding.level == "warn"
    ]

    def assemble(shown: Sequence[str], hidden: int) -> str:
        rest = [f"⚠️ {number.counted(hidden, 'more warning')}"] if hidden else []
        return _folded((*shown, *rest), "warning", "*")

    return gfm.shorter_lists(lines, assemble) if lines else ()
