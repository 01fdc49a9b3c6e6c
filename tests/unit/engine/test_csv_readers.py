"""Random tables in random dialects: check, load with each engine and Python read the same."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.frames import LIBRARIES, read_frame
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling.profile import profile
from datarelease.analysis.validation.run import validate
from datarelease.model.data.dataset import NA_STRINGS, CsvDialect, Dataset

CODECS = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "utf-16": "utf-16", "cp1252": "cp1252"}
"""How a file is written, and the encoding that the dialect names."""
QUOTING: tuple[Literal[0, 1, 2], ...] = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)
ENDS = ("\n", "\r\n", "\r")


@dataclass(frozen=True)
class Written:
    """A table as a program wrote it, in one or two parts."""

    dialect: CsvDialect
    names: tuple[str, ...]
    parts: tuple[str, ...]
    codec: str

    @property
    def rows(self) -> list[list[str]]:
        """What Python's own reader finds below the headers."""
        found = []
        for text in self.parts:
            lines = io.StringIO(text, newline="")
            for _ in range(self.dialect.skip_rows):
                lines.readline()
            header, *rows = csv.reader(lines, delimiter=str(self.dialect.delimiter))
            assert tuple(header) == self.names
            found += rows
        single = len(self.names) == 1
        return [row or [""] for row in found if row or single]


def cells(dialect: CsvDialect, codec: str) -> st.SearchStrategy[str]:
    """Texts of all kinds that one column may hold, as the dialect writes them."""
    mark = dialect.thousands or ""
    numbers = st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 99)).map(
        lambda pair: f"{pair[0]:,}".replace(",", mark) + f"{dialect.decimal}{pair[1]:02d}"
    )
    letters = st.characters(codec=CODECS[codec], exclude_characters="\x00\ufeff")
    return st.one_of(
        st.sampled_from(["", "NA", "null", "-", "true", "False", "0042", "a\nb", 'say "x"', " x "]),
        st.sampled_from([",", ";", "\t", "|", "a;b", "\r\n", '"', "#1", "'", "1,5", "1.234"]),
        st.text(letters, max_size=5),
        st.integers(-99, 10**12).map(str),
        st.dates(dt.date(1, 1, 1)).map(str),
        numbers,
    )


def uniform(dialect: CsvDialect) -> list[st.SearchStrategy[str]]:
    """Columns whose values are of one kind, some of them missing."""
    missing = st.sampled_from(
        [text for text in dialect.null_values if text == text.strip()] or [""]
    )
    mark = dialect.thousands or ""
    kinds = [
        st.integers(-(2**63), 2**63 - 1).map(lambda n: f"{n:,}".replace(",", mark)),
        st.integers(-(10**6), 10**6).map(lambda n: f"{n / 8:.3f}".replace(".", dialect.decimal)),
        st.booleans().map(str),
        st.dates(dt.date(1, 1, 1)).map(str),
    ]
    return [st.one_of(kind, missing) for kind in kinds]


@st.composite
def tables(draw: st.DrawFn) -> Written:
    """A table of a few columns and rows, written by Python's own writer."""
    codec = draw(st.sampled_from(sorted(CODECS)))
    decimal = draw(st.sampled_from(".,"))
    marks = [mark for mark in (None, ".", ",", "'", " ") if mark != decimal]
    dialect = CsvDialect(
        delimiter=draw(st.sampled_from(",;\t|")),
        decimal=decimal,
        thousands=draw(st.sampled_from(marks)),
        encoding=CODECS[codec],
        skip_rows=draw(st.integers(0, 2)),
        null_values=draw(st.sampled_from([NA_STRINGS, ("",), ("-", "null"), ()])),
    )
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.lower))
    values = [draw(st.sampled_from([cells(dialect, codec), *uniform(dialect)])) for _ in names]
    end = draw(st.sampled_from(ENDS))
    quoting = draw(st.sampled_from(QUOTING))
    title = st.sampled_from(["Prices", "", 'A "quoted', "1;2,3"])
    parts = []
    for _ in range(draw(st.integers(1, 2))):
        rows = [names, *draw(st.lists(st.tuples(*values), max_size=6))]
        # Python 3.11 and 3.12 quote no line ends but their own.
        broken = any(end in cell for row in rows for cell in row for end in "\r\n")
        text = io.StringIO(newline="")
        for _ in range(dialect.skip_rows):
            text.write(draw(title) + end)
        writer = csv.writer(
            text,
            delimiter=str(dialect.delimiter),
            lineterminator=end,
            quoting=csv.QUOTE_ALL if broken else quoting,
        )
        for row in rows:
            writer.writerow(row)
            if draw(st.integers(0, 9)) == 0:
                text.write(end)
        parts.append(text.getvalue().removesuffix(end) if draw(st.booleans()) else text.getvalue())
    return Written(dialect, tuple(names), tuple(parts), codec)


NAMES = st.one_of(
    st.sampled_from(["id", "a b", 'q"q', "x,y", "x;y", "\n", " n ", "file_index", "n", "v", "1"]),
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=4),
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """One engine for all examples."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Directories without end."""
    base = tmp_path_factory.mktemp("tables")
    return (base / str(number) for number in itertools.count())


def plain(frame: Any, library: str) -> dict[str, list[Any]]:
    """The columns of a frame of any library, as Python's values."""
    if library == "pandas":
        return {name: [None if pd.isna(v) else v for v in frame[name].tolist()] for name in frame}
    if library == "polars":
        columns: dict[str, list[Any]] = frame.to_dict(as_series=False)
        return columns
    arrow = frame.to_arrow_table() if library == "duckdb" else frame
    return {name: arrow[name].to_pylist() for name in arrow.column_names}


def meant(text: str | None, kind: str, dialect: CsvDialect) -> Any:
    """The value that a text of a column of this type means, by Python's own conversions."""
    number = (text or "").replace(dialect.thousands or "", "").replace(dialect.decimal, ".")
    if text is None:
        return None
    readers: Mapping[str, Any] = {
        "int64": lambda: int(number),
        "double": lambda: float(number),
        "bool": lambda: text.lower() == "true",
        "date32[day]": lambda: dt.date.fromisoformat(text),
        "string": lambda: text,
    }
    return readers[kind]()


@examples(10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=tables())
def test_all_read_the_same(engine: DuckDBEngine, folders: Iterator[Path], written: Written) -> None:
    """Rows and nulls of a check, and what each engine loads, are what Python's csv module reads."""
    folder = next(folders)
    folder.mkdir()
    paths = tuple(folder / f"{place}.csv" for place in range(len(written.parts)))
    for path, text in zip(paths, written.parts, strict=True):
        path.write_bytes(text.encode(written.codec))
    table = Table(paths=paths, format="csv", csv=written.dialect)
    missing = written.dialect.null_values
    rows = [[None if text in missing else text for text in row] for row in written.rows]
    texts = {name: [row[place] for row in rows] for place, name in enumerate(written.names)}

    dataset = Dataset(name="t", path="t.csv", csv=written.dialect)
    validation = validate(engine, table, dataset, None)
    assert (validation.rows, validation.violations) == (len(rows), ())
    figures = profile(engine, table, dataset)
    assert figures.rows == len(rows)
    nulls = {column.name: column.nulls for column in figures.columns}
    assert nulls == {name: column.count(None) for name, column in texts.items()}

    as_text = dict.fromkeys(written.names, "string")
    loaded = read_frame(engine, table, columns=None, engine="pyarrow", types=as_text)
    assert plain(loaded, "pyarrow") == texts
    typed = read_frame(engine, table, columns=None, engine="pyarrow")
    values = {
        name: [meant(text, str(typed.schema.field(name).type), written.dialect) for text in column]
        for name, column in texts.items()
    }
    for library in LIBRARIES:
        pytest.importorskip(library)
        frame = read_frame(engine, table, columns=None, engine=library)
        assert plain(frame, library) == values
