"""The engine's validation beside `pandera.pandas` on the same values: equal failure counts.

Where the two differ on purpose, docs/data/validation.md says so; the last tests hold it to that.
"""

# ruff: noqa: RUF001, DTZ001 - odd letters and naive times are the point

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow  # noqa: ICN001 - `pa` is Pandera
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples
from tests.slow_cases import slow_but

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.validation.run import validate
from datarelease.analysis.validation.schema_checks import spelled
from datarelease.model.data.dataset import Dataset

INF = math.inf
NUMBERS = [-INF, -1.5, -0.0, 0.0, 0.5, 1.0, 2.0, 2.0, 1e300, INF, math.nan, None]
INTEGERS = [-(2**63), -1, 0, 0, 1, 2**53, 2**53 + 1, 2**63 - 1]
TEXTS = [
    "", "a", "ab", "AB", "a\n", "a\nb", "12", "12\n", "١٢", "é", "ß", "ſ", "K", "İ", "x" * 10_000,
    " a ", "a b", "\x1c", "\x85", "a\x00b", "😀", "אב", "<b>", "|", '"', None, "12", "a",
]  # fmt: skip
TIMES = [dt.datetime(1900, 1, 1), dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, 0, 0, 1), None]
DAYS = [dt.date(2020, 1, 1), dt.date(2020, 1, 2), dt.date(1900, 2, 28), None]
UTC = arrow.timestamp("us", "UTC")
C = pa.Check
Counts = Counter[tuple[str | None, str]]
"""Failing rows by column and check."""
PATTERNS = [
    r"a", r"a$", r"^a$", r"a|b", r"^a|b", r"\d+", r"\d+$", r"[0-9]+\Z", r"\w+", r"\w+$", r"\s",
    r"\S", r"[^\d]", r"\D", r"(?i)ab", r"(?i)s", r"(?i)k", r"(?i)é", r".", r"a.b", r"(?s)a.b",
    r"(?m)^b$", r"(?m)a$", r"\ba\b", r"(?a)\w+$", r"(?a)\d", r"(?=a)ab", r"(?!a)", r"(a)\1?b",
    r"[a-z]{2}$", r"(?:x{10}){3}", r"[^a]", r"", r"$", r"\|", r"<.>", r"[\s\S]", r"é|ß",
    r"[😀-😂]", r"(?<=a)b", r"\x00", r".*?b", r"[\w.]+", r"a$|b$", r"(a$)", r"\Aa",
]  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """One engine for the module."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


def ours(
    engine: DuckDBEngine, path: Path, table: arrow.Table, schema: pa.DataFrameSchema
) -> Counts:
    """(column, check) -> failing rows, as the engine counts them."""
    pq.write_table(table, path)
    files = Table(paths=(path,), format="parquet")
    found = validate(engine, files, Dataset(name="d", path="d.parquet"), schema)
    return Counter({(v.column, v.check): v.count for v in found.violations})


def theirs(table: arrow.Table, schema: pa.DataFrameSchema) -> Counts:
    """(column, check) -> failing rows, as `pandera.pandas` counts them.

    Texts are Python's own, since pandas lets RE2 match some of those that it keeps in Arrow.
    """
    frame = table.to_pandas()
    texts = [field.name for field in table.schema if field.type == arrow.string()]
    frame = frame.astype(dict.fromkeys(texts, object))
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return Counter(dict(_counted(error, frame) for error in errors.schema_errors))
    return Counter()


def _counted(error: pa.errors.SchemaError, frame: pd.DataFrame) -> tuple[tuple[Any, str], int]:
    """((column, check), rows): what a schema error of Pandera's stands for."""
    check, reason = error.check, error.reason_code.name
    column = error.schema.name if isinstance(error.schema, pa.Column) else None
    if reason == "SERIES_CONTAINS_DUPLICATES":
        return (column, "unique"), _duplicated(frame[[column]], error.schema.report_duplicates)
    if reason == "DUPLICATES":
        names = error.schema.unique
        return (None, f"unique({', '.join(names)})"), _duplicated(frame[names], "all")
    if reason == "SERIES_CONTAINS_NULLS":
        return (column, "not_nullable"), len(error.failure_cases)
    if reason == "CHECK_ERROR" or isinstance(error.check_output, bool):
        return (column, spelled(check)), 1
    passed = error.check_output
    passed = passed.all(axis=1) if passed.ndim == 2 else passed
    return (column, spelled(check)), int((~passed.astype(bool)).sum())


def _duplicated(frame: pd.DataFrame, keep: str) -> int:
    kept: Any = {"all": False, "exclude_first": "first", "exclude_last": "last"}[keep]
    return int(frame.duplicated(keep=kept).sum())


def one_column(
    values: Any, dtype: arrow.DataType, check: pa.Check | list[pa.Check] | None
) -> tuple[Any, Any]:
    """A table of one column, and a schema that only asks ``check`` of it."""
    table = arrow.table({"v": arrow.array(values, dtype)})
    return table, pa.DataFrameSchema({"v": pa.Column(checks=check, nullable=True)})


NUMBER_CHECKS = [
    C.gt(0), C.ge(0), C.lt(0), C.le(-0.0), C.eq(0), C.ne(0), C.in_range(0, 2), C.ge(INF),
    C.in_range(0, 2, include_min=False), C.in_range(0, 2, include_max=False), C.isin([0, 2.0]),
    C.notin([0, 2]), C.isin([]), C.notin([]), C.isin(["0", 1]), C.eq("0"), C.ne("0"), C.lt(-INF),
    C.gt(0, ignore_na=False), C.ne(0, ignore_na=False), C.isin([0.0], ignore_na=False),
    C.notin([0.0], ignore_na=False), C.eq(2**53 + 1), C.le(2**53), C.isin([2**53 + 1]),
]  # fmt: skip


NUMBER_COLUMNS: dict[str, tuple[Any, arrow.DataType]] = {
    "float": (NUMBERS, arrow.float64()),
    "int": (INTEGERS, arrow.int64()),
    "null": ([None, None], arrow.float64()),
}


# Each check of floats; of integers what is lost in floats, of nulls what takes them.
@pytest.mark.parametrize(
    ("column", "check"),
    slow_but(
        {
            *(f"float-{spelled(check)}" for check in NUMBER_CHECKS),
            *(f"int-{spelled(check)}" for check in (NUMBER_CHECKS[0], *NUMBER_CHECKS[-3:])),
            *(f"null-{spelled(check)}" for check in NUMBER_CHECKS if not check.ignore_na),
            f"null-{spelled(NUMBER_CHECKS[0])}",
        },
        itertools.product(NUMBER_COLUMNS, NUMBER_CHECKS),
        lambda case: f"{case[0]}-{spelled(case[1])}",
    ),
)
def test_numbers(engine: DuckDBEngine, tmp_path: Path, column: str, check: pa.Check) -> None:
    """Comparisons of floats with NaN, infinities and zeros, and of large integers, count alike."""
    table, schema = one_column(*NUMBER_COLUMNS[column], check)
    assert ours(engine, tmp_path / "t", table, schema) == theirs(table, schema)


TEXT_CHECKS = [
    C.eq("a"), C.ne("a"), C.isin(["", "a", "١٢"]), C.notin(["", "a\n"]), C.isin([1, "a"]),
    C.str_startswith("a"), C.str_endswith("b"), C.str_endswith("\n"),
    C.str_startswith("", ignore_na=False),
    C.str_length(1), C.str_length(None, 2), C.str_length(1, 2), C.str_length(exact_value=2),
    C.gt("a"), C.in_range("a", "b"), C.lt("é"), C.eq(1), C.ne(1), C.str_startswith("%"),
    C.str_length(min_value=1, ignore_na=False), C.str_matches("a", ignore_na=False),
    C.ne("a", ignore_na=False), C.notin(["a"], ignore_na=False),
]  # fmt: skip


@pytest.mark.parametrize("check", TEXT_CHECKS, ids=spelled)
def test_texts(engine: DuckDBEngine, tmp_path: Path, check: pa.Check) -> None:
    """Comparisons, lengths, beginnings and ends of odd texts count alike."""
    table, schema = one_column(TEXTS, arrow.string(), check)
    assert ours(engine, tmp_path / "t", table, schema) == theirs(table, schema)


@pytest.fixture(scope="module", params=[C.str_matches, C.str_contains], ids=["matches", "contains"])
def counted(
    request: pytest.FixtureRequest, engine: DuckDBEngine, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, Counts, Counts]:
    """A kind of check, and how many texts fail it with each pattern: ours, and theirs."""
    make = request.param
    table, schema = one_column(TEXTS, arrow.string(), [make(pattern) for pattern in PATTERNS])
    found = ours(engine, tmp_path_factory.mktemp("patterns") / "t", table, schema)
    return make, found, theirs(table, schema)


@pytest.mark.slow  # the test below compares all of them at once
@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns(
    counted: tuple[Any, Counts, Counts],
    pattern: str,
) -> None:
    """A pattern fails the same texts, whichever machine evaluates it."""
    make, found, expected = counted
    check = spelled(make(pattern))
    assert found["v", check] == expected["v", check]


def test_patterns_fail_nothing_else(
    counted: tuple[Any, Counts, Counts],
) -> None:
    """Beside each other they fail what each of them fails, and some of them fail some texts."""
    _, found, expected = counted
    assert found == expected
    assert len(found) > len(PATTERNS) / 2


DAY = dt.datetime(2020, 1, 1)


@pytest.mark.parametrize(
    ("values", "dtype", "check"),
    [
        (TIMES, arrow.timestamp("us"), C.ge(DAY)),
        (TIMES, arrow.timestamp("ns"), C.le(pd.Timestamp(DAY))),
        (TIMES, arrow.timestamp("ms"), C.in_range(DAY, dt.datetime(2021, 1, 1))),
        (TIMES, arrow.timestamp("us"), C.isin([DAY])),
        (TIMES, arrow.timestamp("us"), C.eq("2020-01-01")),
        (TIMES, UTC, C.ge(pd.Timestamp("2020-01-01", tz="UTC"))),
        (TIMES, UTC, C.gt(pd.Timestamp("2020-01-01 01:00", tz="Europe/Berlin"))),
        (DAYS, arrow.date32(), C.ge(dt.date(2020, 1, 2))),
        (DAYS, arrow.date32(), C.isin([dt.date(2020, 1, 1)])),
        ([True, False, None], arrow.bool_(), C.eq(True)),
        ([True, False, None], arrow.bool_(), C.isin([True])),
    ],
)
def test_times_and_booleans(
    engine: DuckDBEngine, tmp_path: Path, values: Any, dtype: Any, check: pa.Check
) -> None:
    """Timestamps of any unit and zone, days and booleans count alike."""
    table, schema = one_column(values, dtype, check)
    assert ours(engine, tmp_path / "t", table, schema) == theirs(table, schema)


REPEATED: dict[str, tuple[Any, arrow.DataType]] = {
    "float": (NUMBERS, arrow.float64()),
    "text": (TEXTS, arrow.string()),
    "int": (INTEGERS, arrow.int64()),
    "mostly null": ([None, None, 1], arrow.int64()),
    "time": (TIMES, arrow.timestamp("us")),
}


@pytest.mark.parametrize(
    ("column", "keep"),
    slow_but(
        {*(f"{name}-all" for name in REPEATED), "float-exclude_first", "float-exclude_last"},
        itertools.product(REPEATED, ["all", "exclude_first", "exclude_last"]),
        "-".join,
    ),
)
def test_unique_columns(engine: DuckDBEngine, tmp_path: Path, column: str, keep: Any) -> None:
    """Duplicates count alike: -0.0 equals 0.0, and missing values equal each other."""
    table = arrow.table({"v": arrow.array(*REPEATED[column])})
    asked = pa.Column(unique=True, nullable=True, report_duplicates=keep)
    schema = pa.DataFrameSchema({"v": asked})
    assert ours(engine, tmp_path / "t", table, schema) == theirs(table, schema)


def test_unique_together_and_missing_values(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Columns unique together, and columns that may not be null, count alike."""
    table = arrow.table({"a": [1, 1, None, None, 2], "b": ["x", "x", None, None, "y"]})
    schema = pa.DataFrameSchema({"a": pa.Column(), "b": pa.Column()}, unique=["a", "b"])
    assert ours(engine, tmp_path / "t", table, schema) == theirs(table, schema)


@pytest.mark.parametrize("values", [["a", "b"], ["a"], ["a", "b", "c"], [1, "a"], []])
def test_unique_values_eq(engine: DuckDBEngine, tmp_path: Path, values: Any) -> None:
    """The set of a column's values is compared alike."""
    table, schema = one_column(["a", "b", "a"], arrow.string(), C.unique_values_eq(values))
    assert ours(engine, tmp_path / "t", table, schema) == theirs(table, schema)


@pytest.mark.parametrize(
    "check",
    [
        C(lambda s: s > 0, name="positive"),
        C(lambda s: s.mean() > 0, name="mean"),
        C(lambda s: ~s.duplicated(), name="once"),
        C(lambda v: v > 0, element_wise=True, name="each"),
        C(lambda s: s > 0, ignore_na=False, name="null too"),
        C(lambda s: s / "x", name="broken"),
    ],
    ids=lambda check: check.name,
)
def test_custom_checks(engine: DuckDBEngine, tmp_path: Path, check: pa.Check) -> None:
    """Checks of people's own count alike, whole-column ones and broken ones too."""
    table, schema = one_column([1, -1, 0, 5, 5, None], arrow.int64(), check)
    assert ours(engine, tmp_path / "t", table, schema) == theirs(table, schema)


def test_checks_of_the_whole_table(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Checks between columns, and a built-in check of every column, count rows alike."""
    table = arrow.table({"a": [1, 2, 3, None], "b": [2, 2, 2, 9]})
    schema = pa.DataFrameSchema(checks=[C(lambda df: df["a"] < df["b"], name="less"), C.lt(3)])
    assert ours(engine, tmp_path / "t", table, schema) == theirs(table, schema)


SMALL = examples(20, suppress_health_check=[HealthCheck.function_scoped_fixture])
FLOATS = st.lists(st.none() | st.floats() | st.integers(-3, 3).map(float), max_size=8)
WORDS = st.lists(st.none() | st.text("aAb1\n ٣éK", max_size=3), max_size=8)


@SMALL
@given(FLOATS, st.integers(-3, 3), st.integers(0, 3), st.tuples(st.booleans(), st.booleans()))
def test_any_floats(
    engine: DuckDBEngine, tmp_path: Path, values: Any, low: int, width: int, closed: Any
) -> None:
    """Ranges, memberships, missing values and duplicates of any floats count alike."""
    table = arrow.table({"v": arrow.array(values, arrow.float64())})
    bounds = C.in_range(low, low + width + 1, include_min=closed[0], include_max=closed[1])
    column = pa.Column(checks=[bounds, C.isin([low, width])], unique=True)
    schema = pa.DataFrameSchema({"v": column})
    assert ours(engine, tmp_path / "t", table, schema) == theirs(table, schema)


@SMALL
@given(WORDS, st.sampled_from(PATTERNS))
def test_any_words(engine: DuckDBEngine, tmp_path: Path, values: Any, pattern: str) -> None:
    """Patterns, memberships, missing values and duplicates of any texts count alike."""
    table = arrow.table({"v": arrow.array(values, arrow.string())})
    checks = [C.str_matches(pattern), C.isin(["a", "1"]), C.str_length(1, 2)]
    schema = pa.DataFrameSchema({"v": pa.Column(checks=checks, unique=True)})
    assert ours(engine, tmp_path / "t", table, schema) == theirs(table, schema)
