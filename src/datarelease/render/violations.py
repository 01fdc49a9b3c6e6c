"""The outcome of a schema for a terminal: every failed check, with examples."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from datarelease.model.validation import Validation, Violation
from datarelease.render import number
from datarelease.render.escape import clean

SHOWN = 50
EXAMPLES = 3


def violations(result: Validation) -> RenderableType:
    """One line a failed check, worst first, each with a few failing rows."""
    if not result.violations:
        against = f"{result.checks} checks" if result.schema else "no schema is declared"
        return Text(f"{result.dataset}: {result.rows:,} rows, {against}, no violation")
    table = Table(box=None, pad_edge=False)
    for title in ("column", "check", "rows", "share", "for example"):
        table.add_column(title, justify="right" if title in {"rows", "share"} else "left")
    for violation in result.violations[:SHOWN]:
        table.add_row(
            Text(clean(violation.column or "(table)")),
            Text(clean(violation.check)),
            f"{violation.count:,}",
            number.share(violation.share) if violation.category == "data" else "",
            Text(_examples(violation) or clean(violation.message)),
        )
    more = len(result.violations) - SHOWN
    rest = [Text(f"… and {more} more checks")] if more > 0 else []
    return Group(table, *rest)


def _examples(violation: Violation) -> str:
    rows = (
        ", ".join(f"{clean(name)}={clean(number.scalar(value))}" for name, value in row)
        for row in violation.examples[:EXAMPLES]
    )
    return "; ".join(rows)
