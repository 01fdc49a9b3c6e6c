"""What is known of the columns of a table, from which their profile follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.values import ValueCounts
from datarelease.analysis.profiling.cells import Grid
from datarelease.analysis.profiling.column_numbers import Numbers
from datarelease.analysis.profiling.columns import Column, Read, told_by_cells
from datarelease.analysis.profiling.passes import chains_of, first_pass
from datarelease.analysis.profiling.value_counts import CountPersonal, counts_of

TOP = 10
"""Categories kept of a column."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Figures:
    """What is known of columns of a table."""

    rows: int
    filled: Mapping[str, int]
    """By column, how many values are not null; `counted` says so of the columns that it has."""
    numbers: Mapping[str, Numbers]
    """By column; left out where there is no finite value."""
    distinct: Mapping[str, int]
    """By column of numbers, how many different values there are, where that is known otherwise
    than from `counted`."""
    chains: Mapping[str, Sequence[Grid]]
    """By column of `numbers`; see `chains_of`. The first grid is that of the column."""
    counted: Mapping[str, ValueCounts]
    """By column whose values are counted."""

    def joined(self, others: Self) -> Self:
        """With those of other columns of the same table."""
        return replace(
            self,
            filled={**self.filled, **others.filled},
            numbers={**self.numbers, **others.numbers},
            distinct={**self.distinct, **others.distinct},
            chains={**self.chains, **others.chains},
            counted={**self.counted, **others.counted},
        )


def measure(
    engine: Engine,
    read: Read,
    columns: Sequence[Column],
    limit: int,
    *,
    room: int | None = None,
    top: int = TOP,
    count: CountPersonal | None = None,
) -> Figures:
    """The figures of these columns, from one pass over the numbers and one over each other column.

    Of few rows one more pass reads all other columns.

    Args:
        engine: Runs the queries.
        read: Reads columns of the table.
        columns: Those that are wanted.
        limit: How many cells each column of the profile may fill.
        room: How many cells each grid of the chains may fill, if that is more; the grids of columns
            then have their ends.
        top: How many values are named of a column of text.
        count: Asked first for the counts of columns of pii.
    """
    found = first_pass(engine, read, columns, room or limit, ends=room is not None)
    grids = {name: numbers.grid for name, numbers in found.numbers.items()}
    numbers = limited_numbers(found.numbers, limit)
    distinct = {**found.distinct, **told_by_cells(columns, numbers)}
    figures = Figures(
        rows=found.rows,
        filled=found.filled,
        numbers=numbers,
        distinct=distinct,
        chains={},
        counted={},
    )
    asked = [column for column in columns if column.counted or uncounted(column, figures)]
    counted = counts_of(engine, read, asked, rows=found.rows, top=top, count=count)
    chains = chains_of(engine, read, columns, grids, limit)
    return replace(figures, chains=chains, counted=counted)


def limited_numbers(numbers: Mapping[str, Numbers], limit: int) -> dict[str, Numbers]:
    """The same numbers on grids with at most ``limit`` cells."""
    return {name: replace(one, grid=one.grid.limited(limit)) for name, one in numbers.items()}


def uncounted(column: Column, figures: Figures) -> bool:
    """Whether different numbers must be counted apart, for the cells do not say how many."""
    numbers = figures.numbers.get(column.name)
    if column.line is None or column.name in figures.distinct or numbers is None:
        return False
    return column.line.countable or (column.line.rounded and numbers.grid.exact)
