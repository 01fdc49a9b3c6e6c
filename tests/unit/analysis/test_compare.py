"""Two versions of a dataset compared by profile and contract."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from datarelease.analysis.comparison.compare import compare
from datarelease.documents import decode, encode
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import Category, Cell, ColumnProfile, Profile
from datarelease.model.data.validation import ColumnContract, Contract
from datarelease.model.review.diff import Compatibility, DatasetDiff, FileCounts, SchemaChange

ADDITIVE, BREAKING, PATCH = Compatibility.ADDITIVE, Compatibility.BREAKING, Compatibility.PATCH
DATASET = Dataset(name="d", path="d.csv", key=("id",))


def number(
    name: str, *, shift: float = 0.0, dtype: str = "float64", nulls: int = 0
) -> ColumnProfile:
    """A column of numbers from 0 to 99, shifted."""
    cells = tuple(Cell(v + shift, v + shift, 1) for v in range(100))
    return ColumnProfile(
        name=name,
        type=dtype,
        kind="number",
        nulls=nulls,
        distinct=100,
        min=shift,
        max=99 + shift,
        mean=49.5 + shift,
        std=28.8661,
        cells=cells,
    )


def text(name: str, first: int = 60, **options: Any) -> ColumnProfile:
    """A column of two categories."""
    return ColumnProfile(
        name=name,
        type="string",
        kind="text",
        nulls=0,
        distinct=2,
        min="a",
        max="b",
        length_min=1,
        length_max=1,
        length_mean=1.0,
        top=(Category("a", first), Category("b", 100 - first)),
        **options,
    )


def table(*columns: ColumnProfile, rows: int = 100) -> Profile:
    """A profile of these columns."""
    return Profile(dataset="d", rows=rows, columns=columns)


def diff(before: Profile | None, after: Profile | None, **options: Any) -> DatasetDiff:
    """The comparison, which must survive the way through JSON."""
    found = compare(DATASET, before, after, **options)
    assert decode(DatasetDiff, encode(found)) == found
    return found


def told(change: SchemaChange) -> tuple[str, str | None, str | None, str | None, Compatibility]:
    """A schema change without its note."""
    return (change.kind, change.column, change.before, change.after, change.compatibility)


def test_nothing_changed() -> None:
    """A profile compared with itself has no schema change, and each column is falsy."""
    profile = table(number("id"), text("t"))
    found = diff(profile, profile, before_key=("id",), identical=True)
    assert not found
    assert (found.status, found.schema) == ("identical", ())
    assert [column.column for column in found.columns] == ["id", "t"]
    assert not any(found.columns)


def test_values_changed() -> None:
    """Other values in the same columns are a patch, with figures of both sides."""
    found = diff(table(number("x")), table(number("x", shift=50, nulls=3), rows=103))
    assert (found.status, found.compatibility) == ("changed", PATCH)
    assert (found.rows_before, found.rows_after) == (100, 103)
    column = found.columns[0]
    assert column
    assert column.before is not None
    assert column.after is not None
    assert (column.before.median, column.after.median, column.after.nulls) == (49.5, 99.5, 3)
    assert column.ks == 0.5
    assert column.psi is not None
    assert column.psi > 1
    assert column.histogram is not None


@pytest.mark.parametrize(("gone", "status"), [("before", "added"), ("after", "removed")])
def test_a_whole_dataset_comes_or_goes(gone: str, status: str) -> None:
    """Without one side there are the columns of the other, and no drift."""
    sides = {"before": table(number("id")), "after": table(number("id")), gone: None}
    found = diff(sides["before"], sides["after"])
    assert (found.status, found.schema, len(found.columns)) == (status, (), 1)
    assert getattr(found.columns[0], gone) is None
    assert found.columns[0].histogram is not None
    assert (found.columns[0].psi, found.columns[0].ks) == (None, None)


def test_columns_come_go_and_move() -> None:
    """New is additive, gone is breaking, moved is nothing."""
    before = table(number("id"), text("t"), number("gone", shift=1000))
    after = table(text("t"), text("new", first=90), number("id"))
    found = diff(before, after)
    assert [told(change) for change in found.schema] == [
        ("added", "new", None, "string", ADDITIVE),
        ("removed", "gone", "float64", None, BREAKING),
    ]
    assert [column.column for column in found.columns] == ["t", "new", "id", "gone"]


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        ("int32", "int64", ADDITIVE),
        ("uint8", "int16", ADDITIVE),
        ("int32", "float64", ADDITIVE),
        ("float32", "float64", ADDITIVE),
        ("date", "timestamp[us]", ADDITIVE),
        ("timestamp[ms]", "timestamp[us]", ADDITIVE),
        ("decimal(10,2)", "decimal(12,2)", ADDITIVE),
        ("int64", "float64", BREAKING),
        ("int64", "int32", BREAKING),
        ("int64", "string", BREAKING),
        ("timestamp[us]", "timestamp[us, UTC]", BREAKING),
        ("decimal(10,2)", "decimal(10,4)", BREAKING),
    ],
)
def test_types(old: str, new: str, level: Compatibility) -> None:
    """A type that holds all values of the old one is additive, any other is breaking."""
    found = diff(table(number("v", dtype=old)), table(number("v", dtype=new)))
    assert [told(change) for change in found.schema] == [("retyped", "v", old, new, level)]


def test_renames() -> None:
    """A column that is gone and a new one with the same statistics are one rename."""
    before = table(number("id"), number("amount", shift=7), text("t"))
    after = table(number("id"), text("t"), number("total", shift=7))
    found = diff(before, after)
    assert [told(change) for change in found.schema] == [
        ("renamed", "total", "amount", "total", BREAKING)
    ]
    column = found.columns[2]
    assert (column.column, column.psi, bool(column)) == ("total", 0, False)


def test_near_renames_and_strangers() -> None:
    """Nearly equal statistics are a rename too; others, or several that fit, are not."""
    near = diff(table(text("a", first=60)), table(text("b", first=61)))
    assert [change.kind for change in near.schema] == ["renamed"]
    other = diff(table(text("a", first=60)), table(text("b", first=90)))
    assert [change.kind for change in other.schema] == ["added", "removed"]
    doubt = diff(table(text("a")), table(text("b"), text("c")))
    assert [change.kind for change in doubt.schema] == ["added", "added", "removed"]


def test_columns_that_say_nothing_are_no_renames() -> None:
    """Two columns of nothing but nulls are strangers."""
    empty = ColumnProfile(name="a", type="float64", kind="number", nulls=100)
    found = diff(table(empty), table(replace(empty, name="b")))
    assert [change.kind for change in found.schema] == ["added", "removed"]


def test_key() -> None:
    """Another key is breaking; a first one is additive; an unknown one is no change."""
    profile = table(number("id"), text("t"))
    assert diff(profile, profile, before_key=None).schema == ()
    changed = diff(profile, profile, before_key=("id", "t")).schema
    assert [told(change) for change in changed] == [("key", None, "id, t", "id", BREAKING)]
    assert diff(profile, profile, before_key=()).compatibility == ADDITIVE


def promise(**options: Any) -> ColumnContract:
    """What a schema says of the column ``id``."""
    plain: dict[str, Any] = {
        "name": "id",
        "type": "int64",
        "nullable": False,
        "unique": True,
        "required": True,
        "checks": ("in_range(0, 100)",),
    }
    return ColumnContract(**{**plain, **options})


@pytest.mark.parametrize(
    ("now", "before", "after", "level"),
    [
        ({"nullable": True}, "not nullable", "nullable", ADDITIVE),
        ({"unique": False}, "unique", "not unique", ADDITIVE),
        ({"required": False}, "required", "optional", BREAKING),
        ({"checks": ()}, "in_range(0, 100)", None, ADDITIVE),
        ({"checks": ("in_range(0, 120)",)}, "in_range(0, 100)", "in_range(0, 120)", ADDITIVE),
        ({"checks": ("in_range(1, 99)",)}, "in_range(0, 100)", "in_range(1, 99)", PATCH),
        (
            {"checks": ("in_range(0, 100)", "isin(['a'])")},
            None,
            "isin(['a'])",
            PATCH,
        ),
        ({"type": "string"}, "int64", "string", ADDITIVE),
    ],
)
def test_contracts(
    now: dict[str, Any], before: str | None, after: str | None, level: Compatibility
) -> None:
    """Tightened promises are patches, loosened ones additive, an optional column is breaking."""
    profile = table(number("id"))
    old, new = Contract(columns=(promise(),)), Contract(columns=(promise(**now),))
    found = diff(profile, profile, before_contract=old, after_contract=new)
    assert [told(change) for change in found.schema] == [("contract", "id", before, after, level)]


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        ("isin(['a', 'b'])", "isin(['a'])", PATCH),
        ("isin(['a'])", "isin(['a', 'b'])", ADDITIVE),
        ("greater_than(0)", "greater_than(5)", PATCH),
        ("less_than(10)", "less_than(20)", ADDITIVE),
        ("str_length(max_value=5)", "str_length(min_value=1, max_value=5)", PATCH),
        ("str_matches('^a')", "str_matches('^b')", ADDITIVE),
        ("in_range(0, 9, include_min=False)", "in_range(0, 9)", ADDITIVE),
        ("own(__import__('os'))", "own(1)", ADDITIVE),
    ],
)
def test_checks(old: str, new: str, level: Compatibility) -> None:
    """A check known to be tighter is a patch, any other change counts as loosened."""
    contracts = [Contract(columns=(promise(checks=(check,)),)) for check in (old, new)]
    profile = table(number("id"))
    found = diff(profile, profile, before_contract=contracts[0], after_contract=contracts[1])
    assert [change.compatibility for change in found.schema] == [level]


def test_columns_leave_the_contract() -> None:
    """A required column that the schema names no more is breaking, unless the data lost it too."""
    old, new = Contract(columns=(promise(),), strict=True), Contract(columns=())
    kept = diff(table(number("id")), table(number("id")), before_contract=old, after_contract=new)
    assert [told(c) for c in kept.schema] == [
        ("contract", "id", "promised", None, BREAKING),
        ("contract", None, "other columns refused", "other columns allowed", ADDITIVE),
    ]
    both = table(number("id"), text("t"))
    lost = diff(
        both, table(text("t")), before_contract=old, after_contract=replace(new, strict=True)
    )
    assert [change.kind for change in lost.schema] == ["removed"]


def test_pii_shows_no_values() -> None:
    """A column that is pii now shows no value of the baseline's profile from before it was."""
    before = table(text("mail"))
    after = table(replace(text("mail"), min=None, max=None, top=(), pii=True))
    found = compare(replace(DATASET, pii=("mail",)), before, after)
    column = found.columns[0]
    assert column.before is not None
    assert (column.pii, column.histogram, column.psi) == (True, None, None)
    assert (column.before.min, column.before.max, column.before.distinct) == (None, None, 2)


def test_files_are_passed_on() -> None:
    """The counts of files stand in the diff."""
    files = FileCounts(changed=2)
    assert diff(table(number("id")), table(number("id")), files=files).files == files


def test_the_key_does_not_drift() -> None:
    """New rows have new keys: the key's distribution is shown and never measured as drift."""
    [key] = diff(table(number("id")), table(number("id", shift=50))).columns
    assert (key.psi, key.ks, key.js) == (None, None, None)
    assert key.histogram is not None
