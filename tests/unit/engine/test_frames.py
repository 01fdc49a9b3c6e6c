"""CSV tables as data frames: read as a check reads them, whichever library the frame is of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
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
    """Loads one text as a data frame."""

    def loading(
        text: str | bytes,
        *,
        engine: str = "pyarrow",
        columns: list[str] | None = None,
        types: dict[str, str] | None = None,
    ) -> Any:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        table = Table(paths=(path,), format="csv")
        return read_frame(reader, table, columns=columns, engine=engine, types=types)

    return loading


def plain(frame: Any, engine: str) -> list[dict[str, Any]]:
    """The rows of a frame of any library."""
    if engine == "duckdb":
        frame = frame.to_arrow_table()
    elif engine == "pandas":
        return [
            {name: None if missing(value) else value for name, value in row.items()}
            for row in frame.to_dict("records")
        ]
    return list(frame.to_pylist() if hasattr(frame, "to_pylist") else frame.to_dicts())


def missing(value: Any) -> bool:
    """What pandas has for a value that is not there."""
    return bool(pd.isna(value))


LOADED: list[tuple[str, list[tuple[Any, ...]]]] = [
    ("id;city;price\n1;A;1.5\n2;B;1.7\n", [(1, "A", 1.5), (2, "B", 1.7)]),
    ("\ufeffid\tcity\tprice\n1\tA\t1.5\n", [(1, "A", 1.5)]),
    ("id|city|price\n1|A|\n", [(1, "A", None)]),
    ("id,city,price\n9007199254740993,A,1\n,NA,2\n", [(2**53 + 1, "A", 1), (None, None, 2)]),
    ('id,city,price\n1,"A\nB",2026-01-31\n', [(1, "A\nB", dt.date(2026, 1, 31))]),
]
"""Texts and their rows: dialects, and then types."""


@pytest.mark.parametrize(
    ("text", "rows", "engine"),
    # The dialect is the check's for all libraries; the types are each library's own.
    [
        pytest.param(
            text, rows, engine,
            marks=pytest.mark.slow if place < 3 and engine != "pyarrow" else (),
            id=f"{place}-{engine}",
        )
        for engine in LIBRARIES
        for place, (text, rows) in enumerate(LOADED)
    ],
)  # fmt: skip
def test_the_dialect_of_the_check_is_loaded(
    load: Load, engine: str, text: str, rows: list[tuple[Any, ...]]
) -> None:
    """Delimiters, byte order marks, missing values and types are those of the check."""
    pytest.importorskip(engine)
    frame = load(text, engine=engine)
    found = [tuple(row.values()) for row in plain(frame, engine)]
    assert [tuple(plain_day(value) for value in row) for row in found] == rows


def plain_day(value: Any) -> Any:
    """A day, where a library has made a moment of it."""
    return value.date() if isinstance(value, dt.datetime) else value


def test_a_blank_line_in_one_column_is_a_row(load: Load) -> None:
    """It is counted as one without a value, as the check counts it."""
    assert load("x\na\n\nb\n")["x"].to_pylist() == ["a", None, "b"]


def test_columns_are_those_of_the_dialect(load: Load) -> None:
    """Columns are found in a file of any delimiter, given in the order asked for, or named."""
    text = "id;price\n1;2\n"
    assert load(text, columns=["price"]).to_pylist() == [{"price": 2}]
    assert load(text, columns=["price", "id"]).column_names == ["price", "id"]
    with pytest.raises(ConfigError) as caught:
        load(text, columns=["prize"])
    assert "Columns: id, price." in str(caught.value.remedy)


def test_types_that_were_validated_are_loaded(load: Load) -> None:
    """Text stays text where the schema said so; a column that broke its type is text."""
    text = "code,n\n7,1\n8,x\n"
    frame = load(text, types={"code": "string", "n": "int64"})
    assert frame.to_pylist() == [{"code": "7", "n": "1"}, {"code": "8", "n": "x"}]


def test_pandas_keeps_integers_beside_missing_values(load: Load) -> None:
    """A column is of NumPy's type where it is full, and of pandas' nullable type else."""
    frame = load("a,b,c,d\n1,1,true,true\n2,,false,\n", engine="pandas")
    assert frame.dtypes.astype(str).tolist() == ["int64", "Int64", "bool", "boolean"]


def test_a_file_that_is_no_table_is_named(load: Load) -> None:
    """The message has the line, and no value."""
    with pytest.raises(WorldError, match=r"more values .*\(line 3\)") as caught:
        load("a,b\n1,2\nsecret,4,5\n")
    assert "secret" not in str(caught.value)
