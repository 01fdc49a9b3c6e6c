"""Each difference from `pandera.pandas` that docs/data/validation.md names, shown to be one."""

from __future__ import annotations

import datetime as dt
import io
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow  # noqa: ICN001 - `pa` is Pandera
import pyarrow.parquet as pq
import pytest

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.validation.run import validate
from datarelease.model.data.dataset import Dataset

DOCUMENT = Path(__file__).parents[2] / "docs" / "data/validation.md"
C = pa.Check

#: case -> (values of a Parquet column, or the text of a CSV file; its column; ours; theirs),
#: where the outcomes are {reason: rows}.
CASES: dict[str, tuple[Any, pa.Column, dict[str, int], dict[str, int]]] = {
    "nullable-integers": (
        arrow.array([2**53 + 1, None]),
        pa.Column("int64", C.eq(2**53 + 1), nullable=True),
        {},
        {"wrong_datatype": 1},
    ),
    "null-duplicates": (
        arrow.array([1.0, 1.0, None, None]),
        pa.Column(float, unique=True, nullable=True),
        {"series_contains_duplicates": 4},
        {"series_contains_duplicates": 2},
    ),
    "arrow-patterns": (
        arrow.array(["ab", "b", "c"]),
        pa.Column(str, C.str_matches("a{,1}b")),
        {"dataframe_check": 1},
        {"dataframe_check": 3},
    ),
    "coerced-fractions": (
        arrow.array([1.0, 1.5]),
        pa.Column("int64", coerce=True),
        {"datatype_coercion": 1},
        {},
    ),
    "csv-leading-zeros": (
        "k,v\n1,007\n",
        pa.Column(str, C.eq("007")),
        {},
        {"wrong_datatype": 1, "dataframe_check": 1},
    ),
    "date-texts": (
        arrow.array([dt.date(2020, 1, 1)]),
        pa.Column("date", C.ge("2020-01-02")),
        {"dataframe_check": 1},
        {"check_error": 1},
    ),
}


def test_the_document_names_these_differences_and_no_others() -> None:
    """The cases of the document's last table are those tested here."""
    table = DOCUMENT.read_text(encoding="utf-8").rsplit("| case |", 1)[1]
    assert re.findall(r"^\| ([a-z]+-[a-z-]+) \|", table, re.MULTILINE) == list(CASES)


@pytest.mark.parametrize("case", CASES)
def test_difference(case: str, tmp_path: Path) -> None:
    """Our outcome and Pandera's are what the document says, and they differ."""
    data, column, ours, theirs = CASES[case]
    schema = pa.DataFrameSchema({"v": column})
    path = tmp_path / "data"
    if isinstance(data, str):
        path.write_text(data)
        frame = pd.read_csv(io.StringIO(data))
    else:
        pq.write_table(arrow.table({"v": data}), path)
        frame = pd.read_parquet(path)
    with DuckDBEngine(temp_directory=tmp_path / "spill", threads=1) as engine:
        table = Table(paths=(path,), format="csv" if isinstance(data, str) else "parquet")
        found = validate(engine, table, Dataset(name="d", path="d"), schema)
    assert {v.reason: v.count for v in found.violations} == ours
    assert _pandera(schema, frame) == theirs
    assert ours != theirs


def _pandera(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> dict[str, int]:
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return {
            error.reason_code.name.lower(): len(error.failure_cases)
            if isinstance(error.failure_cases, pd.DataFrame)
            else 1
            for error in errors.schema_errors
        }
    return {}
