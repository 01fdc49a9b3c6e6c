"""The dialect of CSV files: what ``meta.csv`` says is what is read, and what it should say."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import narwhals as nw
import pytest
from pandera.pandas import Column, DataFrameSchema

from datarelease.analysis.engine.csv.structure import doubt, structure
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table, UnreadableTable, unread_name
from datarelease.analysis.validation.run import validate
from datarelease.documents import DocumentError, decode, encode
from datarelease.errors import SettingsError
from datarelease.model.data.dataset import CsvDialect, Dataset
from datarelease.model.data.provenance import differences, of_profile, of_validation
from datarelease.model.data.validation import Validation, Violation
from datarelease.model.versions.snapshot import DatasetSnapshot, Entry
from datarelease.settings.read import read_settings

MADE_FROM = (of_validation, of_profile)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine for all tests, each of which has files of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Table]:
    """Makes a table of one text, or of its bytes, in the dialect given."""
    numbers = itertools.count()

    def making(text: str | bytes, **dialect: Any) -> Table:
        path = tmp_path / f"{next(numbers)}.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Table(paths=(path,), format="csv", labels=("data.csv",), csv=CsvDialect(**dialect))

    return making


Tables = Callable[..., Table]


@pytest.mark.parametrize(
    ("text", "dialect", "rows"),
    [
        ("a;b\n1,5;x\n", {"decimal": ","}, [(1.5, "x")]),
        ("a;b\n1.5;x\n", {"decimal": ","}, [("1.5", "x")]),
        ("a;b\n1.234,5;1.234\n", {"decimal": ",", "thousands": "."}, [(1234.5, 1234)]),
        ("a;b\n12.34,5;1.2\n", {"decimal": ",", "thousands": "."}, [("12.34,5", "1.2")]),
        ('a,b\n"1,234","-1,234.5"\n', {"thousands": ","}, [(1234, -1234.5)]),
        ("a,b\n1'234,1\n", {"thousands": "'"}, [(1234, 1)]),
        ("a~b\n1~x,y\n", {"delimiter": "~"}, [(1, "x,y")]),
        ("a,b\nNA,Namibia\n,x\n", {"null_values": ("",)}, [("NA", "Namibia"), (None, "x")]),
        ("a,b\n-99,\n1,x\n", {"null_values": ("-99",)}, [(None, ""), (1, "x")]),
        ("a,b\n,\n", {"null_values": ()}, [("", "")]),
        ("a,b\nNaN,x\n1.5,y\n", {"null_values": ("",)}, [(None, "x"), (1.5, "y")]),
        ("a\n1\n\n", {"null_values": ("-",)}, [("1",), ("",)]),
        ("Title\na,b\n1,2\n", {"skip_rows": 1}, [(1, 2)]),
        ('Say "x\r\n"\r\na,b\r\n1,2\r\n', {"skip_rows": 2}, [(1, 2)]),
        ("\n\na,b\n1,2\n", {"skip_rows": 2}, [(1, 2)]),
        ("sep=;\ra;b\r1;2\r", {"skip_rows": 1, "delimiter": ";"}, [(1, 2)]),
        ("\ufeffTitle\na,b\n1,2\n", {"skip_rows": 1}, [(1, 2)]),
        ("a,b\n1,é€\n".encode("cp1252"), {"encoding": "cp1252"}, [(1, "é€")]),
        ("a,b\n1,é\n".encode("latin-1"), {"encoding": "latin-1"}, [(1, "é")]),
        ("a,b\n1,é😀\n".encode("utf-16"), {"encoding": "utf-16"}, [(1, "é😀")]),
        ('"T\nU"\na,b\n1,é\n'.encode("utf-16"), {"encoding": "utf-16", "skip_rows": 2}, [(1, "é")]),
    ],
)
def test_a_dialect_is_read(
    engine: DuckDBEngine,
    table: Tables,
    text: str | bytes,
    dialect: dict[str, Any],
    rows: list[tuple[Any, ...]],
) -> None:
    """Delimiter, marks of numbers, encoding, lines above and missing values are as declared."""
    found = engine.collect(engine.scan(table(text, **dialect)))
    assert [tuple(row.values()) for row in found] == rows


def test_numbers_of_a_dialect_follow_the_schema(engine: DuckDBEngine, table: Tables) -> None:
    """A type that is given reads the dialect's numbers, and no others; a NaN is one."""
    types = {"a": nw.Int64(), "b": nw.Decimal(10, 2), "c": nw.Float64()}
    dialect = {"decimal": ",", "thousands": ".", "null_values": ("",)}
    text = "a;b;c\n1.000;1.234,50;1e3\n7,0;1.5;NaN\n1,5;;x\n"
    rows = engine.collect(engine.scan(table(text, **dialect), types))
    assert [(row["a"], row["b"], row["c"]) for row in rows] == [
        (1000, 1234.5, 1000.0),
        (7, None, None),
        (None, None, None),
    ]
    assert [tuple(row[unread_name(n)] for n in "abc") for row in rows] == [
        (None, None, None),
        (None, "1.5", None),
        ("1,5", None, "x"),
    ]


def test_text_of_another_encoding_is_named_with_its_line(
    engine: DuckDBEngine, table: Tables, tmp_path: Path
) -> None:
    """Copies in UTF-8 keep lines and labels, and go with the engine."""
    with pytest.raises(UnreadableTable, match=r"^data.csv: not cp1252 \(line 3\)$"):
        engine.columns(table(b"a,b\n1,x\n2,\x81\n", encoding="cp1252"))
    with pytest.raises(UnreadableTable, match=r"^data.csv: .* \(line 4\)$"):
        engine.collect(engine.scan(table(b'"t"\na,b\n1,\xe9\n2\n', encoding="cp1252", skip_rows=1)))
    with DuckDBEngine(temp_directory=tmp_path / "other", threads=1) as other:
        other.columns(table(b"a,b\n1,\xe9\n", encoding="cp1252"))
        assert list((tmp_path / "other").rglob("*.csv"))
    assert not list((tmp_path / "other").rglob("*"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id;city\n1;A\n", None),
        ("x\n1\n2\n", None),
        ("time\n12:30\n13:40\n", None),
        (",b\n0,x\n", None),
        ("a,b\n1,x,\n2,y,\n", None),
        ("a;b\n1;2\n3;4;5\n", None),
        ("Prices 2026\nid;name;price\n1;a;2\n", ("line 2", '{skip_rows: 1, delimiter: ";"}')),
        ("Prices, 2026\n\nid\tname\n1\tA\n", ("line 3", r'{skip_rows: 2, delimiter: "\t"}')),
        ("Prices;;\n;;\nid;name;price\n1;A;2\n", ("line 3", '{skip_rows: 2, delimiter: ";"}')),
        ("sep=;\nid;name\n1;A\n", ("Excel", '{skip_rows: 1, delimiter: ";"}')),
        ("id:name\n1:A\n2:B\n", ("one column", '{delimiter: ":"}')),
        ("text\nhello; you\nfoo; bar\n", ("title", '{delimiter: ","}')),
    ],
)
def test_a_table_that_is_read_wrongly_is_doubted(
    engine: DuckDBEngine, table: Tables, text: str, expected: tuple[str, str] | None
) -> None:
    """A title, Excel's note or another delimiter is said with the remedy, which is taken."""
    made = table(text)
    found = doubt(made)
    if expected is None:
        assert found is None
        return
    assert all(part in str(found) for part in expected)
    (violation,) = outcome(engine, made).violations
    assert violation.reason == "unreadable"
    assert expected[1] in violation.message
    remedy = structure(text)
    assert remedy is not None
    said = table(text, skip_rows=remedy.skip_rows, delimiter=remedy.delimiter)
    assert doubt(said) is None
    assert len(engine.columns(said)) > 1


def test_one_column_can_be_meant(engine: DuckDBEngine, table: Tables) -> None:
    """A delimiter that is declared is not doubted."""
    made = table("text\nhello; you\nfoo; bar\n", delimiter=",")
    assert outcome(engine, made).rows == 2


def outcome(engine: DuckDBEngine, made: Table, **dataset: Any) -> Validation:
    """The table validated without a schema."""
    return validate(engine, made, Dataset(name="t", path="data.csv", **dataset), None)


@pytest.mark.parametrize("written", ["NA", '"NA"'])
def test_a_key_that_is_null_for_its_text_is_explained(
    engine: DuckDBEngine, table: Tables, written: str
) -> None:
    """The message names the text and the setting, which mends it."""
    text = f"iso2,name\n{written},Namibia\nDE,Germany\n"
    (violation,) = outcome(engine, table(text), key=("iso2",)).violations
    assert "the file says 'NA' (1)" in violation.message
    assert 'meta.csv.null_values: [""]' in violation.message
    mended = outcome(engine, table(text, null_values=("",)), key=("iso2",))
    assert (mended.rows, mended.violations) == (2, ())


def test_a_key_that_is_empty_needs_no_explanation(engine: DuckDBEngine, table: Tables) -> None:
    """Nothing but the key is named where the file holds no text."""
    found: tuple[Violation, ...] = outcome(engine, table("k,x\n,1\na,2\n"), key=("k",)).violations
    assert [violation.message for violation in found] == [
        "k is part of the key in artifacts.t.meta.key"
    ]


@pytest.mark.parametrize(
    ("value", "setting"),
    [
        ("1,50", 'decimal: ","'),
        ("1.234,50", 'decimal: ",", thousands: "."'),
        ('"1,234.5"', 'thousands: ","'),
        ("x", None),
    ],
)
def test_numbers_of_another_dialect_are_explained(
    engine: DuckDBEngine, table: Tables, value: str, setting: str | None
) -> None:
    """Text that is not a number is, in the dialect that the message names."""
    schema = DataFrameSchema({"b": Column(float)})
    dataset = Dataset(name="t", path="data.csv")
    made = table(f"a;b\n1;{value}\n2;1.5\n")
    (violation,) = validate(engine, made, dataset, schema).violations
    assert violation.reason == "datatype_coercion"
    expected = (
        ""
        if setting is None
        else f"; 1 look like numbers: `meta.csv` in dvc.yaml says so, `{setting}`"
    )
    assert violation.message == f"cannot be read as float64{expected}"


def test_equal_parts_of_other_encodings_keep_their_partitions(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    """Copies in UTF-8 stand where their files stood, also where two are one file of a cache."""
    path = tmp_path / "object"
    path.write_bytes("x,n\né,1\n".encode("cp1252"))
    labels = ("y=2023/a.csv", "y=2024/a.csv")
    dialect = CsvDialect(encoding="cp1252")
    made = Table(paths=(path, path), format="csv", labels=labels, csv=dialect)
    rows = engine.collect(engine.scan(made))
    assert [tuple(row.values()) for row in rows] == [("é", 1, 2023), ("é", 1, 2024)]


def declared(csv: Any, path: str = "t.csv") -> Dataset:
    """The dataset of a dvc.yaml with this ``meta.csv``."""
    artifact = {"path": path, "type": "dataset", "meta": {"csv": csv}}
    return read_settings({"artifacts": {"t": artifact}}, {}).datasets[0]


def test_the_setting_is_the_dialect() -> None:
    """All keys are read; encodings go by one name each."""
    csv = {
        "delimiter": "\t",
        "decimal": ",",
        "thousands": ".",
        "encoding": "Latin1",
        "skip_rows": 2,
        "null_values": "-",
    }
    assert declared(csv).csv == CsvDialect(
        delimiter="\t",
        decimal=",",
        thousands=".",
        encoding="iso8859-1",
        skip_rows=2,
        null_values=("-",),
    )
    assert declared({"encoding": "utf-8-sig"}).csv == CsvDialect()


@pytest.mark.parametrize(
    ("csv", "problems"),
    [
        (
            {"delimitr": ";", "decimal": "x", "skip_rows": -1, "encoding": "latn-1"},
            [
                ("csv.decimal", "found 'x'"),
                ("csv.delimitr", "did you mean 'delimiter'?"),
                ("csv.encoding", "did you mean 'latin_1'?"),
                ("csv.skip_rows", "found -1"),
            ],
        ),
        ({"delimiter": r"\t"}, [("csv.delimiter", "a tab is written")]),
        ({"delimiter": ";;"}, [("csv.delimiter", "one character")]),
        ({"encoding": "base64"}, [("csv.encoding", "expected a text encoding")]),
        ({"thousands": "x"}, [("csv.thousands", "expected one of '.' ','")]),
        ({"decimal": ",", "thousands": ","}, [("csv", "must be different characters")]),
        ({"null_values": [None]}, [("csv.null_values.0", "expected a string")]),
        (";", [("csv", "expected a mapping")]),
    ],
)
def test_problems_of_the_setting(csv: Any, problems: list[tuple[str, str]]) -> None:
    """Every problem at once, with its place and the nearest name."""
    with pytest.raises(SettingsError) as caught:
        declared(csv)
    found = sorted((problem.where, problem.what) for problem in caught.value.problems)
    assert len(found) == len(problems)
    for (where, what), (place, words) in zip(found, problems, strict=True):
        assert where == f"dvc.yaml: artifacts.t.meta.{place}"
        assert words in what


def test_parquet_has_no_dialect() -> None:
    """The setting means nothing there, which is said."""
    with pytest.raises(SettingsError, match="is Parquet"):
        declared({"delimiter": ";"}, path="t.parquet")


def test_a_misspelt_section_is_named() -> None:
    """``cvs`` is none of ours, and near enough to be meant."""
    meta = {"cvs": {"delimiter": ";"}}
    with pytest.raises(SettingsError, match="did you mean 'csv'"):
        read_settings({"artifacts": {"t": {"path": "t", "type": "dataset", "meta": meta}}}, {})


def test_a_record_counts_for_its_dialect() -> None:
    """Validations and profiles that were made in another dialect are made again."""
    content = DatasetSnapshot(name="t", entries=(Entry(path="t.csv", md5="0" * 32),))
    made = [
        [of(Dataset(name="t", path="t.csv", csv=csv), content, lambda _: None) for of in MADE_FROM]
        for csv in (CsvDialect(), CsvDialect(null_values=("",)), CsvDialect(delimiter=";"))
    ]
    for one, other in itertools.permutations(made, 2):
        assert [differences(*pair) for pair in zip(one, other, strict=True)] == [("csv",)] * 2


@pytest.mark.parametrize(
    "forged",
    [
        {"delimiter": "')"},
        {"decimal": "'"},
        {"thousands": "x"},
        {"encoding": "../x"},
        {"skip_rows": 10**9},
        {"null_values": "NA"},
    ],
)
def test_a_forged_dialect_is_no_document(forged: dict[str, Any]) -> None:
    """What a manifest says is held to what a setting can say, before anything is read by it."""
    with pytest.raises(DocumentError):
        decode(CsvDialect, json.dumps(forged))
    assert decode(CsvDialect, encode(CsvDialect(delimiter=";"))) == CsvDialect(delimiter=";")
