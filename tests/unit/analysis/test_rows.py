"""Rows compared by key, against a naive comparison."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.comparison.rows import diff_rows
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.documents import decode, encode
from datarelease.model.data.dataset import Dataset
from datarelease.model.review.diff import RowDiff
from datarelease.model.review.report import EXAMPLES, MASK


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine with a directory of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as engine:
        yield engine


def compared(
    engine: DuckDBEngine,
    directory: Path,
    before: pa.Table | dict[str, Any],
    after: pa.Table | dict[str, Any],
    *,
    key: tuple[str, ...] = ("id",),
    pii: tuple[str, ...] = (),
) -> RowDiff | str:
    """The row diff of two Arrow tables that went through Parquet files."""
    tables = []
    for side in (before, after):
        path = directory / f"{len(list(directory.iterdir()))}.parquet"
        pq.write_table(side if isinstance(side, pa.Table) else pa.table(side), path)
        tables.append(Table(paths=(path,), format="parquet"))
    return diff_rows(engine, tables[0], tables[1], Dataset(name="d", path="d", key=key, pii=pii))


def found(result: RowDiff | str) -> RowDiff:
    """The diff, which must be one and survive the way through JSON."""
    assert isinstance(result, RowDiff)
    assert decode(RowDiff, encode(result)) == result
    return result


value = st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.5, math.nan, math.inf, -math.inf]))
word = st.one_of(st.none(), st.sampled_from(["", "a", "b", "😀"]))
keyed = st.dictionaries(
    st.tuples(st.integers(0, 6), st.sampled_from(["x", "y"])), st.tuples(value, word), max_size=14
)


def arrow(rows: dict[tuple[int, str], tuple[Any, ...]]) -> pa.Table:
    """Keyed rows as a table."""
    return pa.table(
        {
            "k1": pa.array([k[0] for k in rows], pa.int64()),
            "num": pa.array([v[0] for v in rows.values()], pa.float64(), from_pandas=False),
            "k 2": pa.array([k[1] for k in rows], pa.string()),
            "te|xt": pa.array([v[1] for v in rows.values()], pa.string()),
        }
    )


def same(one: Any, two: Any) -> bool:
    """Equality of values, NaN being null."""
    one, two = (None if isinstance(v, float) and math.isnan(v) else v for v in (one, two))
    return bool(one == two)


@examples(12, suppress_health_check=[HealthCheck.too_slow])
@given(before=keyed, after=keyed)
def test_counts_are_those_of_a_naive_comparison(
    engine: DuckDBEngine,
    tmp_path_factory: pytest.TempPathFactory,
    before: dict[tuple[int, str], tuple[Any, ...]],
    after: dict[tuple[int, str], tuple[Any, ...]],
) -> None:
    """Added, removed, changed, unchanged and changes by column equal those of a plain loop."""
    directory = tmp_path_factory.mktemp("rows")
    diff = found(compared(engine, directory, arrow(before), arrow(after), key=("k1", "k 2")))
    both = before.keys() & after.keys()
    columns = [sum(not same(before[key][i], after[key][i]) for key in both) for i in range(2)]
    changed = sum(
        any(not same(one, two) for one, two in zip(before[k], after[k], strict=True)) for k in both
    )
    assert (diff.added, diff.removed) == (len(after.keys() - both), len(before.keys() - both))
    assert (diff.changed, diff.unchanged) == (changed, len(both) - changed)
    assert dict(diff.columns) == {
        name: n for name, n in zip(("num", "te|xt"), columns, strict=True) if n
    }
    assert len(diff.examples) == min(EXAMPLES, diff.added + diff.removed + diff.changed)
    assert bool(diff) == bool(diff.added + diff.removed + changed)


def test_equal_tables_are_falsy(engine: DuckDBEngine, tmp_path: Path) -> None:
    """A table compared with itself in another order has no difference."""
    table = pa.table({"id": [1, 2, 3], "v": [math.nan, -0.0, None], "w": [[1], [2], None]})
    other = pa.table({"w": [None, [2], [1]], "v": [None, 0.0, None], "id": [3, 2, 1]})
    diff = found(compared(engine, tmp_path, table, other))
    assert not diff
    assert diff.unchanged == 3


def test_added_and_removed_rows_show_their_values(engine: DuckDBEngine, tmp_path: Path) -> None:
    """The first columns of the row, on the side where it is, personal values masked."""
    day = dt.date(2026, 1, 2)
    more = {f"c{n}": [n] for n in range(20)}
    before = {"id": [1], "mail": ["a@b.c"], "day": [day], "tags": [["x"]], "gone": [1], **more}
    after = {"id": [2], "mail": ["d@e.f"], "day": [day], "tags": [["x"]], "new": [1], **more}
    diff = found(compared(engine, tmp_path, before, after, pii=("mail",)))
    added, removed = diff.examples
    assert (added.kind, added.key, removed.kind) == ("added", (("id", 2),), "removed")
    assert len(added.values) == len(removed.values) == 8
    assert added.values[:3] == (
        ("mail", None, MASK), ("day", None, "2026-01-02"), ("tags", None, "(list<string>)"),
    )  # fmt: skip
    assert removed.values[:2] == (("mail", MASK, None), ("day", "2026-01-02", None))
    assert "d@e.f" not in encode(diff)
    assert "a@b.c" not in encode(diff)


def test_examples_are_a_fair_mix_in_key_order(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Ten examples of all three kinds, the smallest keys first, with old and new values."""
    before = {"id": list(range(99, -1, -1)), "v": [0] * 100}
    after = {"id": list(range(50, 151)), "v": [1] * 101}
    diff = found(compared(engine, tmp_path, before, after))
    assert [(e.kind, e.key[0][1]) for e in diff.examples] == [
        *(("changed", key) for key in (50, 51, 52, 53)),
        *(("added", key) for key in (100, 101, 102)),
        *(("removed", key) for key in (0, 1, 2)),
    ]
    assert diff.examples[0].values == (("v", 0, 1),)


def test_pii_is_masked(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Values of pii columns are shown nowhere, not as keys either; their changes count."""
    before = {"mail": ["secret@a", "secret@b"], "name": ["secret1", "n"], "x": [1, 2]}
    after = {"mail": ["secret@a", "secret@c"], "name": ["secret2", "n"], "x": [1, 2]}
    diff = found(compared(engine, tmp_path, before, after, key=("mail",), pii=("mail", "name")))
    assert "secret" not in encode(diff)
    assert diff.columns == (("name", 1),)
    assert diff.examples[0].key == (("mail", MASK),)
    assert diff.examples[0].values == (("name", MASK, MASK),)


@pytest.mark.parametrize(
    ("before", "after", "key", "words"),
    [
        ({"id": [1]}, {"id": [1]}, (), "no key"),
        ({"id": [1, 1, 2]}, {"id": [1]}, ("id",), "not unique before: 1 row too many"),
        ({"id": [1]}, {"id": [1, 1]}, ("id",), "not unique after"),
        ({"id": [1]}, {"id": [1, None]}, ("id",), "null in 1 row after"),
        ({"id": [1, None, 3]}, {"id": [1, 2]}, ("id",), "null in 1 row before"),
        ({"id": [1, None, None]}, {"id": [1, 2, 3]}, ("id",), "null in 2 rows before"),
        ({"id": [1, 1, None]}, {"id": [1, 2]}, ("id",), "null in 1 row before"),
        ({"a": [1, 1], "b": [2, None]}, {"a": [1], "b": [2]}, ("a", "b"), "null in 1 row before"),
        ({"a": [1, None], "b": [2, 2]}, {"a": [1], "b": [2]}, ("a", "b"), "null in 1 row before"),
        ({"no": [1]}, {"id": [1]}, ("id",), "no key column 'id' before"),
        ({"id": [1]}, {"id": ["1"]}, ("id",), "of types int64 and string"),
        ({"id": [[1]]}, {"id": [[1]]}, ("id",), "of type list<int64>"),
        ({"a": [1, 1], "b": [2, 2]}, {"a": [1], "b": [1]}, ("a", "b"), "not unique before"),
    ],
)
def test_no_row_diff_says_why(
    engine: DuckDBEngine,
    tmp_path: Path,
    before: dict[str, Any],
    after: dict[str, Any],
    key: tuple[str, ...],
    words: str,
) -> None:
    """Without a usable key there is a reason instead of a diff."""
    result = compared(engine, tmp_path, before, after, key=key)
    assert isinstance(result, str)
    assert words in result


@examples(30)
@given(
    before=st.lists(st.tuples(*[st.sampled_from([None, 0, 1, 2])] * 2), max_size=8),
    after=st.sets(st.tuples(*[st.integers(0, 2)] * 2), min_size=1),
)
def test_a_key_before_that_is_null_or_repeated_is_always_noticed(
    engine: DuckDBEngine,
    tmp_path_factory: pytest.TempPathFactory,
    before: list[tuple[int | None, int | None]],
    after: set[tuple[int, int]],
) -> None:
    """Whatever the rows are that were added and removed beside it."""
    path = tmp_path_factory.mktemp("rows")
    sides = [
        pa.table({"ab"[at]: pa.array([key[at] for key in side], pa.int64()) for at in range(2)})
        for side in (before, sorted(after))
    ]
    result = compared(engine, path, *sides, key=("a", "b"))
    usable = len({*before}) == len(before) and not any(None in key for key in before)
    assert isinstance(result, str) is not usable


def test_wider_types_are_compared(engine: DuckDBEngine, tmp_path: Path) -> None:
    """int32 and int64, date and timestamp, float32 and float64 are compared by value."""
    day = dt.date(2026, 1, 1)
    before = pa.table(
        {"id": pa.array([1, 2], pa.int32()), "d": [day, day], "f": pa.array([0.5, 1], pa.float32())}
    )
    moment = dt.datetime(2026, 1, 1)  # noqa: DTZ001
    after = {"id": [1, 2], "d": [moment, moment.replace(hour=1)], "f": [0.5, 1.0]}
    diff = found(compared(engine, tmp_path, before, after))
    assert diff.columns == (("d", 1),)


def test_types_without_a_common_one_are_left_out(engine: DuckDBEngine, tmp_path: Path) -> None:
    """A column that became text is a schema change and changes no row; so is a new column."""
    before = {"id": [1, 2], "v": [1, 2], "w": [1, 1]}
    after = {"id": [1, 2], "v": ["1", "x"], "w": [1, 2], "new": [1, 2]}
    diff = found(compared(engine, tmp_path, before, after))
    assert diff.columns == (("w", 1),)


def test_long_text_and_odd_types_are_shown_short(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Texts are cut at 200 characters, infinities are words, lists are called by their type."""
    before = {"id": [1], "t": ["a" * 10_000], "f": [1.0], "l": [[1]]}
    after = {"id": [1], "t": ["a" * 9_999 + "b"], "f": [math.inf], "l": [[2]]}
    diff = found(compared(engine, tmp_path, before, after))
    values = {name: (old, new) for name, old, new in diff.examples[0].values}
    assert values["t"] == ("a" * 200, "a" * 200)
    assert values["f"] == (1.0, "inf")
    assert values["l"] == ("(list<int64>)", "(list<int64>)")


def test_csv_sides_are_read_with_the_same_types(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Where the two sides look like other types, they are compared as what holds both."""
    pc.write_csv(pa.table({"id": [1, 2], "v": [1, 2], "w": ["1", "2"]}), tmp_path / "a.csv")
    pc.write_csv(pa.table({"id": [1, 2], "v": [1.0, 2.5], "w": ["1", "x"]}), tmp_path / "b.csv")
    tables = [Table(paths=(tmp_path / name,), format="csv") for name in ("a.csv", "b.csv")]
    diff = found(diff_rows(engine, tables[0], tables[1], Dataset(name="d", path="d", key=("id",))))
    assert dict(diff.columns) == {"v": 1, "w": 1}


def test_empty_and_wide_and_odd_names(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Empty tables and 60 columns with any names are compared."""
    names = [f'c {i} 😀|"' for i in range(60)]
    full = pa.table({"id": [1], **{name: [1] for name in names}})
    diff = found(compared(engine, tmp_path, full.slice(0, 0), full))
    assert (diff.added, diff.unchanged) == (1, 0)
    empty = {"id": pa.array([], pa.int64())}
    assert not found(compared(engine, tmp_path, empty, empty))


@pytest.mark.parametrize(
    ("columns", "depth"),
    # DuckDB's own limit, and as much below the number of columns with a tenth of them: the Python
    # of its relations takes quadratic time.
    [pytest.param(1000, 1000, marks=pytest.mark.slow), (100, 50)],
)
def test_very_many_columns_are_compared(columns: int, depth: int, tmp_path: Path) -> None:
    """Any one of very many columns makes a row differ; the query is no deeper for each of them."""
    wide = {"id": [1, 2, 3], **{f"c{i}": [i, i, i] for i in range(columns)}}
    changed = {**wide, "c0": [0, 9, 0], f"c{columns - 1}": [columns - 1, columns - 1, 0]}
    with DuckDBEngine(temp_directory=tmp_path / "spill") as engine:
        engine._connection.execute(f"SET max_expression_depth = {depth}")
        diff = found(compared(engine, tmp_path, wide, changed))
    assert (diff.changed, diff.columns) == (2, (("c0", 1), (f"c{columns - 1}", 1)))


def test_a_table_of_nothing_but_keys(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Without other columns rows can only come and go."""
    diff = found(compared(engine, tmp_path, {"id": [1, 2]}, {"id": [2, 3]}))
    assert (diff.added, diff.removed, diff.changed, diff.unchanged) == (1, 1, 0, 1)


def test_skipped_files_are_told(engine: DuckDBEngine, tmp_path: Path) -> None:
    """The number of part files that were not read is passed on."""
    pq.write_table(pa.table({"id": [1]}), tmp_path / "a.parquet")
    table = Table(paths=(tmp_path / "a.parquet",), format="parquet")
    dataset = Dataset(name="d", path="d", key=("id",))
    assert found(diff_rows(engine, table, table, dataset, skipped_files=3)).skipped_files == 3
