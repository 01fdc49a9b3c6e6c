"""CSV files through the engine: dialects, types, missing values, faults."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import narwhals as nw
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.engine.column_types import type_name
from datarelease.analysis.engine.duckdb import csv_types
from datarelease.analysis.engine.duckdb import engine as engine_module
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table, UnreadableTable, unread_name

Read = Callable[..., tuple[dict[str, str], list[dict[str, Any]]]]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine for all tests, each of which has files of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


@pytest.fixture
def read(engine: DuckDBEngine, tmp_path: Path) -> Read:
    """Reads texts as part files: the types by column, and the rows."""
    reads = itertools.count()

    def reading(
        *parts: str | bytes, types: Any = None
    ) -> tuple[dict[str, str], list[dict[str, Any]]]:
        # An engine opens a table once; content-addressed files do not change.
        directory = tmp_path / f"read{next(reads)}"
        directory.mkdir()
        paths = tuple(directory / f"object{place}" for place in range(len(parts)))
        for path, part in zip(paths, parts, strict=True):
            path.write_bytes(part if isinstance(part, bytes) else part.encode())
        labels = tuple(f"data/{place}.csv" for place in range(len(parts)))
        frame = engine.scan(Table(paths=paths, format="csv", labels=labels), types)
        found = {name: type_name(dtype) for name, dtype in frame.collect_schema().items()}
        return found, engine.collect(frame)

    return reading


def column(read: Read, *values: str, types: Any = None) -> tuple[str, list[Any]]:
    """The type and the values of a column ``v``, read beside a column that is never blank."""
    text = "k,v\n" + "".join(f"{place},{value}\n" for place, value in enumerate(values))
    found, rows = read(text, types=types)
    return found["v"], [row["v"] for row in rows]


TYPED: list[tuple[list[str], str]] = [
    (["1", "-3", ""], "int64"),
    (["9223372036854775807"], "int64"),
    (["9223372036854775808"], "string"),
    (["12345678901234567890", "1"], "string"),
    (["00123", "1"], "string"),
    (["+5"], "string"),
    (["1_000"], "string"),
    ([" 1"], "string"),
    (["1.5", "1", "-2e5", ".5", "inf", "-inf"], "float64"),
    (["1.5", "123456789012345678"], "string"),
    (["1.5", "01.5"], "string"),
    (["0x1F"], "string"),
    (["true", "False", "NA"], "bool"),
    (["true", "yes"], "string"),
    (["0", "1"], "int64"),
    (["2020-02-29", ""], "date"),
    (["2020-02-30"], "string"),
    (["2020-1-2"], "string"),
    (["infinity"], "float64"),
    (["2020-01-01", "infinity"], "string"),
    (["0044-03-15 (BC)"], "string"),
    (["2020-01-01 10:00:00", "2020-01-01"], "timestamp[us]"),
    (["2020-01-01T10:00:00.5"], "timestamp[us]"),
    (["2020-01-01T10:00:00.123456789"], "string"),
    (["2020-01-01T10:00:00Z", "2020-01-01 10:00:00+02:00"], "timestamp[us, UTC]"),
    (["2020-01-01T10:00:00Z", "2020-01-01T10:00:00"], "string"),
    (["", "NA", "null"], "string"),
    ([], "string"),
]
"""Values of a column, and its type."""


@pytest.mark.parametrize(
    ("values", "expected", "sample"),
    # A single value is among the sampled ones, however few these are.
    [
        pytest.param(
            values, expected, sample,
            marks=pytest.mark.slow if sample == 1 and len(values) < 2 else (),
        )
        for values, expected in TYPED
        for sample in (1, 5_000)
    ],
)  # fmt: skip
def test_types_follow_from_all_values(
    read: Read, values: list[str], expected: str, sample: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column has the narrowest type of each of its values, whether all are sampled or few."""
    monkeypatch.setattr(csv_types, "_SAMPLE_ROWS", sample)
    assert column(read, *values)[0] == expected


def test_a_late_value_counts(read: Read) -> None:
    """A text far below the sampled rows still makes the column text."""
    assert column(read, *["1"] * 6000, "x")[0] == "string"


def test_missing_values_are_those_of_pandas(read: Read) -> None:
    """Pandas' default strings for missing values are null, quoted or not; others are not."""
    values = ['""', "NA", '"NaN"', "null", "None", "#N/A", "<NA>", "n/a", " ", "na", "-"]
    assert column(read, *values)[1] == [None] * 8 + [" ", "na", "-"]


def test_values_are_python_values(read: Read) -> None:
    """Zoned times are in UTC, days are dates, numbers keep their sign and infinity."""
    assert column(read, "2020-01-01T00:00:00+02:00")[1] == [
        dt.datetime(2019, 12, 31, 22, tzinfo=dt.UTC)
    ]
    assert column(read, "2020-01-01")[1] == [dt.date(2020, 1, 1)]
    assert column(read, "inf", "1e-3")[1] == [float("inf"), 0.001]


@pytest.mark.parametrize(
    ("dtype", "good", "bad"),
    [
        (nw.Int64(), {"007": 7, "7.0": 7, "+7": 7}, ["7.5", "1e3", "x", "1_0", "9" * 20]),
        (nw.Int8(), {"127": 127}, ["128", "-129"]),
        (nw.Float64(), {"1": 1.0, "1e3": 1000.0, "inf": float("inf")}, ["x", "1_0", "1,5"]),
        (nw.Boolean(), {"TRUE": True, "0": False}, ["yes", "2"]),
        (nw.Date(), {"2020-01-01": dt.date(2020, 1, 1)}, ["01.02.2020", "2020-02-30", "infinity"]),
        (
            nw.Datetime("us"),
            {"2020-01-01": dt.datetime(2020, 1, 1)},  # noqa: DTZ001
            ["2020-01-01T00:00:00Z", "today", "0000-01-01"],
        ),
        (
            nw.Datetime("us", "UTC"),
            {"2020-01-01T01:00:00+01:00": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
            ["2020-13-01T00:00:00Z"],
        ),
        (nw.String(), {"007": "007"}, []),
    ],
    ids=str,
)
def test_given_types_leave_what_cannot_be_read(
    read: Read, dtype: Any, good: dict[str, Any], bad: list[str]
) -> None:
    """Text that is not a value of the given type is null, and stands in the companion column."""
    quoted = [f'"{value}"' for value in (*good, *bad)]
    text = "k,v\n" + "".join(f"{place},{value}\n" for place, value in enumerate(quoted))
    _, rows = read(text, types={"v": dtype})
    assert [row["v"] for row in rows] == [*good.values(), *[None] * len(bad)]
    assert [row[unread_name("v")] for row in rows] == [*[None] * len(good), *bad]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(read: Read, delimiter: str) -> None:
    """The delimiter is the one under which all first lines are equally wide."""
    text = f"a{delimiter}b\n1{delimiter}x y\n2{delimiter}z\n"
    assert read(text)[1] == [{"a": 1, "b": "x y"}, {"a": 2, "b": "z"}]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b"\xef\xbb\xbfa,b\n1,2\n", [{"a": 1, "b": 2}]),
        (b"a,b\r\n1,2\r\n", [{"a": 1, "b": 2}]),
        (b"a,b\r1,2\r", [{"a": 1, "b": 2}]),
        (b'a,b\n1,"x\ny"\n', [{"a": 1, "b": "x\ny"}]),
        (b'a,b\n1,"x""y"\n', [{"a": 1, "b": 'x"y'}]),
        (b"a,b\n", []),
        (b"a,b", []),
        (b"a\nx\n", [{"a": "x"}]),
        (b",b\n0,x\n", [{"Unnamed: 0": 0, "b": "x"}]),
        (b"a,b\n1,2\n\n3,4\n\n", [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
        (b"a,b\n#1,x\n", [{"a": "#1", "b": "x"}]),
        (b'"a\nb",c\n1,2\n', [{"a\nb": 1, "c": 2}]),
        (b'"a\nb",c\r\n1,2\r\n', [{"a\nb": 1, "c": 2}]),
        (b'"a\r\nb",c\r1,2\r', [{"a\r\nb": 1, "c": 2}]),
        (b'"a\nb"\r\n', []),
    ],
)
def test_shapes_of_files(read: Read, text: bytes, rows: list[dict[str, Any]]) -> None:
    """Byte order marks, line ends, quotes, blank lines and files of one line are read."""
    assert read(text)[1] == rows


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"a,b\n1,caf\xe9\n", r"not UTF-8 \(line 2\)"),
        ("a,b\n1,x\n".encode("utf-16"), "UTF-16"),
        ("a,b\n1,x\n".encode("utf-16-le"), "UTF-16"),
        (b"a,b\n1,2\n3\n", r"more or fewer values .* \(line 3\)"),
        (b"a,b\n1,2\n3,4,5\n", r"more values .* \(line 3\)"),
        (b"a,b\n1,2,\n3,4,\n", r"more values .* \(line 2\)"),
        (b"a,b\n" + b"1,2\n" * 100 + b"3,4,\n", r"more or fewer values .* \(line 102\)"),
        (b'a,b\n1,"secret\n', r"quotation mark .* \(line 2\)"),
        (b"a,b\r\n1,2\n3,4\r\n", "mixed line endings"),
        (b"a,a\n1,2\n", "two columns are called 'a'"),
        (b"a,A\n1,2\n", "differ only in case"),
    ],
)
def test_faults_of_files(read: Read, text: bytes, reason: str) -> None:
    """A fault names the file and the line, and quotes nothing of the data."""
    with pytest.raises(UnreadableTable, match=reason) as caught:
        read(text)
    assert caught.value.label == "data/0.csv"
    assert "secret" not in str(caught.value)


def test_invalid_text_far_inside(read: Read) -> None:
    """A byte that is not UTF-8 beyond what the header needs is found with its line."""
    body = b"a,b\n" + b"1,xxxxxxxxxxxxxxxxxxxxxx\n" * 200_000 + b"1,\xe9\n"
    with pytest.raises(
        UnreadableTable, match=r"not UTF-8 \(line 200002\); if it has another encoding"
    ):
        read(body)


def test_parts_must_agree(read: Read) -> None:
    """A part with other columns is named, and so is the difference."""
    with pytest.raises(UnreadableTable, match=r"data/1.csv: .* lacks 'b' and also has 'c'"):
        read("a,b\n1,2\n", "a,c\n1,2\n")


def test_parts_are_one_table(read: Read) -> None:
    """A value of any part decides the type, and rows keep the order of the parts."""
    found, rows = read("a,b\n1,2\n", "a,b\nx,3\n")
    assert found == {"a": "string", "b": "int64"}
    assert [row["a"] for row in rows] == ["1", "x"]


def test_column_names_of_any_kind(read: Read) -> None:
    """Quotes, pipes, braces, emoji, right-to-left text and 300 columns are names like others."""
    odd = [
        "n",
        "v",
        'with "quotes"',
        "a|b",
        "{c}",
        "😀",
        "עברית",
        "it's",
        "<b>",
        "  ",
        "%s",
        "a.b",
        "*",
    ]
    names = odd + [f"c{place}" for place in range(300)]
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    found, rows = read(f"{header}\n{','.join(map(str, range(len(names))))}\n")
    assert list(found) == names
    assert list(rows[0].values()) == list(range(len(names)))


def test_long_texts(read: Read) -> None:
    """A text of a million characters is one value."""
    assert column(read, "x" * 1_000_000)[1] == ["x" * 1_000_000]


def test_large_files_are_read_alike(
    read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file that is converted first gives what a small one gives, and leaves nothing behind."""
    text = "a,b,c\n1,2020-01-01,x\n,2020-01-02,NA\n"
    types = {"a": nw.Int64(), "c": nw.Int64()}
    small = read(text, types=types)
    monkeypatch.setattr(engine_module, "_SPOOL_FROM", 0)
    with DuckDBEngine(temp_directory=tmp_path / "other", threads=1) as other:
        path = tmp_path / "large"
        path.write_text(text)
        table = Table(paths=(path,), format="csv")
        assert other.collect(other.scan(table, types)) == small[1]
        assert other.collect(other.scan(table, types)) == small[1]
        assert other.collect(other.scan(table, types, ["c"])) == [
            {"c": None, unread_name("c"): "x"},
            {"c": None, unread_name("c"): None},
        ]
    assert not list((tmp_path / "other").glob("*"))


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=8)


@examples(30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6))
def test_any_text_comes_back(read: Read, cells: list[tuple[str, str]]) -> None:
    """What is written with quotes is read back as it was, or as missing."""
    lines = ['"' + '","'.join(c.replace('"', '""') for c in row) + '"' for row in cells]
    _, rows = read("a,b\n" + "\n".join(lines) + "\n", types={"a": nw.String(), "b": nw.String()})
    for row, (a, b) in zip(rows, cells, strict=True):
        assert row["a"] in {a, None}
        assert row["b"] in {b, None}
