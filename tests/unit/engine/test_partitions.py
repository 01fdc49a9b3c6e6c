"""Partition columns: folders called ``key=value`` inside a dataset, and none outside of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.comparison.rows import diff_rows
from datarelease.analysis.engine.column_types import type_name
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.frames import read_frame
from datarelease.analysis.engine.partitions import partition_columns
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.analysis.inference.infer import infer
from datarelease.analysis.profiling.profile import profile
from datarelease.analysis.validation.run import validate
from datarelease.errors import ConfigError
from datarelease.flows.versions.dataset_at import as_table
from datarelease.model.data.dataset import Dataset

SALES = Dataset(name="sales", path="data/sales", key=("id",))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine for all tests, each of which has files of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


def parquet(path: Path, rows: Mapping[str, Any]) -> None:
    """A Parquet file of these columns."""
    pq.write_table(pa.table(dict(rows)), path)


def csv(path: Path, rows: Mapping[str, Any]) -> None:
    """A CSV file of these columns."""
    pd.DataFrame(dict(rows)).to_csv(path, index=False)


WRITERS: dict[str, Callable[[Path, Mapping[str, Any]], None]] = {"parquet": parquet, "csv": csv}


def lying(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> Table:
    """A table of files that lie in ``folder`` under the names that they have in the dataset."""
    for name, rows in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        WRITERS[place.suffix[1:]](place, rows)
    return as_table(SALES, {name: folder / name for name in files})


def cached(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> Table:
    """The same in a content-addressed cache: names tell nothing, equal bytes are one file."""
    places = {}
    for name, rows in files.items():
        place = folder / "files/md5" / f"{abs(hash(repr(rows))):x}"
        place.parent.mkdir(parents=True, exist_ok=True)
        WRITERS[name.rpartition(".")[2]](place, rows)
        places[name] = place
    return as_table(SALES, places)


def rows_of(engine: DuckDBEngine, table: Table) -> list[dict[str, Any]]:
    """All rows, as validation, profile and row diff see them."""
    return engine.collect(engine.scan(table))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_folders_around_a_dataset_say_nothing(
    engine: DuckDBEngine, tmp_path: Path, suffix: str
) -> None:
    """A column `id` keeps its values in a checkout below a folder called `id=7`."""
    table = lying(tmp_path / "id=7" / "y=2024", {f"part.{suffix}": {"id": [1, 2]}})
    assert rows_of(engine, table) == [{"id": 1}, {"id": 2}]
    assert read_frame(engine, table, columns=None, engine="pandas").to_dict("list") == {
        "id": [1, 2]
    }


@pytest.mark.parametrize("place", [lying, cached], ids=["work tree", "cache"])
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_folders_inside_are_columns(
    engine: DuckDBEngine, tmp_path: Path, suffix: str, place: Callable[..., Table]
) -> None:
    """Every reader sees them last, typed over all folders, parts with equal bytes kept apart."""
    same = {"id": [1, 2]}
    table = place(
        tmp_path / "id=7",
        {
            f"y=2023/day=2024-01-31/city=S%C3%A3o%20Paulo/part-0.{suffix}": same,
            f"y=2024/day=__HIVE_DEFAULT_PARTITION__/city=NA/part-0.{suffix}": same,
            f"y=2024/day=2024-02-29/city=01/new/part-0.{suffix}": {"id": [3]},
        },
    )
    days = [dt.date(2024, 1, 31), dt.date(2024, 2, 29), None]
    cities = ["São Paulo", "01", "NA"]
    expected = [
        {"id": number, "y": 2023 + (part > 0), "day": days[part], "city": cities[part]}
        for number, part in [(1, 0), (2, 0), (3, 1), (1, 2), (2, 2)]
    ]
    schema = engine.scan(table).collect_schema()
    assert [type_name(dtype) for dtype in schema.values()] == ["int64", "int64", "date", "string"]
    assert rows_of(engine, table) == expected
    found = infer(engine, table, name="sales")
    assert [(c.name, c.dtype) for c in found.columns[1:]] == [
        ("y", "int64"), ("day", "date"), ("city", "str")
    ]  # fmt: skip
    figures = profile(engine, table, SALES)
    assert [(c.name, c.nulls) for c in figures.columns] == [
        ("id", 0), ("y", 0), ("day", 2), ("city", 0)
    ]  # fmt: skip
    assert read_frame(engine, table, columns=None, engine="pyarrow").to_pylist() == expected
    some = read_frame(engine, table, columns=["city", "id"], engine="pandas")
    assert some.to_dict("list") == {
        "city": ["São Paulo", "São Paulo", "01", "NA", "NA"], "id": [1, 2, 3, 1, 2]
    }  # fmt: skip
    only = read_frame(engine, table, columns=["y"], engine="pyarrow")
    assert only.to_pydict() == {"y": [2023, 2023, 2024, 2024, 2024]}


def test_what_pandas_writes_is_read_back(engine: DuckDBEngine, tmp_path: Path) -> None:
    """`DataFrame.to_parquet(partition_cols=…)` and back, odd values and missing ones included."""
    frame = pd.DataFrame(
        {"id": [1, 2, 3, 4], "y": [2023, 2023, 2024, 2024], "c": ["a/b", "a=b %20", None, "ü"]}
    )
    frame.to_parquet(tmp_path / "sales", partition_cols=["y", "c"])
    found = {
        path.relative_to(tmp_path / "sales").as_posix(): path
        for path in (tmp_path / "sales").rglob("*.parquet")
    }
    table = as_table(SALES, found)
    rows = sorted(rows_of(engine, table), key=lambda row: int(row["id"]))
    assert rows == [
        {"id": 1, "y": 2023, "c": "a/b"},
        {"id": 2, "y": 2023, "c": "a=b %20"},
        {"id": 3, "y": 2024, "c": None},
        {"id": 4, "y": 2024, "c": "ü"},
    ]
    # Arrow's own reading of the same folders agrees.
    hive = ds.partitioning(pa.schema([("y", pa.int64()), ("c", pa.string())]), flavor="hive")
    arrow = ds.dataset(tmp_path / "sales", partitioning=hive).to_table().sort_by("id")
    assert arrow.to_pylist() == rows


def test_a_schema_lists_no_partitions(engine: DuckDBEngine, tmp_path: Path) -> None:
    """The next month is a new folder, and no violation; a column of the files is listed."""
    table = lying(
        tmp_path,
        {
            f"month=2024-0{month}/a.csv": {
                "id": range(month * 10, month * 10 + 9),
                "plan": list("abcabcabc"),
            }
            for month in (1, 2)
        },
    )
    found = infer(engine, table, name="sales")
    assert {c.name: c.categories for c in found.columns} == {
        "id": (), "plan": ("a", "b", "c"), "month": ()
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "0", str(2**63 - 1), None], "int64"),
        (["1", "02"], "string"),
        (["1", str(2**63)], "string"),
        (["1", "-0"], "string"),
        (["1", "2024-01-31"], "string"),
        (["2024-01-31", "0001-01-01", None], "date"),
        (["2024-01-31", "2024-02-30"], "string"),
        (["2024-01-31", "20240131"], "string"),
        (["1.5", "2.5"], "string"),
        (["true"], "string"),
        ([None], "string"),
        ([""], "string"),
    ],
    ids=str,
)
def test_types(values: list[str | None], kind: str) -> None:
    """A whole number or a day only where every folder spells one; else text, as it stands there."""
    names = [f"v={v if v is not None else '__HIVE_DEFAULT_PARTITION__'}/a.csv" for v in values]
    table = Table(paths=(Path(),) * len(names), format="csv", labels=tuple(names))
    (column,) = partition_columns(table)
    assert column.type == kind
    assert [None if v is None else str(v) for v in column.values] == values  # noqa: PD011


NULL = "__HIVE_DEFAULT_PARTITION__"
TEXTS = st.text(st.characters(exclude_categories=["C"]), max_size=8).filter(lambda t: t != NULL)
KEYS = st.one_of(
    *(
        st.lists(st.one_of(st.none(), values), min_size=1, max_size=4, unique=True)
        for values in (TEXTS, st.integers(-(2**63), 2**63 - 1), st.dates())
    )
)


@examples(12)
@given(st.tuples(KEYS, KEYS))
def test_whatever_arrow_writes_is_read(keys: tuple[list[Any], list[Any]]) -> None:
    """Arrow's partitions come back with the values that they were made of, in every reader."""
    rows = [
        {"id": number, "a": first, "b c": second}
        for number, (first, second) in enumerate(product(*keys))
    ]
    spelled = [
        {name: None if value is None else str(value) for name, value in row.items()} for row in rows
    ]
    with TemporaryDirectory() as folder:
        flavor = ds.partitioning(
            pa.schema([("a", pa.string()), ("b c", pa.string())]), flavor="hive"
        )
        ds.write_dataset(
            pa.Table.from_pylist(spelled), folder, format="parquet", partitioning=flavor
        )
        found = {p.relative_to(folder).as_posix(): p for p in Path(folder).rglob("*.parquet")}
        table = as_table(SALES, found)
        with DuckDBEngine(temp_directory=Path(folder) / "spill", threads=1) as engine:
            checked = rows_of(engine, table)
            loaded = read_frame(engine, table, columns=None, engine="pyarrow").to_pylist()
    assert checked == loaded
    by_id = {int(row["id"]): row for row in checked}
    types = {
        name: {type(v) for v in column if v is not None}
        for name, column in zip(("a", "b c"), keys, strict=True)
    }
    for row in rows:
        for name in ("a", "b c"):
            value = by_id[row["id"]][name]
            assert value == row[name] or (types[name] == {str} and str(value) == row[name])


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ("b.csv", "it is in no partition folder, and a=1/a.csv in a=…"),
        ("b=1/b.csv", "b=…"),
        ("a=1/b=1/b.csv", "a=…/b=…"),
        ("a=1/a=2/b.csv", "'a' twice"),
    ],
)
def test_folders_of_other_keys_are_refused(
    engine: DuckDBEngine, tmp_path: Path, other: str, reason: str
) -> None:
    """A part that lies at another depth, or below other keys, is named."""
    table = lying(tmp_path, {"a=1/a.csv": {"id": [1]}, other: {"id": [2]}})
    with pytest.raises(UnreadableTable) as error:
        engine.columns(table)
    assert error.value.label == other
    assert reason in error.value.reason
    assert [v.reason for v in validate(engine, table, SALES, None).violations] == ["unreadable"]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_column_in_folders_and_files(engine: DuckDBEngine, tmp_path: Path, suffix: str) -> None:
    """It is one column where both say the same, and refused by name where they do not."""
    files = {
        f"y=2023/a.{suffix}": {"y": [2023, 2023], "id": [1, 2]},
        f"y=2024/b.{suffix}": {"y": [2024], "id": [3]},
    }
    table = lying(tmp_path, files)
    assert rows_of(engine, table) == [
        {"y": 2023, "id": 1}, {"y": 2023, "id": 2}, {"y": 2024, "id": 3}
    ]  # fmt: skip
    files[f"y=2024/b.{suffix}"] = {"y": [2023], "id": [3]}
    with pytest.raises(UnreadableTable, match=rf"y=2024/b.{suffix}: column 'y' has another value"):
        engine.columns(lying(tmp_path / "other", files))


def test_names_that_differ_in_case(engine: DuckDBEngine, tmp_path: Path) -> None:
    """A folder `Y=…` beside a column `y` is refused, as two columns would be."""
    with pytest.raises(UnreadableTable, match="differ only in case: 'y', 'Y'"):
        engine.columns(lying(tmp_path, {"Y=1/a.parquet": {"y": [1]}}))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_column_called_as_duckdb_calls_its_own(
    engine: DuckDBEngine, tmp_path: Path, suffix: str
) -> None:
    """Columns called `file_index` or `filename` are like any other."""
    table = lying(
        tmp_path,
        {
            f"y=1/a.{suffix}": {"file_index": [9], "filename": ["a"]},
            f"y=2/a.{suffix}": {"file_index": [8], "filename": ["b"]},
        },
    )
    assert rows_of(engine, table) == [
        {"file_index": 9, "filename": "a", "y": 1},
        {"file_index": 8, "filename": "b", "y": 2},
    ]


def test_a_row_that_moves_is_changed(engine: DuckDBEngine, tmp_path: Path) -> None:
    """The same bytes in another folder are other rows; types are those of the whole dataset."""
    before = cached(tmp_path, {"y=2023/a.parquet": {"id": [1, 2]}})
    after = cached(tmp_path, {"y=2024/a.parquet": {"id": [1, 2]}})
    assert before.paths == after.paths
    found = diff_rows(engine, before, after, SALES)
    assert not isinstance(found, str)
    assert (found.changed, found.columns) == (2, (("y", 2),))
    assert found.examples[0].values == (("y", 2023, 2024),)  # noqa: PD011


def test_types_of_some_parts_are_those_of_all(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Where only the parts that changed are read, the others still say that a column is text."""
    part = tmp_path / "a"
    parquet(part, {"id": [1]})
    names = ["y=2024/a.parquet", "y=unknown/a.parquet"]
    table = as_table(SALES, {names[0]: part}, whole=names)
    assert rows_of(engine, table) == [{"id": 1, "y": "2024"}]


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        ("_delta_log/00000000000000000000.json", "a Delta table"),
        ("metadata/v1.metadata.json", "an Iceberg table"),
        (".hoodie/hoodie.properties", "a Hudi table"),
    ],
)
def test_a_table_with_a_log_is_refused(log: str, kind: str) -> None:
    """Not every Parquet file in it counts: it is named, with what can be released instead."""
    with pytest.raises(ConfigError, match=f"'data/sales' is {kind}") as caught:
        as_table(SALES, {log: Path("x"), "y=1/part-00000.parquet": Path("y")})
    assert "plain Parquet" in str(caught.value.remedy)
