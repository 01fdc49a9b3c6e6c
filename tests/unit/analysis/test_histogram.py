"""Histograms over shared bins, from profiles."""

from __future__ import annotations

import datetime as dt
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.analysis.comparison.histogram import histogram
from datarelease.model.data.profile import Category, Cell, ColumnKind, ColumnProfile

ROWS = (100, 100)
DAY = 86_400.0


def line(
    *cells: tuple[float, float, int], kind: ColumnKind = "number", dtype: str = "float64"
) -> ColumnProfile:
    """A column on the number line."""
    return ColumnProfile(
        name="x", type=dtype, kind=kind, nulls=0, cells=tuple(Cell(*cell) for cell in cells)
    )


def text(*top: tuple[str, int], nulls: int = 0, distinct: int | None = None) -> ColumnProfile:
    """A column of categories."""
    return ColumnProfile(
        name="x",
        type="string",
        kind="text",
        nulls=nulls,
        distinct=len(top) if distinct is None else distinct,
        top=tuple(Category(*category) for category in top),
    )


@st.composite
def columns(draw: st.DrawFn) -> ColumnProfile:
    """Any column of numbers or times."""
    dtype = draw(st.sampled_from(["float64", "int64", "date", "timestamp[us]"]))
    kind: ColumnKind = "number" if dtype in {"float64", "int64"} else "time"
    whole = dtype != "float64"
    values = st.integers(-(10**9), 10**9).map(float) if whole else st.floats(-1.7e308, 1.7e308)
    bounds = sorted(draw(st.lists(values.map(lambda v: v + 0.0), min_size=2, unique=True)))
    scale = DAY if dtype == "date" else 1.0
    cells = [
        (low * scale, high * scale, draw(st.integers(2, 1000)))
        for low, high in zip(bounds[::2], bounds[1::2], strict=False)
    ]
    return line(*cells, kind=kind, dtype=dtype)


@given(before=columns(), after=columns())
def test_every_value_is_in_one_bin(before: ColumnProfile, after: ColumnProfile) -> None:
    """Bins ascend, have bounds as labels, and hold all values of both sides."""
    found = histogram(before, after, ROWS)
    assert found is not None
    assert all(low < high for low, high in pairwise(found.edges))
    assert all(map(math.isfinite, found.edges))
    assert len(found.labels) == len(found.edges)
    for side, counts in ((before, found.before), (after, found.after)):
        assert counts is not None
        assert len(counts) == len(found.edges) - 1
        assert sum(counts) == pytest.approx(sum(cell.count for cell in side.cells), abs=3)
        assert min(counts) >= 0


def test_edges_are_round() -> None:
    """About 24 bins with round bounds."""
    found = histogram(line((0.3, 99.2, 1000)), line((10.0, 104.0, 1000)), ROWS)
    assert found is not None
    assert found.labels[:3] == ("0", "5", "10")
    assert 15 <= len(found.edges) <= 30


def test_an_outlier_does_not_flatten_the_picture() -> None:
    """Values far out share an open bin at the end, whose label names the largest."""
    column = line((0.0, 100.0, 10_000), (1e9, 1e9, 1))
    found = histogram(column, column, ROWS)
    assert found is not None
    assert found.after is not None
    assert sum(count > 100 for count in found.after) > 15
    assert found.labels[-1] == "1e+09"


def test_few_integers_have_a_bin_each() -> None:
    """A rating from 1 to 5 has five bins."""
    column = line(*((float(v), float(v), v) for v in range(1, 6)), dtype="int64")
    found = histogram(None, column, ROWS)
    assert found is not None
    assert found.labels == ("1", "2", "3", "4", "5", "6")
    assert (found.before, found.after) == (None, (1, 2, 3, 4, 5))


def test_one_value() -> None:
    """A constant column has one bin around its value."""
    found = histogram(line((5.0, 5.0, 7)), line((5.0, 5.0, 9)), ROWS)
    assert found is not None
    assert (found.before, found.after) == ((7,), (9,))


def test_skewed_money_has_growing_bins() -> None:
    """Values over many decades get bins at 1, 2, 5, 10 and so on."""
    cells = [(10.0**k, 10.0 ** (k + 1) - 1, 1000) for k in range(6)]
    found = histogram(line(*cells), line(*cells), ROWS)
    assert found is not None
    assert {"10", "20", "50", "100"} <= set(found.labels)


def test_dates_are_labelled_as_dates() -> None:
    """Two years of dates are binned by months."""
    low, high = (dt.date(year, 1, 1).toordinal() - 719_163 for year in (2024, 2026))
    found = histogram(None, line((low * DAY, high * DAY, 730), kind="time", dtype="date"), ROWS)
    assert found is not None
    assert found.labels[:2] == ("2024-01-01", "2024-02-01")


def test_categories_and_the_rest() -> None:
    """Top values of both sides, then all others; a side without values counts zero."""
    one = text(("a", 60), ("b", 20), distinct=7, nulls=10)
    found = histogram(one, text(("c", 100)), ROWS)
    assert found is not None
    assert found.labels == ("a", "b", "c", "(other)")
    assert (found.before, found.after) == ((60, 20, 2, 8), (0, 0, 100, 0))
    empty = histogram(one, text(nulls=100), ROWS)
    assert empty is not None
    assert empty.after == (0, 0, 0)


def test_nothing_to_show() -> None:
    """Pii columns, unique text and columns without values have no histogram."""
    secret = ColumnProfile(name="x", type="string", kind="text", nulls=0, pii=True, distinct=3)
    assert histogram(text(("a", 1)), secret, ROWS) is None
    assert histogram(text(distinct=100), text(distinct=100), ROWS) is None
    assert histogram(line(), None, ROWS) is None
