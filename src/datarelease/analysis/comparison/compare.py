"""A dataset compared with its baseline, from two profiles and two contracts, without data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from datarelease.analysis.comparison.contract import contract_changes, rated_change
from datarelease.analysis.comparison.distribution import Distribution
from datarelease.analysis.comparison.drift import js, ks, psi
from datarelease.analysis.comparison.histogram import histogram
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import ColumnProfile, Profile
from datarelease.model.data.validation import Contract
from datarelease.model.review.diff import (
    ColumnDiff,
    ColumnStats,
    Compatibility,
    DatasetDiff,
    DatasetStatus,
    FileCounts,
    SchemaChange,
)

_DIGITS = 6
"""Decimals kept of drift figures: they are good to two, and must print the same everywhere."""
_PARTS = 20
"""Of a distribution, between its quantiles."""


def compare(
    dataset: Dataset,
    before: Profile | None,
    after: Profile | None,
    *,
    before_contract: Contract | None = None,
    after_contract: Contract | None = None,
    before_key: tuple[str, ...] | None = None,
    files: FileCounts = FileCounts(),  # noqa: B008 - a frozen value
    identical: bool = False,
) -> DatasetDiff:
    """What changed between two versions of a dataset; the row-level diff is added by the caller.

    How much a schema change matters: a column gone, renamed or of a type that does not hold all
    values of the old one is breaking, so is another key; a new column or a wider type is additive;
    where a column stands does not matter. For changes of the contract see `contract`.

    Args:
        dataset: As declared now (when it was removed: as it was).
        before: The baseline's profile; None: the dataset is new.
        after: The profile now; None: the dataset was removed.
        before_contract: What the schema promised; None: nothing, or unknown.
        after_contract: What it promises now.
        before_key: The key then; None: unknown.
        files: The files compared by hash.
        identical: Same bytes. The contract may have changed nevertheless.
    """
    schema: list[SchemaChange] = []
    renames: dict[str, str] = {}
    if before is not None and after is not None:
        renames = renamed_columns(before, after)
        schema = _schema_changes(before, after, renames)
        if before_key is not None and before_key != dataset.key:
            schema.append(_key_change(before_key, dataset.key))
        schema += contract_changes(before_contract, after_contract, before, after, renames)
    status: DatasetStatus = "identical" if identical else "changed"
    if before is None or after is None:
        status = "added" if before is None else "removed"
    return DatasetDiff(
        name=dataset.name,
        status=status,
        rows_before=before.rows if before else None,
        rows_after=after.rows if after else None,
        schema=tuple(schema),
        columns=_columns(dataset, before, after, renames),
        files=files,
    )


def _schema_changes(
    before: Profile, after: Profile, renames: Mapping[str, str]
) -> list[SchemaChange]:
    """Columns added, removed, renamed and retyped, in the order of the table."""
    changes = []
    origins = {new: old for old, new in renames.items()}
    for column in after.columns:
        name, old = column.name, before.column(origins.get(column.name, column.name))
        if old is None:
            changes.append(rated_change("added", name, None, column.type, Compatibility.ADDITIVE))
            continue
        if old.name != name:
            note = "same type and equal or nearly equal statistics"
            breaking = Compatibility.BREAKING
            changes.append(rated_change("renamed", name, old.name, name, breaking, note))
        if old.type != column.type:
            changes.append(_retyped(old, column))
    gone = (c for c in before.columns if c.name not in renames and after.column(c.name) is None)
    return changes + [
        rated_change("removed", column.name, column.type, None, Compatibility.BREAKING)
        for column in gone
    ]


def _retyped(old: ColumnProfile, new: ColumnProfile) -> SchemaChange:
    from datarelease.analysis.engine.column_types import (  # noqa: PLC0415 - it loads Narwhals
        compared_by_row,
        widens,
    )

    wider = widens(old.type, new.type)
    notes = ["holds every value of the old type" if wider else ""]
    if not compared_by_row(old.type, new.type):
        notes.append("not compared row by row")
    level = Compatibility.ADDITIVE if wider else Compatibility.BREAKING
    note = "; ".join(filter(None, notes))
    return rated_change("retyped", new.name, old.type, new.type, level, note)


def _key_change(before: tuple[str, ...], after: tuple[str, ...]) -> SchemaChange:
    level = Compatibility.BREAKING if before else Compatibility.ADDITIVE
    note = "" if before else "rows had no key before"
    return rated_change(
        "key", None, ", ".join(before) or None, ", ".join(after) or None, level, note
    )


def _columns(
    dataset: Dataset, before: Profile | None, after: Profile | None, renames: Mapping[str, str]
) -> tuple[ColumnDiff, ...]:
    """Every column in the order of the table now, those that are gone after them."""
    origins = {new: old for old, new in renames.items()}
    rows = (before.rows if before else 0, after.rows if after else 0)
    pairs: list[tuple[ColumnProfile | None, ColumnProfile | None]] = []
    for column in after.columns if after else ():
        old = before.column(origins.get(column.name, column.name)) if before else None
        pairs.append((old, column))
    pairs += [
        (column, None)
        for column in (before.columns if before else ())
        if column.name not in renames and (after is None or after.column(column.name) is None)
    ]
    return tuple(_column(dataset, old, new, rows) for old, new in pairs)


def _column(
    dataset: Dataset,
    before: ColumnProfile | None,
    after: ColumnProfile | None,
    rows: tuple[int, int],
) -> ColumnDiff:
    known = after or before
    if known is None:
        raise ValueError("a column on neither side")
    sides = [side for side in (before, after) if side is not None]
    # A column that is pii in either version counts as pii: an older profile may hold its values.
    pii = any(side.pii or side.name in dataset.pii for side in sides)
    # A key says which row it is: that new rows have new keys is not drift.
    identifies = dataset.key == (known.name,)
    drift: dict[str, float | None] = {}
    if before is not None and after is not None and not pii and not identifies:
        drift = {
            "psi": psi(before, after, rows),
            "ks": ks(before, after),
            "js": js(before, after, rows),
        }
    return ColumnDiff(
        column=known.name,
        kind=known.kind,
        pii=pii,
        before=_stats(before, rows[0], pii=pii),
        after=_stats(after, rows[1], pii=pii),
        **{name: None if v is None else round(v, _DIGITS) for name, v in drift.items()},
        histogram=None if pii else histogram(before, after, rows),
        quantiles=() if pii or after is None else _quantiles(after),
    )


def _quantiles(column: ColumnProfile) -> tuple[float, ...]:
    if not column.cells:
        return ()
    values = Distribution.of(column)
    return tuple(values.quantile(part, _PARTS) for part in range(_PARTS + 1))


def _stats(column: ColumnProfile | None, rows: int, *, pii: bool) -> ColumnStats | None:
    if column is None:
        return None
    if pii:
        return ColumnStats(
            rows=rows,
            nulls=column.nulls,
            distinct=column.distinct,
            length_mean=column.length_mean,
        )
    return ColumnStats(
        rows=rows,
        nulls=column.nulls,
        distinct=column.distinct,
        min=column.min,
        max=column.max,
        mean=column.mean,
        std=column.std,
        median=Distribution.of(column).median if column.cells else None,
        length_mean=column.length_mean,
    )


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
