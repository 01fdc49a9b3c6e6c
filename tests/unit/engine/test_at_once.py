"""Two pieces of work at the same time: results, errors, memory and what is told of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datarelease.analysis.engine.at_once import at_once
from datarelease.analysis.engine.duckdb import connect, query_progress
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.duckdb.parquet import ParquetFiles
from datarelease.analysis.engine.tables import Engine, Table, UnreadableTable
from datarelease.analysis.profiling.profile import profile
from datarelease.analysis.validation.run import validate
from datarelease.documents import encode
from datarelease.errors import ConfigError, WorldError
from datarelease.model.data.dataset import Dataset
from datarelease.progress import Advance, Quiet

DATASET = Dataset(name="t", path="t", schema=None, key=("id",))
ENDLESS = (
    "SELECT count(*) AS n FROM range(1000000000) a, range(1000000000) b WHERE a.range < b.range"
)


@pytest.fixture(autouse=True)
def every_table_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of a few rows is worth a second engine."""
    monkeypatch.setattr(connect, "_LARGE", 0)


@pytest.fixture(name="table")
def written(tmp_path: Path) -> Table:
    """A table of a Parquet file."""
    ids = list(range(5000))
    columns = {"id": ids, "text": [f"text {n % 7}" for n in ids], "x": [n / 3 for n in ids]}
    pq.write_table(pa.table(columns), tmp_path / "table.parquet")
    return Table(paths=(tmp_path / "table.parquet",), format="parquet", labels=("t.parquet",))


@pytest.fixture(name="engine")
def opened(tmp_path: Path) -> Iterator[DuckDBEngine]:
    """DuckDB with four threads."""
    with DuckDBEngine(temp_directory=tmp_path / "spill", memory_limit="1GB", threads=4) as engine:
        yield engine


def memory(engine: Engine) -> str:
    """The memory limit that is in force."""
    assert isinstance(engine, DuckDBEngine)
    query = "SELECT current_setting('memory_limit') AS l"
    (row,) = engine.collect(nw.from_native(engine._connection.sql(query)))
    return str(row["l"])


def endless(engine: Engine) -> None:
    """Work that takes years."""
    assert isinstance(engine, DuckDBEngine)
    engine.collect(nw.from_native(engine._connection.sql(ENDLESS)))


def endlessly_many(engine: Engine) -> None:
    """Work in short queries without end."""
    while True:
        memory(engine)


def test_results_are_those_of_one_engine(engine: DuckDBEngine, table: Table) -> None:
    """Validation and profile at the same time are those of one after the other."""
    alone = (
        encode(validate(engine, table, DATASET, None)),
        encode(profile(engine, table, DATASET)),
    )
    with at_once(engine, table, lambda other: profile(other, table, DATASET)) as beside:
        assert beside.running
        found = encode(beside.here(lambda here: validate(here, table, DATASET, None)))
        assert (found, encode(beside.result())) == alone


def test_each_has_half_of_the_memory_and_a_place_of_its_own(
    engine: DuckDBEngine, table: Table, tmp_path: Path
) -> None:
    """Databases that spill into one directory would write the same files; all is given back."""
    usual = memory(engine)
    places: list[Path] = []

    def limit(other: Engine) -> str:
        assert isinstance(other, DuckDBEngine)
        places.append(other._temp_directory)
        return memory(other)

    with at_once(engine, table, limit) as beside:
        assert beside.result() == beside.here(memory) == "476.7 MiB"
    assert memory(engine) == usual
    assert places[0] != engine._temp_directory
    assert not list((tmp_path / "spill").iterdir())


@pytest.mark.parametrize("fault", [ConfigError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize("work", [endless, endlessly_many])
def test_an_error_here_ends_the_other_work(
    engine: DuckDBEngine, table: Table, work: Callable[[Engine], None], fault: BaseException
) -> None:
    """It is raised as soon as the other work has ended, which is at once."""
    usual, threads = memory(engine), threading.active_count()
    with pytest.raises(type(fault)), at_once(engine, table, work):
        raise fault
    assert memory(engine) == usual
    assert threading.active_count() == threads


def test_work_whose_result_nobody_asks_for_is_stopped(engine: DuckDBEngine, table: Table) -> None:
    """Nothing waits for it, and what it raised is not told."""
    with at_once(engine, table, endless) as beside:
        assert beside.running
    assert not beside.running


def test_an_error_of_the_other_work_is_raised_where_its_result_is_asked_for(
    engine: DuckDBEngine, table: Table
) -> None:
    """What is done here comes first, as if the other work were done after it."""

    def fail(_: Engine) -> None:
        raise UnreadableTable("t.parquet", "damaged")

    with at_once(engine, table, fail) as beside:
        assert beside.here(memory)
        with pytest.raises(UnreadableTable, match="damaged"):
            beside.result()


@pytest.mark.parametrize("there", [True, False], ids=["there", "here"])
def test_work_for_which_half_of_the_memory_is_too_little_has_all(
    engine: DuckDBEngine, table: Table, there: object
) -> None:
    """It is done once more, alone; if that is too little as well, its error is raised."""
    usual = memory(engine)

    def hungry(one: Engine) -> str:
        if memory(one) != usual:
            raise WorldError("The query engine ran out of memory.")
        return "done"

    def insatiable(_: Engine) -> None:
        raise WorldError("The query engine ran out of memory, whatever it has.")

    for work, outcome in ((hungry, "done"), (insatiable, None)):
        with at_once(engine, table, work if there else memory) as beside:
            first = beside.result if there else lambda asked=work: beside.here(asked)
            if outcome is None:
                with pytest.raises(WorldError, match="whatever it has"):
                    first()
            else:
                assert first() == outcome
                assert memory(engine) == usual
                assert not beside.running
                assert beside.here(memory) == usual
                assert beside.result() == (outcome if there else usual)


@pytest.mark.parametrize(
    "options", [{"threads": 3}, {"memory_limit": "200MB"}], ids=["three threads", "little memory"]
)
def test_without_idle_processors_or_memory_work_is_done_later(
    tmp_path: Path, table: Table, options: dict[str, Any]
) -> None:
    """It is done on the same engine, when its result is asked for."""
    with (
        DuckDBEngine(**{"temp_directory": tmp_path, "threads": 4, **options}) as engine,
        at_once(engine, table, lambda one: one is engine) as beside,
    ):
        assert not beside.running
        assert beside.result()


def test_files_are_opened_once_for_both_engines_when_one_is_asked_for_them(
    engine: DuckDBEngine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that knows most parts of a table does not open all of them."""
    opened: list[Table] = []
    plain = ParquetFiles.open

    def counted(connection: Any, files: Table) -> ParquetFiles:
        opened.append(files)
        return plain(connection, files)

    monkeypatch.setattr(ParquetFiles, "open", counted)
    with at_once(engine, table, lambda other: other.columns(table), start=False) as beside:
        beside.start(table)
        assert beside.running
        assert beside.here(lambda one: one.columns(table)) == beside.result()
    assert opened == [table]
    with at_once(engine, replace(table, labels=("a",)), memory) as unread:
        assert unread.here(memory) == unread.result()
    assert opened == [table]


@pytest.mark.parametrize("data", [b"PAR1 no table PAR1", None])
def test_what_is_wrong_with_a_file_is_told_by_whoever_reads_it(
    engine: DuckDBEngine, tmp_path: Path, data: bytes | None
) -> None:
    """A damaged file and one that is missing are errors of the work."""
    path = tmp_path / "damaged"
    if data is not None:
        path.write_bytes(data)
    damaged = Table(paths=(path,), format="parquet")
    with at_once(engine, damaged, lambda other: other.columns(damaged)) as beside:
        with pytest.raises(UnreadableTable):
            beside.here(lambda one: one.columns(damaged))
        with pytest.raises(UnreadableTable):
            beside.result()


def test_small_tables_and_text_are_read_by_one_engine(
    engine: DuckDBEngine, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text would be parsed twice."""
    (tmp_path / "t.csv").write_text("id\n1\n")
    text = Table(paths=(tmp_path / "t.csv",), format="csv")
    with at_once(engine, text, lambda other: other is engine) as beside:
        assert not beside.running
        assert beside.result()
    with at_once(engine, table, memory, start=False) as beside:
        assert not beside.running
    monkeypatch.setattr(connect, "_LARGE", 1 << 30)
    with at_once(engine, table, memory) as beside:
        assert not beside.running


def test_one_bar_is_shown_at_a_time(
    tmp_path: Path, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Queries of the other work have bars from when its result is waited for."""
    monkeypatch.setattr(query_progress, "_AFTER", 0.0)
    shown: list[str] = []
    begun, let_go = threading.Event(), threading.Event()

    class Bars(Quiet):
        @contextmanager
        def track(self, label: str, total: int, unit: str) -> Iterator[Advance]:
            shown.append(f"{label}: {total} {unit}")
            yield lambda _: None

    def work(one: Engine) -> str:
        for _ in range(20):
            memory(one)
        begun.set()
        let_go.wait()
        while not shown:
            memory(one)
        return memory(one)

    progress = Bars()
    with (
        DuckDBEngine(temp_directory=tmp_path / "spill", progress=progress, threads=4) as engine,
        at_once(engine, table, work) as beside,
    ):
        begun.wait()
        assert not shown
        let_go.set()
        assert beside.result()
    assert set(shown) == {"Querying tables: 100 %"}
