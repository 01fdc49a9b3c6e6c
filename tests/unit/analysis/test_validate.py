"""Validation: what is found, how it is told, what is never shown."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import narwhals as nw
import pandera.pandas as pa
import pyarrow as arrow  # noqa: ICN001 - `pa` is Pandera
import pyarrow.parquet as pq
import pytest
from tests.slow_cases import slow_but

from datarelease import documents
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.validation import custom as custom_checks
from datarelease.analysis.validation import examples
from datarelease.analysis.validation.checks import Probe
from datarelease.analysis.validation.run import validate
from datarelease.errors import ConfigError
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.validation import Validation, Violation
from datarelease.model.review.report import EXAMPLES, MASK

C = pa.Check
Run = Callable[..., Validation]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine for all tests, each of which has files of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


@pytest.fixture
def run(engine: DuckDBEngine, tmp_path: Path) -> Run:
    """Validates a table (Arrow: as Parquet, text: as CSV) against a schema."""

    def running(data: Any, schema: pa.DataFrameSchema | None = None, **meta: Any) -> Validation:
        path = tmp_path / f"object{len(list(tmp_path.iterdir()))}"
        csv = isinstance(data, (str, bytes))
        if csv:
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
        else:
            pq.write_table(data if isinstance(data, arrow.Table) else arrow.table(data), path)
        table = Table(paths=(path,), format="csv" if csv else "parquet", labels=("data/x",))
        dataset = Dataset(name="people", path="data/x", schema="schemas/people.yaml", **meta)
        return validate(engine, table, dataset, schema)

    return running


def only(found: Validation) -> Violation:
    """The one violation of a validation."""
    (violation,) = found.violations
    return violation


def column(dtype: Any = None, checks: Any = None, **options: Any) -> pa.DataFrameSchema:
    """A schema of one column ``v``."""
    return pa.DataFrameSchema({"v": pa.Column(dtype, checks, **options)})


def told(found: Validation) -> list[tuple[str | None, str, int]]:
    """(column, reason, count) of each violation."""
    return [(v.column, v.reason, v.count) for v in found.violations]


def test_good_data(run: Run) -> None:
    """A table that keeps every promise passes, with its rows and checks counted."""
    schema = pa.DataFrameSchema(
        {"id": pa.Column(int, C.gt(0), unique=True), "v": pa.Column(str, nullable=True)},
        strict=True,
    )
    found = run({"id": [1, 2], "v": ["x", None]}, schema, key=("id",), pii=("v",))
    assert found.passed
    assert found.violations == ()
    assert (found.rows, found.schema) == (2, "schemas/people.yaml")
    # two columns there, two types, strict, not null, greater than, unique
    assert found.checks == 8
    assert found.contract is not None


def test_examples_are_sorted_by_key_and_few(run: Run) -> None:
    """Of many failing rows the first ten by key are shown, with key and value."""
    ids = list(range(50, 0, -1))
    found = run({"id": ids, "v": [-i for i in ids]}, column(int, C.ge(0)), key=("id",))
    violation = only(found)
    assert (violation.count, violation.total, violation.category) == (50, 50, "data")
    assert violation.check == "greater_than_or_equal_to(0)"
    assert violation.examples == tuple((("id", i), ("v", -i)) for i in range(1, EXAMPLES + 1))


def test_examples_without_key_keep_file_order(run: Run) -> None:
    """Without a key the first failing rows of the file are shown."""
    assert only(run({"v": [3, -2, -1]}, column(int, C.ge(0)))).examples == (
        (("v", -2),),
        (("v", -1),),
    )


def test_personal_values_are_masked(run: Run) -> None:
    """Values of pii columns are masked, as key too and when they cannot be read; null stays."""
    text = "mail,v\nsecret1,secret2\nsecret3,7\n,secret4\nsecret1,8\n"
    schema = pa.DataFrameSchema(
        {
            "mail": pa.Column(str, [C.str_length(exact_value=1), C(_broken, name="broken")]),
            "v": pa.Column(int, C.isin([1])),
        }
    )
    found = run(text, schema, key=("mail",), pii=("mail", "v"))
    assert "secret" not in documents.encode(found)
    assert "7" not in [v for e in found.violations for row in e.examples for _, v in row]
    by_reason = {v.reason: v for v in found.violations}
    assert by_reason["datatype_coercion"].examples[0] == (("mail", MASK), ("v", MASK))
    assert by_reason["series_contains_nulls"].examples == ((("mail", None),),)
    assert by_reason["duplicates"].examples == ((("mail", MASK),), (("mail", MASK),))


def _broken(values: Any) -> Any:
    raise ValueError(list(values))


def test_values_are_json(run: Run) -> None:
    """Times are ISO 8601, infinities and bytes are words, long texts are cut."""
    table = {
        "v": arrow.array([float("inf")]),
        "t": arrow.array([dt.datetime(2020, 1, 1)]),  # noqa: DTZ001
        "s": ["x" * 10_000],
        "b": [b"abc"],
        "l": [[1, 2]],
    }
    found = run(table, column(float, C.lt(1)), key=("t", "s", "b", "l"))
    (row,) = only(found).examples
    assert row == (
        ("t", "2020-01-01T00:00:00"),
        ("s", "x" * 199 + "…"),
        ("b", "3 bytes"),
        ("l", "[1, 2]"),
        ("v", "inf"),
    )
    assert documents.decode(Validation, documents.encode(found)) == found


def test_text_that_is_no_number(run: Run) -> None:
    """CSV text that cannot be read as the schema's type is counted and shown as it stands."""
    violation = only(
        run("id,v\n1,5\n2,x\n3,\n4,1.5\n", column("Int64", nullable=True), key=("id",))
    )
    assert (violation.reason, violation.count, violation.total) == ("datatype_coercion", 2, 4)
    assert violation.check == "dtype(int64)"
    assert violation.examples == ((("id", 2), ("v", "x")), (("id", 4), ("v", "1.5")))
    assert violation.message == "cannot be read as int64"


def test_unreadable_text_is_not_missing_nor_equal(run: Run) -> None:
    """What cannot be read counts as such only: not as null, not as a duplicate, not as failing."""
    found = run("k,v\n1,x\n2,y\n3,1\n", column(int, C.gt(0), unique=True))
    assert told(found) == [("v", "datatype_coercion", 2)]


def test_csv_types_of_the_schema(run: Run) -> None:
    """A CSV column is read as the schema's type: text stays text, days and zones are read."""
    schema = pa.DataFrameSchema(
        {
            "a": pa.Column(str, C.eq("007")),
            "b": pa.Column("datetime64[ns]"),
            "c": pa.Column("datetime64[ns, UTC]"),
            "d": pa.Column("date"),
            "e": pa.Column("category"),
            "f": pa.Column(bool),
            "g": pa.Column(object),
        }
    )
    text = "a,b,c,d,e,f,g\n007,2020-01-01,2020-01-01T00:00:00+02:00,2020-01-01,x,true,x\n"
    assert run(text, schema).violations == ()


def test_parquet_types(run: Run) -> None:
    """A Parquet column of another type is one violation of the table's shape."""
    violation = only(run({"v": ["1"]}, column(int)))
    assert (violation.reason, violation.category, violation.count) == (
        "wrong_datatype",
        "schema",
        1,
    )
    assert violation.message == "the column is string, the schema wants int64"


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (arrow.array([1, 2], arrow.int64()), "Int64"),
        (arrow.array(["a"]).dictionary_encode(), "category"),
        (arrow.array(["a"], arrow.large_string()), str),
        (arrow.array([dt.date(2020, 1, 1)]), "date"),
        (arrow.array([dt.datetime(2020, 1, 1)], arrow.timestamp("us")), "datetime64[ns]"),  # noqa: DTZ001
        (arrow.array([1], arrow.timestamp("us", "UTC")), "datetime64[ns, Europe/Berlin]"),
        (arrow.array([True]), "boolean"),
        (arrow.array([[1]]), object),
        (arrow.array([1.0], arrow.float16()), "float16"),
    ],
)
def test_types_that_satisfy(run: Run, values: arrow.Array, dtype: Any) -> None:
    """The file's type of the same values is what a pandas type asks for."""
    assert run({"v": values}, column(dtype)).passed


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (arrow.array([1], arrow.int32()), "int64"),
        (arrow.array([1.0]), "int64"),
        (arrow.array([1]), str),
        (arrow.array([dt.date(2020, 1, 1)]), "datetime64[ns]"),
        (arrow.array([1], arrow.timestamp("us")), "datetime64[ns, UTC]"),
        (arrow.array([1]), object),
    ],
)
def test_types_that_do_not_satisfy(run: Run, values: arrow.Array, dtype: Any) -> None:
    """Another width, another zone or another kind of values is another type."""
    assert only(run({"v": values}, column(dtype))).reason == "wrong_datatype"


def test_coerced_parquet(run: Run) -> None:
    """With coerce a column is converted first; what cannot be is counted and shown as it is."""
    violation = only(run({"v": ["1", "x", "-3"]}, column(int, C.ge(-3), coerce=True)))
    assert (violation.reason, violation.count) == ("datatype_coercion", 1)
    assert violation.examples == ((("v", "x"),),)


def test_columns(run: Run) -> None:
    """Missing, unexpected and misplaced columns, one violation each, before all others."""
    schema = pa.DataFrameSchema(
        {"b": pa.Column(int), "a": pa.Column(int, C.gt(5)), "c": pa.Column(int),
         "opt": pa.Column(int, required=False)},
        strict=True, ordered=True,
    )  # fmt: skip
    found = run({"a": [1], "b": [1], "x": [1]}, schema)
    assert told(found) == [
        ("a", "column_not_ordered", 1),
        ("b", "column_not_ordered", 1),
        ("c", "column_not_in_dataframe", 1),
        ("x", "column_not_in_schema", 1),
        ("a", "dataframe_check", 1),
    ]


def test_columns_that_differ_in_case_are_others(run: Run) -> None:
    """A column of another spelling is missing, though DuckDB would find it."""
    assert told(run({"V": [1]}, column(int))) == [("v", "column_not_in_dataframe", 1)]


def test_regex_columns(run: Run) -> None:
    """A regex column stands for each column that it matches; none is a missing column."""
    schema = pa.DataFrameSchema({"x[0-9]+": pa.Column(int, C.gt(1), regex=True)}, strict=True)
    assert told(run({"x1": [1], "x2": [2], "y": [1]}, schema)) == [
        ("y", "column_not_in_schema", 1),
        ("x1", "dataframe_check", 1),
    ]
    assert ("x[0-9]+", "column_not_in_dataframe", 1) in told(run({"y": [1]}, schema))


def test_declared_columns_that_do_not_exist(run: Run) -> None:
    """Columns that dvc.yaml names must exist; the message names the line to correct."""
    found = run({"v": [1]}, None, key=("id",), pii=("mail",))
    assert told(found) == [
        ("id", "column_not_in_dataframe", 1),
        ("mail", "column_not_in_dataframe", 1),
    ]
    assert "artifacts.people.meta.key" in found.violations[0].message
    assert "artifacts.people.meta.pii" in found.violations[1].message


def test_keys_without_schema(run: Run) -> None:
    """Null and duplicate keys are violations though no schema says so; nulls are not equal."""
    data = {"a": [1, 1, 2, None, None], "b": ["x", "x", "y", "z", "z"]}
    found = run(data, None, key=("a", "b"))
    assert told(found) == [("a", "series_contains_nulls", 2), (None, "duplicates", 2)]
    assert found.violations[1].check == "key unique (a, b)"
    assert found.violations[1].examples == ((("a", 1), ("b", "x")), (("a", 1), ("b", "x")))
    assert found.schema is None
    assert found.contract is None


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([(None, "a"), (None, "a"), (None, None)], [(None, "a"), (None, "a")]),
        ([(None, None), (1, None), (1, None)], [(1, None), (1, None)]),
        ([(None, None), (2, None), (None, None)], [(None, None), (None, None)]),
        ([(2, "a"), (None, "a"), (2, "a"), (None, "a")], [(2, "a"), (2, "a"), *[(None, "a")] * 2]),
        (
            [(n // 2, None) for n in range(30)] + [(99, "b")] * 2,
            [(n // 2, None) for n in range(10)],
        ),
    ],
)
def test_duplicates_that_share_a_null_are_shown(
    run: Run, rows: list[tuple[int | None, str | None]], shown: list[tuple[int | None, str | None]]
) -> None:
    """Only rows that share all of their values are examples, those with values before nulls."""
    schema = pa.DataFrameSchema(
        {"a": pa.Column(nullable=True), "b": pa.Column(nullable=True)}, unique=["a", "b"]
    )
    data = arrow.table(
        {
            "a": arrow.array([a for a, _ in rows], arrow.int64()),
            "b": arrow.array([b for _, b in rows], arrow.string()),
        }
    )
    found = only(run(data, schema))
    assert [tuple(value for _, value in row) for row in found.examples] == shown


@pytest.mark.parametrize(
    ("keys", "first"),
    # As few rows as are shown, too few for some checks, and all; and keys that are hardly shared.
    slow_but(
        {f"5-{EXAMPLES}", "30-15", "30-1000", "300-40"},
        itertools.product([5, 30, 300], [EXAMPLES, 15, 40, 1_000]),
        name=lambda case: "{}-{}".format(*case),
    ),
)
def test_examples_of_checks_that_fail_often_are_those_of_each_check(
    run: Run, monkeypatch: pytest.MonkeyPatch, first: int, keys: int
) -> None:
    """However many first rows are looked at, and rows share a key, the same examples are shown."""
    numbers = [n * 37 % 300 for n in range(300)]
    data = arrow.table(
        {
            "k": arrow.array([None if n % 50 == 49 else n % keys for n in numbers], arrow.int64()),
            "a": [n * 7 % 11 for n in numbers],
            "b": [f"{n * 13 % 17}" for n in numbers],
        }
    )
    schema = pa.DataFrameSchema(
        {
            "k": pa.Column(float, nullable=True),
            "a": pa.Column(int, [C.gt(5), C.gt(20), C.ne(3)]),
            "b": pa.Column(str, [C.ne("4"), C.str_length(2, 2)]),
        }
    )
    monkeypatch.setattr(examples, "_WANTED", 1)
    monkeypatch.setattr(examples, "_FIRST", first)
    looked = run(data, schema, key=("k",))
    monkeypatch.setattr(examples, "_FIRST", 0)
    assert looked == run(data, schema, key=("k",))
    assert [len(v.examples) for v in looked.violations if v.category == "data"][:5] == [10] * 5


def test_a_key_that_the_schema_checks_is_told_once(run: Run) -> None:
    """Null and duplicate keys that the schema refuses too are not told twice."""
    schema = pa.DataFrameSchema({"v": pa.Column(float, unique=True)})
    assert told(run({"v": [1.0, 1.0, None]}, schema, key=("v",))) == [
        ("v", "series_contains_nulls", 1),
        ("v", "series_contains_duplicates", 2),
    ]


def test_warnings_do_not_fail(run: Run) -> None:
    """A check with raise_warning is told after the errors, and the table passes."""
    schema = column(int, [C.gt(5, raise_warning=True), C.lt(100, raise_warning=True)])
    found = run({"v": [1]}, schema)
    assert found.passed
    assert only(found).severity == "warning"


def test_broken_checks_hide_nothing(run: Run) -> None:
    """A check that cannot be applied or raises is a result beside the others."""
    checks = [C.str_matches("a"), C.gt("x"), C(_broken, name="mine"), C.gt(1)]
    found = run({"v": [1]}, column(int, checks))
    assert [(v.check, v.reason) for v in found.violations] == [
        ("greater_than('x')", "check_error"),
        ("greater_than(1)", "dataframe_check"),
        ("mine", "check_error"),
        ("str_matches('a')", "check_error"),
    ]
    by_check = {v.check: v.message for v in found.violations}
    assert by_check["str_matches('a')"] == "str_matches('a') is for text; the column is int64"
    assert by_check["mine"].startswith("raised ValueError in line ")


def test_what_the_engine_refuses_is_no_violation(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that the engine cannot evaluate ends the run, by name, and counts no row."""

    def refused(_: Any, name: str, column: str, __: Any, failed: Violation) -> Probe:
        fails = nw.col(column).str.contains("1") if name == "greater_than" else _null(column)
        return Probe(failed=failed, fails=fails)

    monkeypatch.setattr("datarelease.analysis.validation.plan.built_in_probe", refused)
    with pytest.raises(ConfigError, match=r"cannot evaluate greater_than\(1\) of 'v'\.") as caught:
        run({"v": [1]}, column(int, [C.gt(1), C.lt(0)]))
    assert "less_than" not in str(caught.value)


def _null(column: str) -> nw.Expr:
    return nw.col(column).is_null()


def test_worst_first(run: Run) -> None:
    """Errors come before warnings, shape before values, many rows before few."""
    schema = pa.DataFrameSchema(
        {
            "a": pa.Column(int, [C.gt(1), C.gt(2), C.gt(9, raise_warning=True)]),
            "b": pa.Column(str),
        }
    )
    found = run({"a": [1, 2, 3], "b": [1, 2, 3]}, schema)
    assert [v.check for v in found.violations] == [
        "dtype(string)",
        "greater_than(2)",
        "greater_than(1)",
        "greater_than(9, raise_warning=True)",
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"a,b\n1,caf\xe9\n", "not UTF-8"),
        (b"a,b\nsecret\n", "more or fewer values"),
        (b"a,a\n1,2\n", "two columns are called 'a'"),
    ],
)
def test_unreadable_tables(run: Run, data: bytes, reason: str) -> None:
    """A file that is no table is one violation without rows, and nothing of it is quoted."""
    found = run(data, column(int))
    violation = only(found)
    assert (violation.reason, found.rows) == ("unreadable", 0)
    assert violation.message.startswith("data/x: ")
    assert reason in violation.message
    assert "secret" not in violation.message
    assert not found.passed


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ({"v": arrow.array([], arrow.float64())}, 0),
        ("v,w\n", 0),
        ({"v": arrow.array([None, None], arrow.float64())}, 2),
        ({"v": arrow.nulls(2)}, 2),
        ("v,w\n,1\nNA,2\n", 2),
    ],
)
def test_empty_tables_and_null_columns(run: Run, data: Any, rows: int) -> None:
    """Empty tables and columns of nulls keep every promise about values."""
    checks = [C.gt(0), C.isin([1]), C.in_range(0, 1), C(lambda s: s > 0, name="mine")]
    found = run(data, column(float, checks, nullable=True))
    assert (found.violations, found.rows) == ((), rows)


def test_null_columns_that_must_not_be(run: Run) -> None:
    """A column of nulls without type fails where the schema refuses nulls."""
    assert told(run({"v": arrow.nulls(3)}, column(str))) == [("v", "series_contains_nulls", 3)]


def test_wide_tables(run: Run) -> None:
    """Three hundred columns with odd names, each with checks, are one query."""
    names = [f'col "{place:03}" | 😀 עברית' for place in range(300)]
    schema = pa.DataFrameSchema({name: pa.Column(int, C.gt(0)) for name in names}, strict=True)
    found = run({name: [1, int(place % 100 > 4)] for place, name in enumerate(names)}, schema)
    assert told(found)[:2] == [(names[0], "dataframe_check", 1), (names[1], "dataframe_check", 1)]
    assert len(found.violations) == 15


def test_long_texts_and_odd_values(run: Run) -> None:
    """Texts of 10,000 characters, Markdown, HTML and right-to-left text are counted as they are."""
    values = ["x" * 10_000, "| <b>[a](b) |", "שלום", "a\nb", "\u202e", ""]
    found = run({"v": values}, column(str, [C.str_length(0, 9999), C.str_matches(r"[^<]*$")]))
    assert [(v.check, v.count) for v in found.violations] == [
        ("str_length(min_value=0, max_value=9999)", 1),
        (r"str_matches('[^<]*$')", 1),
    ]


def test_non_ascii_digits(run: Run) -> None:
    """Digits of any script are digits, as in Python, and failing texts of both kinds are shown."""
    found = run(
        {"v": ["12", "١٢", "é", "x", None]}, column(str, C.str_matches(r"\d+$"), nullable=True)
    )
    assert only(found).count == 2
    assert only(found).examples == ((("v", "é"),), (("v", "x"),))


def test_look_around(run: Run) -> None:
    """A pattern that RE2 lacks is evaluated all the same, each row counted."""
    found = run({"v": ["ab", "ac", "ac"]}, column(str, C.str_matches(r"a(?=b)")))
    assert only(found).count == 2
    assert only(found).examples == ((("v", "ac"),), (("v", "ac"),))


def test_mixed_time_zones_in_text(run: Run) -> None:
    """Text with several offsets is one moment each; text without one is none of a zoned type."""
    text = "k,v\n1,2020-01-01T00:00:00Z\n2,2020-01-01T02:00:00+02:00\n3,2020-01-01T00:00:00+0530\n"
    schema = column("datetime64[ns, UTC]", C.ge(dt.datetime(2020, 1, 1, tzinfo=dt.UTC)))
    found = run(text, schema, key=("k",))
    assert only(found).examples == ((("k", 3), ("v", "2019-12-31T18:30:00+00:00")),)
    naive = run(text, column("datetime64[ns]"), key=("k",))
    assert told(naive) == [("v", "datatype_coercion", 3)]


def test_dtype_of_the_whole_table(run: Run) -> None:
    """A schema with a type and no columns wants it of every column."""
    found = run({"a": [1], "b": ["x"]}, pa.DataFrameSchema(dtype=int))
    assert told(found) == [("b", "wrong_datatype", 1)]


class TestLargeTables:
    """Custom checks on tables that are not handed to Pandera whole."""

    @pytest.fixture(autouse=True)
    def _small_batches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A batch of 2,048 rows, so that small tables are large."""
        monkeypatch.setattr(custom_checks, "BATCH_ROWS", 2048)
        monkeypatch.setattr(custom_checks, "_TRIAL_ROWS", 100)

    TABLE = arrow.table({"id": range(10_000, 0, -1), "v": [*range(-5, 9995)]})

    @pytest.mark.parametrize(
        ("check", "count"),
        [
            (C(lambda s: s >= 0, name="operators"), 5),
            (C(lambda s: s.clip(0, 1) == s, name="method"), 9998),
            (C(lambda v: v >= 0, element_wise=True, name="each"), 5),
            (C(lambda s: s.where(s > 0, 1) > 0, name="pandas only"), 0),
            (C(lambda s: s.mean() < 0, name="mean"), 1),
            (C(lambda s: s < s.mean() * 9, name="mean of all"), 0),
            (C(lambda s: s % 2 >= 0, name="modulo"), 0),
        ],
        ids=lambda value: getattr(value, "name", ""),
    )
    def test_counts(self, run: Run, check: pa.Check, count: int) -> None:
        """Operators run on the engine, other row by row checks in Pandera; counts are exact."""
        found = run(self.TABLE, column(int, check), key=("id",))
        assert sum(v.count for v in found.violations) == count
        assert all(v.reason == "dataframe_check" for v in found.violations)

    @pytest.mark.parametrize(
        "check",
        [C(lambda s: s >= 0, name="engine"), C(lambda v: v >= 0, element_wise=True, name="each")],
        ids=["engine", "pandera"],
    )
    def test_examples(self, run: Run, check: pa.Check) -> None:
        """Examples are the first by key, by either way."""
        violation = only(run(self.TABLE, column(int, check), key=("id",)))
        assert violation.examples[0] == (("id", 9996), ("v", -1))

    @pytest.mark.parametrize(
        "check",
        [
            C(lambda s: ~s.duplicated(), name="duplicated"),
            C(lambda s: s.diff().fillna(1) > 0, name="difference"),
            C(lambda s: bool(s.is_monotonic_increasing), name="monotonic"),
            C(bool, groupby="id", name="groups"),
        ],
        ids=lambda check: check.name,
    )
    def test_whole_column_checks(self, run: Run, check: pa.Check) -> None:
        """A check that needs all rows at once is said not to have been evaluated."""
        schema = pa.DataFrameSchema({"id": pa.Column(int), "v": pa.Column(int, check)})
        violation = only(run(self.TABLE, schema))
        assert violation.reason == "check_error"
        assert "looks at the whole column at once" in violation.message

    def test_checks_between_columns(self, run: Run) -> None:
        """A check of the whole table runs on the engine, and in Pandera where it must."""
        plain = C(lambda df: df["v"] < df["id"], name="less")
        pandas = C(lambda df: df.eval("v < id"), name="less")
        counts = [
            only(run(self.TABLE, pa.DataFrameSchema(checks=check))).count
            for check in (plain, pandas)
        ]
        assert counts == [4997, 4997]


def test_equal_tables_give_equal_bytes(run: Run) -> None:
    """The document is the same on every run, whatever the number of threads did."""
    data = {"id": list(range(5000)), "v": [i % 7 for i in range(5000)]}
    schema = column(int, [C.gt(3), C.isin([1])], unique=True)
    documents_made = {documents.encode(run(data, schema, key=("id",))) for _ in range(3)}
    assert len(documents_made) == 1
