"""Whether any two rows are equal, by their sorted hashes: cheaper than by groups of rows."""

# ruff: noqa: S608 - names become SQL by `quoted` alone, all else is numbers

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datarelease.analysis.engine.duckdb.sql import quoted

_Ask = Callable[[str], Iterator[pa.RecordBatch]]
"""The rows of a query that reads ``asked``."""
_Hashes = npt.NDArray[np.uint64]
_BYTES = 8
"""Of a hash."""
_HASH = "hash({})"


def count_by_hashes(ask: _Ask, names: Sequence[str], *, memory: int) -> int | None:
    """The number of rows of ``asked`` if no two are equal; see `Engine.count_if_unique`.

    Equal rows have equal hashes. If unequal rows share one, too, the rows themselves decide.

    Args:
        ask: Runs a query.
        names: The columns of ``asked``.
        memory: Bytes for hashes. If they need more, the query runs again for each share of them.
    """
    at_once = memory // _BYTES
    columns = [quoted(name) for name in names]
    whole = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    hashed = f"CASE WHEN {whole} THEN {_HASH.format(', '.join(columns))} END"
    hashes = f"SELECT {hashed} AS h FROM asked"
    rows, held = _hashes(ask(hashes), at_once)
    if rows is None:
        return None
    # A third more shares than needed on average, since they are not equally large.
    shares = 1 if rows <= at_once else 1 + rows * 4 // (at_once * 3)
    for share in range(shares):
        if shares > 1:
            part = f"SELECT h FROM ({hashes}) WHERE h % {shares} = {share}"
            found, held = _hashes(ask(part), at_once)
            if found is None or found > at_once:
                return _counted(ask, columns, rows)
        held.sort()
        if bool((held[1:] == held[:-1]).any()):
            return _counted(ask, columns, rows)
    return rows


def _hashes(batches: Iterator[pa.RecordBatch], at_once: int) -> tuple[int | None, _Hashes]:
    """How many there are (None: one is null), and the first ``at_once`` of them."""
    held: _Hashes = np.empty(at_once, np.uint64)  # pages that are not written to cost nothing
    rows = 0
    for batch in batches:
        column = batch.column(0)
        if column.null_count:
            return None, held[:0]
        room = held[rows : rows + len(column)]
        room[:] = np.from_dlpack(column)[: len(room)]  # `to_numpy` would import pandas
        rows += len(column)
    return rows, held[: min(rows, at_once)]


def _counted(ask: _Ask, columns: Sequence[str], rows: int) -> int | None:
    """The number of rows, if the rows themselves differ; none of them has a null."""
    repeated = f"SELECT 1 FROM asked GROUP BY {', '.join(columns)} HAVING count(*) > 1 LIMIT 1"
    return None if any(len(batch) for batch in ask(repeated)) else rows
