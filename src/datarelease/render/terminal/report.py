"""The report for a terminal: short, and plain text where there is no terminal.

Text from data goes into ``rich.text.Text`` values, which know no markup, and through
``escape.clean``, which leaves no control character for the terminal to obey.
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from datarelease.model.data.stream import StreamReport
from datarelease.model.review.diff import ColumnDiff
from datarelease.model.review.policy import VerdictLevel
from datarelease.model.review.report import DatasetReport, Report
from datarelease.render import (
    changes,
    escape,
    findings,
    headline,
)
from datarelease.render import columns as figures
from datarelease.render import (
    numbers as number,
)
from datarelease.render import (
    words as wording,
)
from datarelease.render.plots import geometry as plots
from datarelease.render.plots import sparkline
from datarelease.render.streams import stream_view
from datarelease.render.terminal.violations import violation_table
from datarelease.render.triage import Triage
from datarelease.render.words import Data, Phrase, Prose, Strong

_STYLES: dict[VerdictLevel, str] = {"pass": "green", "warn": "yellow", "block": "red"}
_MARKS: dict[VerdictLevel, str] = {"pass": "✓", "warn": "!", "block": "✗"}
_LEVELS: tuple[VerdictLevel, ...] = ("pass", "warn", "block")
_FINDINGS = 20
_DATASETS = 20
_COLUMNS = 5
_CHANGES = 8
_VIOLATIONS = 6


def summary(report: Report) -> RenderableType:
    """What merging does, why, and what moved most, within about a screen."""
    triage = Triage(report)
    remedy = headline.remedy(report)
    parts: list[RenderableType] = [_head(report), *([Text(remedy)] if remedy else [])]
    parts.append(_status(report))
    parts += _findings(triage)
    parts += [Text.assemble(("note  ", "dim"), _prose(note)) for note in report.notes[:5]]
    if report.params:
        parts += [Text(), _params(report)]
    told = [part for part in triage.datasets if triage.tells(part)]
    same = len(triage.datasets) - len(told)
    for part in told[:_DATASETS]:
        parts += [Text(), *_dataset(triage, part)]
    if len(told) > _DATASETS:
        parts.append(Text(number.counted(len(told) - _DATASETS, "more dataset"), style="dim"))
    for stream in report.streams:
        parts += [Text(), *_stream(stream, report.base)]
    if same and told:
        parts += [Text(), Text(f"{number.counted(same, 'dataset')} unchanged", style="dim")]
    return Group(*parts)


def _stream(stream: StreamReport, base: str | None) -> list[RenderableType]:
    view = stream_view(stream, base)
    title = Text.assemble("stream ", (escape.clean(view.name, escape.NAME_LENGTH), "bold cyan"))
    title.append(f"  {view.brought}")
    lines: list[RenderableType] = [title, *(Text.assemble("  ", _text(s)) for s in view.said)]
    if not view.rows:
        return lines
    table = _table(*(f"  {name}" if not at else name for at, name in enumerate(view.header)))
    for row in view.rows[:_CHANGES]:
        table.add_row(f"  {row[0]}", *row[1:])
    return [*lines, table]


def _text(phrase: Phrase) -> Text:
    """A phrase as text without markup or control characters."""
    out = Text()
    for part in phrase:
        match part:
            case Data(text=value):
                out.append(escape.clean(value, escape.NAME_LENGTH), style="cyan")
            case Strong(text=value):
                out.append(escape.clean(value, escape.NAME_LENGTH), style="bold")
            case Prose(text=value):
                out.append_text(_prose(value))
            case str():
                out.append(part)
    return out


def _prose(value: str) -> Text:
    return Text(" ".join(escape.clean(value, escape.PROSE, space=" ").split()))


def _head(report: Report) -> Text:
    level = report.level
    word = headline.verdict(report)
    return Text.assemble(
        (f"{_MARKS[level]} {word}", f"bold {_STYLES[level]}"),
        ": ",
        _text(headline.headline(report)),
    )


def _status(report: Report) -> Text:
    changed = headline.changed(report)
    said: list[Text | str] = []
    if changed:
        effect = headline.effect(report.compatibility)
        said += ["; ".join(changed), *((": ", _text(effect)) if effect else ()), "; "]
    said += [_text(headline.compared(report)), ", digest "]
    said.append(escape.clean(report.digest[: wording.SHORT_DIGEST]))
    return Text.assemble(*said, style="dim")


def _findings(triage: Triage) -> list[RenderableType]:
    shown = triage.findings[:_FINDINGS]
    lines: list[RenderableType] = [
        Text.assemble(
            "  ",
            (f"{_MARKS[finding.level]} ", _STYLES[finding.level]),
            (escape.clean(finding.rule, 30), "bold"),
            " ",
            _text(findings.place(finding)),
            ": ",
            _text(findings.said(finding, triage)),
        )
        for finding in shown
    ]
    rest = triage.findings[_FINDINGS:]
    if rest:
        blocking = sum(finding.level == "block" for finding in rest)
        more = f"  {number.counted(len(rest), 'more finding')}, {number.count(blocking)} blocking"
        lines.append(Text(more))
    return lines


def _params(report: Report) -> Table:
    table = _table("parameter", "before", "after")
    for param in report.params[:_FINDINGS]:
        cells = (param.name, param.before, param.after)
        table.add_row(*(Text("none" if c is None else escape.clean(c, 40)) for c in cells))
    if len(report.params) > _FINDINGS:
        table.add_row(Text(f"and {number.count(len(report.params) - _FINDINGS)} more"), "", "")
    return table


def _table(*headers: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


def _dataset(triage: Triage, part: DatasetReport) -> list[RenderableType]:
    diff = part.diff
    level = _LEVELS[triage.level(part.name)]
    standing = _text(wording.standing(diff, first=triage.report.base is None))
    title = Text.assemble(
        (f"{_MARKS[level]} ", _STYLES[level]),
        (escape.clean(part.name, escape.NAME_LENGTH), "bold cyan"),
        "  ",
        standing if diff.status in wording.TOLD_WHOLE else wording.rows(diff),
    )
    if diff.status == "added" and standing:
        title.append(", new dataset")
    lines: list[RenderableType] = [title]
    ordered = sorted(diff.schema, key=lambda change: change.compatibility, reverse=True)
    for change in ordered[:_CHANGES]:
        breaking = change.compatibility.value == "breaking"
        lines.append(
            Text.assemble(
                "  ",
                (change.compatibility.value, "red" if breaking else "dim"),
                ": ",
                _text(changes.schema_change(change)),
            )
        )
    if len(ordered) > _CHANGES:
        lines.append(Text(f"  and {changes.counts(ordered[_CHANGES:])}"))
    lines += _checked(part)
    if diff.rows is not None:
        lines.append(Text.assemble("  rows by key: ", _text(wording.row_counts(diff.rows))))
    elif diff.no_row_diff and diff.status == "changed":
        lines.append(Text.assemble("  no row-level diff: ", _prose(diff.no_row_diff)))
    return [*lines, *_columns(triage, part)]


def _checked(part: DatasetReport) -> list[RenderableType]:
    validation = part.validation
    if validation is None or (validation.schema is None and not validation.violations):
        return []
    failed = len(validation.violations)
    checks = number.counted(validation.checks, "check")
    if not failed:
        return [Text(f"  {checks} passed")]
    return [
        Text(f"  {number.count(failed)} of {checks} failed"),
        violation_table(validation.violations, limit=_VIOLATIONS, examples=1, indent=4),
    ]


def _logarithmic(column: ColumnDiff) -> bool:
    return column.histogram is not None and plots.logarithmic(column.histogram, column.kind)


def _columns(triage: Triage, part: DatasetReport) -> list[RenderableType]:
    both = [c for c in triage.columns(part) if c.before and c.after]
    moved = [column for column in both if not triage.still(part, column)]
    quiet = figures.still([c for c in both if triage.still(part, c)], _CHANGES)
    still = [Text.assemble("  ", _text(quiet), style="dim")] if quiet else []
    if not moved:
        return [*still]
    table = _table("  column", "before", "after", "drift", "nulls")
    for column in moved[:_COLUMNS]:
        old, new = sparkline.pair(column.histogram) if column.histogram else ("", "")
        table.add_row(
            Text(f"  {escape.clean(column.column, 40)}"),
            Text(old),
            Text(f"{new} (log)" if new and _logarithmic(column) else new),
            Text(" ".join(figures.drift(column))),
            Text(figures.nulls(column)),
        )
    more = len(moved) - _COLUMNS
    rest = [Text(f"  {number.counted(more, 'more changed column')}", style="dim")]
    return [table, *(rest if more > 0 else []), *still]
