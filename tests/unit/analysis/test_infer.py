"""Inferred schemas: our loader takes them, the very data passes, and no personal value is told."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from pyarrow import parquet
from tests.properties import examples

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.analysis.inference.infer import Inferred, infer, schema_yaml
from datarelease.analysis.inference.keys import key_rank, personal
from datarelease.analysis.validation.run import validate
from datarelease.analysis.validation.schema import load_schema
from datarelease.model.data.dataset import Dataset

COLUMN_NAMES = [
    "id",
    "no",
    "Mixed Case",
    "1e5",
    "größe",
    "a: b",
    "#",
    "email",
    "date",
    "x.y",
    "null",
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """One engine for the module."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("engine"), threads=1) as opened:
        yield opened


def csv_table(path: Path, rows: list[list[Any]]) -> Table:
    """A CSV file of ``rows``, the first one the header."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    path.write_bytes(stream.getvalue().encode())
    return Table(paths=(path,), format="csv")


def written(engine: DuckDBEngine, table: Table, folder: Path) -> tuple[Inferred, str]:
    """What was inferred, and its text; the loader takes it, and the data passes."""
    seen = infer(engine, table, name="people")
    text = schema_yaml(seen, name="people", path="data/people.csv")
    file = folder / "people.yaml"
    file.write_text(text, encoding="utf-8")
    schema = load_schema(file, name_in_messages="people.yaml")
    assert list(schema.columns) == [column.name for column in seen.columns]
    dataset = Dataset(name="people", path="data/people.csv", key=seen.key, pii=seen.pii)
    outcome = validate(engine, table, dataset, schema)
    assert outcome.passed, outcome.violations
    return seen, text


cells = {
    "int": st.integers(-(2**63), 2**63 - 1).map(str),
    "float": st.floats(allow_nan=False).map(repr),
    "bool": st.sampled_from(["true", "False"]),
    "date": st.dates(dt.date(1, 1, 1)).map(dt.date.isoformat),
    "time": st.datetimes(dt.datetime(1900, 1, 1)).map(lambda t: t.isoformat(sep=" ")),  # noqa: DTZ001
    "few": st.sampled_from(["yes", "no", "NO", "1e5", "ünï", "it's", 'a "b"']),
    "text": st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12),
    "empty": st.just(""),
}


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """A header and rows, each column of one kind with some values missing."""
    names = draw(st.lists(st.sampled_from(COLUMN_NAMES), min_size=2, max_size=5, unique=True))
    count = draw(st.integers(0, 12))
    columns = []
    for _ in names:
        kind = cells[draw(st.sampled_from(sorted(cells)))]
        kind = st.one_of(kind, st.just("")) if draw(st.booleans()) else kind
        columns.append(draw(st.lists(kind, min_size=count, max_size=count)))
    rows = [list(row) for row in zip(*columns, strict=True)]
    return [names, *rows, *rows] if draw(st.booleans()) else [names, *rows]


@examples(15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=tables())
def test_the_very_data_passes_its_schema(
    engine: DuckDBEngine, tmp_path: Path, rows: list[list[str]]
) -> None:
    """Whatever the columns hold and are called, the written schema loads and the data passes it."""
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    folder.mkdir()
    try:
        written(engine, csv_table(folder / "t.csv", rows), folder)
    except UnreadableTable:
        assert any(cell for row in rows[1:] for cell in row)  # stray letters, not our matter


PARQUET = pa.table(
    {
        "order_id": pa.array([3, 1, 2, 4], pa.int32()),
        "small": pa.array([1, None, 3, 4], pa.uint8()),
        "ratio": pa.array([0.5, float("nan"), float("inf"), 1e20]),
        "price": pa.array([Decimal("1.50"), Decimal("2.00"), None, Decimal("0.01")]),
        "at": pa.array([dt.datetime(2026, 1, n, tzinfo=dt.UTC) for n in (1, 2, 3, 4)]),
        "day": pa.array([dt.date(2026, 1, n) for n in (1, 2, 3, 4)]),
        "kind": pa.array(["a", "b", "a", "b"]).dictionary_encode(),
        "tags": pa.array([["a"], [], None, ["b", "c"]]),
        "raw": pa.array([b"\x00", b"", b"x", b"y"]),
        "clock": pa.array([dt.time(1, 2), dt.time(3), None, dt.time(4)]),
        "nothing": pa.nulls(4),
        "ok": pa.array([True, False, True, True]),
    }
)


def test_every_type_of_a_parquet_file_is_named(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Integers keep their width, times their zone; what has no type is left to say."""
    parquet.write_table(PARQUET, tmp_path / "t.parquet")
    table = Table(paths=(tmp_path / "t.parquet",), format="parquet")
    seen, text = written(engine, table, tmp_path)
    assert {column.name: column.dtype for column in seen.columns} == {
        "order_id": "int32", "small": "uint8", "ratio": "float64", "price": "Decimal(3, 2)",
        "at": "datetime64[ns, UTC]", "day": "date", "kind": "str", "tags": "object",
        "raw": "object", "clock": "object", "nothing": None, "ok": "bool",
    }  # fmt: skip
    nullable = {
        name for name, column in yaml.safe_load(text)["columns"].items() if column.get("nullable")
    }
    assert nullable == {"small", "ratio", "price", "tags", "clock", "nothing"}
    assert (seen.found_key.columns, seen.found_key.plain) == (("order_id",), False)
    ranged = [column.name for column in seen.columns if column.low and column.high]
    assert ranged == ["order_id", "small", "price", "at", "day"]


def people(count: int = 60) -> list[list[Any]]:
    """A table with a key, personal columns, a category, a number with gaps and one of one value."""
    header = ["person_id", "Full Name", "e_mail", "plan", "age", "country"]
    rows = [
        [n, f"Secret{n}", f"secret{n % 3}@x.org", "abc"[n % 3], 20 + n % 40 if n % 9 else "", "DE"]
        for n in range(count)
    ]
    return [header, *rows]


def test_a_schema_says_what_is_of_use(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Types, not-null, the unique key and short lists of values; ranges only as comments."""
    seen, text = written(engine, csv_table(tmp_path / "p.csv", people()), tmp_path)
    loaded = yaml.safe_load(text)
    assert loaded["columns"] == {
        "person_id": {"dtype": "int64", "unique": True},
        "Full Name": {"dtype": "str"},
        "e_mail": {"dtype": "str"},
        "plan": {"dtype": "str", "isin": ["a", "b", "c"]},
        "age": {"dtype": "int64", "nullable": True},
        "country": {"dtype": "str"},
    }
    assert seen.key == ("person_id",)
    assert seen.pii == ("Full Name", "e_mail")
    assert "# in_range: {min_value: 20, max_value: 59}" in text
    assert "a draft" in text.splitlines()[1]


def test_no_value_of_a_personal_column_is_told(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Neither listed as a category nor as a bound, also where somebody else named the column."""
    table = csv_table(tmp_path / "p.csv", people())
    seen = infer(engine, table, name="people", pii=["plan", "age"])
    text = schema_yaml(seen, name="people", path="p.csv")
    assert "secret" not in text.lower()
    assert "isin" not in text.partition("columns:")[2]
    assert "min_value" not in text
    assert set(seen.pii) == {"Full Name", "e_mail", "plan", "age"}


DAYS = [(dt.date(2026, 1, 1) + dt.timedelta(n)).isoformat() for n in range(80)]
PRICES = [[symbol, day, 1.5] for symbol in ("AAPL", "IBM", "MSFT") for day in DAYS]


@pytest.mark.parametrize(
    ("header", "rows", "key"),
    [
        (["amount", "id"], [[1, 1], [2, 2]], ("id",)),
        (["id", "x"], [[1, 1], [1, 2]], ()),
        (["id", "x"], [[1, 1], ["", 2]], ()),
        (["amount", "x"], [[1, 1], [2, 2]], ()),
        (["user_id", "order_id"], [[7, 1], [8, 2]], ()),
        (["user_id", "people_id"], [[7, 1], [8, 2]], ("people_id",)),
        (["x", "iata"], [[n // 2, f"A{n}"] for n in range(60)], ("iata",)),
        (["x", "iata"], [[n // 2, f"A{n}"] for n in range(19)], ()),
        (["shop_id", "day"], [[1, "2026-01-01"], [1, "2026-01-02"]], ()),
        (["symbol", "date", "price"], PRICES, ("symbol", "date")),
        (["city", "year"], [[f"c{n % 9}", 2000 + n // 9] for n in range(90)], ("city", "year")),
        (["day", "rain"], [[DAYS[n], n % 7] for n in range(60)], ("day",)),
        (["day", "rain"], [[DAYS[n], n % 7] for n in range(19)], ()),
        (["day", "rain"], [[DAYS[7 * n], n % 7] for n in range(10)], ()),
        (["sensor_id", "at"], [[n % 3, f"2026-01-01 00:{n:02}:0{n % 7}"] for n in range(60)], ()),
        (["shop_id", "year"], [[n * 7 % 61, 1900 + n] for n in range(60)], ("shop_id",)),
        (["time", "x"], [[n / 7, n % 3] for n in range(60)], ()),
        (["a_id", "b_id"], [[1, 1], [1, 2], [2, 1]], ()),
        (["a_id", "b_id"], [[n % 9, n // 9] for n in range(81)], ("a_id", "b_id")),
        (["tax_id", "x"], [[1, 1], [2, 2]], ()),
        (["id", "x"], [[1, 1]], ()),
        (["id", "x"], [[1.5, 1], [2.5, 2]], ()),
    ],
)  # fmt: skip
def test_a_key_is_guessed_with_care(
    engine: DuckDBEngine,
    tmp_path: Path,
    header: list[str],
    rows: list[list[Any]],
    key: tuple[str, ...],
) -> None:
    """Plain by its name, or where chance would have repeated it; never by a few rows or floats."""
    seen, _ = written(engine, csv_table(tmp_path / "k.csv", [header, *rows]), tmp_path)
    assert seen.key == key


@pytest.mark.parametrize(
    ("header", "rows", "columns", "evidence"),
    [
        (["x", "iata"], [[1, "A"], [1, "B"]], ("iata",),
         "unique in 2 rows, never missing, too few to decide"),
        (["shop_id", "day"], [[n % 3, DAYS[n % 2 + 2 * (n // 3)]] for n in range(12)],
         ("shop_id", "day"), "unique in 12 rows, never missing, too few to decide"),
        (["sensor_id", "at"], [[n, f"2026-01-01 {n // 60:02}:{n % 60:02}:00"]
                               for n in range(70)],
         ("sensor_id",), "unique in 70 rows, never missing"),
        (["x", "at"], [[n % 4, f"2026-01-01 {n // 60:02}:{n % 60:02}:00"] for n in range(70)],
         ("at",), "unique in 70 rows, never missing, which may be chance"),
        (["x", "id"], [[1, 1], [1, 1]], (), ""),
    ],
)  # fmt: skip
def test_a_guess_carries_its_evidence(
    engine: DuckDBEngine, tmp_path: Path, header: list[str], rows: list[list[Any]],
    columns: tuple[str, ...], evidence: str,
) -> None:  # fmt: skip
    """What may be chance is not a key of the dataset, and says what speaks for it."""
    seen, _ = written(engine, csv_table(tmp_path / "k.csv", [header, *rows]), tmp_path)
    assert (seen.found_key.columns, seen.found_key.evidence) == (columns, evidence)


def test_tomorrows_rows_are_not_refused_for_nothing(engine: DuckDBEngine, tmp_path: Path) -> None:
    """New ids and values beyond those seen pass; a new type, gap or category does not."""
    table = csv_table(tmp_path / "p.csv", people())
    written(engine, table, tmp_path)
    schema = load_schema(tmp_path / "people.yaml", name_in_messages="people.yaml")
    dataset = Dataset(name="people", path="p.csv")
    for row, passes in (
        ([999, "New", "new@x.org", "a", 120, "FR"], True),
        ([999, "New", "new@x.org", "z", 30, "FR"], False),
        ([999, "New", "new@x.org", "a", "old", "FR"], False),
        ([999, "New", "", "a", 30, "FR"], False),
        ([1, "New", "new@x.org", "a", 30, "FR"], False),
    ):
        tomorrow = csv_table(tmp_path / f"{passes}{row[3]}{row[4]}{row[0]}.csv", [*people(), row])
        assert validate(engine, tomorrow, dataset, schema).passed == passes, row


@pytest.mark.parametrize(
    "name",
    ["email", "E-Mail", "Phone Number", "firstName", "LAST_NAME", "name", "ip_address", "dob",
     "ssn", "customer_name", "date_of_birth", "home-address"],
)  # fmt: skip
def test_personal_names_are_noticed(name: str) -> None:
    """However they are written."""
    assert personal(name)


@pytest.mark.parametrize(
    "name", ["product_name", "file_name", "amount", "country", "ipsum", "id", "named", "stripe", ""]
)
def test_other_names_are_not(name: str) -> None:
    """A guess that hides too much helps nobody."""
    assert not personal(name)


@given(st.text())
@example("Code")
def test_any_name_can_be_asked_about(name: str) -> None:
    """Names of columns are any text."""
    assert isinstance(personal(name), bool)
    assert key_rank(name, "people") in {None, 0, 1, 2, 3}


@pytest.mark.parametrize("rows", [[[1, 1], [2, 2]], [[1, 1], [1, 2]]], ids=["unique", "twice"])
def test_a_name_with_a_dot_can_be_a_key(
    engine: DuckDBEngine, tmp_path: Path, rows: list[list[Any]]
) -> None:
    """`x.y` is a column and not a column of a table `x`, also where its duplicates are shown."""
    table = csv_table(tmp_path / "k.csv", [["x.y", "z"], *rows])
    (tmp_path / "s.yaml").write_text("schema_type: dataframe\ncolumns:\n  x.y: {unique: true}\n")
    schema = load_schema(tmp_path / "s.yaml", name_in_messages="s.yaml")
    dataset = Dataset(name="k", path="k.csv", key=("x.y",))
    assert validate(engine, table, dataset, schema).passed == (rows[1][0] == 2)
