"""The kept values of a column say what its cells are after a change, whatever it lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from datarelease.analysis.profiling import cells as all_cells
from datarelease.analysis.profiling.cells import Grid
from datarelease.analysis.profiling.column_numbers import Numbers
from datarelease.analysis.profiling.columns import Column
from datarelease.analysis.profiling.parts import kept_keys
from datarelease.analysis.profiling.parts.cell_changes import OtherValuesError
from datarelease.analysis.profiling.parts.cell_values import (
    CellValues,
    keys_of_positions,
    outermost,
)
from datarelease.analysis.profiling.parts.kept_keys import KeptKeys, key_blocks
from datarelease.analysis.profiling.parts.known_columns import (
    ROOM,
    KnownColumn,
    KnownNumbers,
    exact_text,
)
from datarelease.analysis.profiling.parts.number_update import ShiftedNumbers
from datarelease.analysis.profiling.parts.part_changes import ColumnChange
from datarelease.analysis.profiling.parts.value_keys import KeyBatch, ValueKeys, keys_of_integers
from datarelease.analysis.profiling.passes import heavy_cells, refined_grid

NEAR = st.integers(0, 40)
KINDS: dict[str, tuple[nw.dtypes.DType, pa.DataType, st.SearchStrategy[Any]]] = {
    "float": (
        nw.Float64(),
        pa.float64(),
        NEAR.map(lambda n: n / 4 - 3) | st.floats(allow_nan=False, allow_infinity=False),
    ),
    "signed": (
        nw.Int64(),
        pa.int64(),
        NEAR | st.integers(-(2**63), 2**63 - 1) | NEAR.map(lambda n: 2**60 + n * 64),
    ),
    "unsigned": (
        nw.UInt64(),
        pa.uint64(),
        NEAR | st.integers(0, 2**64 - 1) | NEAR.map(lambda n: 2**64 - 1 - n * 512),
    ),
    "moment": (
        nw.Datetime("ms"),
        pa.timestamp("ms"),
        NEAR | st.integers(-(2**52), 2**52).map(lambda n: n // 1000),
    ),
}


@dataclass(frozen=True)
class Case:
    """A column before and after a change."""

    kind: str
    kept: Sequence[Any]
    gone: Sequence[Any]
    new: Sequence[Any]

    @property
    def column(self) -> Column:
        """The column."""
        return Column(number=0, name="x", dtype=KINDS[self.kind][0], pii=False)

    def batch(self, values: Sequence[Any]) -> pa.RecordBatch:
        """What is read of values."""
        return pa.RecordBatch.from_arrays([pa.array(values, KINDS[self.kind][1])], ["exact0"])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Values of which some are drawn several times, and lost in some rows or in all."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    values = KINDS[kind][2]
    pool = draw(st.lists(values, min_size=20, max_size=40, unique=True))
    rows = [*pool, *draw(st.lists(st.sampled_from(pool), max_size=10))]
    lost = draw(st.sets(st.sampled_from(pool), min_size=3, max_size=12))
    some = draw(st.lists(st.sampled_from(pool), max_size=5))
    new = draw(st.lists(values | st.sampled_from(pool), max_size=5))
    kept = [value for value in rows if value not in lost]
    return Case(kind=kind, kept=kept, gone=[*(v for v in rows if v in lost), *some], new=new)


def measured(case: Case, values: Sequence[Any], limit: int, *, ends: bool) -> tuple[Numbers, Any]:
    """What a run from scratch knows of values."""
    reading = case.column.reading(case.batch(values))
    assert reading is not None
    numbers = Numbers.of(reading, level=0, limit=limit * (ROOM if ends else 1), ends=ends)
    chain = [numbers.grid]
    while len(heavy := heavy_cells(chain[-1], limit, numbers.grid.count)):
        inside = chain[-1].limited(limit).inside(reading.positions, heavy)
        chain.append(Grid.of(inside, limit=chain[0].limit, ends=ends))
    return numbers, chain


def known_of(numbers: Numbers) -> KnownColumn:
    """What is kept of a column beside its cells."""
    low, high = exact_text(numbers.low), exact_text(numbers.high)
    kept = KnownNumbers(low=low, high=high, total=str(numbers.total), grids=())
    return KnownColumn(type="any", filled=numbers.grid.count, numbers=kept)


def kept_values(case: Case, values: Sequence[Any], chain: Sequence[Grid], most: int) -> CellValues:
    """What is kept of values."""
    batch = case.batch(values).column(0)
    if case.kind in {"signed", "unsigned"}:
        number = None
        keys = ValueKeys.of([KeyBatch(keys=keys_of_integers(batch.to_numpy())[0])])
    else:
        reading = case.column.reading(case.batch(values))
        assert reading is not None
        number, fewer = outermost(chain, most)
        keys = ValueKeys.of([KeyBatch(keys=keys_of_positions(reading.positions))], fewer)
    assert keys is not None
    blocks = key_blocks(keys)
    found = KeptKeys.of(
        lambda places: [blocks[place] for place in places], distinct=len(keys.keys), rows=keys.total
    )
    assert found is not None
    integers: Any = case.kind if case.kind in {"signed", "unsigned"} else None
    whole = keys.total == len(values)
    return CellValues(keys=found, integers=integers, outermost=None if whole else number)


@given(
    case=cases(),
    sizes=st.sampled_from([(2, 1), (16, 1), (4, 2), (16, 2), (16, 8)]),
    most=st.sampled_from([1, 20, 1000]),
    block=st.sampled_from([1, 3, 4096]),
)
def test_cells_are_those_of_the_values_that_are_left(
    case: Case, sizes: tuple[int, int], most: int, block: int
) -> None:
    """Where all values are kept, no change asks for others; else no cell is said to be another."""
    limit, fine = sizes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(all_cells, "_FINE", fine)
        patch.setattr(kept_keys, "_BLOCK", block)
        before, after = [*case.kept, *case.gone], [*case.kept, *case.new]
        if not before or not after:
            return
        numbers, chain = measured(case, before, limit, ends=True)
        values = kept_values(case, before, chain, most)
        change = ColumnChange(before=case.batch(case.gone), after=case.batch(case.new))
        shifted = ShiftedNumbers.of(case.column, known_of(numbers), chain, change, limit)
        told = shifted.told_by(values, change)
        event(f"open before {bool(len(shifted.grids[0].open))}, all kept {not values.outermost}")
        expected, wanted = measured(case, after, limit, ends=False)
        if values.outermost is None:
            assert not any(len(grid.open) for grid in told.grids)
            found, links = told.result()
            assert (found.low, found.high, found.total) == (
                expected.low,
                expected.high,
                expected.total,
            )
            assert cells_of(found.grid) == cells_of(expected.grid)
            assert cells_of(refined_grid(links, limit)) == cells_of(refined_grid(wanted, limit))
        for place, grid in enumerate(told.grids):
            assert set(grid.open) <= set(shifted.grids[place].open)
        exact = Grid.of(case.column.reading(case.batch(after)).positions, limit=10**6)  # type: ignore[union-attr]
        first = told.grids[0].grid
        closed = ~np.isin(first.lo >> first.level, told.grids[0].open)
        truth = exact.coarser(first.level)
        for side in ("lo", "hi", "counts"):
            assert getattr(first, side)[closed].tolist() == getattr(truth, side)[closed].tolist()


def cells_of(grid: Grid) -> list[list[int]]:
    """The level and the cells of a grid, to be compared."""
    return [[grid.level], *(side.tolist() for side in (grid.lo, grid.hi, grid.counts))]


@given(values=st.lists(NEAR, min_size=1, max_size=60), most=st.integers(1, 30))
def test_the_outermost_values_of_each_cell_are_kept_with_all_their_rows(
    values: Sequence[int], most: int
) -> None:
    """Whatever was let go while values were added up, those at the ends have all their rows."""
    positions = np.array(values, np.float64) + 1
    chain = [Grid.of(positions, limit=4)]
    number, fewer = outermost(chain, most)
    kept = ValueKeys.of([KeyBatch(keys=keys_of_positions(positions))], fewer)
    assert kept is not None
    counter = Counter(keys_of_positions(positions).tolist())
    found = dict(zip(kept.keys.tolist(), kept.counted.tolist(), strict=True))
    assert found.items() <= counter.items()
    cells: dict[int, list[int]] = {}
    for position in sorted(set(positions.tolist())):
        point = int(all_cells.ordered(np.array([position]))[0])
        cells.setdefault(point >> chain[0].level, []).append(point)
    ends = {point for inside in cells.values() for point in (*inside[:number], *inside[-number:])}
    assert {key - (1 << 63) for key in found} >= ends
    assert len(found) == len(counter) or found.keys() == {point + (1 << 63) for point in ends}


def test_values_of_another_column_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept values that have other bounds than the cells before are refused."""
    monkeypatch.setattr(all_cells, "_FINE", 1)
    kept = [1 + n / 16 for n in range(1, 16)]
    case = Case("float", kept, [1.0], [])
    numbers, chain = measured(case, [1.0, *kept], 4, ends=True)
    change = ColumnChange(before=case.batch(case.gone), after=case.batch([]))
    shifted = ShiftedNumbers.of(case.column, known_of(numbers), chain, change, 4)
    assert len(shifted.grids[0].open), "the cell lost its smallest value"
    right, *wrong = [1.0, *kept], [1.0, *kept[1:]], [1.0, *kept, kept[0]], [*kept, kept[0]]
    told = shifted.told_by(kept_values(case, right, chain, 1000), change)
    assert not len(told.grids[0].open)
    for others in wrong:
        with pytest.raises(OtherValuesError):
            shifted.told_by(kept_values(case, others, chain, 1000), change)
