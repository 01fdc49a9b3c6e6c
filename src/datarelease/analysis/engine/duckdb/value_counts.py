"""The SQL that counts the different values of a column, and the memory that it may take."""

# ruff: noqa: S608 - a name becomes SQL by `quoted` alone

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from datarelease.analysis.engine.duckdb.sql import literal, quoted

_MEMORY = 200 << 20
"""Bytes. Groups beyond them are spilled, which for numbers is faster than touching new memory."""


def values_query(top: int, weight: str | None) -> str:
    """SQL of one row with the fields of `ValueCounts`, from ``counted``."""
    rows = f"sum({quoted(weight)})" if weight is not None else "count(*)"
    text = "CAST(value AS VARCHAR)" if top else "value"
    figures = "count(*) AS distinct, coalesce(sum(n), 0)::BIGINT AS rows"
    if top:
        figures += f""", min(v) AS min, max(v) AS max,
            coalesce(min(length(v)), 0) AS length_min, coalesce(max(length(v)), 0) AS length_max,
            coalesce(sum(length(v) * n), 0)::BIGINT AS length_sum,
            min({{'n': -n, 'v': v}}, {top}) AS top"""
    return f"""SELECT {figures} FROM (
        SELECT {text} AS v, {rows}::BIGINT AS n FROM counted WHERE value IS NOT NULL GROUP BY v)"""


@contextmanager
def less_memory(connection: duckdb.DuckDBPyConnection, limit: str) -> Iterator[None]:
    """Keep the groups of a query within 200 MB, or within ``limit`` if that is less."""
    [(own,)] = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    number, unit = own.split()
    size = float(number) * 1024 ** ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB").index(unit)
    if size > _MEMORY:
        connection.execute(f"SET memory_limit = '{_MEMORY}B'")
    try:
        yield
    finally:
        connection.execute(f"SET memory_limit = {literal(limit)}")
