"""Parquet files through the engine, its settings, and the names of types."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datarelease.analysis.engine.column_types import kind_of, type_name
from datarelease.analysis.engine.duckdb import query_progress
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.duckdb.errors import translated
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table, UnreadableTable, unread_name
from datarelease.errors import WorldError
from datarelease.progress import Advance, Quiet

T0 = dt.datetime(2020, 1, 1, 12)  # noqa: DTZ001 - naive on purpose
COLUMNS: dict[str, tuple[pa.Array, str, str, Any]] = {
    "i": (pa.array([1, None], pa.int64()), "int64", "number", 1),
    "u": (pa.array([2**64 - 1, None], pa.uint64()), "uint64", "number", 2**64 - 1),
    "f": (pa.array([1.5, math.nan]), "float64", "number", 1.5),
    "f32": (pa.array([1.5, math.nan], pa.float32()), "float32", "number", 1.5),
    "d": (pa.array([decimal.Decimal("1.50"), None]), "decimal(3,2)", "number", 1.5),
    "s": (pa.array(["x", None]), "string", "text", "x"),
    "ls": (pa.array(["x", None], pa.large_string()), "string", "text", "x"),
    "dict": (pa.array(["x", None]).dictionary_encode(), "string", "text", "x"),
    "b": (pa.array([True, None]), "bool", "boolean", True),
    "day": (pa.array([dt.date(2020, 1, 1), None]), "date", "time", dt.date(2020, 1, 1)),
    "us": (pa.array([T0, None], pa.timestamp("us")), "timestamp[us]", "time", T0),
    "ns": (pa.array([T0, None], pa.timestamp("ns")), "timestamp[ns]", "time", T0),
    "tz": (
        pa.array([T0, None], pa.timestamp("us", "Asia/Tokyo")),
        "timestamp[us, UTC]",
        "time",
        T0.replace(tzinfo=dt.UTC),
    ),
    "t": (pa.array([dt.time(1), None]), "time", "other", dt.time(1)),
    "bin": (pa.array([b"x", None]), "binary", "other", b"x"),
    "l": (pa.array([[1], None]), "list<int64>", "other", [1]),
    "st": (pa.array([{"a": 1}, None]), "struct<a: int64>", "other", {"a": 1}),
    "n": (pa.nulls(2), "null", "other", None),
    'odd "name" | 😀 עברית': (pa.array([1, None]), "int64", "number", 1),
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine for all tests, each of which has files of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


def stored(path: Path, *parts: pa.Table) -> Table:
    """A Parquet table of these parts, in files without suffix."""
    paths = tuple(path / f"object{place}" for place in range(len(parts)))
    for file, part in zip(paths, parts, strict=True):
        pq.write_table(part, file)
    labels = tuple(f"part{place}.parquet" for place in range(len(parts)))
    return Table(paths=paths, format="parquet", labels=labels)


def test_parquet_types(engine: Engine, tmp_path: Path) -> None:
    """Every usual type has its neutral name, its kind and its Python value; NaN is null."""
    table = stored(tmp_path, pa.table({name: entry[0] for name, entry in COLUMNS.items()}))
    frame = engine.scan(table)
    schema = frame.collect_schema()
    assert engine.columns(table) == tuple(COLUMNS)
    assert {n: type_name(d) for n, d in schema.items()} == {n: e[1] for n, e in COLUMNS.items()}
    assert {n: kind_of(d) for n, d in schema.items()} == {n: e[2] for n, e in COLUMNS.items()}
    first, second = engine.collect(frame)
    assert first == {name: entry[3] for name, entry in COLUMNS.items()}
    assert set(second.values()) == {None}


@pytest.mark.parametrize("dtype", [pa.float64(), pa.float32()], ids=str)
@pytest.mark.parametrize(
    "values", [[0.0, math.nan], [0.0, 1.0, math.nan], [math.nan], [1.0, None, math.nan]], ids=str
)
def test_nan_is_null_whatever_the_file_records(
    engine: Engine, tmp_path: Path, values: list[float | None], dtype: pa.DataType
) -> None:
    """NaN is null in rows, sums and filters, though a file's statistics leave NaN out."""
    expected = sum(value is None or math.isnan(value) for value in values)
    frame = engine.scan(stored(tmp_path, pa.table({"v": pa.array(values, dtype)})))
    null = nw.col("v").is_null()
    assert [row["v"] for row in engine.collect(frame)].count(None) == expected
    assert engine.collect(frame.select(null.sum()))[0]["v"] == expected
    assert len(engine.collect(frame.filter(null))) == expected
    assert engine.collect(frame.select(nw.col("v").count()))[0]["v"] == len(values) - expected


def test_sums_are_python_integers(engine: Engine, tmp_path: Path) -> None:
    """Sums beyond 64 bits come back as int, exactly."""
    table = stored(tmp_path, pa.table({"u": pa.array([2**64 - 1, 2], pa.uint64())}))
    (row,) = engine.collect(engine.scan(table).select(nw.col("u").sum()))
    assert row == {"u": 2**64 + 1}
    assert type(row["u"]) is int


def test_parts_by_name(engine: Engine, tmp_path: Path) -> None:
    """Columns of parts are matched by name; a part where a column is all null fits any type."""
    table = stored(
        tmp_path, pa.table({"a": [1], "b": pa.nulls(1)}), pa.table({"b": ["x"], "a": [2]})
    )
    assert engine.collect(engine.scan(table)) == [{"a": 1, "b": None}, {"a": 2, "b": "x"}]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (pa.table({"a": [1]}), "lacks 'b'"),
        (pa.table({"a": [1], "b": ["x"], "c": [1]}), "also has 'c'"),
        (pa.table({"a": ["secret"], "b": ["x"]}), "column 'a' is VARCHAR, .* BIGINT"),
    ],
)
def test_parts_that_differ(engine: Engine, tmp_path: Path, other: pa.Table, reason: str) -> None:
    """A part with other columns or types is named with the difference, without values."""
    table = stored(tmp_path, pa.table({"a": [1], "b": ["x"]}), other)
    with pytest.raises(UnreadableTable, match=reason) as caught:
        engine.scan(table)
    assert caught.value.label == "part1.parquet"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"hello", b"x" * 5000])
def test_no_parquet(engine: Engine, tmp_path: Path, content: bytes) -> None:
    """An empty, foreign or truncated file is named and refused."""
    (tmp_path / "x").write_bytes(content)
    table = Table(paths=(tmp_path / "x",), format="parquet", labels=("a.parquet",))
    with pytest.raises(UnreadableTable, match=r"a\.parquet: not a readable Parquet file"):
        engine.scan(table)


def test_damage_inside(engine: Engine, tmp_path: Path) -> None:
    """A file whose pages are damaged is named when it is read."""
    table = stored(tmp_path, pa.table({"a": list(range(100_000))}))
    content = bytearray(table.paths[0].read_bytes())
    content[100:5000] = b"\xff" * 4900
    table.paths[0].write_bytes(content)
    with pytest.raises(UnreadableTable, match=r"part0\.parquet"):
        engine.collect(engine.scan(table).select(nw.col("a").sum()))


def test_missing_files(engine: Engine, tmp_path: Path) -> None:
    """A file that is not there, and a dataset without files, are refused."""
    with pytest.raises(UnreadableTable, match="no such file"):
        engine.scan(Table(paths=(tmp_path / "x",), format="parquet"))
    with pytest.raises(UnreadableTable, match="no files"):
        engine.scan(Table(paths=(), format="parquet"))


def test_names_that_differ_in_case(engine: Engine, tmp_path: Path) -> None:
    """Columns that DuckDB would take for one another are refused."""
    with pytest.raises(UnreadableTable, match="differ only in case: 'A', 'a'"):
        engine.scan(stored(tmp_path, pa.table({"A": [1], "a": [2]})))


def test_letters_of_patterns_in_paths(engine: Engine, tmp_path: Path) -> None:
    """Brackets and stars in a path stand for themselves."""
    odd = tmp_path / "a[1]*?'\""
    odd.mkdir()
    assert engine.collect(engine.scan(stored(odd, pa.table({"a": [1]})))) == [{"a": 1}]


def test_given_types_convert(engine: Engine, tmp_path: Path) -> None:
    """A type given to a Parquet column converts it, and keeps what cannot be converted."""
    table = stored(tmp_path, pa.table({"a": ["1", "x"], "b": [1.0, 1.5]}))
    frame = engine.scan(table, {"a": nw.Int64(), "b": nw.Int64()})
    assert engine.collect(frame) == [
        {"a": 1, unread_name("a"): None, "b": 1, unread_name("b"): None},
        {"a": None, unread_name("a"): "x", "b": None, unread_name("b"): 1.5},
    ]


def test_times_beyond_the_calendar_of_python(engine: Engine, tmp_path: Path) -> None:
    """A year that Python does not have is text; all others of the column stay what they are."""
    far = 10 * 253_402_300_800_000_000
    table = stored(
        tmp_path,
        pa.table(
            {
                "t": pa.array([0, far], pa.timestamp("us")),
                "d": pa.array([0, 4_000_000], pa.int32()).cast(pa.date32()),
                "l": pa.array([[0], [far]], pa.list_(pa.timestamp("us", "UTC"))),
            }
        ),
    )
    first, second = engine.collect(engine.scan(table))
    assert first == {
        "t": dt.datetime(1970, 1, 1),  # noqa: DTZ001 - naive on purpose
        "d": dt.date(1970, 1, 1),
        "l": [dt.datetime(1970, 1, 1, tzinfo=dt.UTC)],
    }
    assert second == {
        "t": f"1970-01-01 + {far} us",
        "d": "1970-01-01 + 4000000 days",
        "l": "(beyond the year 9999)",
    }


def test_batches_keep_the_order(engine: Engine, tmp_path: Path) -> None:
    """Batches hold at most so many rows, in the order of the files."""
    table = stored(tmp_path, pa.table({"a": range(5000)}), pa.table({"a": range(5000, 9000)}))
    batches = list(engine.batches(engine.scan(table), 2048))
    assert max(batch.num_rows for batch in batches) <= 2048
    assert [v for batch in batches for v in batch.column("a").to_pylist()] == list(range(9000))


def test_a_small_memory_limit_is_the_world(tmp_path: Path) -> None:
    """Out of memory says what to do, as a fault of the world."""
    table = stored(tmp_path, pa.table({"a": range(400_000)}))
    with (
        DuckDBEngine(temp_directory=tmp_path / "s", memory_limit="1MB", threads=1) as engine,
        pytest.raises(WorldError, match=r"raise `release\.memory_limit`") as caught,
    ):
        engine.collect(engine.scan(table).sort("a"))
    assert caught.value.exit_code == 3


def test_faults_while_streaming(engine: Engine, tmp_path: Path) -> None:
    """A fault in the middle of batches is told as any other, and the engine goes on working."""
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n" + b"1,xxxxxxxxxxxxxxxxxxxxxx\n" * 200_000 + b"secret,\xe9\n")
    table = Table(paths=(path,), format="csv")
    types = {"a": nw.String(), "b": nw.String()}
    with pytest.raises(UnreadableTable, match=r"not UTF-8 \(line 200002\)") as caught:
        list(engine.batches(engine.scan(table, types), 1000))
    assert "secret" not in str(caught.value)
    first = next(iter(engine.batches(engine.scan(table, types).head(5), 2)))
    assert first.num_rows == 2
    assert len(engine.collect(engine.scan(table, types).head(3))) == 3


def test_a_full_disk_is_the_world() -> None:
    """A full disk is told from a damaged file."""
    full = duckdb.IOException(f"IO Error: Could not write file x: {os.strerror(28)}")
    with pytest.raises(WorldError, match="disk is full"), translated([]):
        raise full


class Tracked(Quiet):
    """Keeps what is tracked: label, unit, and how much of the whole was reported."""

    def __init__(self) -> None:
        self.work: list[tuple[str, str, int, int]] = []

    @contextmanager
    def track(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        """Add up what is reported."""
        done = [0]
        yield done.append
        self.work.append((label, unit, sum(done), total))


def test_progress_is_told_of_long_queries_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Queries that last report per cent, whole results and batches alike; DuckDB prints nothing."""
    table = stored(tmp_path, pa.table({"a": range(200_000)}))
    told = Tracked()
    with DuckDBEngine(temp_directory=tmp_path / "s", threads=1, progress=told) as engine:
        engine.collect(engine.scan(table).head(1))
        assert told.work == []
        monkeypatch.setattr(query_progress, "_AFTER", 0.0)
        monkeypatch.setattr(query_progress, "_EVERY", 0.01)
        engine.collect(engine.scan(table).group_by("a").agg(nw.len()).sort("a").head(1))
        whole = len(told.work)
        list(engine.batches(engine.scan(table).sort("a"), 1000))
    assert 0 < whole < len(told.work)
    assert {work[:2] for work in told.work} == {("Querying tables", "%")}
    assert all(0 <= reported <= total == 100 for *_, reported, total in told.work)
    assert capfd.readouterr() == ("", "")


def test_works_offline_in_a_fresh_home(tmp_path: Path) -> None:
    """Zoned times need no extension that would have to be downloaded, and no local time zone."""
    table = stored(tmp_path, pa.table({"t": pa.array([T0], pa.timestamp("us", "UTC"))}))
    script = (
        "import sys; from pathlib import Path; import narwhals as nw\n"
        "from datarelease.analysis.engine.duckdb.engine import DuckDBEngine\n"
        "from datarelease.analysis.engine.tables import Table\n"
        "with DuckDBEngine(temp_directory=Path(sys.argv[2])) as e:\n"
        "    t = e.scan(Table(paths=(Path(sys.argv[1]),), format='parquet'))\n"
        "    print(e.collect(t.select(nw.col('t').dt.hour()))[0]['t'])\n"
    )
    environment = {"PATH": "", "HOME": str(tmp_path / "home"), "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(table.paths[0]), str(tmp_path / "s")],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "12"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (nw.Datetime("ns", "UTC"), "timestamp[ns, UTC]"),
        (nw.Duration("us"), "duration[us]"),
        (nw.Enum(["a"]), "string"),
        (nw.List(nw.Struct({"a": nw.Date()})), "list<struct<a: date>>"),
        (nw.Int128(), "int128"),
    ],
)
def test_type_names(dtype: Any, name: str) -> None:
    """Names say unit, zone and inner types."""
    assert type_name(dtype) == name
