"""Parts that lose rows are the only ones that a profile reads again, in every format."""

from __future__ import annotations

import io
import itertools
import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.part_versions import Memory, OpenedFiles, profiled, stored
from tests.properties import examples
from tests.slow_cases import slow_but

from datarelease.analysis.profiling import cells as all_cells
from datarelease.analysis.profiling import profile as whole_profile
from datarelease.analysis.profiling.parts import by_change
from datarelease.documents import encode
from datarelease.model.data.dataset import Dataset

DATASET = Dataset(name="d", path="d", schema="s.yaml", key=("id",), pii=("mail",))
PLAIN = Dataset(name="d", path="d")
SCHEMA = pandera.DataFrameSchema({"id": pandera.Column(int)})
PARTS, ROWS = 48, 25
Row = tuple[int, float, str]
MONEY = pa.decimal128(18, 2)


def numbered(start: int, values: Sequence[float] | None = None) -> list[Row]:
    """Rows whose ids ascend, and whose values are in no order unless they are given."""
    found = values or [(n * 7919 % 4001) / 8 for n in range(start, start + ROWS)]
    return [(start + n, value, f"m{start + n}") for n, value in enumerate(found)]


def parquet(rows: Sequence[Row]) -> bytes:
    """Rows as a Parquet file."""
    return parquet_of(table_of(rows))


def parquet_of(table: pa.Table) -> bytes:
    """A table as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def arrow(rows: Sequence[Row]) -> bytes:
    """Rows as an Arrow file."""
    sink, table = io.BytesIO(), table_of(rows)
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def csv(rows: Sequence[Row]) -> bytes:
    """Rows as a CSV file."""
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table_of(rows), sink)
    return sink.getvalue()


def lines(rows: Sequence[Row]) -> bytes:
    """Rows as JSON Lines."""
    names = "id", "x", "mail"
    return "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows).encode()


def table_of(rows: Sequence[Row]) -> pa.Table:
    """Rows as a table."""
    schema = pa.schema([("id", pa.int64()), ("x", pa.float64()), ("mail", pa.string())])
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table(
        [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)], schema
    )


WRITERS: dict[str, Callable[[Sequence[Row]], bytes]] = {
    ".parquet": parquet,
    ".arrow": arrow,
    ".csv": csv,
    ".jsonl": lines,
}
VERSION = {f"{n:02}": numbered(n * ROWS) for n in range(PARTS)}
EXTREME = [*VERSION["05"][:-1], (ROWS * 6 - 1, 4e5, "m")]


BY_PARTS = """
import pickle, sys
from datarelease.adapters.memo import FileMemo
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.profiling.parts.profile_memo import ProfileMemo
from datarelease.analysis.profiling import profile as whole

with open(sys.argv[1], "rb") as file:
    table, dataset, place = pickle.load(file)
made_from = (("schema", "s"),)
memo = ProfileMemo(memo=FileMemo(place / "memo"), made_from=made_from, find=lambda n: place / n)
with DuckDBEngine(temp_directory=place) as engine:
    known = whole._by_change(engine, table, dataset, None, memo)
print("pandas" in sys.modules, known.rows)
"""
"""Prints whether the profile of a changed table loaded pandas, and its rows."""


@pytest.fixture
def few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells that hold many values, some of them more than a profile may have in one."""
    few_cells_in(monkeypatch)


def few_cells_in(patch: pytest.MonkeyPatch) -> None:
    """The same until the patch is undone."""
    for module in (whole_profile, by_change):
        patch.setattr(module, "cells_for", lambda _: 16)
    patch.setattr(all_cells, "_FINE", 6)


@pytest.mark.usefixtures("few_cells")
@pytest.mark.parametrize("ending", WRITERS)
def test_only_parts_that_lost_rows_are_read(tmp_path: Path, ending: str) -> None:
    """Parts that lost their last row, half of all rows, or an extreme value, and one that went."""
    write = WRITERS[ending]
    before = {**VERSION, "05": EXTREME}
    changes = {
        "03": before["03"][:-1],
        "05": before["05"][:-1],
        "11": before["11"][: ROWS // 2],
    }
    after = {name: rows for name, rows in {**before, **changes}.items() if name != "17"}
    memory = Memory(DATASET, tmp_path / "memo", tmp_path)
    tables = [
        stored(tmp_path, {f"{name}{ending}": write(rows) for name, rows in version.items()})
        for version in (before, after)
    ]
    with OpenedFiles(tmp_path) as engine:
        memory.profile(engine, tables[0], SCHEMA)
    with OpenedFiles(tmp_path) as engine:
        found = encode(memory.profile(engine, tables[1], SCHEMA))
        read = {name.removesuffix(ending) for name in engine.parts}
    # Of JSON Lines, the first part shows the order of the fields.
    assert read - {"00"} == {*changes, "17"}
    with OpenedFiles(tmp_path) as engine:
        assert found == encode(profiled(engine, tables[1], DATASET, SCHEMA))


def kinds(rows: int) -> pa.Table:
    """Columns of all kinds whose values ascend or recur, so that parts have their extremes."""
    rng = np.random.default_rng(5)
    numbers = np.arange(rows)
    fine = 1_600_000_000_000_000_000 + np.sort(rng.integers(0, 10**15, rows))
    return pa.table(
        {
            "float": np.sort(rng.normal(size=rows)),
            "large": 2**60 + numbers * 3,
            "unsigned": 2**63 + numbers.astype(np.uint64) * np.uint64(3),
            "nanoseconds": pa.array(fine, pa.timestamp("ns")),
            "midnights": pa.array(numbers // 7 * 86_400 * 10**9, pa.timestamp("ns")),
            "microseconds": pa.array(fine // 1000, pa.timestamp("us")),
            "price": pa.array([Decimal(n).scaleb(-2) for n in numbers.tolist()], MONEY),
            "few prices": pa.array([Decimal(n // 99).scaleb(-2) for n in numbers.tolist()], MONEY),
            "day": pa.array(numbers.astype(np.int32) // 2, pa.date32()),
            "text": np.char.add("t", np.char.zfill(numbers.astype(str), 6)),
            "frequent text": np.char.add("n", (numbers % 300).astype(str)),
        }
    )


@pytest.fixture(scope="module")
def split() -> dict[str, pa.Table]:
    """Parts of columns of all kinds."""
    parts, rows = 20, 300
    whole = kinds(parts * rows)
    return {f"{n:02}.parquet": whole[n * rows : (n + 1) * rows] for n in range(parts)}


@pytest.fixture(scope="module")
def kept(split: dict[str, pa.Table], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a profile of these parts left; each test has a copy of its own."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch, OpenedFiles(folder) as engine:
        few_cells_in(patch)
        table = stored(folder, {label: parquet_of(part) for label, part in split.items()})
        Memory(PLAIN, folder / "memo", folder).profile(engine, table, None)
    return folder


@pytest.mark.usefixtures("few_cells")
@pytest.mark.parametrize(
    ("left", "changed"),
    # The first part goes away, one in the middle loses most rows, and the last one its last row.
    slow_but(
        {"0-0", "100-7", "299--1"},
        itertools.product([0, 100, 299], [0, 7, -1]),
        name=lambda case: "{}-{}".format(*case),
    ),
)
def test_whichever_part_loses_rows_no_column_is_read_as_a_whole(
    tmp_path: Path, split: dict[str, pa.Table], kept: Path, changed: int, left: int
) -> None:
    """The first and the last part hold all smallest and largest values of columns in order."""
    folder = shutil.copytree(kept, tmp_path / "kept")
    name = sorted(split)[changed]
    after = {**split, name: split[name][:left]} if left else {**split}
    if not left:
        del after[name]
    now = stored(folder, {label: parquet_of(part) for label, part in after.items()})
    with OpenedFiles(tmp_path) as engine:
        found = encode(Memory(PLAIN, folder / "memo", folder).profile(engine, now, None))
        assert engine.parts <= {name, min(after)}
    with OpenedFiles(tmp_path) as engine:
        assert found == encode(profiled(engine, now, PLAIN, None))


def test_a_profile_by_parts_does_not_load_pandas(tmp_path: Path) -> None:
    """It takes longer to load than the changed parts to read; Arrow loads it for many calls."""
    versions = [dict(VERSION), {**VERSION, "03": VERSION["03"][:-1]}]
    tables = [
        stored(tmp_path, {f"{name}.parquet": parquet(rows) for name, rows in version.items()})
        for version in versions
    ]
    with OpenedFiles(tmp_path) as engine:
        Memory(DATASET, tmp_path / "memo", tmp_path).profile(engine, tables[0], None)
    (tmp_path / "asked").write_bytes(pickle.dumps((tables[1], DATASET, tmp_path)))
    done = subprocess.run(
        [sys.executable, "-c", BY_PARTS, tmp_path / "asked"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", str(PARTS * ROWS - 1)]


@st.composite
def losses(draw: st.DrawFn) -> dict[str, list[Row]]:
    """The same parts, of which some lost rows or have others; values recur, and one is largest."""
    values = st.sampled_from([0.0, 0.125, 500.0, 500.125, -1.0, 1e9])
    version = dict(VERSION)
    for name in draw(st.sets(st.sampled_from(sorted(VERSION)), min_size=1, max_size=3)):
        rows = version[name]
        start, end = sorted((draw(st.integers(0, ROWS)), draw(st.integers(0, ROWS))))
        more = numbered(rows[0][0], draw(st.lists(values, max_size=3)) or [0.5])
        version[name] = [*rows[start:end], *more]
    return version


@pytest.mark.usefixtures("few_cells")
@examples(6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=st.lists(losses(), min_size=2, max_size=3), ending=st.sampled_from([*WRITERS]))
def test_whatever_is_lost_the_profile_is_that_of_a_run_from_scratch(
    tmp_path_factory: pytest.TempPathFactory, versions: list[dict[str, list[Row]]], ending: str
) -> None:
    """Values that recur in parts, ends of cells, and the largest value come and go."""
    folder = tmp_path_factory.mktemp("lost")
    memory = Memory(DATASET, folder / "memo", folder)
    for version in versions:
        files = {f"{name}{ending}": WRITERS[ending](rows) for name, rows in version.items()}
        table = stored(folder, files)
        with OpenedFiles(folder) as engine:
            found = encode(memory.profile(engine, table, SCHEMA))
            assert found == encode(profiled(engine, table, DATASET, SCHEMA))
