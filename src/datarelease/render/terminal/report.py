"""The report for a terminal: short, and plain text where there is no terminal.

Text from data goes into ``rich.text.Text`` values, which know no markup, and through
``escape.clean``, which leaves no control character for the terminal to obey.
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from datarelease.model.review.policy import VerdictLevel
from datarelease.model.review.report import Report
from datarelease.render import escape, words
from datarelease.render import numbers as number
from datarelease.render.columns import still_line
from datarelease.render.files import SIGNS, FilesView, arrow, of_change
from datarelease.render.streams import StreamView
from datarelease.render.terminal.pipeline import pipeline_tables
from datarelease.render.terminal.tables import plain_table, violation_table
from datarelease.render.verdict import VerdictView, finding_place
from datarelease.render.view import DatasetView, ReportView
from datarelease.render.words import Phrase

_STYLES: dict[VerdictLevel, str] = {"pass": "green", "warn": "yellow", "block": "red"}
_MARKS: dict[VerdictLevel, str] = {"pass": "✓", "warn": "!", "block": "✗"}
_FINDINGS = 20
_DATASETS = 20
_COLUMNS = 5
_CHANGES = 8
_VIOLATIONS = 6


def summary(report: Report) -> RenderableType:
    """What merging does, why, and what moved most, within about a screen."""
    view = ReportView(report)
    verdict = view.verdict
    parts: list[RenderableType] = [
        Text.assemble(
            (f"{_MARKS[report.level]} {verdict.word}", f"bold {_STYLES[report.level]}"),
            ": ",
            _text(verdict.headline),
        ),
        *([Text(verdict.remedy)] if verdict.remedy else []),
        _status(verdict),
        *_findings(verdict),
        *(Text.assemble(("note  ", "dim"), _prose(note)) for note in report.notes[:5]),
    ]
    for dataset in view.told[:_DATASETS]:
        parts += [Text(), *_dataset(dataset)]
    if len(view.told) > _DATASETS:
        parts.append(_dim(number.counted(len(view.told) - _DATASETS, "more dataset")))
    for stream in view.streams:
        parts += [Text(), *_stream(stream)]
    parts += pipeline_tables(view.pipeline)
    if view.same and view.told:
        parts += [Text(), _dim(f"{number.counted(len(view.same), 'dataset')} unchanged")]
    return Group(*parts)


def _dim(text: str) -> Text:
    return Text(text, style="dim")


def _stream(view: StreamView) -> list[RenderableType]:
    title = Text.assemble("stream ", (escape.clean(view.name, escape.NAME_LENGTH), "bold cyan"))
    title.append(f"  {view.brought}")
    lines: list[RenderableType] = [title, *(Text.assemble("  ", _text(s)) for s in view.said)]
    if not view.rows:
        return lines
    table = plain_table(f"  {view.header[0]}", *view.header[1:])
    for row in view.rows[:_CHANGES]:
        table.add_row(f"  {row[0]}", *row[1:])
    return [*lines, table]


def _text(phrase: Phrase) -> Text:
    """A phrase as text without markup or control characters."""
    parts = words.write_phrase(
        phrase,
        own=Text,
        data=lambda value: Text(escape.clean(value, escape.NAME_LENGTH), style="cyan"),
        strong=lambda value: Text(escape.clean(value, escape.NAME_LENGTH), style="bold"),
        prose=_prose,
    )
    return Text.assemble(*parts)


def _prose(value: str) -> Text:
    return Text(" ".join(escape.clean(value, escape.PROSE, space=" ").split()))


def _status(verdict: VerdictView) -> Text:
    said: list[Text | str] = []
    if verdict.changed:
        said.append("; ".join(verdict.changed))
        said += [*((": ", _text(verdict.effect)) if verdict.effect else ()), "; "]
    said += [_text(verdict.compared), ", digest "]
    said.append(escape.clean(verdict.report.digest[: words.SHORT_DIGEST]))
    return Text.assemble(*said, style="dim")


def _findings(verdict: VerdictView) -> list[RenderableType]:
    lines: list[RenderableType] = [
        Text.assemble(
            "  ",
            (f"{_MARKS[finding.level]} ", _STYLES[finding.level]),
            (escape.clean(finding.rule, 30), "bold"),
            " ",
            _text(finding_place(finding)),
            ": ",
            _text(verdict.said(finding)),
        )
        for finding in verdict.findings[:_FINDINGS]
    ]
    rest = verdict.findings[_FINDINGS:]
    if rest:
        blocking = sum(finding.level == "block" for finding in rest)
        more = f"  {number.counted(len(rest), 'more finding')}, {number.count(blocking)} blocking"
        lines.append(Text(more))
    return lines


def _dataset(view: DatasetView) -> list[RenderableType]:
    diff = view.diff
    title = Text.assemble(
        (f"{_MARKS[view.level]} ", _STYLES[view.level]),
        (escape.clean(view.name, escape.NAME_LENGTH), "bold cyan"),
        "  ",
        _text(view.standing) if view.whole else words.rows(diff),
    )
    if diff.status == "added" and view.standing:
        title.append(", new dataset")
    lines: list[RenderableType] = [title]
    for change in view.schema[:_CHANGES]:
        style = "red" if change.compatibility.value == "breaking" else "dim"
        kind = (change.compatibility.value, style)
        lines.append(Text.assemble("  ", kind, ": ", _text(words.schema_change(change))))
    if len(view.schema) > _CHANGES:
        lines.append(Text(f"  and {words.change_counts(view.schema[_CHANGES:])}"))
    lines += _checked(view)
    left = (_text(words.row_file(file)) for file in view.part.row_files)
    lines += [Text.assemble("  ", text, style="dim") for text in left]
    if diff.rows is not None:
        lines.append(Text.assemble("  rows by key: ", _text(words.row_counts(diff.rows))))
    elif view.files is not None:
        return [*lines, *_files(view.files)]
    elif diff.no_row_diff and diff.status == "changed":
        lines.append(Text.assemble("  no row diff: ", _prose(diff.no_row_diff)))
    return [*lines, *_columns(view)]


def _files(view: FilesView) -> list[RenderableType]:
    if not view.told:
        return []
    lines: list[RenderableType] = []
    if view.counts and view.compares:
        moved = f" ({view.moved_bytes})" if view.moved_bytes else ""
        lines.append(Text(f"  files: {view.counts}{moved}"))
    if view.diff.no_comparison:
        why = _prose(view.diff.no_comparison)
        lines.append(Text.assemble("  files were not compared one by one: ", why))
    kinds = (f"{pair.name} {arrow(*pair.files)}" for pair in view.kinds[:_CHANGES])
    lines.append(_dim(f"  kinds: {escape.clean(', '.join(kinds), None)}"))
    if view.picture_figures:
        figures = ", ".join(f"{name} {figure}" for name, figure in view.picture_figures)
        lines.append(_dim(f"  {escape.clean(figures, None)}"))
    for change in view.examples[:_CHANGES] if view.compares else ():
        path = escape.clean(change.path, escape.NAME_LENGTH)
        old = f"{escape.clean(change.old_path, escape.NAME_LENGTH)} → " if change.old_path else ""
        lines.append(Text(f"  {SIGNS[change.kind]} {old}{path}  {of_change(change)}"))
    more = view.hidden + max(len(view.examples) - _CHANGES, 0)
    if more and view.compares:
        lines.append(_dim(f"  {number.counted(more, 'more changed file')}"))
    return lines


def _checked(view: DatasetView) -> list[RenderableType]:
    if view.checked is None:
        return []
    found, checks = view.checked.violations, number.counted(view.checked.checks, "check")
    if not found:
        return [Text(f"  {checks} passed")]
    return [
        Text(f"  {number.count(len(found))} of {checks} failed"),
        violation_table(found, limit=_VIOLATIONS, examples=1, indent=4),
    ]


def _columns(view: DatasetView) -> list[RenderableType]:
    quiet = still_line(view.still, _CHANGES)
    still = [Text.assemble("  ", _text(quiet), style="dim")] if quiet else []
    if not view.moved:
        return [*still]
    table = plain_table("  column", "before", "after", "drift", "nulls")
    for column in view.moved[:_COLUMNS]:
        old, new = column.blocks
        table.add_row(
            Text(f"  {escape.clean(column.name, 40)}"),
            Text(old),
            Text(f"{new} (log)" if new and column.logarithmic else new),
            Text(" ".join(column.drift)),
            Text(column.nulls),
        )
    more = len(view.moved) - _COLUMNS
    rest = [_dim(f"  {number.counted(more, 'more changed column')}")] if more > 0 else []
    return [table, *rest, *still]
