"""The profile of a file of which a few columns changed: from these alone, and as from scratch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.adapters.memo import FileMemo
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling import profile as whole_profile
from datarelease.analysis.profiling.column_memo import KeptColumns
from datarelease.analysis.profiling.figures import measure
from datarelease.analysis.profiling.parts.profile_memo import ProfileMemo
from datarelease.analysis.profiling.profile import profile
from datarelease.documents import decode, encode
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import Profile

DATASET = Dataset(name="d", path="d.parquet", pii=("mail",))
VALUES: Mapping[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "float": (pa.float64(), st.sampled_from([None, float("nan"), -0.0, 0.5, 7.0])),
    "integer": (pa.int64(), st.none() | st.integers(-9, 9)),
    "text": (pa.string(), st.sampled_from([None, "", "a", "long text"])),
    "mail": (pa.string(), st.sampled_from([None, "a@b", "c@d"])),
    "day": (pa.date32(), st.sampled_from([None, dt.date(2026, 1, 2), dt.date(1999, 12, 31)])),
    "list": (pa.list_(pa.int64()), st.sampled_from([None, [], [1]])),
    "group": (pa.struct({"a": pa.int64()}), st.sampled_from([None, {"a": None}, {"a": 2}])),
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine with a directory of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill")) as engine:
        yield engine


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The columns that profiles are measured from."""
    names: list[str] = []

    def recorded(engine: Any, frames: Any, columns: Any, *args: Any) -> Any:
        names.extend(column.name for column in columns)
        return measure(engine, frames, columns, *args)

    monkeypatch.setattr(whole_profile, "measure", recorded)
    return names


def memo_at(folder: Path) -> ProfileMemo:
    """A memo in a folder; what else a profile is made from does not matter here."""
    return ProfileMemo(memo=FileMemo(folder), made_from=(), find=folder.joinpath)


def written(path: Path, columns: Mapping[str, Any], *, rows: int = 2) -> Table:
    """A table of one Parquet file with row groups of so many ``rows``."""
    pq.write_table(pa.table(dict(columns)), path, row_group_size=rows)
    return Table(paths=(path,), format="parquet")


def plain(engine: DuckDBEngine, table: Table, dataset: Dataset = DATASET) -> Profile:
    """The profile from scratch."""
    return profile(engine, table, dataset)


@examples(20, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_profile_from_known_columns_is_that_from_scratch(
    engine: DuckDBEngine, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever columns were edited, added, dropped or retyped, and however many rows came."""
    folder = tmp_path_factory.mktemp("versions")
    memo = memo_at(folder / "memo")
    names = data.draw(st.permutations(list(VALUES)), label="columns")
    values: dict[str, list[Any]] = {}
    rows = data.draw(st.integers(0, 5), label="rows")
    for version in range(3):
        more = data.draw(st.integers(0, 2) if version else st.just(0), label="more rows")
        for name in names:
            edited = not version or data.draw(st.integers(0, 3)) == 0
            kept = [] if edited else values[name]
            lists = st.lists(
                VALUES[name][1], min_size=rows + more - len(kept), max_size=rows + more - len(kept)
            )
            values[name] = [*kept, *data.draw(lists, label=name)]
        rows += more
        shown = data.draw(
            st.just(names) | st.lists(st.sampled_from(names), min_size=1, unique=True)
        )
        wide = data.draw(st.integers(0, 3)) == 0
        types = {
            name: pa.int32() if wide and name == "integer" else VALUES[name][0] for name in shown
        }
        columns = {
            name: pa.array(values[name], kind, from_pandas=False) for name, kind in types.items()
        }
        table = written(folder / str(version), columns)
        pii = tuple(data.draw(st.sets(st.sampled_from(["mail", "text"]))))
        dataset = replace(DATASET, pii=tuple(name for name in pii if name in shown))
        found = profile(engine, table, dataset, memo=memo)
        assert encode(found) == encode(plain(engine, table, dataset))


def three(**edits: Any) -> dict[str, Any]:
    """Three columns, some of them with other values."""
    return {"id": [1, 2, 3], "text": ["a", "b", "b"], "mail": ["x@y", None, "z@y"], **edits}


def test_only_columns_with_other_bytes_are_read(
    engine: DuckDBEngine, tmp_path: Path, read: list[str]
) -> None:
    """The others are those of the version before; with none left, no row is read."""
    memo = memo_at(tmp_path / "memo")
    profile(engine, written(tmp_path / "1", three()), DATASET, memo=memo)
    assert read == ["id", "text", "mail"]
    read.clear()
    table = written(tmp_path / "2", three(text=["a", "b", "c"]))
    assert profile(engine, table, DATASET, memo=memo) == plain(engine, table)
    assert read == ["text", "id", "text", "mail"]
    read.clear()
    turned = dict(reversed(three(text=["a", "b", "c"]).items()))
    found = profile(engine, written(tmp_path / "3", turned), DATASET, memo=memo)
    assert [column.name for column in found.columns] == ["mail", "text", "id"]
    assert read == []


def test_what_became_personal_is_read_again(
    engine: DuckDBEngine, tmp_path: Path, read: list[str]
) -> None:
    """Of a column that is pii now nothing is taken that an earlier profile says of its values."""
    memo, table = memo_at(tmp_path / "memo"), written(tmp_path / "1", three())
    profile(engine, table, DATASET, memo=memo)
    read.clear()
    dataset = replace(DATASET, pii=("mail", "text"))
    found = profile(engine, table, dataset, memo=memo)
    assert read == ["text"]
    assert found == plain(engine, table, dataset)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda kept: encode(replace(kept, rows=4)).encode(),
        lambda kept: encode(replace(kept, columns=kept.columns[1:])).encode(),
        lambda kept: encode(replace(kept, columns=(kept.columns[1], *kept.columns))).encode(),
        lambda kept: encode(kept).encode()[:-9],
        lambda kept: encode(kept).encode().replace(b'"int64"', b'"int16"'),
    ],
    ids=["rows", "a column is gone", "a column twice", "cut short", "another type"],
)
def test_a_record_that_does_not_fit_is_not_used(
    engine: DuckDBEngine, tmp_path: Path, spoil: Any
) -> None:
    """Whatever the memo has, the profile is that from scratch."""
    memo, table = memo_at(tmp_path / "memo"), written(tmp_path / "1", three())
    profile(engine, table, DATASET, memo=memo)
    question = (("dataset", "d"), ("cells", str(2**16)), ("rules", "2 1"))
    data = memo.memo.get("columns of a file 1", question)
    assert data is not None
    memo.memo.put("columns of a file 1", question, spoil(decode(KeptColumns, data)))
    edited = written(tmp_path / "2", three(text=["c", "c", "c"]))
    assert profile(engine, edited, DATASET, memo=memo) == plain(engine, edited)
