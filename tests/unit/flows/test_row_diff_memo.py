"""Row diffs of datasets of parts: of the parts that changed, and known the second time."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.adapters.memo import FileMemo
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.flows.cache import Objects
from datarelease.flows.check.compare import compare_sides
from datarelease.flows.check.row_files import RowFiles
from datarelease.flows.versions.dataset_at import DatasetAt
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import Profile
from datarelease.model.review.diff import RowDiff
from datarelease.model.review.row_files import RowsFile
from datarelease.model.versions.snapshot import DataFile, DatasetSnapshot, Entry
from datarelease.progress import Quiet

DATASET = Dataset(name="d", path="d", key=("id",), pii=("mail",))
Rows = Mapping[int, tuple[str | None, str]]
"""The values of each key."""
Version = Mapping[str, Rows]
"""The rows of each part by its path."""
VALUES = st.tuples(st.sampled_from([None, "a", "b"]), st.sampled_from(["x", "y"]))


class ReadingEngine(DuckDBEngine):
    """An engine that remembers which parts were read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(temp_directory=folder, threads=2)
        self.read: set[str] = set()

    def scan(self, table: Any, *args: Any, **options: Any) -> nw.LazyFrame[Any]:  # noqa: D102
        self.read |= set(table.labels)
        return super().scan(table, *args, **options)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadingEngine]:
    """An engine."""
    with ReadingEngine(tmp_path_factory.mktemp("spill")) as engine:
        yield engine


@st.composite
def versions(draw: st.DrawFn) -> tuple[Version, Version]:
    """Two versions: rows are edited, removed and new; parts are split, joined, renamed."""
    before = draw(st.dictionaries(st.integers(0, 15), VALUES, min_size=1))
    after = {key: row for key, row in before.items() if draw(st.integers(0, 4))}
    after |= draw(st.dictionaries(st.integers(10, 20), VALUES, max_size=3)) or {99: ("a", "x")}
    return _spread(draw, before), _spread(draw, after)


def _spread(draw: st.DrawFn, rows: Rows) -> Version:
    size = draw(st.sampled_from([2, 3, 20]))
    parts = [dict(list(rows.items())[at : at + size]) for at in range(0, len(rows), size)]
    names = draw(st.permutations("abcdefghijklmnop"))
    return dict(zip(names, parts, strict=False))


def _files(objects: Objects, version: Version) -> tuple[DataFile, ...]:
    """The parts as objects of a cache."""
    files = []
    for name, rows in sorted(version.items()):
        sink = io.BytesIO()
        mails, texts = zip(*rows.values(), strict=True)
        columns = {"id": list(rows), "mail": pa.array(mails, pa.string()), "text": texts}
        pq.write_table(pa.table(columns), sink)
        md5 = hashlib.md5(sink.getvalue(), usedforsecurity=False).hexdigest()
        objects.path(md5).parent.mkdir(parents=True, exist_ok=True)
        objects.path(md5).write_bytes(sink.getvalue())
        files.append(DataFile(path=f"{name}.parquet", md5=md5))
    return tuple(files)


def _at(files: tuple[DataFile, ...], label: str) -> DatasetAt:
    whole = hashlib.md5(repr(files).encode(), usedforsecurity=False).hexdigest()
    return DatasetAt(
        label=label,
        released=label != "now",
        dataset=DATASET,
        content=DatasetSnapshot(name="d", entries=(Entry(path="d", md5=f"{whole}.dir"),)),
        profile=lambda _: Profile(dataset="d", rows=0, columns=()),
        contract=lambda: None,
        files=lambda: files,
        listing=tuple,
        bring=lambda _: None,
    )


@examples(15)
@given(both=versions())
def test_rows_of_changed_parts_are_those_of_all(
    engine: ReadingEngine, tmp_path_factory: pytest.TempPathFactory, both: tuple[Version, Version]
) -> None:
    """However rows lie in parts, the same rows differ; the second time nothing is read for it."""
    place = tmp_path_factory.mktemp("rows")
    objects = Objects(cache=place / "objects", remotes=(), progress=Quiet())
    repository: Any = SimpleNamespace(
        objects=objects, memo=FileMemo(place / "memo"), progress=Quiet()
    )
    sides = [
        _at(_files(objects, version), label)
        for version, label in zip(both, ("data-v1", "now"), strict=True)
    ]
    engine.read.clear()
    found = compare_sides(repository, sides[0], sides[1], engine)
    then, now = (
        {key: row for part in version.values() for key, row in part.items()} for version in both
    )
    rows = found.rows
    if rows is None:
        assert then == now
        assert found.no_row_diff == "the files hold the same bytes under other names"
        return
    assert isinstance(rows, RowDiff)
    changed = [key for key in then.keys() & now.keys() if then[key] != now[key]]
    assert (rows.added, rows.removed, rows.changed) == (
        len(now.keys() - then.keys()),
        len(then.keys() - now.keys()),
        len(changed),
    )
    shared = {f.md5 for f in sides[0].files()} & {f.md5 for f in sides[1].files()}
    labels = {f.path for side in sides for f in side.files() if f.md5 not in shared}
    assert engine.read <= labels
    engine.read.clear()
    assert compare_sides(repository, sides[0], sides[1], engine) == found
    assert not engine.read


def test_rows_of_a_known_diff_are_written_if_the_data_is_here(
    engine: ReadingEngine, tmp_path: Path
) -> None:
    """Known rows are read once more for their file, and then never again; nothing is fetched."""
    objects = Objects(cache=tmp_path / "objects", remotes=(), progress=Quiet())
    memo = FileMemo(tmp_path / "memo")
    repository: Any = SimpleNamespace(objects=objects, memo=memo, progress=Quiet())
    old, new = _files(objects, {"a": {1: ("x", "y")}}), _files(objects, {"a": {1: ("x", "z")}})
    sides = _at(old, "data-v1"), _at(new, "now")
    found = compare_sides(repository, *sides, engine)

    def compared(folder: str) -> tuple[RowsFile, ...]:
        engine.read.clear()
        rows = RowFiles(folder=tmp_path / folder, budget=100, memo=memo)
        assert compare_sides(repository, *sides, engine, rows) == found
        return rows.of("d")

    place = objects.path(old[0].md5)
    away = place.rename(tmp_path / "away")
    assert compared("gone") == ()
    assert not engine.read
    away.rename(place)
    [left] = compared("here")
    assert (left.name, left.rows, left.total) == ("d/changes.parquet", 1, 1)
    assert engine.read
    place.unlink()
    assert compared("again") == (left,)
    assert not engine.read
    written = [(tmp_path / name / left.name).read_bytes() for name in ("here", "again")]
    assert written[0] == written[1]
    rows = RowFiles(folder=tmp_path / "here", budget=0, memo=memo)
    assert compare_sides(repository, *sides, engine, rows) == found
    assert not (tmp_path / "here" / left.name).exists(), "no file of an earlier check stays"


def test_a_file_under_a_name_that_has_it_read_otherwise_is_compared(
    engine: ReadingEngine, tmp_path: Path
) -> None:
    """Equal bytes are other rows where the ending stands for another delimiter."""
    data = b"id,mail,text\n1,a,b\n"
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    objects = Objects(cache=tmp_path / "objects", remotes=(), progress=Quiet())
    objects.path(md5).parent.mkdir(parents=True)
    objects.path(md5).write_bytes(data)
    repository: Any = SimpleNamespace(
        objects=objects, memo=FileMemo(tmp_path / "memo"), progress=Quiet()
    )
    before, same, other = (
        _at((DataFile(path=name, md5=md5),), label)
        for name, label in (("a.csv", "data-v1"), ("b.csv", "now"), ("a.tsv", "now"))
    )
    renamed = compare_sides(repository, before, same, engine)
    assert renamed.no_row_diff == "the files hold the same bytes under other names"
    found = compare_sides(repository, before, other, engine)
    assert found.no_row_diff == "there was no key column 'id' after"
