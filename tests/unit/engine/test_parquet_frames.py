"""Parquet tables as data frames: the columns and values of the files, whichever library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.frames import LIBRARIES, read_frame
from datarelease.analysis.engine.tables import Table
from datarelease.errors import ConfigError, WorldError

Load = Callable[..., Any]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine for all tests, each of which has files of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


@pytest.fixture
def load(reader: DuckDBEngine, tmp_path: Path) -> Load:
    """Loads parts (Arrow tables, pandas' data frames) as one data frame."""

    def loading(
        *parts: pa.Table | pd.DataFrame,
        engine: str = "pyarrow",
        columns: list[str] | None = None,
    ) -> Any:
        paths = tuple(tmp_path / f"object{place}" for place in range(len(parts)))
        for path, part in zip(paths, parts, strict=True):
            if isinstance(part, pa.Table):
                pq.write_table(part, path)
            else:
                part.to_parquet(path)
        labels = tuple(f"part{place}.parquet" for place in range(len(parts)))
        table = Table(paths=paths, format="parquet", labels=labels)
        assert set(reader.columns(table)) >= set(columns or ())
        return read_frame(reader, table, columns=columns, engine=engine)

    return loading


def columns_of(frame: Any) -> dict[str, list[Any]]:
    """The values of a frame of any library, None for a missing one."""
    if isinstance(frame, pd.DataFrame):
        assert isinstance(frame.index, pd.RangeIndex)
        return {
            str(name): [None if pd.isna(value) else value for value in values]
            for name, values in frame.to_dict("list").items()
        }
    if hasattr(frame, "to_arrow_table"):
        frame = frame.to_arrow_table()
    elif hasattr(frame, "to_arrow"):
        frame = frame.to_arrow()
    return dict(frame.to_pydict())


@pytest.mark.parametrize("engine", LIBRARIES)
def test_an_index_of_pandas_is_a_column(load: Load, engine: str) -> None:
    """A named index and one without a name are columns, last as in the file, and can be asked for.

    Nor do they become an index again when an Arrow table goes on to pandas.
    """
    pytest.importorskip(engine)
    parts = [
        pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="code")),
        pd.DataFrame({"x": [3]}, index=pd.Index(["c"], name="code")),
    ]
    frame = load(*parts, engine=engine)
    assert columns_of(frame) == {"x": [1, 2, 3], "code": ["a", "b", "c"]}
    if engine == "pyarrow":
        assert list(frame.to_pandas().columns) == ["x", "code"]
    assert columns_of(load(*parts, engine=engine, columns=["code"])) == {"code": ["a", "b", "c"]}
    unnamed = load(pd.DataFrame({"x": [1, 2]}, index=[7, 9]), engine=engine)
    assert columns_of(unnamed) == {"x": [1, 2], "__index_level_0__": [7, 9]}


@pytest.mark.parametrize("engine", LIBRARIES)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_a_part_of_nulls_has_the_type_of_its_siblings(
    load: Load, engine: str, *, first: bool
) -> None:
    """A column that is all null in one part, whose Arrow type is null, is one of integers."""
    pytest.importorskip(engine)
    parts = [pa.table({"x": pa.nulls(1)}), pa.table({"x": [2**53 + 1, None]})]
    frame = load(*(parts if first else reversed(parts)), engine=engine)
    values = [None, 2**53 + 1, None] if first else [2**53 + 1, None, None]
    assert columns_of(frame) == {"x": values}


@pytest.mark.parametrize(
    "parts",
    [
        [pa.array(["a"]), pa.array(["b"], pa.large_string())],
        [pa.array(["a"]).dictionary_encode(), pa.array(["b"])],
        [pa.array(["a"]).cast(pa.dictionary(pa.int8(), pa.string())),
         pa.array(["b"]).dictionary_encode()],
        [pa.nulls(1), pa.array(["b"]).dictionary_encode()],
        [pa.array([b"a"]), pa.array([b"b"], pa.large_binary())],
        [pa.array([1], pa.timestamp("ms")), pa.array([1], pa.timestamp("us"))],
        [pa.array([1], pa.timestamp("us", "Asia/Tokyo")), pa.array([2], pa.timestamp("us", "UTC"))],
        [pa.array([1], pa.date32()), pa.array([86_400_000], pa.date64())],
        [pa.array([1], pa.time32("ms")), pa.array([1], pa.time64("us"))],
        [pa.array([[1]]), pa.array([[1]], pa.large_list(pa.int64()))],
        [pa.array([[]], pa.list_(pa.null())), pa.array([[1]])],
        [pa.array([{"a": None}], pa.struct([("a", pa.null())])), pa.array([{"a": 1}])],
    ],
    ids=lambda parts: " + ".join(str(part.type) for part in parts),
)  # fmt: skip
def test_types_that_are_one_type_of_the_check(load: Load, parts: list[pa.Array]) -> None:
    """Parts whose types differ for Arrow alone are one table, with the values of the files."""
    frame = load(*(pa.table({"x": part}) for part in parts))
    expected = [value for part in parts for value in plain(part)]
    assert plain(frame["x"]) == expected


def plain(values: Any) -> list[Any]:
    """Moments as numbers of a clock in UTC, everything else as it is."""
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("us", values.type.tz)).cast(pa.int64())
    return list(values.to_pylist())


def test_an_unknown_column_is_told_with_the_nearest(tmp_path: Path) -> None:
    """With the name that was probably meant, and all that there are, indexes included."""
    path = tmp_path / "object"
    pd.DataFrame({"price": [1]}, index=pd.Index(["a"], name="code")).to_parquet(path)
    table = Table(paths=(path,), format="parquet")
    with (
        DuckDBEngine(temp_directory=tmp_path / "spill", threads=1) as reader,
        pytest.raises(ConfigError, match="no column 'prise'") as caught,
    ):
        read_frame(reader, table, columns=["prise"], engine="pandas")
    assert "Did you mean 'price'? Columns: price, code." in str(caught.value.remedy)


@pytest.mark.parametrize("content", [b"", b"PAR1 secret PAR1", b"\0" * 100])
def test_what_is_no_parquet_is_told(tmp_path: Path, content: bytes) -> None:
    """The message names the file as the dataset does, and no library's error gets through."""
    path = tmp_path / "object"
    path.write_bytes(content)
    table = Table(paths=(path,), format="parquet", labels=("part.parquet",))
    with (
        DuckDBEngine(temp_directory=tmp_path / "spill", threads=1) as reader,
        pytest.raises(WorldError, match=r"part.parquet: it cannot be read as Parquet") as caught,
    ):
        read_frame(reader, table, columns=None, engine="pyarrow")
    assert "secret" not in str(caught.value)


def test_two_columns_of_one_name_are_told(tmp_path: Path) -> None:
    """As a check tells it, and not as an error of Arrow."""
    path = tmp_path / "twice"
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    table = Table(paths=(path,), format="parquet", labels=("part.parquet",))
    with (
        DuckDBEngine(temp_directory=tmp_path / "spill", threads=1) as reader,
        pytest.raises(WorldError, match=r"part.parquet: two columns are called 'a'"),
    ):
        read_frame(reader, table, columns=None, engine="pandas")


def test_what_a_library_cannot_hold_is_told(load: Load) -> None:
    """Times in nanoseconds are too fine for Python's, of which pandas makes them: said by name."""
    rows = pa.table({"a": [1], "t": pa.array([1], pa.time64("ns"))})
    assert load(rows)["t"].cast(pa.int64()).to_pylist() == [1]
    with pytest.raises(ConfigError, match=r"pandas cannot hold .* column 't'.* time64\[ns\]"):
        load(rows, engine="pandas")


NS = 1_700_000_000_123_456_789
#: Values that some library, left to itself, makes others of.
FRAGILE = {
    "u": pa.array([2**64 - 1, 2**53 + 1, None], pa.uint64()),
    "i": pa.array([2**63 - 1, 2**53 + 1, None]),
    "b": pa.array([True, None, False]),
    "half": pa.array([1.5, 2.5, None]).cast(pa.float16()),
    "wide": pa.array([Decimal("12345678901234567890123456789012345.890"), None, Decimal("0.001")]),
    "wider": pa.array([Decimal("890.12"), Decimal("890.13"), None], pa.decimal256(20, 2)),
    "ns": pa.array([NS, NS + 1, None], pa.timestamp("ns")),
    "zoned": pa.array([NS // 1000, 0, None], pa.timestamp("us", "Asia/Tokyo")),
    "old": pa.array([-62_135_596_800_000, 0, None], pa.timestamp("ms")),
    "length": pa.array([1, 2, None], pa.duration("us")),
    "view": pa.array(["a", "á", None], pa.string_view()),
    "bytes": pa.array([b"a\0", b"", None]),
    "list": pa.array([[2**53 + 1, None], [], None]),
    "pair": pa.array([[2**53 + 1, 1], [1, 2], None], pa.list_(pa.int64(), 2)),
    "struct": pa.array([{"a": 2**53 + 1}, {"a": None}, None]),
    "map": pa.array([[("k", 2**53 + 1)], [("k", None)], None], pa.map_(pa.string(), pa.int64())),
    "json": pa.ExtensionArray.from_storage(
        pa.json_(pa.string()), pa.array(['{"a": 1}', "[]", None])
    ),
}


def same_everywhere(value: Any) -> Any:
    """A value that libraries spell differently, in one spelling."""
    if isinstance(value, (list, tuple, np.ndarray)):
        items = [same_everywhere(item) for item in value]
        pairs = all(isinstance(item, list) and isinstance(item[0], str) for item in items)
        return dict(items) if items and pairs else items
    if isinstance(value, dict):
        return {name: same_everywhere(item) for name, item in value.items()}
    if value is None or pd.isna(value):
        return None
    return value


@pytest.mark.parametrize("engine", LIBRARIES)
def test_values_are_the_same_in_every_library(load: Load, engine: str) -> None:
    """None is rounded, cut off or made a float; what a library cannot hold is told instead."""
    pytest.importorskip(engine)
    rows = pa.table(FRAGILE)
    frame = load(rows, engine=engine)
    if hasattr(frame, "to_arrow_table"):
        frame = frame.to_arrow_table()
    elif hasattr(frame, "to_arrow"):
        frame = frame.to_arrow()
    for name, column in FRAGILE.items():
        assert values_of(frame[name]) == values_of(pa.chunked_array([column])), name


def values_of(column: Any) -> list[Any]:
    """A column of pandas or Arrow as Python values, times as integers in nanoseconds."""
    if isinstance(column, pd.Series):
        if column.dtype.kind in "mM":
            whole = column.astype("int64")
            scale = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[column.dt.unit]
            pairs = zip(whole, column.isna(), strict=True)
            return [None if missing else int(n) * scale for n, missing in pairs]
        return [same_everywhere(value) for value in column.tolist()]
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    if pa.types.is_timestamp(column.type) or pa.types.is_duration(column.type):
        scale = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[column.type.unit]
        whole = column.cast(pa.int64()).to_pylist()
        return [None if number is None else number * scale for number in whole]
    if pa.types.is_interval(column.type):  # what DuckDB has for durations
        return [None if value is None else value.nanoseconds for value in column.to_pylist()]
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    return [same_everywhere(value) for value in column.to_pylist()]
