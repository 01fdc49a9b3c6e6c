"""The different values of a column, exactly, whichever way they are counted."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import narwhals as nw
import numpy as np
import pyarrow as pa
import pytest
from tests.slow_cases import slow_but

from datarelease.analysis.engine.duckdb import value_counts
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.values import ValueCounts

ROWS = 3000


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine for all tests."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as opened:
        yield opened


def texts(repeated: int) -> list[str | None]:
    """Texts of which all but a few occur once, shuffled, and some nulls."""
    once = [f"ä-{number:05}" for number in range(ROWS)]
    some = [f"z-{number % 12}" for number in range(repeated)]
    mixed = np.array([*once, *some, None, None], object)
    np.random.default_rng(repeated).shuffle(mixed)
    return list(mixed)


def expected(values: list[str | None]) -> ValueCounts:
    """The same, counted in Python."""
    counts = Counter(value for value in values if value is not None)
    lengths = [len(value) for value in counts.elements()]
    top = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return ValueCounts(
        distinct=len(counts),
        rows=len(lengths),
        min=min(counts),
        max=max(counts),
        length_min=min(lengths),
        length_max=max(lengths),
        length_sum=sum(lengths),
        top=tuple(top[:10]),
    )


@pytest.mark.parametrize(
    ("listed", "repeated", "hashes"),
    # Each hash with texts that occur once and often, of which few or all are listed.
    slow_but(
        {
            "2-0-hash(value)", "2-30-hash(value)", "100-900-hash(value)",
            "2-3-hash(value) % 100000", "2-900-hash(value) % 100000",
            "2-900-0::UBIGINT", "100-3-0::UBIGINT", "100-0-0::UBIGINT",
        },
        itertools.product(
            [2, 100], [0, 3, 30, 900], ["hash(value)", "hash(value) % 100000", "0::UBIGINT"]
        ),
        name=lambda case: "{}-{}-{}".format(*case),
    ),
)  # fmt: skip
def test_both_ways_are_exact(
    engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch, listed: int, repeated: int, hashes: str
) -> None:
    """Equal hashes of different texts change nothing, nor do a few texts that occur often."""
    monkeypatch.setattr(value_counts, "_LISTED", listed)
    monkeypatch.setattr(value_counts, "_SAMPLE", 1000)
    monkeypatch.setattr(value_counts, "_HASH", hashes)
    values = texts(repeated)
    frame = engine.rows(pa.table({"value": pa.array(values, pa.string())}))
    found = engine.value_counts(frame, top=10)
    monkeypatch.setattr(value_counts, "_SAMPLE", len(values) + 1)
    by_group = engine.value_counts(frame, top=10)
    monkeypatch.setattr(value_counts, "_SAMPLE", 1000)
    numbers = engine.value_counts(frame, top=0)
    assert found == by_group == expected(values)
    assert (numbers.distinct, numbers.rows) == (found.distinct, found.rows)


def test_too_many_repeated_hashes_are_grouped(
    engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where more hashes occur twice than are kept in memory, texts are grouped after all."""
    monkeypatch.setattr(value_counts, "_SAMPLE", 1000)
    monkeypatch.setattr(value_counts, "_REPEATED", 5)
    values = texts(30)
    frame = engine.rows(pa.table({"value": pa.array(values, pa.string())}))
    assert engine.value_counts(frame, top=10) == expected(values)


def test_the_memory_limit_is_given_back(tmp_path: Path) -> None:
    """Counting takes less memory than the engine may, and what comes after it has all again."""
    long = pa.table({"value": pa.array([str(number) * 4 for number in range(50_000)])})
    with DuckDBEngine(temp_directory=tmp_path, memory_limit="300MB") as engine:
        limit = nw.from_native(engine._connection.sql("SELECT current_setting('memory_limit') l"))
        before = engine.collect(limit)
        assert engine.value_counts(engine.rows(long), top=10).distinct == 50_000
        assert engine.collect(limit) == before


@pytest.mark.parametrize("least", ["\0", "it's", ""])
def test_the_least_values_are_found_below_a_bound(
    engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch, least: str
) -> None:
    """The first rows tell up to where the least values are, whatever their letters are."""
    monkeypatch.setattr(value_counts, "_SAMPLE", 100)
    values = [f"{least}{number:05}" for number in range(3000, 0, -1)]
    frame = engine.rows(pa.table({"value": values}))
    assert engine.value_counts(frame, top=10) == expected([*values])


@pytest.mark.parametrize(
    ("order", "repeated", "longest"),
    slow_but(
        {"1-0-", "-1-900-", "1-3-yyy", "-1-3-äää", "1-900-äää", "-1-0-yyy"},
        itertools.product([1, -1], [0, 3, 900], [[], ["y" * 101], ["ä" * 101]]),
        name=lambda case: f"{case[0]}-{case[1]}-{''.join(case[2])[:3]}",
    ),
)
def test_texts_in_order_are_counted_in_one_pass_unless_one_is_long(
    engine: DuckDBEngine,
    monkeypatch: pytest.MonkeyPatch,
    order: int,
    repeated: int,
    longest: list[str],
) -> None:
    """All of such texts lie beyond a bound; where one is long, they are read once more."""
    monkeypatch.setattr(value_counts, "_SAMPLE", 1000)
    reread: list[bool] = []
    figures = value_counts._figures

    def reading(top: int, *given: str) -> str:
        reread.append(True)
        return figures(top, *given)

    monkeypatch.setattr(value_counts, "_figures", reading)
    some = [f"m-{number % 12}" for number in range(repeated)]
    once = [f"{letter}-{number:05}" for letter in "bx" for number in range(ROWS)]
    values: list[str | None] = [*sorted([*once, *some, *longest])]
    values = values[::order]
    frame = engine.rows(pa.table({"value": pa.array(values, pa.string())}))
    assert engine.value_counts(frame, top=10) == expected(values)
    assert reread == [True] * len(longest)


@pytest.mark.parametrize("values", [[True, False, None, True], [3, -1, None, 3], [7] * 300])
def test_values_of_other_types_are_counted_as_their_texts(
    engine: DuckDBEngine, values: list[int | bool | None]
) -> None:
    """Booleans and whole numbers are counted as they are, and named and hashed as texts."""
    rows = pa.table({"value": pa.array(values)})
    texts = rows.cast(pa.schema([("value", pa.string())]))
    one, other = engine.rows(rows), engine.rows(texts)
    for top in (0, 10):
        assert engine.value_counts(one, top=top) == engine.value_counts(other, top=top)
    for grouped in (False, True):
        keys, same = (
            pa.Table.from_batches(engine.value_keys(f, "salt", grouped=grouped, rows=1000))
            for f in (one, other)
        )
        assert keys.sort_by("key") == same.sort_by("key")
