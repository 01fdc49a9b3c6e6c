"""Every engine says the same of the same tables: DuckDB, Sail, and Spark on the JVM (slow).

Validation, profile and row diff are compared as the bytes of their documents. What an engine cannot
hold exactly it refuses by name, and whatever fails in it ends the run.
"""

# ruff: noqa: DTZ001 - naive times are the point

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandera.pandas as pa
import pyarrow as arrow  # noqa: ICN001 - `pa` is Pandera
import pyarrow.parquet as pq
import pytest
from pyarrow import feather
from tests.slow_cases import slow_but
from tests.spark_server import java_server

from datarelease.analysis.comparison.rows import diff_rows
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.row_files import RowWriter
from datarelease.analysis.engine.spark.engine import SparkEngine
from datarelease.analysis.engine.spark.number_counts import SparkNumberCounts
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling import batches, columns, grouped, passes
from datarelease.analysis.profiling.profile import profile
from datarelease.analysis.validation.failing_rows import write_failing_rows
from datarelease.analysis.validation.run import validate
from datarelease.documents import encode
from datarelease.errors import ConfigError, WorldError
from datarelease.model.data.dataset import CsvDialect, Dataset
from datarelease.model.data.table_format import table_format

C = pa.Check
INF, NAN = math.inf, math.nan
Parts = Sequence[tuple[str, arrow.Table]]


class SparkAtHand(SparkEngine):
    """A distributed engine that can count numbers itself although it is on this machine."""

    counts_numbers = False

    @property
    def numbers(self) -> SparkNumberCounts | None:
        """As the test wants it."""
        return self._numbers if self.counts_numbers else None


@pytest.fixture(scope="module")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """What the others are compared with."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as engine:
        yield engine


@pytest.fixture(
    scope="module", params=["sail", pytest.param("java", marks=pytest.mark.slow)], name="spark"
)
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """A distributed engine."""
    scratch = tmp_path_factory.mktemp("scratch")
    embedded = DuckDBEngine(temp_directory=scratch)
    address = request.getfixturevalue("java") if request.param == "java" else None
    with SparkAtHand(embedded, scratch=scratch, address=address) as engine:
        yield engine


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of Spark on the JVM."""
    with java_server(tmp_path_factory.mktemp("spark")) as address:
        yield address


def feather_file(data: arrow.Table) -> bytes:
    """A table as a Feather file."""
    sink = arrow.BufferOutputStream()
    feather.write_feather(data, sink)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def table(directory: Path, *parts: tuple[str, Any]) -> Table:
    """Parts on disk, in files whose names say nothing, as in a cache."""
    paths = []
    for _, data in parts:
        path = directory / f"{len(list(directory.iterdir()))}"
        if isinstance(data, str):
            path.write_text(data)
        else:
            pq.write_table(data, path, row_group_size=max(3, data.num_rows // 4))
        paths.append(path)
    text = isinstance(parts[0][1], str)
    return Table(
        paths=tuple(paths),
        format="csv" if text else "parquet",
        labels=tuple(name for name, _ in parts),
    )


def one(directory: Path, data: arrow.Table | str) -> Table:
    """A table of one file."""
    return table(directory, ("data", data))


def same_validation(
    engines: Sequence[Engine], files: Table, schema: pa.DataFrameSchema | None, **meta: Any
) -> str:
    """The validation's document, which is the same with all engines."""
    dataset = Dataset(name="d", path="d", schema="schemas/d.yaml", **meta)
    documents = [encode(validate(engine, files, dataset, schema)) for engine in engines]
    assert documents[1] == documents[0]
    return documents[0]


def same_failing_rows(
    engines: Sequence[Engine], files: Table, schema: pa.DataFrameSchema, folder: Path, **meta: Any
) -> list[dict[str, Any]]:
    """The rows that fail checks, which are the same with all engines."""
    dataset, written = Dataset(name="d", path="d", schema="s", **meta), []
    for number, engine in enumerate(engines):
        found = validate(engine, files, dataset, schema).violations
        with RowWriter(folder / f"rows{number}", 1000) as writer:
            write_failing_rows(engine, files, dataset, schema, found, writer)
        written.append(pq.read_table(folder / f"rows{number}"))
    assert written[1].equals(written[0])
    rows: list[dict[str, Any]] = written[0].to_pylist()
    return rows


def same_profile(engines: Sequence[Engine], files: Table, **meta: Any) -> str:
    """The profile's document, which is the same with all engines.

    And the same where rows are read here and where Spark counts them.
    """
    dataset = Dataset(name="d", path="d", **meta)
    documents = [encode(profile(engine, files, dataset)) for engine in engines]
    assert documents[1] == documents[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SparkAtHand, "counts_numbers", True)
        assert encode(profile(engines[1], files, dataset)) == documents[0]
    return documents[0]


def same_diff(
    engines: Sequence[Engine], sides: tuple[Table | None, Table | None], scratch: Path, **meta: Any
) -> str:
    """The row diff's document, which is the same with all engines."""
    dataset = Dataset(name="d", path="d", **({"key": ("id",)} | meta))
    found = [diff_rows(engine, *sides, dataset, scratch=scratch) for engine in engines]
    documents = [diff if isinstance(diff, str) else encode(diff) for diff in found]
    assert documents[1] == documents[0]
    return documents[0]


ID = arrow.array([3, 1, 2, 4], arrow.int64())
VALUES: dict[str, arrow.Array] = {
    "int8": arrow.array([1, None, -128, 127], arrow.int8()),
    "int64": arrow.array([2**53, 2**53 + 1, None, -(2**63)], arrow.int64()),
    "uint8": arrow.array([1, None, 255, 0], arrow.uint8()),
    "uint32": arrow.array([1, None, 2**32 - 1, 0], arrow.uint32()),
    "uint64": arrow.array([1, None, 2**64 - 1, 0], arrow.uint64()),
    "half": arrow.array([np.float16(1.5), None, np.float16(-2), np.float16(0)], arrow.float16()),
    "float": arrow.array([0.1, None, NAN, -0.0], arrow.float32()),
    "double": arrow.array([0.1, NAN, INF, -0.0], arrow.float64()),
    "zeros": arrow.array([0.0, -0.0, None, -INF], arrow.float64()),
    "decimal": arrow.array(
        [Decimal("1.50"), None, Decimal("-0.01"), Decimal("0.00")], arrow.decimal128(10, 2)
    ),
    "decimal38": arrow.array(
        [Decimal("1" * 30), None, Decimal("-0.01"), Decimal(0)], arrow.decimal128(38, 4)
    ),
    "text": arrow.array(["a", None, "", "é\n😀"], arrow.string()),
    "large": arrow.array(["z", None, "Z", "ß"], arrow.large_string()),
    "category": arrow.array(["a", None, "b", "a"]).dictionary_encode(),
    "bool": arrow.array([True, None, False, True]),
    "date": arrow.array([dt.date(1, 1, 1), None, dt.date(9999, 12, 31), dt.date(2024, 2, 29)]),
    "time_us": arrow.array(
        [dt.datetime(1, 1, 1), None, dt.datetime(2024, 1, 1, 0, 0, 0, 1), dt.datetime(9999, 1, 1)],
        arrow.timestamp("us"),
    ),
    "time_ms": arrow.array([-1, None, 1, 0], arrow.timestamp("ms")),
    "time_ns": arrow.array([-1000, None, 1000, 0], arrow.timestamp("ns")),
    "zoned": arrow.array([-1, None, 1, 0], arrow.timestamp("us", "UTC")),
    "berlin": arrow.array([-1, None, 10**15, 0], arrow.timestamp("ms", "Europe/Berlin")),
    "duration": arrow.array([-1, None, 10**6, 0], arrow.duration("us")),
    "binary": arrow.array([b"a", None, b"\xff", b""], arrow.binary()),
    "fixed": arrow.array([b"ab", None, b"\xff\x00", b"\x00\x00"], arrow.binary(2)),
    "null": arrow.nulls(4),
    "list": arrow.array([[1, None], None, [], [2]], arrow.list_(arrow.int64())),
    "bytes": arrow.array([[1, None], None, [], [255]], arrow.list_(arrow.uint8())),
    "struct": arrow.array(
        [{"a": 1, "b": "x"}, None, {"a": None, "b": None}, {"a": 2, "b": ""}],
        arrow.struct([("a", arrow.int32()), ("b", arrow.string())]),
    ),
}
NUMBERS = ("int8", "int64", "uint8", "uint32", "uint64", "half", "float", "double", "zeros",
           "decimal", "decimal38", "duration")  # fmt: skip
TEXTS = ("text", "large", "category")
TIMES = ("date", "time_us", "time_ms", "time_ns", "zoned", "berlin")
NUMBER_CHECKS = [
    C.gt(0), C.ge(0), C.lt(0), C.eq(0), C.ne(0), C.in_range(-1, 2), C.isin([0, 1, 2.0]), C.gt(1.25),
    C.notin([0, 255]), C.lt(2**70), C.eq(0.1), C.isin([2**53 + 1]),
]  # fmt: skip
TEXT_CHECKS = [
    C.eq("a"), C.isin(["", "Z"]), C.str_matches(r"^[a-z]$"), C.str_contains(r"\w"), C.gt("a"),
    C.str_length(1, 2), C.str_startswith("z"), C.str_contains(r"(?m)^😀"), C.str_endswith("\n"),
    C.str_contains(r"(?a)\bz"), C.ne("a", ignore_na=False),
]  # fmt: skip
TIME_CHECKS = [
    C.gt("2000-01-01"), C.isin([dt.datetime(1970, 1, 1), "2024-02-29", "1970-01-01"]),
    C.in_range("1000-01-01", "2024-12-31"), C.ne("1970-01-01"), C.notin(["0001-01-01"]),
]  # fmt: skip
CHECKS = dict.fromkeys(NUMBERS, NUMBER_CHECKS)
CHECKS |= dict.fromkeys(TEXTS, TEXT_CHECKS)
CHECKS |= dict.fromkeys(TIMES, TIME_CHECKS)
CHECKS["bool"] = [C.eq(value=True), C.isin([False]), C.ne(1)]


COPIED = ("uint8", "uint32", "uint64", "half", "category", "time_ns", "duration", "fixed", "null",
          "bytes")  # fmt: skip
"""Columns of types that Spark does not read itself."""
GROUPS = {
    "one of each kind": [
        "int64", "double", "decimal", "text", "bool", "date", "time_us", "list", "struct",
    ],
    "plain": [name for name in VALUES if name not in COPIED],
    "copied": COPIED,
}  # fmt: skip
NO_KEYS = {"list", "bytes", "struct", "null", "binary", "fixed"}


@pytest.mark.parametrize(("keys", "expected"), [([2, 1], 2), ([2, 1, 2], None), ([1, None], None)])
def test_unique_rows_are_counted_alike(
    duckdb: Engine, spark: Engine, keys: list[int | None], expected: int | None
) -> None:
    """The number of rows, unless two are equal or something in them is null."""
    rows = arrow.table({"k": arrow.array(keys, arrow.int64())})
    for engine in (duckdb, spark):
        assert engine.count_if_unique(engine.rows(rows)) == expected


# Keys and profiles of the copied types, below, show that they are copied alike.
@pytest.mark.parametrize("group", slow_but({"one of each kind"}, GROUPS))
def test_every_type_is_validated_alike(
    duckdb: Engine, spark: Engine, tmp_path: Path, group: str
) -> None:
    """Nulls, duplicates, wrong types and each kind of check, by counts and examples."""
    names = GROUPS[group]
    files = one(tmp_path, arrow.table({"id": ID, **{name: VALUES[name] for name in names}}))
    columns = {
        name: pa.Column(checks=CHECKS.get(name, []), nullable=False, unique=True) for name in names
    }
    schema = pa.DataFrameSchema({**columns, "id": pa.Column(str)}, strict=True)
    found = same_validation([duckdb, spark], files, schema, key=("id",))
    assert found.count('"series_contains_nulls"') == len(names)
    # Examples in file order; how many rows fail what has been compared of all columns.
    few = pa.DataFrameSchema({name: columns[name] for name in names[:: len(names) // 4]})
    same_validation([duckdb, spark], files, few, pii=names)


@pytest.mark.parametrize("group", slow_but({"one of each kind"}, GROUPS))
def test_every_type_is_compared_alike(
    duckdb: Engine, spark: Engine, tmp_path: Path, group: str
) -> None:
    """Values that change, appear and disappear, and rows that come and go."""
    values = arrow.table({name: VALUES[name] for name in GROUPS[group]})
    before = one(tmp_path, values.append_column("id", ID))
    moved = values.take([1, 0, 3, 2]).append_column("id", arrow.array([3, 1, 2, 5]))
    after = one(tmp_path, moved)
    assert '"changed": 3' in same_diff([duckdb, spark], (before, after), tmp_path)
    same_diff([duckdb, spark], (None, after), tmp_path, pii=GROUPS[group][:3])
    assert '"changed": 0' in same_diff([duckdb, spark], (before, before), tmp_path)


@pytest.mark.parametrize("group", slow_but({"one of each kind", "copied"}, GROUPS))
def test_every_type_is_profiled_alike(
    duckdb: Engine, spark: Engine, tmp_path: Path, group: str
) -> None:
    """Bounds, means, cells, numbers of values and top values; of pii columns, their counts."""
    files = one(tmp_path, arrow.table({name: VALUES[name] for name in GROUPS[group]}))
    found = same_profile([duckdb, spark], files)
    assert found.count('"nulls": 1') >= len(GROUPS[group]) - 4
    same_profile([duckdb, spark], files, pii=tuple(GROUPS[group]))


@pytest.mark.parametrize(
    "name",
    # Numbers of one width stand for the others, and a copied type for all that are copied.
    slow_but(
        {"int64", "double", "decimal", "text", "time_us", "uint64"},
        [name for name in VALUES if name not in NO_KEYS],
    ),
)
def test_every_type_is_a_key_alike(
    duckdb: Engine, spark: Engine, tmp_path: Path, name: str
) -> None:
    """Rows are paired by values of any type; a null in a key is told."""
    values = VALUES[name]
    there = arrow.table({"k": values, "v": ID}).filter(values.is_valid())
    sides = one(tmp_path, there.slice(0, 2)), one(tmp_path, there.slice(1))
    same_diff([duckdb, spark], sides, tmp_path, key=("k",))
    whole = one(tmp_path, arrow.table({"k": values, "v": ID}))
    assert "is null" in same_diff([duckdb, spark], (whole, whole), tmp_path, key=("k", "v"))


WIDER = [("int8", "int64"), ("uint8", "int64"), ("uint32", "uint64"), ("float", "double"),
         ("date", "time_us"), ("null", "int64"), ("decimal", "decimal38"), ("uint64", "int64"),
         ("int8", "double"), ("text", "int64"), ("time_us", "time_ns")]  # fmt: skip


def test_types_that_change_are_compared_alike(
    duckdb: Engine, spark: Engine, tmp_path: Path
) -> None:
    """Values of two types are compared in one that holds both, or left out."""
    before, after = (
        one(tmp_path, arrow.table({"id": ID, **{" to ".join(p): VALUES[p[side]] for p in WIDER}}))
        for side in (0, 1)
    )
    same_diff([duckdb, spark], (before, after), tmp_path)


def test_odd_names(duckdb: Engine, spark: Engine, tmp_path: Path) -> None:
    """Columns may have points, quotes, spaces and letters of any script in their names."""
    names = ["a.b", "`c`", 'd"e', "f g", "é", "_metadata", "row", "count(1)"]
    data = arrow.table({name: arrow.array([1, None, 1]) for name in names})
    schema = pa.DataFrameSchema(
        {name: pa.Column(int, [C.gt(1)], unique=True) for name in names}, unique=names
    )
    files = one(tmp_path, data)
    assert '"count": 2' in same_validation([duckdb, spark], files, schema)
    keyed = one(tmp_path, data.append_column("i.d", arrow.array([1, 2, 3])))
    other = one(tmp_path, data.append_column("i.d", arrow.array([1, 3, 4])))
    same_validation([duckdb, spark], keyed, schema, key=("i.d",))
    same_diff([duckdb, spark], (keyed, other), tmp_path, key=("i.d",))


def test_parts(duckdb: Engine, spark: Engine, tmp_path: Path) -> None:
    """Empty parts, parts of nulls, equal parts and columns in another order are one table."""
    schema = pa.DataFrameSchema({"v": pa.Column(int, C.gt(5), unique=True, nullable=True)})
    first = arrow.table({"id": [1, 2], "v": [9, 3]})
    parts = [
        ("a", first),
        ("b", first.slice(0, 0)),
        ("c", arrow.table({"v": [4, 9], "id": [5, 6]})),
        ("d", first),
    ]
    plain = table(tmp_path, *parts)
    same_validation([duckdb, spark], plain, schema)
    same_validation([duckdb, spark], plain, schema, key=("id",))
    nulls = arrow.table({"id": [7], "v": arrow.nulls(1)})
    mixed = table(tmp_path, *parts, ("e", nulls))
    same_validation([duckdb, spark], mixed, schema)
    same_profile([duckdb, spark], plain)
    same_profile([duckdb, spark], mixed)
    same_diff([duckdb, spark], (plain, table(tmp_path, parts[0], ("e", nulls))), tmp_path)
    twice = Table(paths=(plain.paths[0],) * 2, format="parquet", labels=("x", "y"))
    same_validation([duckdb, spark], twice, schema)
    empty = one(tmp_path, first.slice(0, 0))
    same_validation([duckdb, spark], empty, schema, key=("id",))
    same_profile([duckdb, spark], empty)
    same_diff([duckdb, spark], (empty, one(tmp_path, first)), tmp_path)


@pytest.mark.parametrize("values", [pytest.param(("1", "2", "2"), marks=pytest.mark.slow),
                                    ("2024-01-01", "2023-01-01", "2024-01-01"),
                                    ("a b", "é%20", "__HIVE_DEFAULT_PARTITION__")])  # fmt: skip
def test_partition_folders(
    duckdb: Engine, spark: Engine, tmp_path: Path, values: tuple[str, ...]
) -> None:
    """Folders called key=value are columns of numbers, days or text."""
    parts = [
        (f"p={value}/q=x/{place}.parquet", arrow.table({"id": [place, place + 10]}))
        for place, value in enumerate(values)
    ]
    files = table(tmp_path, *parts)
    schema = pa.DataFrameSchema({"p": pa.Column(unique=True), "q": pa.Column(str, C.ne("x"))})
    same_validation([duckdb, spark], files, schema)
    same_validation([duckdb, spark], files, schema, key=("id", "p"))
    same_profile([duckdb, spark], files)
    moved = [(name.replace("q=x", "q=y"), data) for name, data in parts[1:]]
    same_diff([duckdb, spark], (files, table(tmp_path, *moved)), tmp_path)


def test_columns_of_folders_in_the_files(duckdb: Engine, spark: Engine, tmp_path: Path) -> None:
    """Files may have a column that their folder names, if it has the same value."""
    schema = pa.DataFrameSchema({"p": pa.Column(unique=True)})
    inside = table(tmp_path, ("p=1/a", arrow.table({"id": [1], "p": [1]})))
    same_validation([duckdb, spark], inside, schema)
    wrong = table(tmp_path, ("p=1/a", arrow.table({"id": [1], "p": [2]})))
    assert "has another value than the folder" in same_validation([duckdb, spark], wrong, schema)


CSV = 'id,v,t,d\n2,1.5,x,2024-01-01\n1,,é,\n3,oops,NA,2024-02-30\n4,-0.0,"a,b",0001-01-01\n'


def test_csv(duckdb: Engine, spark: Engine, tmp_path: Path) -> None:
    """Text is read as the schema says; what is no value of the type is reported alike."""
    schema = pa.DataFrameSchema(
        {
            "id": pa.Column(int, unique=True),
            "v": pa.Column(float, C.gt(0)),
            "t": pa.Column(str),
            "d": pa.Column("datetime64[ns]", C.gt("2000-01-01"), nullable=True),
        }
    )
    files = one(tmp_path, CSV)
    assert '"datatype_coercion"' in same_validation([duckdb, spark], files, schema, key=("id",))
    same_validation([duckdb, spark], files, schema)
    same_validation([duckdb, spark], files, None, key=("t",))
    same_profile([duckdb, spark], files)
    other = one(tmp_path, CSV.replace("oops", "7").replace("1.5", "2.5"))
    same_diff([duckdb, spark], (files, other), tmp_path)
    parquet = one(tmp_path, arrow.table({"id": [2, 1], "v": [1.5, 0.25], "t": ["x", "y"]}))
    same_diff([duckdb, spark], (parquet, other), tmp_path)
    coerced = pa.DataFrameSchema(
        {"t": pa.Column(int, coerce=True), "v": pa.Column(str, coerce=True)}
    )
    same_validation([duckdb, spark], parquet, coerced)


def _plain_operators(values: Any) -> Any:
    return (values > 1) & (values < 90_000)


def _python_only(values: Any) -> Any:
    return values.map(lambda value: value % 50_000 != 3)


@pytest.mark.parametrize(
    ("label", "data"),
    [
        ("a.csv.gz", gzip.compress(b"id;x\n1;1,5\n2;\n3;x\n", mtime=0)),
        ("a.jsonl", b'{"id":1,"x":1.5}\n{"id":2}\n{"id":3,"x":"y","n":{"a":[1,null]}}\n'),
        (
            "a.ndjson.gz",
            gzip.compress(b'{"id":1,"x":18446744073709551617}\n{"id":1,"x":null}\n', mtime=0),
        ),
        ("a.feather", feather_file(arrow.table({"id": [1, 2, 2], "x": [0.5, None, -0.0]}))),
    ],
)
def test_formats_that_are_converted(
    duckdb: Engine, spark: Engine, tmp_path: Path, label: str, data: bytes
) -> None:
    """JSON Lines, compressed text and Arrow files hold the same for both engines."""
    path = tmp_path / "object"
    path.write_bytes(data)
    form = table_format(label)
    assert form is not None
    dialect = CsvDialect(delimiter=";", decimal=",")
    files = Table(paths=(path,), format=form, labels=(label,), csv=dialect)
    schema = pa.DataFrameSchema({"id": pa.Column("int64", unique=True), "x": pa.Column("float64")})
    assert '"count": ' in same_validation([duckdb, spark], files, schema)
    same_profile([duckdb, spark], files)


@pytest.mark.parametrize(
    ("rows", "function"),
    [
        (4, _plain_operators),
        (4, _python_only),
        (120_000, _plain_operators),
        pytest.param(120_000, _python_only, marks=pytest.mark.slow),
    ],
)
def test_own_checks(
    duckdb: Engine, spark: Engine, tmp_path: Path, function: Callable[..., Any], rows: int
) -> None:
    """Checks in Python see the same rows in the same order, at once or in batches."""
    data = arrow.table({"id": list(range(rows, 0, -1)), "v": list(range(rows))})
    files = one(tmp_path, data)
    schema = pa.DataFrameSchema({"v": pa.Column(int, C(function, name="own"))})
    assert '"check": "own' in same_validation([duckdb, spark], files, schema)
    same_validation([duckdb, spark], files, schema, key=("id",))


@pytest.mark.slow  # a column with more values than it has cells, eight times
def test_numbers_of_every_size(duckdb: Engine, spark: Engine, tmp_path: Path) -> None:
    """Cells that Spark counts are those that are counted here, whatever the values."""
    size = 140_000  # more than a column has cells
    rng = np.random.default_rng(5)
    powers = 2.0 ** np.arange(-1074, 1024)
    edges = np.concatenate((powers, np.nextafter(powers, 0), np.nextafter(powers, np.inf)))
    bits = rng.integers(-(2**63), 2**63 - 1, size)
    spread = bits.view(np.float64)
    close = 1 + rng.random(size) * 1e-9  # most of them in one cell of the others' level
    close[::3] = spread[::3]
    data = arrow.table(
        {
            "spread": spread,
            "edges": np.resize(np.concatenate((edges, -edges)), size),
            "close": close,
            "integers": bits,
            "times": arrow.array(1_700_000_000_000_000 + bits % 10**12, arrow.timestamp("us")),
            "near": arrow.array(rng.normal(1e9, 1, size)),
            "decimals": arrow.array(bits % 10**9).cast(arrow.decimal128(38, 0)),
            "days": arrow.array((bits % 3000).astype(np.int32)).cast(arrow.date32()),
        }
    )
    same_profile([duckdb, spark], one(tmp_path, data))


@pytest.mark.slow  # sixty thousand rows; parts and groups are few rows elsewhere
def test_many_rows(duckdb: Engine, spark: Engine, tmp_path: Path) -> None:
    """Results do not depend on how many machines or threads had which rows."""
    size = 60_000
    place = np.arange(size)
    data = arrow.table(
        {
            "id": place,
            "n": arrow.array(place % 997, arrow.int32()),
            "x": np.where(place % 13 == 0, np.nan, (place % 101) / 7),
            "t": [f"é{i % 511}" for i in place],
        }
    )
    changed = data.set_column(2, "x", arrow.array(np.where(place % 17 == 0, 0.5, place / 7)))
    schema = pa.DataFrameSchema(
        {
            "n": pa.Column(int, [C.gt(100), C.isin(range(500))]),
            "x": pa.Column(float, C.lt(10), nullable=True),
            "t": pa.Column(str, C.str_matches(r"^.\d{3}$"), unique=True),
        },
        unique=["n", "t"],
    )
    halves = table(tmp_path, ("a", data.slice(0, size // 3)), ("b", data.slice(size // 3)))
    same_validation([duckdb, spark], halves, schema)
    same_profile([duckdb, spark], halves)
    same_profile([duckdb, spark], halves, pii=("n", "t"))
    sides = halves, one(tmp_path, changed.slice(10, size - 500).take(place[: size - 500][::-1]))
    same_diff([duckdb, spark], sides, tmp_path)
    same_diff([duckdb, spark], sides, tmp_path, key=("t", "id"))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (arrow.array([[("k", 1)], None], arrow.map_(arrow.string(), arrow.int64())), "map<"),
        (arrow.array([1, None], arrow.time64("us")), "time, which Spark cannot compare"),
        (arrow.array([1, None], arrow.timestamp("ns")), "finer than microseconds"),
    ],
    ids=["map", "time", "nanoseconds"],
)
def test_what_cannot_be_held_is_refused_by_name(
    spark: Engine, tmp_path: Path, values: arrow.Array, says: str
) -> None:
    """A column that Spark would change is an error of the run, not a result."""
    files = one(tmp_path, arrow.table({"id": [1, 2], "odd": values}))
    with pytest.raises(ConfigError, match=r"'odd'") as caught:
        validate(spark, files, Dataset(name="d", path="d"), None)
    assert says in str(caught.value)


def test_damaged_files(duckdb: Engine, spark: Engine, tmp_path: Path) -> None:
    """Pages that cannot be read are told of the file, as with DuckDB."""
    path = tmp_path / "damaged"
    pq.write_table(arrow.table({"id": list(range(50_000)), "v": ["x"] * 50_000}), path)
    data = bytearray(path.read_bytes())
    data[200:2_000] = bytes(1_800)
    path.write_bytes(data)
    files = Table(paths=(path,), format="parquet", labels=("data/d.parquet",))
    schema = pa.DataFrameSchema({"id": pa.Column(int, C.gt(5))})
    assert "damaged, cut short" in same_validation([duckdb, spark], files, schema)
    path.write_bytes(data[:1_000])
    cut = Table(paths=(path,), format="parquet", labels=("data/cut.parquet",))
    same_validation([duckdb, spark], cut, schema)
    gone = Table(paths=(tmp_path / "gone",), format="parquet", labels=("data/gone.parquet",))
    assert "there is no such file" in same_validation([duckdb, spark], gone, schema)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A server that cannot read the files of this machine, as far as the engine knows."""
    scratch = tmp_path_factory.mktemp("cluster")
    with SparkEngine(DuckDBEngine(temp_directory=scratch), scratch=scratch) as engine:
        engine._session = dataclasses.replace(engine._session, same_machine=False)
        yield engine


def elsewhere(files: Table) -> Table:
    """The same table, whose files other machines find as well."""
    return dataclasses.replace(files, addresses=tuple(map(str, files.paths)))


def test_a_cluster_reads_objects(duckdb: Engine, cluster: Engine, tmp_path: Path) -> None:
    """What a cluster reads by its address is validated and compared alike; folders are columns."""
    data = arrow.table({"id": ID, **{name: VALUES[name] for name in GROUPS["plain"]}})
    parts = [(f"p={place}/a.parquet", data.slice(place, 2)) for place in (0, 2)]
    files = elsewhere(table(tmp_path, *parts))
    schema = pa.DataFrameSchema({"int8": pa.Column(checks=C.gt(0), unique=True), "p": pa.Column()})
    assert '"count": 1' in same_validation([duckdb, cluster], files, schema, key=("id",))
    assert cluster.numbers is not None
    dataset = Dataset(name="d", path="d", pii=("int8",))
    assert encode(profile(cluster, files, dataset)) == encode(profile(duckdb, files, dataset))
    other = elsewhere(table(tmp_path, parts[0]))
    assert '"added": 2' in same_diff([duckdb, cluster], (other, files), tmp_path)


@pytest.mark.parametrize(
    ("data", "found", "says"),
    [
        ("id,v\n1,2\n", True, r"cannot read the table as it is \(CSV"),
        (arrow.table({"id": ID, "v": VALUES["uint8"]}), True, "or types that it lacks"),
        (arrow.table({"id": ID, "v": VALUES["int8"]}), False, "cannot read the files of this"),
        (arrow.table({"id": ID, "v": VALUES["text"]}), True, r"convert columns \(coerce: 'v'"),
    ],
    ids=["csv", "types", "files", "coerce"],
)
def test_what_a_cluster_cannot_read_is_refused(
    cluster: Engine, tmp_path: Path, data: arrow.Table | str, says: str, *, found: bool
) -> None:
    """It cannot be given copies; the run ends and says why."""
    files = one(tmp_path, data)
    schema = pa.DataFrameSchema({"v": pa.Column(int, coerce=True)})
    with pytest.raises(ConfigError, match=says):
        validate(cluster, elsewhere(files) if found else files, Dataset(name="d", path="d"), schema)


def test_a_file_that_a_cluster_does_not_find(cluster: Engine, tmp_path: Path) -> None:
    """Sail takes a missing file for an empty one: the rows are counted before anything else."""
    files = one(tmp_path, arrow.table({"id": ID}))
    lost = dataclasses.replace(files, addresses=(str(tmp_path / "lost"),))
    with pytest.raises(WorldError, match=r"finds 0 rows in data and .*, which hold 4"):
        validate(cluster, lost, Dataset(name="d", path="d", key=("id",)), None)


def test_wide_tables_have_one_profile(
    duckdb: Engine, spark: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns that are read in groups are those that are read together, with all engines."""
    for module in (batches, passes):
        monkeypatch.setattr(module, "MANY", 8)
    for module in (columns, grouped):
        monkeypatch.setattr(module, "FEW", 4)
    rng = np.random.default_rng(9)
    numbers = {f"n {place}": rng.normal(size=50) for place in range(10)}
    texts = {f"t.{place}": [f"{row % (place + 1)}" for row in range(50)] for place in range(6)}
    wide = arrow.table(numbers | texts)
    same_profile([duckdb, spark], one(tmp_path, wide), pii=("t.3", "n 7"))


def test_files_of_rows_are_the_same(duckdb: Engine, spark: Engine, tmp_path: Path) -> None:
    """The rows that fail, with their numbers, and the rows that changed, of Parquet and of CSV."""
    schema = pa.DataFrameSchema(
        {
            "id": pa.Column(int, unique=True),
            "n": pa.Column("Int64", C.ge(0), nullable=False),
            "t": pa.Column(
                str, [C.str_matches(r"\w$"), C(lambda t: t.str.len() < 3, name="short")]
            ),
        }
    )
    small = arrow.int16()
    first = arrow.table(
        {"id": [1, 2, 2], "n": arrow.array([1, -1, None], small), "t": ["a", "abc", "-"]}
    )
    second = arrow.table({"id": [2, 9], "n": arrow.array([4, -5], small), "t": ["ä", "!"]})
    plain = table(tmp_path, ("a", first), ("b", second))
    rows = same_failing_rows([duckdb, spark], plain, schema, tmp_path, key=("id",), pii=("t",))
    assert {row["row"] for row in rows} == {1, 2, 3, 4, 5} - {1}
    text = one(tmp_path, "id,n,t\n1,x,a\n2,-4,b\n2,,c\n")
    rows = same_failing_rows([duckdb, spark], text, schema, tmp_path, key=("id",))
    assert ("x", 1) in {(row["value"], row["row"]) for row in rows}
    written = []
    dataset = Dataset(name="d", path="d", key=("id",), pii=("t",))
    unique = one(tmp_path, first.slice(0, 2))
    for number, engine in enumerate((duckdb, spark)):
        with RowWriter(tmp_path / f"changed{number}", 1000) as writer:
            diff_rows(engine, unique, one(tmp_path, second), dataset, file=writer)
        written.append(pq.read_table(tmp_path / f"changed{number}"))
    assert written[0].num_rows == 3
    assert written[1].equals(written[0])
