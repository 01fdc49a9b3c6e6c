"""Batches and parts add up to the profile of the whole, in few passes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.engine.values import ValueCounts
from datarelease.analysis.profiling import batches, cells, columns, passes, value_counts
from datarelease.analysis.profiling.profile import profile
from datarelease.documents import encode
from datarelease.model.data.dataset import Dataset

DATASET = Dataset(name="d", path="d", pii=("mail", "salary"))
KINDS = {
    "x": pa.float64(),
    "small": pa.int8(),
    "big": pa.int64(),
    "unsigned": pa.uint64(),
    "price": pa.decimal128(6, 2),
    "amount": pa.decimal128(30, 4),
    "name": pa.string(),
    "mail": pa.string(),
    "salary": pa.int64(),
    "yes": pa.bool_(),
    "day": pa.date32(),
    "moment": pa.timestamp("us", "UTC"),
    "fine": pa.timestamp("ns"),
    "raw": pa.binary(),
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine with a directory of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as engine:
        yield engine


def stored(directory: Path, *parts: pa.Table) -> Table:
    """Parquet files of these parts."""
    paths = tuple(directory / f"part-{number}.parquet" for number in range(len(parts)))
    for path, part in zip(paths, parts, strict=True):
        pq.write_table(part, path, row_group_size=7 if len(part) < 100 else None)
    return Table(paths=paths, format="parquet")


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value or null."""
    return st.none() | values


row = st.tuples(
    maybe(st.floats() | st.sampled_from([0.0, -0.0, 1.5, 2.5])),
    maybe(st.integers(-3, 3)),
    maybe(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3)),
    maybe(st.integers(0, 2**64 - 1)),
    maybe(st.integers(-9999, 9999).map(lambda cents: Decimal(cents).scaleb(-2))),
    maybe(st.integers(-(10**29), 10**29).map(lambda n: Decimal(n).scaleb(-4))),
    maybe(st.sampled_from("abcdefghijklmno") | st.text("äß😀", max_size=3)),
    maybe(st.sampled_from("abc")),
    maybe(st.integers(0, 5)),
    maybe(st.booleans()),
    maybe(st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))),
    maybe(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1))),  # noqa: DTZ001
    maybe(st.integers(-(2**62), 2**62)),
    maybe(st.binary(max_size=2)),
)


@examples(6, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(row, max_size=60), cuts=st.lists(st.integers(0, 60), max_size=4), data=st.data()
)
def test_parts_add_up_byte_for_byte(
    engine: DuckDBEngine,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[Any, ...]],
    cuts: list[int],
    data: st.DataObject,
) -> None:
    """However rows are spread over parts, the profile is that of one file with all of them."""

    def table(some: list[tuple[Any, ...]]) -> pa.Table:
        columns = zip(*some, strict=True) if some else [()] * len(KINDS)
        arrays = (
            pa.array(values, kind, from_pandas=False)
            for values, kind in zip(columns, KINDS.values(), strict=True)
        )
        return pa.table(dict(zip(KINDS, arrays, strict=True)))

    shuffled = data.draw(st.permutations(rows))
    ends = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    parts = [table(shuffled[low:high]) for low, high in pairwise(ends)]
    directory = tmp_path_factory.mktemp("parts")
    spread = stored(directory, *parts or [table([])])
    (directory / "whole").mkdir()
    whole = encode(profile(engine, stored(directory / "whole", table(rows)), DATASET))
    assert encode(profile(engine, spread, DATASET)) == whole


def large() -> pa.Table:
    """More different values than a column has cells, among them one that is frequent."""
    rng = np.random.default_rng(5)
    rows = 200_000
    prices = np.round(rng.uniform(0, 1000, rows) ** 2, 2)
    prices[rng.random(rows) < 0.05] = 999_999.99
    moments = rng.integers(1_600_000_000_000_000, 1_700_000_000_000_000, rows)
    return pa.table(
        {
            "id": rng.permutation(rows),
            "hash": rng.integers(-(2**62), 2**62, rows),
            "price": prices,
            "at": pa.array(moments, pa.timestamp("us")),
            "name": np.char.add("n", rng.integers(0, 90_000, rows).astype(str)),
        }
    )


def test_large_parts_add_up(engine: DuckDBEngine, tmp_path: Path) -> None:
    """The same where cells are coarse, and one of them holds too much."""
    table = large()
    (tmp_path / "whole").mkdir()
    whole = encode(profile(engine, stored(tmp_path / "whole", table), DATASET))
    spread = stored(tmp_path, table[:30_000], table[30_000:31_000], table[31_000:])
    assert encode(profile(engine, spread, DATASET)) == whole


@pytest.mark.slow
def test_parts_of_wide_tables_add_up(
    engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables of very many columns keep fewer cells of each, and their parts add up all the same."""
    monkeypatch.setattr(cells, "_ALL_CELLS", 1 << 17)  # so that twenty columns are very many
    values = np.random.default_rng(6).normal(size=(20, 7_000))
    table = pa.table({f"n{place}": column for place, column in enumerate(values)})
    (tmp_path / "whole").mkdir()
    found = profile(engine, stored(tmp_path / "whole", table), DATASET)
    assert found.columns[0].distinct is None
    spread = stored(tmp_path, table[:6_500], table[6_500:])
    assert encode(profile(engine, spread, DATASET)) == encode(found)


class Recorded(DuckDBEngine):
    """An engine that keeps which columns its queries read."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.passes: list[tuple[str, list[str]]] = []
        self.scans: list[Sequence[str] | None] = []

    def scan(
        self,
        table: Table,
        types: Mapping[str, nw.dtypes.DType] | None = None,
        columns: Sequence[str] | None = None,
        **options: Any,
    ) -> nw.LazyFrame[Any]:
        """As usual, recorded."""
        self.scans.append(columns)
        return super().scan(table, types, columns, **options)

    def batches(self, frame: nw.LazyFrame[Any], rows: int) -> Iterator[pa.RecordBatch]:
        """As usual, recorded."""
        self.passes.append(("batches", frame.collect_schema().names()))
        return super().batches(frame, rows)

    def value_counts(
        self, frame: nw.LazyFrame[Any], *, top: int, weight: str | None = None
    ) -> ValueCounts:
        """As usual, recorded."""
        self.passes.append(("values", frame.collect_schema().names()))
        return super().value_counts(frame, top=top, weight=weight)

    def collect(self, frame: nw.LazyFrame[Any]) -> list[dict[str, Any]]:
        """As usual, but for queries that no other method here asks for."""
        assert self.passes[-1][0] == "values"
        return super().collect(frame)


def test_one_pass_reads_all_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass over a hundred columns of numbers, and one over each column of text alone."""
    monkeypatch.setattr(value_counts, "_MOST_ROWS", 999)
    numbers = {f"n{place}": np.arange(1000) * 0.5 + place for place in range(100)}
    texts = {"t1": ["a", "b"] * 500, "t2": [str(number) for number in range(1000)]}
    table = stored(tmp_path, pa.table(numbers | texts))
    with Recorded(temp_directory=tmp_path / "spill") as engine:
        profile(engine, table, DATASET)
    kinds = [kind for kind, _ in engine.passes]
    assert kinds == ["batches", "values", "values"]
    assert len(engine.passes[0][1]) == len(numbers)
    monkeypatch.setattr(value_counts, "_MOST_ROWS", 1000)
    with Recorded(temp_directory=tmp_path / "spill") as engine:
        profile(engine, table, DATASET)
    # Of few rows, one pass reads all columns of text.
    assert [(kind, len(names)) for kind, names in engine.passes] == [
        ("batches", 100),
        ("batches", 2),
    ]


def test_wide_tables_are_read_in_groups_of_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passes and scans grow with the columns by groups, and no query binds many that it ignores."""
    monkeypatch.setattr(cells, "_ALL_CELLS", 1 << 16)  # so that 18 columns have few cells each
    for module in (batches, passes):
        monkeypatch.setattr(module, "MANY", 16)
    for module in (columns, value_counts):
        monkeypatch.setattr(module, "FEW", 4)
    monkeypatch.setattr(value_counts, "_MOST_ROWS", 0)
    rng = np.random.default_rng(7)
    spread, near = rng.lognormal(sigma=3, size=(18, 4500)), rng.random((18, 500))
    numbers = np.concatenate((spread, 5 + near * 1e-9), axis=1)
    texts = {f"t{place}": [str(row % 7) for row in range(5000)] for place in range(5)}
    whole = {f"n{place}": column for place, column in enumerate(numbers)} | texts
    with Recorded(temp_directory=tmp_path / "spill") as engine:
        profile(engine, stored(tmp_path, pa.table(whole)), DATASET)
    read = [len(names) for kind, names in engine.passes if kind == "batches"]
    # Each column once, and each once more for its heavy cell.
    assert read == [16, 2] * 2
    assert len(engine.passes) == len(read) + len(texts)
    bound = [len(names) for names in engine.scans if names is not None]
    assert bound == [16, 2, 4, 1, 16, 2]


def test_only_columns_with_heavy_cells_are_read_again(tmp_path: Path) -> None:
    """A second pass reads the columns in which a cell holds too many values, and no other."""
    with Recorded(temp_directory=tmp_path / "spill") as engine:
        found = profile(engine, stored(tmp_path, large().drop(["name", "hash"])), DATASET)
    assert [kind for kind, _ in engine.passes] == ["batches", "batches"]
    assert [len(names) for _, names in engine.passes] == [3, 1]
    price = found.column("price")
    assert price is not None
    assert (price.cells[-1].lo, price.cells[-1].hi) == (999_999.99, 999_999.99)
    assert [found.columns[0].distinct, found.columns[0].name] == [200_000, "id"]
