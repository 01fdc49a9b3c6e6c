"""Rows compared at their places, where files say by their bytes that keys are the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.comparison.row_pairs import row_pairs
from datarelease.analysis.comparison.row_plan import RowPlan, row_plan
from datarelease.analysis.comparison.rows import diff_rows
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.row_groups.alignment import align
from datarelease.analysis.engine.row_groups.chunks import column_digests
from datarelease.analysis.engine.tables import Table
from datarelease.model.data.dataset import Dataset
from datarelease.model.review.diff import RowDiff

DATASET = Dataset(name="d", path="d", key=("id", "part of key"), pii=("mail",))
SCHEMA = pa.schema(
    {
        "value": pa.float64(),
        "id": pa.int64(),
        "mail": pa.string(),
        "list": pa.list_(pa.struct({"a.b": pa.int64()})),
        "part of key": pa.string(),
        "dotted.name": pa.int64(),
    }
)
Row = dict[str, Any]
Group = tuple[Row, ...]


class JoiningEngine(DuckDBEngine):
    """An engine that compares no rows at their places."""

    row_groups = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Engines:
    """Two engines with the same tables before them."""

    places: DuckDBEngine
    joins: JoiningEngine


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """One that compares rows at their places, four threads at a time, and one that joins all."""
    spill = tmp_path_factory.mktemp("spill")
    with (
        DuckDBEngine(temp_directory=spill, threads=4, range_rows=6) as places,
        JoiningEngine(temp_directory=spill, threads=2) as joins,
    ):
        yield Engines(places, joins)


def rows_of(first: int, size: int) -> Group:
    """Rows with keys of their own."""
    return tuple(
        {
            "value": n / 2,
            "id": n // 2,
            "mail": f"{n}@example.org",
            "list": [{"a.b": n}],
            "part of key": "ab"[n % 2],
            "dotted.name": n,
        }
        for n in range(first, first + size)
    )


def write(path: Path, groups: Sequence[Group], schema: pa.Schema = SCHEMA) -> Path:
    """A Parquet file with these row groups."""
    with pq.ParquetWriter(path, schema) as writer:
        for group in groups:
            writer.write_table(pa.Table.from_pylist(list(group), schema))
    return path


def table(*paths: Path) -> Table:
    """A table of Parquet files."""
    return Table(paths=paths, format="parquet")


def in_place(engine: DuckDBEngine, before: Table, after: Table) -> int:
    """How many rows the first way to compare two tables compares at their places."""
    schemas = engine.types(before), engine.types(after)
    plan = row_plan(DATASET, schemas, engine.held)
    assert isinstance(plan, RowPlan)
    sides = engine.scan(before), engine.scan(after)
    return next(row_pairs(engine, plan, sides, (before, after))).in_place


EDITS = {
    "value": st.sampled_from([None, float("nan"), -0.0, 0.0, 7.5]),
    "mail": st.sampled_from([None, "other@example.org"]),
    "list": st.sampled_from([None, [], [{"a.b": None}]]),
    "dotted.name": st.sampled_from([None, 3]),
}


@st.composite
def edited(draw: st.DrawFn, groups: Sequence[Group]) -> list[Group]:
    """Row groups of which some have other values, other or repeated keys, or another place."""
    found = []
    for group in groups:
        what = draw(st.sampled_from(["same", "same", "column", "keys", "gone", "again"]))
        if what == "column":
            name = draw(st.sampled_from(list(EDITS)))
            group = tuple({**row, name: draw(EDITS[name])} for row in group)  # noqa: PLW2901
        elif what == "keys":
            some = draw(st.integers(0, 30))
            group = ({**group[0], "id": some}, *group[1:])  # noqa: PLW2901
        found += [] if what == "gone" else [group] * (1 + (what == "again" and draw(rare)))
    return draw(st.permutations(found)) if draw(rare) else found


rare = st.integers(0, 5).map(lambda n: n == 0)


@st.composite
def written(draw: st.DrawFn, groups: Sequence[Group]) -> list[list[Group]]:
    """Row groups in one file, or in two."""
    cut = draw(st.just(0) | st.integers(0, len(groups)))
    return [list(part) for part in (groups[:cut], groups[cut:]) if part] or [[]]


@examples(25, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_rows_at_their_places_are_those_of_a_join(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever was edited in whichever row groups, also where keys are not unique any more."""
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=6), label="sizes")
    groups = [rows_of(sum(sizes[:place]), size) for place, size in enumerate(sizes)]
    directory = tmp_path_factory.mktemp("rows")
    tables = []
    for side in ("before", "after"):
        parts = data.draw(written(data.draw(edited(groups), label=side)))
        paths = [write(directory / f"{side}{n}", part) for n, part in enumerate(parts)]
        tables.append(table(*paths))
    found, expected = (
        diff_rows(engine, tables[0], tables[1], DATASET)
        for engine in (engines.places, engines.joins)
    )
    assert found == expected


def test_all_rows_but_those_with_other_keys_are_compared_at_their_places(
    engines: Engines, tmp_path: Path
) -> None:
    """A column was edited, one row group has a new key, and one came after all others."""
    groups = [rows_of(4 * n, 4) for n in range(5)]
    before = write(tmp_path / "before", groups)
    other = tuple({**row, "value": 1.0} for row in groups[1])
    keys = ({**groups[2][0], "id": 99}, *groups[2][1:])
    after = write(tmp_path / "after", [groups[0], other, keys, *groups[3:], rows_of(20, 4)])
    assert in_place(engines.places, table(before), table(after)) == 16
    found = diff_rows(engines.places, table(before), table(after), DATASET)
    assert isinstance(found, RowDiff)
    assert (found.added, found.removed, found.changed, found.unchanged) == (5, 1, 4, 15)
    assert found.columns == (("value", 4),)


def test_nothing_is_joined_where_all_rows_are_at_their_places(
    engines: Engines, tmp_path: Path
) -> None:
    """A join of no rows would be planned and run for nothing."""
    groups = [rows_of(4 * n, 4) for n in range(2)]
    before = write(tmp_path / "before", groups)
    after = write(tmp_path / "after", [({**groups[0][0], "value": 9.0}, *groups[0][1:]), groups[1]])
    plan = row_plan(DATASET, (engines.places.types(table(before)),) * 2, engines.places.held)
    assert isinstance(plan, RowPlan)
    sides = engines.places.scan(table(before)), engines.places.scan(table(after))
    pairs = next(row_pairs(engines.places, plan, sides, (table(before), table(after))))
    assert (pairs.in_place, len(pairs.joined)) == (8, 0)
    found = diff_rows(engines.places, table(before), table(after), DATASET)
    assert isinstance(found, RowDiff)
    assert (found.changed, found.unchanged) == (1, 7)


def test_values_of_columns_with_the_same_bytes_are_not_read(
    engines: Engines, tmp_path: Path
) -> None:
    """Damage in such a column is not noticed by the comparison; it is one of the whole file."""
    groups = [rows_of(40 * n, 40) for n in range(3)]
    before = write(tmp_path / "before", groups)
    after = write(
        tmp_path / "after", [tuple({**row, "value": 1.0} for row in group) for group in groups]
    )
    for path in (before, after):
        chunk = pq.read_metadata(path).row_group(1).column(3)
        assert chunk.path_in_schema == "list.list.element.a.b"
        damaged = bytearray(path.read_bytes())
        start = chunk.dictionary_page_offset or chunk.data_page_offset
        damaged[start : start + chunk.total_compressed_size] = bytes(chunk.total_compressed_size)
        path.write_bytes(damaged)
    found = diff_rows(engines.places, table(before), table(after), DATASET)
    assert isinstance(found, RowDiff)
    assert found.columns == (("value", 119),)  # one value was 1.0 before


@pytest.mark.parametrize(
    "change",
    [
        pa.schema(
            [field.with_type(pa.int32()) if field.name == "id" else field for field in SCHEMA]
        ),
        pa.schema([field.with_nullable(False) for field in SCHEMA]),
    ],
    ids=["another type of a key", "no nulls"],
)
def test_equal_bytes_of_other_columns_are_not_the_same(
    engines: Engines, tmp_path: Path, change: pa.Schema
) -> None:
    """Keys of another type, or stored in another way, are compared by a join."""
    groups = [rows_of(0, 4)]
    before = write(tmp_path / "before", groups)
    after = write(tmp_path / "after", groups, change)
    assert in_place(engines.places, table(before), table(after)) == 0
    found = diff_rows(engines.places, table(before), table(after), DATASET)
    assert isinstance(found, RowDiff)
    assert found.unchanged == 4


def test_row_groups_whose_keys_occur_twice_are_joined(engines: Engines, tmp_path: Path) -> None:
    """A row group that was appended again makes the key one that identifies no row."""
    groups = [rows_of(4 * n, 4) for n in range(5)]
    before, after = write(tmp_path / "before", [*groups, groups[1]]), write(tmp_path / "a", groups)
    assert in_place(engines.places, table(before), table(after)) == 16
    said = "the key 'id', 'part of key' is not unique {}: 4 rows too many"
    assert diff_rows(engines.places, table(before), table(after), DATASET) == said.format("before")
    assert diff_rows(engines.places, table(after), table(before), DATASET) == said.format("after")


def test_a_key_again_in_a_row_group_of_others_is_noticed(engines: Engines, tmp_path: Path) -> None:
    """A row before that no row after pairs with may have a key of rows compared at their places."""
    groups = [rows_of(4 * n, 4) for n in range(5)]
    again = ({**groups[1][0], "value": 9.0},)
    before, after = write(tmp_path / "before", [*groups, again]), write(tmp_path / "after", groups)
    assert in_place(engines.places, table(before), table(after)) == 20
    found = diff_rows(engines.places, table(before), table(after), DATASET)
    assert found == "the key 'id', 'part of key' is not unique before: 1 row too many"


def test_many_row_groups_keep_their_order(tmp_path: Path) -> None:
    """Several threads, two files a side, and more rows than one batch of the engine has."""
    rows, size = 60_000, 3_000
    numbers = pa.array(range(rows))
    columns = {"id": numbers, "part of key": pa.array(["a"] * rows), "value": numbers}
    old = pa.table(columns)
    new = pa.table({**columns, "value": pa.array([n + (n % 7 == 0) for n in range(rows)])})
    paths = []
    for name, whole in (("old", old), ("new", new)):
        for place, part in enumerate((whole.slice(0, rows // 2), whole.slice(rows // 2))):
            paths.append(tmp_path / f"{name}{place}")
            pq.write_table(part, paths[-1], row_group_size=size)
    dataset = replace(DATASET, pii=())
    with DuckDBEngine(temp_directory=tmp_path / "spill", threads=4) as engine:
        assert in_place(engine, table(*paths[:2]), table(*paths[2:])) == rows
        found = diff_rows(engine, table(*paths[:2]), table(*paths[2:]), dataset)
    assert isinstance(found, RowDiff)
    assert (found.changed, found.unchanged) == (len(range(0, rows, 7)), rows - found.changed)
    assert [row.values for row in found.examples[:2]] == [(("value", 0, 1),), (("value", 7, 8),)]


def test_bytes_that_files_lack_are_equal_to_nothing(tmp_path: Path) -> None:
    """Footers may say what they will: values that are not there are read, and so noticed."""
    paths = [tmp_path / name for name in ("before", "after")]
    for path in paths:
        columns = {"id": [*range(4_000)], "other": [f"{n:0300}" for n in range(4_000)]}
        pq.write_table(pa.table(columns), path, compression="none", use_dictionary=False)
        whole, chunk = path.read_bytes(), pq.read_metadata(path).row_group(0).column(1)
        footer = int.from_bytes(whole[-8:-4], "little") + 8
        path.write_bytes(whole[: chunk.data_page_offset] + whole[-footer:])
    found = align(([paths[0]], [paths[1]]), ["id"], ["other"], rows=10)
    assert found is not None
    assert [rows.differing for rows in found.changed] == [{"other"}]
    assert {*column_digests(paths[0])} == {"id"}
