"""A version on one line of a list."""

from __future__ import annotations

from datarelease.model.versions.version import Version
from datarelease.render import numbers as number
from datarelease.render.escape import PROSE, clean

VERSION_COLUMNS = ("version", "date", "rows", "change", "state")
_DATASETS = 3
"""Datasets whose rows are named in a line of a version."""


def version_cells(version: Version, state: str) -> tuple[str, str, str, str, str]:
    """What the columns say of a version that stands among the others as ``state`` says."""
    change = clean(version.trailer("Compatibility") or "")
    return version.tag, version.date[:10], _rows(version), change, clean(state, PROSE)


def _rows(version: Version) -> str:
    found = [f"{clean(name)}={number.count(rows)}" for name, rows in version.rows]
    found += [f"{clean(name)}={number.counted(n, 'file')}" for name, n in version.files]
    named = found[:_DATASETS]
    more = len(found) - _DATASETS
    return " ".join([*named, *([f"and {more} more"] if more > 0 else [])])
