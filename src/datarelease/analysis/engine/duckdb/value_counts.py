"""How the different values of a column are counted: by groups, or by hashes that occur once.

Both are exact. Where most texts occur once, groups of texts would mostly be spilled: then hashes
are counted in their place, and only texts whose hash occurs more than once are grouped.
"""

# ruff: noqa: S608 - names become SQL by `quoted` alone, all else is numbers

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from datarelease.analysis.engine.duckdb.passing_texts import PassingTexts
from datarelease.analysis.engine.duckdb.repeated_hashes import QueryRows, Repeated, RepeatedHashes
from datarelease.analysis.engine.duckdb.sql import literal, quoted
from datarelease.analysis.engine.values import ValueCounts

_MEMORY = 48 << 20
"""Bytes a thread. What goes beyond them is spilled: faster than memory that was never touched."""
_SAMPLE = 100_000
"""Rows that are looked at first; fewer are not worth a second way."""
_REPEATED = 1 << 22
"""Rows in which hashes may be that occur more than once."""
_LISTED = 100
"""Rows with such hashes up to which their texts are looked at one by one."""
_HELD = "hashes_that_repeat"
_HASH = "hash(value)"
_LOWER = (1 << 32) - 1


def counted_values(
    connection: duckdb.DuckDBPyConnection,
    ask: QueryRows,
    repeated: Repeated,
    *,
    top: int,
    weight: str | None,
) -> ValueCounts:
    """What the column ``value`` holds; see `Engine.value_counts`."""
    found = _by_hash(connection, ask, repeated, top) if weight is None else None
    return found or _by_group(ask, top, weight)


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


def _by_hash(
    connection: duckdb.DuckDBPyConnection, ask: QueryRows, repeated: Repeated, top: int
) -> ValueCounts | None:
    """None: too many texts occur more than once, or there are few."""
    least = top + _LISTED
    figures = f", min(value::VARCHAR, {least}) AS least, max(value::VARCHAR) AS greatest"
    sample = _one_row(
        ask,
        f"SELECT count(DISTINCT value) AS n{figures if top else ''} "
        f"FROM (SELECT value FROM asked LIMIT {_SAMPLE})",
    )
    if sample["n"] * 2 < _SAMPLE:
        return None
    query, passing = f"SELECT {_HASH} AS h FROM asked WHERE value IS NOT NULL", None
    if top and len(sample["least"]) == least:
        passing = PassingTexts.between(sample["least"][-1], sample["greatest"], least)
    batches = ask(query if passing is None else passing.query(_HASH))
    hashes = repeated(batches if passing is None else passing.taken(batches), _REPEATED)
    if hashes is None:
        return None
    if passing is not None and not passing.whole:
        passing = None
    if len(hashes.hashes) <= _LISTED:
        return _few_repeated(ask, hashes, passing, top)
    with _held(connection, hashes) as held:
        return _many_repeated(ask, hashes, passing, f"{_HASH} IN (SELECT h FROM {held})", top)


def _few_repeated(
    ask: QueryRows, hashes: RepeatedHashes, passing: PassingTexts | None, top: int
) -> ValueCounts:
    """The counts, texts of repeated hashes looked at one by one."""
    once = hashes.rows - len(hashes.hashes)
    numbers = np.unique(hashes.hashes)
    listed = ", ".join(f"{number}::UBIGINT" for number in numbers.tolist())
    other, rest = (f"{_HASH} IN ({listed})", "NOT other") if listed else ("FALSE", "TRUE")
    if passing is None and top:
        others = ", list(value) FILTER (other) AS others"
        found = _one_row(ask, _figures(top, other, rest, others))
    else:
        found = {"rows": hashes.rows}
        if listed:
            query = f"SELECT list(value::VARCHAR) AS others FROM asked WHERE {other}"
            found |= _one_row(ask, query)
        if passing is not None:
            # Of so many at least ``top`` are left, for no more than the others are repeated.
            found |= {**passing.figures(), "first": passing.least(numbers)}
    several = Counter(found.pop("others", None) or ())
    named = _named(several.items(), found, top)
    return ValueCounts(**found, distinct=once + len(several), top=named)


def _many_repeated(
    ask: QueryRows, hashes: RepeatedHashes, passing: PassingTexts | None, other: str, top: int
) -> ValueCounts:
    """The counts, texts of repeated hashes grouped; ``other`` is SQL that tells which they are."""
    several = _one_row(
        ask,
        "SELECT count(*) AS distinct, count(*) FILTER (n > 1) AS frequent, "
        f"min({{'n': -n, 'value': value}}, {max(top, 1)}) AS top "
        "FROM (SELECT value::VARCHAR AS value, n FROM (SELECT value, count(*) AS n FROM asked "
        f"WHERE value IS NOT NULL AND {other} GROUP BY value))",
    )
    distinct = hashes.rows - len(hashes.hashes) + several["distinct"]
    if not top:
        return ValueCounts(distinct=distinct, rows=hashes.rows)
    enough = several["frequent"] >= top
    if enough and passing is not None:
        found = {"rows": hashes.rows, **passing.figures()}
    else:
        found = _one_row(
            ask, _figures(top, *(("FALSE", "FALSE") if enough else (other, "NOT other")))
        )
    named = _named(((one["value"], -one["n"]) for one in several["top"]), found, top)
    return ValueCounts(**found, distinct=distinct, top=named)


def _figures(top: int, other: str, least: str, more: str = "") -> str:
    """SQL of the figures of all texts, and of the ``least`` of those that are not ``other``."""
    texts = f", {_texts('1')}, min(value, {top}) FILTER ({least}) AS first" if top else ""
    return (
        f"SELECT count(*) AS rows{texts}{more} FROM (SELECT value::VARCHAR AS value, "
        f"{other} AS other FROM asked WHERE value IS NOT NULL)"
    )


def _named(
    several: Iterable[tuple[str, int]], found: dict[str, Any], top: int
) -> tuple[tuple[str, int], ...]:
    """The most frequent of texts that are repeated, and of the first of the others."""
    named = [*several, *((value, 1) for value in found.pop("first", None) or ())]
    return tuple(sorted(named, key=lambda one: (-one[1], one[0]))[:top])


@contextmanager
def _held(connection: duckdb.DuckDBPyConnection, hashes: RepeatedHashes) -> Iterator[str]:
    """The name of a table with each of these hashes once."""
    connection.register(_HELD, pa.table({"h": np.unique(hashes.hashes)}))
    try:
        yield _HELD
    finally:
        connection.unregister(_HELD)


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
def less_memory(
    connection: duckdb.DuckDBPyConnection, limit: str, memory: int, threads: int
) -> Iterator[None]:
    """Keep queries within 48 MB a thread, or the ``limit`` of ``memory`` bytes, if that is less."""
    if memory <= _MEMORY * threads:
        yield
        return
    connection.execute(f"SET memory_limit = '{_MEMORY * threads}B'")
    try:
        yield
    finally:
        connection.execute(f"SET memory_limit = {literal(limit)}")
