"""The passes over a table: numbers are read here, or counted where the engine has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.profiling.batches import read_pass, read_refined
from datarelease.analysis.profiling.cells import Grid, Integers
from datarelease.analysis.profiling.columns import MANY, Column, FirstPass, Read, groups_of
from datarelease.analysis.profiling.grouped import grouped_pass, grouped_refined


def first_pass(
    engine: Engine, read: Read, columns: Sequence[Column], limit: int, *, ends: bool = False
) -> FirstPass:
    """What is known after the first pass over the columns of numbers and times.

    ``limit`` is how many cells a column may fill. With ``ends`` the rows of the smallest and the
    largest value of each cell are counted too, where rows are read here.
    """
    if engine.numbers is None:
        return read_pass(engine, read, columns, limit, ends=ends)
    return grouped_pass(engine, read, columns, limit)


def chains_of(
    engine: Engine,
    read: Read,
    columns: Sequence[Column],
    grids: Mapping[str, Grid],
    limit: int,
) -> dict[str, list[Grid]]:
    """For each grid the chain that it begins: each next grid is of the values in heavy cells.

    Heavy cells are those of a grid that is `limited` to ``limit`` cells, `Grid.heavy` for the
    number of values in the column. Columns that have some are read again; as a rule, this is done
    once at most.
    """
    chains = {name: [grid] for name, grid in grids.items()}
    again = list(columns)
    while again:
        last = {c.name: chains[c.name][-1] for c in again if c.name in chains}
        cells = {name: heavy_cells(grid, limit, grids[name].count) for name, grid in last.items()}
        again = [column for column in again if len(cells.get(column.name, ()))]
        for some in groups_of(again, MANY):
            # Finer grids may fill as many cells as the first one may.
            room = {
                c.name: replace(last[c.name].limited(limit), limit=last[c.name].limit) for c in some
            }
            for name, grid in values_inside(engine, read, some, room, cells).items():
                chains[name].append(grid)
    return chains


def values_inside(
    engine: Engine,
    read: Read,
    columns: Sequence[Column],
    grids: Mapping[str, Grid],
    cells: Mapping[str, Integers],
) -> dict[str, Grid]:
    """The values of these columns that are in ``cells`` of ``grids``, on grids of their own."""
    inside = read_refined if engine.numbers is None else grouped_refined
    return inside(engine, read, columns, grids, cells)


def heavy_cells(grid: Grid, limit: int, count: int) -> Integers:
    """The cells of a column's grid from which the next one of a chain is made; see `chains_of`."""
    return grid.limited(limit).heavy(count)


def refined_grid(chain: Sequence[Grid], limit: int) -> Grid:
    """The grid of a chain in which no cell but single values holds too many of all values."""
    *coarse, grid = (one.limited(limit) for one in chain)
    for one in reversed(coarse):
        grid = one.refined(grid, chain[0].count)
    return grid
