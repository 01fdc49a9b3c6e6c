"""Columns that were renamed: one is gone, one is new, and they hold the same."""

from __future__ import annotations

from dataclasses import replace

from datarelease.analysis.comparison.drift import ks, psi
from datarelease.model.data.profile import ColumnProfile, Profile

_NEAR = 0.02
"""How far shares (KS, null rate) or, relatively, counts and lengths may differ."""
_NEAR_PSI = 0.01


def renamed_columns(before: Profile, after: Profile) -> dict[str, str]:
    """Old name -> new name of the columns that were renamed, as far as statistics can tell.

    Types must be equal. Equal statistics come first, then nearly equal ones; a column that would
    match several is left alone, and so is one whose statistics say too little (all null, one
    value). Calling a rename a removal and an addition is as breaking and less wrong than
    calling two strangers one.
    """
    gone = [column for column in before.columns if after.column(column.name) is None]
    fresh = [column for column in after.columns if before.column(column.name) is None]
    rows = (before.rows, after.rows)
    renames: dict[str, str] = {}
    for alike in (_equal, _near):
        old = [column for column in gone if column.name not in renames]
        new = [column for column in fresh if column.name not in renames.values()]
        pairs = [
            (one.name, two.name)
            for one in old
            for two in new
            if one.type == two.type and _telling(one) and alike(one, two, rows)
        ]
        for one_name, two_name in pairs:
            rivals = [pair for pair in pairs if one_name == pair[0] or two_name == pair[1]]
            if len(rivals) == 1:
                renames[one_name] = two_name
    return renames


def _telling(column: ColumnProfile) -> bool:
    return (column.distinct or 0) > 1 or len(column.cells) > 1


def _equal(one: ColumnProfile, two: ColumnProfile, rows: tuple[int, int]) -> bool:
    return rows[0] == rows[1] and replace(one, name="") == replace(two, name="")


def _near(one: ColumnProfile, two: ColumnProfile, rows: tuple[int, int]) -> bool:
    if one.kind == "boolean" or one.pii != two.pii:
        return False
    if abs(one.nulls / rows[0] - two.nulls / rows[1]) > _NEAR:
        return False
    if one.cells and two.cells:
        distance = ks(one, two)
        return distance is not None and distance <= _NEAR
    if one.top and two.top:
        index = psi(one, two, rows)
        return index is not None and index <= _NEAR_PSI and _same_text(one, two)
    if one.top or two.top or one.kind != "text":
        return False
    return _close(one.distinct, two.distinct) and _same_text(one, two)


def _same_text(one: ColumnProfile, two: ColumnProfile) -> bool:
    return _close(one.length_mean, two.length_mean) and one.length_min == two.length_min


def _close(one: float | None, two: float | None) -> bool:
    return one is not None and two is not None and abs(one - two) <= _NEAR * max(abs(one), abs(two))
