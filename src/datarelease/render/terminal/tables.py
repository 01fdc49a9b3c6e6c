"""Tables for a terminal: the failed checks of a schema, versions, and the steps of a release."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from datarelease.model.data.validation import Validation, Violation
from datarelease.model.versions.release import ReleasePlan
from datarelease.model.versions.version import Version
from datarelease.render import numbers as number
from datarelease.render.escape import PROSE, clean
from datarelease.render.terminal.versions import VERSION_COLUMNS, version_cells

_EXAMPLES = 3
_ROWS = {"dataframe_check", "datatype_coercion", "duplicates", "series_contains_duplicates"}
_ROWS |= {"series_contains_nulls", "file_check"}
"""Reasons that are about rows; the others are about the table."""


def plain_table(*headers: str) -> Table:
    """A table without lines; what is too wide for a column goes on below."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


def violations(result: Validation) -> RenderableType:
    """One line a failed check, worst first, each with a few failing rows."""
    if not result.violations:
        against = number.counted(result.checks, "check") if result.schema else "no schema"
        one = result.noun == "file" and result.rows == 1
        rows = f"{number.count(result.rows)} {result.noun}{'' if one else 's'}"
        return Text(f"{result.dataset}: {rows}, {against}, no violation")
    return violation_table(result.violations, limit=50)


def violation_table(
    found: Sequence[Violation], *, limit: int, examples: int = _EXAMPLES, indent: int = 0
) -> RenderableType:
    """The first ``limit`` violations as a table, and how many more there are."""
    table = Table(box=None, pad_edge=False)
    of_files = all(violation.reason == "file_check" for violation in found)
    whole, what = ("", "files") if of_files else ("(table)", "rows")
    for title in ("" if of_files else "column", "check", what, "share", "for example"):
        right = title in {what, "share"}
        table.add_column(title, justify="right" if right else "left", overflow="fold")
    for violation in found[:limit]:
        data = violation.reason in _ROWS
        table.add_row(
            Text(clean(violation.column or whole, 40)),
            Text(clean(violation.check, 60)),
            number.count(violation.count) if data else "",
            number.share(violation.share) if data else "",
            Text(_examples(violation, examples) or clean(violation.message)),
        )
    more = len(found) - limit
    rest = [Text(f"and {number.counted(more, 'more failed check')}", style="dim")]
    return Padding(Group(table, *(rest if more > 0 else [])), (0, 0, 0, indent))


def _examples(violation: Violation, count: int) -> str:
    return "; ".join(
        ", ".join(
            f"{clean(name, 40)}={clean(number.scalar_text(value), 40)}" for name, value in row
        )
        for row in violation.examples[:count]
    )


def version_table(versions: Iterable[tuple[Version, str]]) -> Table:
    """A row for each (version, its state in words); what is too long for a line ends in "…"."""
    table = Table(box=None, pad_edge=False)
    # Columns that may not wrap keep their width, and the others become narrow in their place.
    for title in VERSION_COLUMNS[:2]:
        table.add_column(title, no_wrap=True)
    for title in VERSION_COLUMNS[2:]:
        table.add_column(title)
    for version, state in versions:
        tag, date, *others = version_cells(version, state)
        one_line = (Text(cell, no_wrap=True, overflow="ellipsis") for cell in others)
        table.add_row(tag, date, *one_line)
    return table


def release_plan_table(plan: ReleasePlan) -> Table:
    """A row for each step of a release."""
    table = Table(box=None, pad_edge=False)
    for title in ("step", "state"):
        table.add_column(title, no_wrap=True)
    table.add_column("what")
    for step in plan.steps:
        table.add_row(step.name, step.state, Text(clean(step.what, PROSE)))
    return table
