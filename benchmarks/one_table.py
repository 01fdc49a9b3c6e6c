"""One Parquet table of customers validated or profiled, by the package or by SQL written by hand.

    python one_table.py profile|validate datarelease|sail|sql|summarize FILE SCHEMA [MEMORY]

Prints what was found as JSON: of a validation how many rows failed each check that found any, of a
profile the number of rows. The SQL only counts: it reads no schema, shows no examples, and its
profile has approximate quantiles, distinct counts and frequent values.
"""

# ruff: noqa: S608 - the paths are those of the benchmark

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

Found = list[int]
_CHECKS = (
    "customer_id < 1",
    r"NOT regexp_matches(email, '^[a-z0-9._]+@[a-z0-9.-]+\.[a-z]{2,}$')",
    "country NOT IN ('BR', 'DE', 'EG', 'ES', 'FR', 'GB', 'GR', 'IN', 'JP', 'NG', 'PL', 'TR', 'US')",
    "birth_date NOT BETWEEN TIMESTAMP '1900-01-01' AND TIMESTAMP '2012-12-31'",
    "last_order NOT BETWEEN TIMESTAMP '2018-01-01' AND TIMESTAMP '2030-12-31 23:59:59'",
    "plan NOT IN ('basic', 'business', 'family', 'premium')",
    "NOT (isfinite(monthly_spend) AND monthly_spend BETWEEN 0 AND 100000)",
    *(
        f"{name} IS NULL"
        for name in ("customer_id", "email", "country", "plan", "monthly_spend", "churned")
    ),
)
_SUMS = ("min({0})", "max({0})", "avg({0})", "stddev({0})")
_NUMBER = (*_SUMS, "approx_quantile({0}, [0.05, 0.25, 0.5, 0.75, 0.95])")
_TIME = ("min({0})", "max({0})", "approx_quantile({0}, [0.05, 0.25, 0.5, 0.75, 0.95])")
_TEXT = (
    *("min({0})", "max({0})", "min(length({0}))", "max(length({0}))", "avg(length({0}))"),
    "approx_top_k({0}, 10)",
)
_FIGURES = {
    "BIGINT": _NUMBER,
    "DOUBLE": _NUMBER,
    "TIMESTAMP": _TIME,
    "VARCHAR": _TEXT,
    "BOOLEAN": ("approx_top_k({0}, 2)",),
}


def sql_validation(file: str, schema: str, memory: str) -> Found:  # noqa: ARG001 - all ways alike
    """The counts by two queries of DuckDB, one of them for the key."""
    import duckdb  # noqa: PLC0415 - each way loads what it needs

    database = duckdb.connect(config={"memory_limit": memory})
    counted = ", ".join(f"count(*) FILTER ({fails})" for fails in _CHECKS)
    (counts,) = database.sql(f"SELECT {counted} FROM '{file}'").fetchall()
    (repeated,) = database.sql(
        "SELECT coalesce(sum(n), 0)::BIGINT FROM (SELECT count(*) AS n FROM "
        f"'{file}' GROUP BY customer_id HAVING n > 1)"
    ).fetchall()
    return sorted(filter(None, (*counts, *repeated)))


def our_validation(file: str, schema: str, memory: str, *, sail: bool = False) -> Found:
    """The counts of the package, which reads the Pandera schema and finds examples, too."""
    from datarelease.analysis.validation.run import validate  # noqa: PLC0415 - as above
    from datarelease.analysis.validation.schema import load_schema  # noqa: PLC0415 - as above

    read = load_schema(Path(schema), name_in_messages=schema)
    with _opened(file, schema, memory, sail=sail) as (engine, table, dataset):
        validation = validate(engine, table, dataset, read)
    return sorted(violation.count for violation in validation.violations)


def sql_profile(file: str, schema: str, memory: str) -> Found:  # noqa: ARG001 - all ways alike
    """The number of rows, by one query of DuckDB for all figures of all columns."""
    import duckdb  # noqa: PLC0415 - as above

    database = duckdb.connect(config={"memory_limit": memory})
    table = database.read_parquet(file)
    figures = [
        figure.format(name)
        for name, kind in zip(table.columns, table.types, strict=True)
        for figure in ("count({0})", "approx_count_distinct({0})", *_FIGURES[str(kind)])
    ]
    ((rows, *_),) = database.sql(f"SELECT count(*), {', '.join(figures)} FROM '{file}'").fetchall()
    return [rows]


def summarize(file: str, schema: str, memory: str) -> Found:  # noqa: ARG001 - all ways alike
    """The number of rows, by DuckDB's own profile."""
    import duckdb  # noqa: PLC0415 - as above

    database = duckdb.connect(config={"memory_limit": memory})
    return [database.sql(f"SUMMARIZE FROM '{file}'").fetchall()[0][-2]]


def our_profile(file: str, schema: str, memory: str, *, sail: bool = False) -> Found:
    """The number of rows, by the package's profile."""
    from datarelease.analysis.profiling.profile import profile  # noqa: PLC0415 - as above

    with _opened(file, schema, memory, sail=sail) as (engine, table, dataset):
        return [profile(engine, table, dataset).rows]


@contextmanager
def _opened(file: str, schema: str, memory: str, *, sail: bool) -> Iterator[tuple[Any, Any, Any]]:
    from datarelease.analysis.engine.duckdb.engine import DuckDBEngine  # noqa: PLC0415 - as above
    from datarelease.analysis.engine.tables import Table  # noqa: PLC0415 - as above
    from datarelease.model.data.dataset import Dataset  # noqa: PLC0415 - as above

    dataset = Dataset(name="table", path="table", schema=schema, key=("customer_id",))
    with (
        tempfile.TemporaryDirectory() as scratch,
        _distributed(
            DuckDBEngine(temp_directory=Path(scratch), memory_limit=memory), scratch, sail
        ) as engine,
    ):
        yield engine, Table(paths=(Path(file),), format="parquet"), dataset


def _distributed(embedded: Any, scratch: str, sail: bool) -> Any:  # noqa: FBT001
    """The embedded engine, or Spark beside it: Sail in a process of its own."""
    if not sail:
        return embedded
    from datarelease.analysis.engine.spark.engine import SparkEngine  # noqa: PLC0415 - as above

    return SparkEngine(embedded, scratch=Path(scratch))


if __name__ == "__main__":
    work, way, *arguments = sys.argv[1:]
    ways: dict[tuple[str, str], Callable[..., Found]] = {
        ("validate", "datarelease"): our_validation,
        ("validate", "sail"): partial(our_validation, sail=True),
        ("validate", "sql"): sql_validation,
        ("profile", "datarelease"): our_profile,
        ("profile", "sail"): partial(our_profile, sail=True),
        ("profile", "sql"): sql_profile,
        ("profile", "summarize"): summarize,
    }
    print(json.dumps(ways[work, way](*arguments[:2], *(arguments[2:] or ["2GB"]))))
