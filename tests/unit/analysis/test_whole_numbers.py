"""Whole numbers of a column: how many are different, their cells and their sum, by shortcuts."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

import narwhals as nw
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.analysis.profiling.cells import Grid
from datarelease.analysis.profiling.number_line import NumberLine
from datarelease.analysis.profiling.reading import Reading
from datarelease.analysis.profiling.whole_numbers import WholeNumbers

BATCHES = st.lists(st.lists(st.integers(-40, 40) | st.just(2**62), min_size=1), max_size=4)


def counted(batches: list[list[int]], *, room: int = 0, infinite: int = 0) -> int | None:
    """How many different numbers are found in these batches."""
    numbers = WholeNumbers(room)
    for batch in batches:
        numbers.add(np.array(batch, np.int64), infinite=infinite)
    return numbers.count


@given(BATCHES, st.integers(0, 100))
def test_different_numbers_are_counted_or_not_known(batches: list[list[int]], room: int) -> None:
    """Whatever order they are in, no other count is told than that of a set."""
    different = len({value for batch in batches for value in batch})
    found = counted(batches, room=room)
    assert found in {different, None}


@given(BATCHES, st.sampled_from([1, -1]))
def test_numbers_in_order_take_no_room(batches: list[list[int]], sign: int) -> None:
    """Numbers that ascend strictly, or descend, over all batches are counted without marks."""
    values = iter(sign * value for value in accumulate(abs(v) % 9 + 1 for b in batches for v in b))
    rising = [[next(values) for _ in batch] for batch in batches]
    assert counted(rising) == sum(map(len, rising))


@pytest.mark.parametrize(
    ("batches", "room", "expected"),
    [
        ([[1, 2, 2]], 0, None),
        ([[1, 2, 2]], 2, 2),
        ([[2, 1], [2, 3]], 3, None),  # what came before is not there to be marked
        ([[1, 3, 2], [3, 4]], 4, 4),
        ([[1, 3, 2], [9]], 4, None),
        ([[5], [4], [4]], 9, None),
        ([[2**63 - 2, 2**63 - 1]], 0, 2),
    ],
)
def test_where_the_order_ends(batches: list[list[int]], room: int, expected: int | None) -> None:
    """The first batch out of order is marked, a later one is not; nor is what needs more room."""
    assert counted(batches, room=room) == expected


def test_values_that_are_not_finite_leave_their_count_to_the_engine() -> None:
    """Among them may be values that an engine counts as different ones, too."""
    assert counted([[1, 2]], infinite=1) is None


@given(
    values=st.lists(st.integers(-300, 300), min_size=1),
    unit=st.sampled_from([1, 1000, 86_400_000_000]),
    level=st.integers(0, 52),
    limit=st.integers(4, 400),
    ends=st.booleans(),
)
def test_cells_of_near_numbers_are_those_of_floats(
    *, values: list[int], unit: int, level: int, limit: int, ends: bool
) -> None:
    """Counting them in a table gives the grid that their floats give, or none."""
    whole = np.array(values, np.int64)
    expected = Grid.of(whole.astype(np.float64) * unit, level=level, limit=limit, ends=ends)
    found = Grid.of_whole(whole, unit, level=level, limit=limit, ends=ends)
    near = max(values) - min(values) < min(limit, 2 * len(values))
    assert (found is not None) == near
    if found is not None:
        told = [
            [one.level, one.limit, *map(np.ndarray.tolist, (one.lo, one.hi, one.counts))]
            + [rows.tolist() for rows in one.ends or ()]
            for one in (found, expected)
        ]
        assert told[0] == told[1]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_a_grid_of_single_values_has_their_sum(values: list[float]) -> None:
    """Adding up each different value as often as it is there is exact, too."""
    reading = Reading(low=min(values), high=max(values), floats=np.array(values * 3))
    grid = reading.grid(level=0, limit=1000, ends=False)
    assert grid.exact
    assert reading.total(grid) == reading.total() == 3 * sum(map(Fraction, values))


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_midnights_are_read_as_days(unit: str) -> None:
    """Times that are all midnights are fewer steps apart; all that is said of them stays."""
    days = [dt.datetime(1969, 12, 30), dt.datetime(1970, 1, 1), dt.datetime(2024, 2, 29)]  # noqa: DTZ001
    line = NumberLine(dtype=nw.Datetime(unit))  # type: ignore[arg-type]
    found = line.read(pa.array(days, pa.timestamp(unit)), None)
    later = line.read(pa.array([*days, days[0].replace(second=1)], pa.timestamp(unit)), None)
    assert found is not None
    assert later is not None
    assert found.whole is not None
    assert found.whole.tolist() == [-2, 0, 19782]
    assert later.unit < found.unit
    assert later.positions[:3].tolist() == found.positions.tolist()
    second = Fraction(10**6)
    assert later.total() - found.total() == later.positions[3] == (-2 * 86_400 + 1) * second
    plain = replace(found, floats=found.positions, whole=None)
    assert (found.low, found.total()) == (later.low, plain.total())
