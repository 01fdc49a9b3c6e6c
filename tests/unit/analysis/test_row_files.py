"""All rows behind a finding, in a Parquet file: which, how many, and what is not in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandera.pandas as pa
import pyarrow as arrow  # noqa: ICN001 - `pa` is Pandera
import pyarrow.parquet as pq
import pytest

from datarelease.analysis.comparison.rows import diff_rows
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.row_columns import CHANGE_COLUMNS, row_batch
from datarelease.analysis.engine.row_files import RowWriter, json_objects, rows_in
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.validation import custom, failing_rows
from datarelease.analysis.validation.run import validate
from datarelease.model.data.dataset import Dataset
from datarelease.model.review.diff import FileChange, RowDiff

C = pa.Check
ROOT = Path(__file__).parents[3]
HOSTILE = '"; DROP TABLE x; --\n\u202e<script>'


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=2) as engine:
        yield engine


def parts(folder: Path, *tables: arrow.Table) -> Table:
    """Tables as the parts of one dataset."""
    paths = []
    for place, table in enumerate(tables):
        paths.append(folder / f"{len(list(folder.iterdir()))}{place}.parquet")
        pq.write_table(table, paths[-1], row_group_size=2)
    return Table(
        paths=tuple(paths),
        format="parquet",
        labels=tuple(f"part-{n}.parquet" for n in range(len(tables))),
    )


def failing(
    engine: DuckDBEngine, table: Table, schema: Any, folder: Path, budget: int = 1000, **meta: Any
) -> tuple[list[dict[str, Any]], int]:
    """The rows of the file that a validation leaves, and how many there are."""
    dataset = Dataset(name="d", path="d", schema="s", **meta)
    found = validate(engine, table, dataset, schema).violations
    path = folder / "rows.parquet"
    with RowWriter(path, budget) as writer:
        total = failing_rows.write_failing_rows(engine, table, dataset, schema, found, writer)
    return (pq.read_table(path).to_pylist() if writer.rows else []), total


def test_each_failing_row_has_its_number_in_the_files(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Rows are numbered through all parts from 1, also where parts and row groups are skipped."""
    first = arrow.table({"id": [1, 2, 3], "age": [5, -1, 7], HOSTILE: ["a", "b", HOSTILE]})
    second = arrow.table({"id": [4, 5], "age": [None, -8], HOSTILE: ["a", "ä"]})
    schema = pa.DataFrameSchema(
        {
            "age": pa.Column("Int64", C.ge(0)),
            HOSTILE: pa.Column(str, [C.str_matches(r"\w+$"), C.str_length(max_value=5)]),
        }
    )
    rows, total = failing(engine, parts(tmp_path, first, second), schema, tmp_path, key=("id",))
    said = sorted(
        (row["check"], row["column"], row["value"], row["key.id"], row["row"]) for row in rows
    )
    assert said == [
        ("greater_than_or_equal_to(0)", "age", "-1", 2, 2),
        ("greater_than_or_equal_to(0)", "age", "-8", 5, 5),
        ("not_nullable", "age", None, 4, 4),
        (r"str_length(max_value=5)", HOSTILE, HOSTILE, 3, 3),
        (r"str_matches('\\w+$')", HOSTILE, HOSTILE, 3, 3),
    ]
    assert total == len(rows)


def test_rows_that_share_values_are_all_there(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Of a set of columns the value is a JSON object; of a key that repeats, each row is named."""
    table = arrow.table({"a": [1, 1, 2, None, None], "b": ['x"\n', 'x"\n', "y", "z", "z"]})
    schema = pa.DataFrameSchema(unique=["a", "b"])
    rows, total = failing(engine, parts(tmp_path, table), schema, tmp_path, key=("a",))
    shared = [
        (row["check"], json.loads(row["value"]), row["row"])
        for row in rows
        if "a, b" in row["check"]
    ]
    assert shared == [
        ("unique(a, b)", {"a": "1", "b": 'x"\n'}, 1),
        ("unique(a, b)", {"a": "1", "b": 'x"\n'}, 2),
        ("unique(a, b)", {"a": None, "b": "z"}, 4),
        ("unique(a, b)", {"a": None, "b": "z"}, 5),
    ]
    assert [row["row"] for row in rows if row["check"] == "key unique (a)"] == [1, 2]
    assert [row["row"] for row in rows if row["check"] == "key not null"] == [4, 5]
    assert total == len(rows) == 8


def test_values_of_personal_data_are_not_written(engine: DuckDBEngine, tmp_path: Path) -> None:
    """The file has neither values nor keys of a pii column, and still says which rows they are."""
    table = arrow.table({"mail": ["eve@example.org", "bob@example.org"], "age": [-1, 5]})
    schema = pa.DataFrameSchema(
        {"mail": pa.Column(str, C.isin(["x"])), "age": pa.Column(int, C.ge(0))}
    )
    rows, _ = failing(
        engine, parts(tmp_path, table), schema, tmp_path, key=("mail",), pii=("mail",)
    )
    assert {row["key.mail"] for row in rows} == {"•••"}
    assert sorted((row["column"], row["value"], row["row"]) for row in rows) == [
        ("age", "-1", 1),
        ("mail", "•••", 1),
        ("mail", "•••", 2),
    ]
    assert b"eve@example" not in (tmp_path / "rows.parquet").read_bytes()


def test_a_budget_is_shared_by_the_checks(engine: DuckDBEngine, tmp_path: Path) -> None:
    """No check uses up the room of another one; the file says how many rows there are."""
    table = arrow.table({"a": list(range(100)), "b": [0] * 98 + [1, 2]})
    schema = pa.DataFrameSchema({"a": pa.Column(int, C.lt(0)), "b": pa.Column(int, C.eq(0))})
    rows, total = failing(engine, parts(tmp_path, table), schema, tmp_path, budget=10)
    assert (len(rows), total) == (10, 102)
    assert [row["row"] for row in rows if row["column"] == "b"] == [99, 100]
    assert [row["row"] for row in rows if row["column"] == "a"] == list(range(1, 9))


@pytest.mark.parametrize("batch", [100_000, 2], ids=["in-pandera", "as-an-expression"])
def test_rows_of_custom_checks(
    engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """They are found in Pandera, or by the expression; a check of all rows together has none."""
    monkeypatch.setattr(custom, "BATCH_ROWS", batch)
    table = arrow.table({"a": [1, 2, 3, 4, 5]})
    schema = pa.DataFrameSchema(
        {
            "a": pa.Column(
                int, [C(lambda a: a < 4, name="small"), C(lambda a: a.max() < 3, name="all")]
            )
        }
    )
    rows, total = failing(engine, parts(tmp_path, table), schema, tmp_path)
    assert [(row["check"], row["value"], row["row"]) for row in rows] == [
        ("small", "4", 4),
        ("small", "5", 5),
    ]
    assert total >= 2


def test_a_table_that_cannot_be_numbered_by_rows_has_no_file(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    """Violations of the table's shape are about no row."""
    schema = pa.DataFrameSchema({"gone": pa.Column(int)})
    assert failing(engine, parts(tmp_path, arrow.table({"a": [1]})), schema, tmp_path) == ([], 0)


def test_changed_rows_have_old_and_new_values(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Changed rows say which columns differ; added and removed ones have all values."""
    old = arrow.table({"id": [1, 2, 3], "n": [10, 20, 30], "mail": ["a@x", "b@x", "c@x"]})
    new = arrow.table({"id": [2, 3, 4], "n": [21, 30, 40], "mail": ["b@x", "z@x", "d@x"]})
    dataset = Dataset(name="d", path="d", key=("id",), pii=("mail",))
    path = tmp_path / "rows"
    with RowWriter(path, 100) as writer:
        found = diff_rows(engine, parts(tmp_path, old), parts(tmp_path, new), dataset, file=writer)
    assert isinstance(found, RowDiff)
    rows = [tuple(row.values()) for row in pq.read_table(path).to_pylist()]
    assert pq.read_table(path).column_names == [
        "kind", "key.id", "columns", "old.n", "new.n", "old.mail", "new.mail",
    ]  # fmt: skip
    assert rows == [
        ("changed", 2, ["n"], 20, 21, None, None),
        ("changed", 3, ["mail"], None, None, "•••", "•••"),
        ("added", 4, [], None, 40, None, "•••"),
        ("removed", 1, [], 10, None, "•••", None),
    ]


def reference(heading: str) -> dict[str, str]:
    """The columns that the reference lists under a heading, with their types."""
    page = (ROOT / "docs" / "reference" / "formats" / "row-files.md").read_text("utf-8")
    part = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", part, flags=re.MULTILINE))


def listed(path: Path, *columns: str) -> dict[str, str]:
    """The columns of a written file as the reference lists them, once for all of a dataset."""
    words = {
        "string": "text",
        "int64": "integer (64 bits)",
        "list<element: string>": "list of text",
    }
    found = {}
    for field in pq.read_schema(path):
        before, point, name = field.name.partition(".")
        of_data = point and name in columns
        key = f"{before}.COLUMN" if of_data else field.name
        found[key] = "as in the data" if of_data else words[str(field.type)]
    return found


def test_the_reference_lists_the_columns_of_written_files(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    """Names and types, in their order, of failing rows and of changed rows; of files as well."""
    table = arrow.table({"id": [1, 2], "age": [-1, 5]})
    schema = pa.DataFrameSchema({"age": pa.Column(int, C.ge(0))})
    failing(engine, parts(tmp_path, table), schema, tmp_path, key=("id",))
    written = listed(tmp_path / "rows.parquet", "id", "age")
    assert written == reference("`violations.parquet` of a table")
    old, new = arrow.table({"id": [1], "n": [10]}), arrow.table({"id": [1], "n": [11]})
    with RowWriter(tmp_path / "rows", 100) as writer:
        before, after = parts(tmp_path, old), parts(tmp_path, new)
        diff_rows(engine, before, after, Dataset(name="d", path="d", key=("id",)), file=writer)
    assert listed(tmp_path / "rows", "id", "n") == reference("`changes.parquet` of a table")
    with RowWriter(tmp_path / "rows", 100) as writer:
        writer.add_files("kinds: image/png", ["a.txt"], ["kind=text/plain"])
    assert listed(tmp_path / "rows") == reference("`violations.parquet` of a dataset of files")
    with RowWriter(tmp_path / "rows", 100) as writer:
        writer.add_file_changes([FileChange(kind="added", path="a.txt", after=3)])
    assert listed(tmp_path / "rows") == reference("`changes.parquet` of a dataset of files")


def test_a_column_that_is_not_described_is_not_written() -> None:
    """The reference is made of the descriptions, so a writer cannot add or retype a column."""
    text = arrow.array(["x"])
    with pytest.raises(KeyError, match="more"):
        row_batch(CHANGE_COLUMNS, {"kind": text, "more": text})
    with pytest.raises(TypeError, match="kind"):
        row_batch(CHANGE_COLUMNS, {"kind": arrow.array([1])})
    assert row_batch(CHANGE_COLUMNS, {"kind": text, "key.more": text}).num_columns == 2


def test_a_file_ends_at_its_budget_in_bytes(tmp_path: Path) -> None:
    """Long texts end a file before its rows are used up, and it says how many there were."""
    batch = arrow.record_batch({"v": arrow.array([f"{n:0900d}" for n in range(2000)])})
    with RowWriter(tmp_path / "f", 10_000, most_bytes=4096) as writer:
        writer.total = 9000
        for _ in range(4):
            writer.add(batch)
    assert rows_in((tmp_path / "f").read_bytes()) == (2000, 9000)
    assert rows_in(b"PAR1 nothing of ours") is None


def test_values_of_several_columns_are_json() -> None:
    """Quotes, line ends and control characters of values and names leave the JSON whole."""
    hostile = '\\"\x00\x1b\n\t}'
    texts = json_objects({hostile: arrow.array([hostile, None]), "b": arrow.array(["1", "2"])})
    first, second = map(json.loads, texts.to_pylist())
    assert first == {hostile: '\\"\ufffd\ufffd\n\t}', "b": "1"}
    assert second == {hostile: None, "b": "2"}
