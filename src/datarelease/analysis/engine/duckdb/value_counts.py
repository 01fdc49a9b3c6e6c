"""How the different values of a column are counted: by groups, or by hashes that occur once.

Both are exact. Where nearly every text occurs once, groups of texts would mostly be spilled: then
hashes are counted in their place, and only texts whose hash occurs more than once are grouped.
"""

# ruff: noqa: S608 - names become SQL by `quoted` alone, all else is numbers

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from datarelease.analysis.engine.duckdb.sql import literal, memory_limit, quoted
from datarelease.analysis.engine.values import ValueCounts

_Ask = Callable[[str], dict[str, Any]]
"""The one row of a query that reads ``counted``."""
_MEMORY = 48 << 20
"""Bytes a thread. What goes beyond them is spilled: faster than memory that was never touched."""
_SAMPLE = 100_000
"""Rows that are looked at first; fewer are not worth a second way."""
_REPEATED = 10_000
"""Hashes that may occur more than once; and in no more rows than a sample has."""
_HASH = "hash(value)"
_LOWER = (1 << 32) - 1


def counted_values(ask: _Ask, *, top: int, weight: str | None) -> ValueCounts:
    """What the column ``value`` holds; see `Engine.value_counts`."""
    return (_by_hash(ask, top) if top and weight is None else None) or _by_group(ask, top, weight)


def _by_group(ask: _Ask, top: int, weight: str | None) -> ValueCounts:
    rows = f"sum({quoted(weight)})" if weight is not None else "count(*)"
    figures = "count(*) AS distinct, coalesce(sum(n), 0)::BIGINT AS rows"
    if top:
        figures += f", {_texts('n')}, min({{'n': -n, 'value': value}}, {top}) AS top"
    found = ask(
        f"SELECT {figures} FROM (SELECT value, {rows}::BIGINT AS n FROM counted "
        "WHERE value IS NOT NULL GROUP BY value)"
    )
    named = found.pop("top", None) or []
    return ValueCounts(**found, top=tuple((one["value"], -one["n"]) for one in named))


def _by_hash(ask: _Ask, top: int) -> ValueCounts | None:
    """None: too many texts occur more than once, or there are few."""
    sample = ask(
        "SELECT count(value) AS rows, count(DISTINCT value) AS distinct "
        f"FROM (SELECT value FROM counted LIMIT {_SAMPLE})"
    )
    if sample["distinct"] * 2 < _SAMPLE:
        return None
    hashes = ask(
        "SELECT count(*) FILTER (n = 1) AS once, "
        f"min(h, {_REPEATED + 1}) FILTER (n > 1) AS others, "
        "coalesce(sum(n) FILTER (n > 1), 0)::BIGINT AS rows "
        f"FROM (SELECT {_HASH} AS h, count(*) AS n FROM counted "
        "WHERE value IS NOT NULL GROUP BY h)"
    )
    others = hashes["others"] or []
    if len(others) > _REPEATED or hashes["rows"] > _SAMPLE:
        return None
    listed = f"unnest([{', '.join(map(str, others))}]::UBIGINT[])"
    found = ask(
        f"SELECT count(*) AS rows, {_texts('1')}, min(value, {top}) FILTER (NOT other) AS first, "
        f"list(value) FILTER (other) AS others FROM (SELECT value, {_HASH} IN "
        f"(SELECT {listed}) AS other FROM counted WHERE value IS NOT NULL)"
    )
    repeated = Counter(found.pop("others") or ())
    named = [*((value, 1) for value in found.pop("first") or ()), *repeated.items()]
    named.sort(key=lambda one: (-one[1], one[0]))
    distinct = hashes["once"] + len(repeated)
    return ValueCounts(**found, distinct=distinct, top=tuple(named[:top]))


def key_query(rows: str, salt: str, *, grouped: bool) -> str:
    """SQL of `Engine.value_keys`; ``rows`` is the SQL of the texts."""
    group, number = ("GROUP BY value", "count(*)") if grouped else ("", "1")
    return f"""SELECT (digest >> 64)::UBIGINT AS key, rest::UINTEGER AS rest,
        number::BIGINT AS rows, length(value)::BIGINT AS length
        FROM (SELECT *, digest & {_LOWER}::UHUGEINT AS rest FROM (
            SELECT value, number, md5_number({literal(salt)} || value) AS digest FROM (
                SELECT value, {number} AS number FROM ({rows}) WHERE value IS NOT NULL {group})))"""


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
