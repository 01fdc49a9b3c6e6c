"""The types of CSV columns, found with DuckDB: the narrowest one that every value fits."""

# ruff: noqa: S608 - names become SQL by `quoted` alone

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import narwhals as nw

from datarelease.analysis.engine.csv.types import CANDIDATES, misfits
from datarelease.analysis.engine.duckdb.sql import quoted
from datarelease.model.data.dataset import CsvDialect

_SAMPLE_ROWS = 5_000
_ROW = "\N{SYMBOL FOR START OF TEXT}in each row"
"""A column that has a value in each row of the sample."""


def narrowest_types(
    connection: duckdb.DuckDBPyConnection, source: str, names: Sequence[str], dialect: CsvDialect
) -> dict[str, nw.dtypes.DType | None]:
    """The narrowest type that every value fits, by column: a sample proposes, all values confirm.

    None: there are no values. A type that all values fit fits those of the sample, so the outcome
    does not depend on it.

    Args:
        connection: Runs the queries.
        source: SQL of the columns as text, missing values as NULL.
        names: The columns asked for.
        dialect: How numbers are written.
    """
    if not names:
        return {}
    options, whole = _proposed(connection, source, names, dialect)
    if whole:
        firsts = {name: next(iter(left), nw.String()) for name, left in options.items()}
        return {name: firsts.get(name) for name in names}
    options = {name: options.get(name, [*CANDIDATES]) for name in names}
    found: dict[str, nw.dtypes.DType | None] = {}
    while any(options.values()):
        asked = {name: left[0] for name, left in options.items() if left}
        for name, fits in _confirmed(connection, source, asked, dialect).items():
            if fits is None or fits:
                found[name] = asked[name] if fits else None
                del options[name]
            else:
                options[name].remove(asked[name])
    return found | {name: nw.String() for name in options}


def _proposed(
    connection: duckdb.DuckDBPyConnection, source: str, names: Sequence[str], dialect: CsvDialect
) -> tuple[dict[str, list[nw.dtypes.DType]], bool]:
    """The types that the values of the first rows fit, by column, and whether these are all rows.

    Columns without values in these rows are left out. The columns are stacked: an expression for
    each of hundreds would take DuckDB long to plan.
    """
    tests = ", ".join(misfits("v", candidate, dialect) for candidate in CANDIDATES)
    columns = ", ".join(quoted(name) for name in names)
    sample = f"(SELECT {columns}, '' AS {quoted(_ROW)} FROM {source} LIMIT {_SAMPLE_ROWS})"
    stacked = f"UNPIVOT {sample} ON COLUMNS(*) INTO NAME n VALUE v"
    query = f"SELECT n, count(*), {tests} FROM ({stacked}) GROUP BY n"
    seen = {name: counts for name, *counts in connection.execute(query).fetchall()}
    rows, *_ = seen.pop(_ROW, [0])
    fitting = {
        name: [candidate for candidate, bad in zip(CANDIDATES, counts, strict=True) if not bad]
        for name, (_, *counts) in seen.items()
    }
    return fitting, rows < _SAMPLE_ROWS


def _confirmed(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    asked: dict[str, nw.dtypes.DType],
    dialect: CsvDialect,
) -> dict[str, bool | None]:
    """Whether all values of a column fit the type asked about; None: it has no values."""
    tests = [
        f"CASE WHEN count({quoted(name)}) > 0 "
        f"THEN {misfits(quoted(name), candidate, dialect)} = 0 END"
        for name, candidate in asked.items()
    ]
    (row,) = connection.execute(f"SELECT {', '.join(tests)} FROM {source}").fetchall()
    return dict(zip(asked, row, strict=True))
