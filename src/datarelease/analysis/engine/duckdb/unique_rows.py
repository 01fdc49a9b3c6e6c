"""Whether any two rows are equal, by their hashes: cheaper than by groups of rows."""

# ruff: noqa: S608 - names become SQL by `quoted` alone, all else is numbers

from __future__ import annotations

from collections.abc import Sequence

from datarelease.analysis.engine.duckdb.repeated_hashes import QueryRows, Repeated
from datarelease.analysis.engine.duckdb.sql import quoted

_HASH = "hash({})"


def count_by_hashes(ask: QueryRows, repeated: Repeated, names: Sequence[str]) -> int | None:
    """The number of rows of ``asked`` if no two are equal; see `Engine.count_if_unique`.

    Equal rows have equal hashes. If unequal rows share one, too, the rows themselves decide.
    """
    columns = [quoted(name) for name in names]
    whole = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    hashed = f"CASE WHEN {whole} THEN {_HASH.format(', '.join(columns))} END"
    found = repeated(ask(f"SELECT {hashed} AS h FROM asked"), 0)
    return found.rows if found is not None else _counted(ask, columns, whole)


def _counted(ask: QueryRows, columns: Sequence[str], whole: str) -> int | None:
    """The number of rows, if the rows themselves differ and have no null."""
    some_null = f"SELECT 1 FROM asked WHERE NOT ({whole}) LIMIT 1"
    repeated = f"SELECT 1 FROM asked GROUP BY {', '.join(columns)} HAVING count(*) > 1 LIMIT 1"
    if any(len(batch) for query in (some_null, repeated) for batch in ask(query)):
        return None
    return sum(int(batch.column(0)[0].as_py()) for batch in ask("SELECT count(*) FROM asked"))
