"""How the different values of a column are counted: by groups, or by hashes that occur once.

Both are exact. Where nearly every text occurs once, groups of texts would mostly be spilled: then
hashes are counted in their place, and only texts whose hash occurs more than once are grouped.
"""

# ruff: noqa: S608 - names become SQL by `quoted` alone, all else is numbers

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np

from datarelease.analysis.engine.duckdb.repeated_hashes import QueryRows, Repeated
from datarelease.analysis.engine.duckdb.sql import literal, memory_limit, quoted
from datarelease.analysis.engine.values import ValueCounts

_MEMORY = 48 << 20
"""Bytes a thread. What goes beyond them is spilled: faster than memory that was never touched."""
_SAMPLE = 100_000
"""Rows that are looked at first; fewer are not worth a second way. In no more rows may hashes occur
more than once."""
_REPEATED = 10_000
"""Hashes that may occur more than once."""
_HASH = "hash(value)"
_LOWER = (1 << 32) - 1


def counted_values(
    ask: QueryRows, repeated: Repeated, *, top: int, weight: str | None
) -> ValueCounts:
    """What the column ``value`` holds; see `Engine.value_counts`."""
    return (_by_hash(ask, repeated, top) if weight is None else None) or _by_group(ask, top, weight)


def _by_group(ask: QueryRows, top: int, weight: str | None) -> ValueCounts:
    rows = f"sum({quoted(weight)})" if weight is not None else "count(*)"
    figures = "count(*) AS distinct, coalesce(sum(n), 0)::BIGINT AS rows"
    if top:
        figures += f", {_texts('n')}, min({{'n': -n, 'value': value}}, {top}) AS top"
    found = _one_row(
        ask,
        f"SELECT {figures} FROM (SELECT value::VARCHAR AS value, n FROM (SELECT value, "
        f"{rows}::BIGINT AS n FROM asked WHERE value IS NOT NULL GROUP BY value))",
    )
    named = found.pop("top", None) or []
    return ValueCounts(**found, top=tuple((one["value"], -one["n"]) for one in named))


def _by_hash(ask: QueryRows, repeated: Repeated, top: int) -> ValueCounts | None:
    """None: too many texts occur more than once, or there are few."""
    sample = _one_row(
        ask,
        "SELECT count(value) AS rows, count(DISTINCT value) AS distinct, "
        f"min(value::VARCHAR, {max(top, 1)})[-1] AS bound "
        f"FROM (SELECT value FROM asked LIMIT {_SAMPLE})",
    )
    if sample["distinct"] * 2 < _SAMPLE:
        return None
    hashes = repeated(f"SELECT {_HASH} AS h FROM asked WHERE value IS NOT NULL", _SAMPLE)
    others = np.unique(hashes.hashes).tolist() if hashes else []
    if hashes is None or len(others) > _REPEATED:
        return None
    once = hashes.rows - len(hashes.hashes)
    if not top and not others:
        return ValueCounts(distinct=once, rows=hashes.rows)
    other, figures = "FALSE", ""
    if others:
        listed = f"unnest([{', '.join(map(str, others))}]::UBIGINT[])"
        other, figures = f"{_HASH} IN (SELECT {listed})", ", list(value) FILTER (other) AS others"
    if top:
        # At least ``top`` values are up to the bound, if none of them is among the others.
        near = others or "\0" in sample["bound"]
        least = "NOT other" if near else f"value <= {literal(sample['bound'])}"
        figures += f", {_texts('1')}, min(value, {top}) FILTER ({least}) AS first"
    found = _one_row(
        ask,
        f"SELECT count(*) AS rows{figures} FROM (SELECT value::VARCHAR AS value, {other} AS other "
        "FROM asked WHERE value IS NOT NULL)",
    )
    several = Counter(found.pop("others", None) or ())
    named = [*((value, 1) for value in found.pop("first", None) or ()), *several.items()]
    named.sort(key=lambda one: (-one[1], one[0]))
    return ValueCounts(**found, distinct=once + len(several), top=tuple(named[:top]))


def _one_row(ask: QueryRows, query: str) -> dict[str, Any]:
    """The one row of a query that reads ``asked``."""
    return {name: value for batch in ask(query) for name, [value] in batch.to_pydict().items()}


def key_query(rows: str, salt: str, *, grouped: bool) -> str:
    """SQL of `Engine.value_keys`; ``rows`` is the SQL of the texts."""
    group, number = ("GROUP BY value", "count(*)") if grouped else ("", "1")
    return f"""SELECT (digest >> 64)::UBIGINT AS key, rest::UINTEGER AS rest,
        number::BIGINT AS rows, length(value)::BIGINT AS length
        FROM (SELECT *, digest & {_LOWER}::UHUGEINT AS rest FROM (
            SELECT value, number, md5_number({literal(salt)} || value) AS digest FROM (
                SELECT value, {number} AS number FROM (SELECT value::VARCHAR AS value FROM ({rows}))
                WHERE value IS NOT NULL {group})))"""


def _texts(weight: str) -> str:
    """SQL of the figures that only text has."""
    return f"""min(value) AS min, max(value) AS max,
        coalesce(min(length(value)), 0) AS length_min,
        coalesce(max(length(value)), 0) AS length_max,
        coalesce(sum(length(value) * {weight}), 0)::BIGINT AS length_sum"""


@contextmanager
def less_memory(connection: duckdb.DuckDBPyConnection, limit: str, threads: int) -> Iterator[None]:
    """Keep queries within 48 MB a thread, or within ``limit`` if that is less."""
    if memory_limit(connection) > _MEMORY * threads:
        connection.execute(f"SET memory_limit = '{_MEMORY * threads}B'")
    try:
        yield
    finally:
        connection.execute(f"SET memory_limit = {literal(limit)}")
