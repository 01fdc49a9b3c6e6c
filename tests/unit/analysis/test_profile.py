"""The profile of a table."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling.profile import profile
from datarelease.documents import decode, encode
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import Category, Cell, ColumnProfile, Profile
from datarelease.model.data.table_format import Format


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine with a directory of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as engine:
        yield engine


def profiled(
    engine: DuckDBEngine, directory: Path, table: pa.Table, *, pii: tuple[str, ...] = ()
) -> Profile:
    """The profile of an Arrow table that went through a Parquet file."""
    path = directory / f"{len(list(directory.iterdir()))}.parquet"
    pq.write_table(table, path)
    dataset = Dataset(name="d", path="d.parquet", pii=pii)
    return profile(engine, Table(paths=(path,), format="parquet"), dataset)


def column(engine: DuckDBEngine, directory: Path, values: Any, **options: Any) -> ColumnProfile:
    """The profile of one column ``x``."""
    return profiled(engine, directory, pa.table({"x": values}), **options).columns[0]


texts = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\0")))
row = st.tuples(
    st.one_of(st.none(), st.floats()),
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    texts,
    st.one_of(st.none(), st.booleans()),
    st.one_of(st.none(), st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31))),  # noqa: DTZ001
)


@pytest.mark.parametrize("value", [1.7976931345e308, -1.7976931348623157e308])
def test_the_largest_floats_have_a_profile(
    engine: DuckDBEngine, tmp_path: Path, value: float
) -> None:
    """Rounded to fewer digits they would be infinite, which JSON has not."""
    found = profiled(engine, tmp_path, pa.table({"x": [None, value, value]}))
    assert "Infinity" not in encode(found)


@examples(10, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(row, max_size=40), data=st.data())
def test_row_order_does_not_matter(
    engine: DuckDBEngine,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[Any, ...]],
    data: st.DataObject,
) -> None:
    """Shuffled rows have a byte-identical profile, and it survives the way through JSON."""
    kinds = (pa.float64(), pa.int64(), pa.string(), pa.bool_(), pa.timestamp("us"))
    directory = tmp_path_factory.mktemp("order")

    def text(some: list[tuple[Any, ...]]) -> str:
        columns = {
            f"c{i}": pa.array([r[i] for r in some], kind, from_pandas=False)
            for i, kind in enumerate(kinds)
        }
        found = profiled(engine, directory, pa.table(columns))
        assert decode(Profile, encode(found)) == found
        return encode(found)

    assert text(rows) == text(data.draw(st.permutations(rows)))


def test_mean_and_deviation_are_numpys(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Mean and standard deviation agree with numpy to a billionth of the range."""
    rng = np.random.default_rng(3)
    for values in (
        rng.normal(5, 2, 4000),
        rng.lognormal(10, 2, 4000),
        1e12 + rng.random(4000),
        rng.integers(-(2**62), 2**62, 4000),
        rng.random(4000) * 1e-310,
        rng.random(4000).astype("float32"),
        rng.integers(0, 2**64 - 1, 4000, dtype=np.uint64),
    ):
        found = column(engine, tmp_path, values)
        real = values.astype(np.longdouble)
        spread = float(real.max() - real.min())
        assert found.mean == pytest.approx(float(real.mean()), rel=1e-9, abs=1e-9 * spread)
        assert found.std == pytest.approx(float(real.std()), rel=1e-5, abs=1e-9 * spread)


def test_numbers(engine: DuckDBEngine, tmp_path: Path) -> None:
    """NaN counts as null, infinities apart; few values are point masses and so distinct."""
    values = pa.array([1.5, 2.5, 1.5, math.nan, None, math.inf, -math.inf], from_pandas=False)
    found = column(engine, tmp_path, values)
    assert (found.nulls, found.infinite, found.distinct) == (2, 2, 2)
    assert (found.min, found.max, found.std) == (1.5, 2.5, 0.471405)
    assert found.mean == pytest.approx(5.5 / 3)
    assert found.cells == (Cell(1.5, 1.5, 2), Cell(2.5, 2.5, 1))


def test_huge_integers(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Smallest, largest and distinct are exact beyond 2**53."""
    found = column(engine, tmp_path, pa.array([2**53, 2**53 + 1, 2**64 - 1], pa.uint64()))
    assert (found.min, found.max, found.distinct) == (2**53, 2**64 - 1, 3)


def test_all_sorts_of_types(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Every type has the figures that suit it, and no other."""
    day, moment = dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3, 4, 5, 678901)  # noqa: DTZ001
    table = pa.table(
        {
            "i8": pa.array([1, 2], pa.int8()),
            "dec": pa.array([Decimal("1.50"), Decimal("2.25")], pa.decimal128(10, 2)),
            "day": pa.array([day, day + dt.timedelta(1)]),
            "us": pa.array([moment, None], pa.timestamp("us")),
            "ns": pa.array([moment, None], pa.timestamp("ns")),
            "zone": pa.array([moment, None], pa.timestamp("us", "UTC")),
            "yes": pa.array([True, True]),
            "cat": pa.array(["b", "a"]).dictionary_encode(),
            "list": pa.array([[1], None]),
            "bytes": pa.array([b"1", b"2"]),
            "none": pa.array([None, None], pa.float64()),
            "nothing": pa.nulls(2),
        }
    )
    found = {c.name: c for c in profiled(engine, tmp_path, table).columns}
    assert found["i8"].mean == 1.5
    assert (found["dec"].min, found["dec"].max) == (1.5, 2.25)
    assert (found["day"].min, found["day"].distinct) == ("2026-01-02", 2)
    assert found["us"].min == found["ns"].min == "2026-01-02T03:04:05.678901"
    assert found["zone"].min == "2026-01-02T03:04:05.678901Z"
    assert found["yes"].top == (Category("true", 2),)
    assert found["cat"].top == (Category("a", 1), Category("b", 1))
    assert (found["list"].kind, found["list"].nulls, found["list"].distinct) == ("other", 1, None)
    assert (found["bytes"].kind, found["bytes"].nulls) == ("other", 0)
    assert (found["none"].nulls, found["none"].cells, found["none"].min) == (2, (), None)
    assert found["nothing"].nulls == 2


def test_microseconds_stay_apart(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Bounds of cells have as many digits as it takes to tell them apart."""
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 678901)  # noqa: DTZ001
    found = column(engine, tmp_path, [moment, moment + dt.timedelta(microseconds=1)])
    lows = [cell.lo for cell in found.cells]
    assert lows == [1767323045.678901, 1767323045.678902]


def test_text(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Lengths in characters, the most frequent values, long ones shortened."""
    found = column(engine, tmp_path, ["ä😀", "b" * 10_000, "b" * 10_000, None, ""])
    assert (found.length_min, found.length_max, found.length_mean) == (0, 10_000, 5000.5)
    assert found.top[0] == Category("b" * 200, 2)
    assert (found.min, found.max, found.distinct) == ("", "ä😀", 3)


def test_unique_text_has_no_top(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Where every value occurs once there is no most frequent one."""
    found = column(engine, tmp_path, [f"id {number}" for number in range(50)])
    assert (found.distinct, found.top) == (50, ())


def test_top_is_ordered_and_cut(engine: DuckDBEngine, tmp_path: Path) -> None:
    """The top is ten values by count, then by value, even where counts are tied."""
    values = [f"v{number:02}" for number in range(30)] * 2 + ["z"] * 5
    found = column(engine, tmp_path, values)
    assert [c.value for c in found.top] == ["z", *(f"v{number:02}" for number in range(9))]


def test_pii_reveals_nothing(engine: DuckDBEngine, tmp_path: Path) -> None:
    """A pii column has nulls, distinct and lengths, and no value or anything near it."""
    table = pa.table({"mail": ["secret@x", "secret@x", None], "salary": [77123, 77123, 1]})
    found = profiled(engine, tmp_path, table, pii=("mail", "salary"))
    assert "secret" not in encode(found)
    assert "77123" not in encode(found)
    mail, salary = found.columns
    assert (mail.nulls, mail.distinct, mail.length_max) == (1, 1, 8)
    assert (salary.distinct, salary.cells, salary.mean, salary.pii) == (2, (), None, True)


@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows(engine: DuckDBEngine, tmp_path: Path, rows: int) -> None:
    """An empty table and one row have a profile."""
    table = pa.table({"a": [1.0], "b": ["x"], "c": [True], "d": [1], "e": [dt.date(2026, 1, 1)]})
    found = profiled(engine, tmp_path, table.slice(0, rows))
    assert found.rows == rows
    assert [c.distinct for c in found.columns] == ([1] * 5 if rows else [None] * 5)


def test_odd_names(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Column names with spaces, quotes, pipes and emoji are only names."""
    names = ["a b", 'q"q', "p|p", "😀", "x'); DROP", "n", "min0"]
    table = pa.table({name: [1, 2] for name in names})
    assert [c.name for c in profiled(engine, tmp_path, table).columns] == names


def test_csv_equals_parquet(engine: DuckDBEngine, tmp_path: Path) -> None:
    """The same values have the same profile from CSV as from Parquet."""
    table = pa.table({"a": [1, 2, None], "b": [0.5, None, 2.5], "c": ["x", "y", "x"]})
    pc.write_csv(table, tmp_path / "t.csv")
    dataset = Dataset(name="d", path="t.csv")
    csv = profile(engine, Table(paths=(tmp_path / "t.csv",), format="csv"), dataset)
    assert csv == profiled(engine, tmp_path, table)


@pytest.mark.parametrize("kind", [pytest.param("csv", marks=pytest.mark.slow), "parquet"])
def test_columns_of_wide_tables_are_those_of_narrow_ones(
    engine: DuckDBEngine, tmp_path: Path, kind: Format
) -> None:
    """Columns that are read in groups have the profiles that they have each alone."""
    numbers = {f"n {place}": [place, None, 7, place + 1] for place in range(140)}
    texts = {f't"{place}': [f"a{place}", None, "b", "b"] for place in range(40)}
    table = pa.table(numbers | texts)
    path = tmp_path / f"t.{kind}"
    if kind == "csv":
        pc.write_csv(table, path)
    else:
        pq.write_table(table, path)
    found = profile(engine, Table(paths=(path,), format=kind), Dataset(name="d", path="d"))
    assert [column.name for column in found.columns] == table.column_names
    for name in ("n 0", "n 127", "n 139", 't"0', 't"39'):
        [alone] = profiled(engine, tmp_path, table.select([name])).columns
        assert found.column(name) == alone


def test_part_files_are_one_table(engine: DuckDBEngine, tmp_path: Path) -> None:
    """How rows are spread over files does not show."""
    table = pa.table({"a": list(range(1000)), "b": [f"v{number % 7}" for number in range(1000)]})
    paths = []
    for part in range(4):
        paths.append(tmp_path / f"part{part}.parquet")
        pq.write_table(table.slice(part * 250, 250), paths[-1])
    dataset = Dataset(name="d", path="d")
    parts = profile(engine, Table(paths=tuple(paths), format="parquet"), dataset)
    assert encode(parts) == encode(profiled(engine, tmp_path, table))
