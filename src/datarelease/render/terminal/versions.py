"""Versions as a table for a terminal: one line each, however narrow it is."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from datarelease.model.versions.version import Version
from datarelease.render.escape import PROSE, clean
from datarelease.render.numbers import count

_DATASETS = 3
"""Datasets whose rows are named in a line."""


def version_table(versions: Iterable[tuple[Version, str]]) -> Table:
    """A row for each (version, its state in words); what is too long for a line ends in "…"."""
    table = Table(box=None, pad_edge=False)
    # Columns that may not wrap keep their width, and the others become narrow in their place.
    table.add_column("version", no_wrap=True)
    table.add_column("date", no_wrap=True)
    for title in ("rows", "change", "state"):
        table.add_column(title)
    for version, state in versions:
        cells = (_rows(version), version.trailer("Compatibility") or "", clean(state, PROSE))
        one_line = (Text(cell, no_wrap=True, overflow="ellipsis") for cell in cells)
        table.add_row(version.tag, version.date[:10], *one_line)
    return table


def _rows(version: Version) -> str:
    rows = version.rows
    named = [f"{clean(name)}={count(number)}" for name, number in rows[:_DATASETS]]
    more = len(rows) - _DATASETS
    return " ".join([*named, *([f"and {more} more"] if more > 0 else [])])
