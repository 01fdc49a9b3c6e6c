"""The passes over a table: numbers are read here, or counted where the engine has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datarelease.analysis.engine.tables import Engine
from datarelease.analysis.profiling.batches import read_pass, read_refined
from datarelease.analysis.profiling.cells import Grid
from datarelease.analysis.profiling.columns import MANY, Column, FirstPass, Read, groups_of
from datarelease.analysis.profiling.grouped import grouped_pass, grouped_refined


def first_pass(engine: Engine, read: Read, columns: Sequence[Column]) -> FirstPass:
    """What is known after the first pass over the columns of numbers and times."""
    counted = read_pass if engine.numbers is None else grouped_pass
    return counted(engine, read, columns)


def refined_grids(
    engine: Engine,
    read: Read,
    columns: Sequence[Column],
    grids: Mapping[str, Grid],
    counts: Mapping[str, int],
) -> Mapping[str, Grid]:
    """The grids of columns, in which no cell but single values holds too many of the ``counts``.

    The columns where one did are read again, the values inside such cells counted on a finer grid;
    as a rule this is done once at most.
    """
    heavy = {name: cells for name, grid in grids.items() if len(cells := grid.heavy(counts[name]))}
    again = [column for column in columns if column.name in heavy]
    if not again:
        return grids
    inside = read_refined if engine.numbers is None else grouped_refined
    refined = dict(grids)
    for some in groups_of(again, MANY):
        finer = inside(engine, read, some, grids, heavy)
        finest = refined_grids(engine, read, some, finer, counts)
        refined |= {name: grids[name].refined(grid, counts[name]) for name, grid in finest.items()}
    return refined
