"""The outcome of a schema for a terminal: every failed check, with examples."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from datarelease.model.data.validation import Validation, Violation
from datarelease.render import numbers as number
from datarelease.render.escape import clean

_EXAMPLES = 3
_ROWS = {"dataframe_check", "datatype_coercion", "duplicates", "series_contains_duplicates"}
_ROWS |= {"series_contains_nulls"}
"""Reasons that are about rows; the others are about the table."""


def violations(result: Validation) -> RenderableType:
    """One line a failed check, worst first, each with a few failing rows."""
    if not result.violations:
        against = number.counted(result.checks, "check") if result.schema else "no schema"
        return Text(f"{result.dataset}: {number.count(result.rows)} rows, {against}, no violation")
    return violation_table(result.violations, limit=50)


def violation_table(
    found: Sequence[Violation], *, limit: int, examples: int = _EXAMPLES, indent: int = 0
) -> RenderableType:
    """The first ``limit`` violations as a table, and how many more there are."""
    table = Table(box=None, pad_edge=False)
    for title in ("column", "check", "rows", "share"):
        right = title in {"rows", "share"}
        table.add_column(title, justify="right" if right else "left", overflow="fold")
    table.add_column("for example", overflow="fold")
    for violation in found[:limit]:
        data = violation.reason in _ROWS
        table.add_row(
            Text(clean(violation.column or "(table)", 40)),
            Text(clean(violation.check, 60)),
            number.count(violation.count) if data else "",
            number.share(violation.share) if data else "",
            Text(_examples(violation, examples) or clean(violation.message)),
        )
    more = len(found) - limit
    rest = [Text(f"and {number.counted(more, 'more failed check')}", style="dim")]
    return Padding(Group(table, *(rest if more > 0 else [])), (0, 0, 0, indent))


def _examples(violation: Violation, count: int) -> str:
    rows = (
        ", ".join(
            f"{clean(name, 40)}={clean(number.scalar_text(value), 40)}" for name, value in row
        )
        for row in violation.examples[:count]
    )
    return "; ".join(rows)
