"""The profile of a changed table equals that from scratch, and reads only parts that changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import shutil
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, event, given
from hypothesis import strategies as st
from tests.properties import examples
from tests.slow_cases import slow_but

from datarelease.adapters.memo import FileMemo
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling import cells as all_cells
from datarelease.analysis.profiling import profile as whole_profile
from datarelease.analysis.profiling.parts import (
    by_change,
    known_columns,
    remember,
    remember_points,
    value_update,
)
from datarelease.analysis.profiling.parts.column_updates import ChangedFigures
from datarelease.analysis.profiling.parts.profile_memo import ProfileMemo
from datarelease.analysis.profiling.profile import profile
from datarelease.documents import encode
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.table_format import Format

DATASET = Dataset(name="d", path="d", pii=("mail", "salary", "weight"))
KINDS: Mapping[str, pa.DataType] = {
    "x": pa.float64(),
    "small": pa.int8(),
    "big": pa.int64(),
    "unsigned": pa.uint64(),
    "price": pa.decimal128(6, 2),
    "amount": pa.decimal128(30, 4),
    "name": pa.string(),
    "mail": pa.string(),
    "salary": pa.int64(),
    "weight": pa.float32(),
    "yes": pa.bool_(),
    "day": pa.date32(),
    "moment": pa.timestamp("ms", "UTC"),
    "fine": pa.timestamp("ns"),
    "raw": pa.binary(),
}
MIDNIGHT = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
SMALL = st.integers(0, 6)
"""Values of which most occur more than once."""


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value or null."""
    return st.none() | values


ROW = st.tuples(
    maybe(st.floats() | st.sampled_from([0.0, -0.0, 1.5, 2.5, 3.0, 3.5])),
    maybe(st.integers(-3, 3)),
    maybe(st.integers(-(2**63), 2**63 - 1) | SMALL),
    maybe(st.integers(0, 2**64 - 1) | SMALL),
    maybe(SMALL.map(lambda cents: Decimal(cents).scaleb(-2))),
    maybe(SMALL.map(lambda n: Decimal(n * 10**25 + 1).scaleb(-4))),
    maybe(st.sampled_from("abcdefgh") | st.text("aß😀", max_size=3)),
    maybe(st.sampled_from(["a", "b", "long one"])),
    maybe(SMALL),
    maybe(SMALL.map(float)),
    maybe(st.booleans()),
    maybe(SMALL.map(lambda days: dt.date(2020, 1, 1) + dt.timedelta(days * 400))),
    maybe(SMALL.map(lambda hours: MIDNIGHT + dt.timedelta(hours=hours))),
    maybe(st.integers(-(2**62), 2**62) | SMALL),
    maybe(st.binary(max_size=2)),
)
Rows = list[tuple[Any, ...]]
Version = Mapping[str, Rows]
"""The rows of each part by its path."""


@pytest.fixture(scope="module")
def engine(place: Path) -> Iterator[DuckDBEngine]:
    """An engine."""
    with DuckDBEngine(temp_directory=place, threads=2) as engine:
        yield engine


def arrow(rows: Rows) -> pa.Table:
    """Rows of `KINDS`."""
    columns = zip(*rows, strict=True) if rows else [()] * len(KINDS)
    arrays = (
        pa.array(values, kind, from_pandas=False)
        for values, kind in zip(columns, KINDS.values(), strict=True)
    )
    return pa.table(dict(zip(KINDS, arrays, strict=True)))


def stored(folder: Path, parts: Mapping[str, pa.Table], form: Format = "parquet") -> Table:
    """The parts as files that are named by their content, as those of a cache."""
    names, paths = sorted(parts), []
    for name in names:
        sink = io.BytesIO()
        if form == "parquet":
            pq.write_table(parts[name], sink)
        else:
            with pa.ipc.new_file(sink, parts[name].schema) as writer:
                writer.write_table(parts[name])
        path = folder / hashlib.md5(sink.getvalue(), usedforsecurity=False).hexdigest()
        if not path.exists():  # most parts are those of the version before
            path.write_bytes(sink.getvalue())
        paths.append(path)
    return Table(
        paths=tuple(paths),
        format=form,
        labels=tuple(names),
        digests=tuple(path.name for path in paths),
    )


def memo_in(folder: Path, files: Path) -> ProfileMemo:
    """A memo beside a cache of files."""
    return ProfileMemo(
        memo=FileMemo(folder), made_from=(("question", "q"),), find=lambda md5: files / md5
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Version]:
    """Versions of a dataset, each one some edits from the one before it."""
    folded = draw(st.booleans())
    version = draw(st.lists(st.lists(ROW, max_size=6), min_size=2, max_size=4))
    versions = [version]
    for _ in range(draw(st.integers(1, 3))):
        version = list(draw(st.permutations(version)))
        for _ in range(draw(st.integers(0, 2))):
            number = draw(st.integers(0, len(version) - 1))
            rows = version[number]
            edit = draw(st.sampled_from(["rows", "change", "add", "delete", "repeat", "split"]))
            if edit == "rows":  # some rows are gone, and others are new
                kept = [row for row in rows if draw(st.booleans())]
                version[number] = kept + draw(st.lists(ROW, max_size=2))
            elif edit == "change":
                version[number] = draw(st.lists(ROW, max_size=4))
            elif edit == "add":
                version.append(draw(st.lists(ROW, max_size=4)))
            elif edit == "repeat":
                version.append(rows)
            elif edit == "split":
                version[number : number + 1] = [rows[:1], rows[1:]]
            elif len(version) > 2:
                del version[number]
        versions.append(version)
    where = "y={}/{}" if folded else "{1}"
    return [
        {
            where.format(n % 3, name): rows
            for n, (name, rows) in enumerate(zip(names, listed, strict=False))
        }
        for listed in versions
        for names in [draw(st.permutations("abcdefghijklmnop"))]
    ]


class CountingEngine(DuckDBEngine):
    """An engine that remembers which columns of which parts it was asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(temp_directory=folder, threads=2)
        self.read: dict[str, set[str]] = {}

    def scan(  # noqa: D102 - an Engine
        self, table: Table, types: Any = None, columns: Any = None, **options: Any
    ) -> nw.LazyFrame[Any]:
        self._note(table, columns or ("all",))
        return super().scan(table, types, columns, **options)

    def scan_parts(self, table: Table, types: Any, columns: Any) -> Any:  # noqa: D102 - an Engine
        self._note(table, columns)
        return super().scan_parts(table, types, columns)

    def _note(self, table: Table, columns: Sequence[str]) -> None:
        for label in table.labels:
            self.read.setdefault(label, set()).update(columns)


@examples(10, suppress_health_check=[HealthCheck.too_slow])
@given(
    history=histories(),
    cells=st.sampled_from([4, 8, 65_536]),
    kept=st.sampled_from([3, 256]),
    values=st.sampled_from([1, 1 << 20]),
    form=st.sampled_from(["parquet", "arrow"]),
)
def test_a_memo_changes_nothing_but_what_is_read(
    engine: DuckDBEngine,
    place: Path,
    tmp_path_factory: pytest.TempPathFactory,
    history: list[Version],
    cells: int,
    kept: int,
    values: int,
    form: Format,
) -> None:
    """Whatever was edited, split, renamed or removed, the profile is that of a run from scratch."""
    memo = memo_in(tmp_path_factory.mktemp("memo"), place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(all_cells, "_FINE", 2)
        for module in (whole_profile, by_change):
            patch.setattr(module, "cells_for", lambda _: cells)
        for module in (whole_profile, known_columns):
            patch.setattr(module, "NAMED", kept)
        for module in (whole_profile, value_update):
            patch.setattr(module, "TOP", 2 if kept < 10 else 10)
        patch.setattr(remember, "OUTERMOST", kept)
        patch.setattr(remember_points, "_MOST_BYTES", values)
        patch.setattr(by_change, "_SHARE", 1)
        found: list[ChangedFigures | None] = []
        ask = by_change.figures_by_change

        def asked(*args: Any) -> ChangedFigures | None:
            found.append(ask(*args))
            return found[-1]

        patch.setattr(whole_profile, "figures_by_change", asked)
        for version in history:
            table = stored(place, {name: arrow(rows) for name, rows in version.items()}, form)
            scratch = encode(profile(engine, table, DATASET))
            assert encode(profile(engine, table, DATASET, memo=memo)) == scratch
        for one in found:
            event(f"{0 if one is None else (len(KINDS) - len(one.lost)) // 4 * 4} known")


def large(rows: int = 60_000) -> pa.Table:
    """More different values than a profile has cells or a memo texts, and a frequent number."""
    rng = np.random.default_rng(7)
    prices = np.round(rng.uniform(0, 1000, rows) ** 2, 2)
    prices[rng.random(rows) < 0.05] = 999_999.99
    return pa.table(
        {
            "id": np.arange(rows),
            "any": rng.permutation(rows) * 1_000_003,
            "price": prices,
            "at": pa.array(1_600_000_000_000_000 + rng.integers(0, 10**14, rows), KINDS["moment"]),
            "name": np.char.add("n", rng.integers(0, 20_000, rows).astype(str)),
            "mail": np.char.add("m", rng.permutation(rows).astype(str)),
            "plan": np.char.add("p", rng.integers(0, 9, rows).astype(str)),
        }
    )


def split(whole: pa.Table, parts: int = 30) -> dict[str, pa.Table]:
    """The rows in so many parts."""
    rows = len(whole) // parts
    return {f"part-{n:02}": whole[n * rows : (n + 1) * rows] for n in range(parts)}


@pytest.fixture
def few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Profiles with 2,000 cells a column, so that the cells of `large` hold many values."""
    few_cells_in(monkeypatch)


def few_cells_in(patch: pytest.MonkeyPatch) -> None:
    """The same for as long as the patch lasts."""
    for module in (whole_profile, by_change):
        patch.setattr(module, "cells_for", lambda _: 2_000)
    patch.setattr(all_cells, "_FINE", 32)


def edited(parts: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The same parts: one without some rows, one that has rows of another one, one that moved."""
    moved = parts["part-07"].slice(5).set_column(0, "id", pa.array(np.arange(1995) + 60_000))
    rest = {name: part for name, part in parts.items() if name not in {"part-07", "part-20"}}
    return {**rest, "part-03": parts["part-03"][:-3], "part-07": moved, "z": parts["part-20"]}


@pytest.mark.usefixtures("few_cells")
def test_only_what_changed_is_read(place: Path, tmp_path: Path) -> None:
    """Of parts that did not change nothing is read, whichever values went away."""
    version = split(large())
    memo = memo_in(tmp_path, place)
    with CountingEngine(place) as engine:
        profile(engine, stored(place, version), DATASET, memo=memo)
        engine.read.clear()
        table = stored(place, edited(version))
        found = profile(engine, table, DATASET, memo=memo)
    assert engine.read.keys() == {"part-03", "part-07"}
    assert "name" in engine.read["part-03"] & engine.read["part-07"]
    with DuckDBEngine(temp_directory=place) as other:
        assert encode(found) == encode(profile(other, table, DATASET))


def test_parts_that_are_added_or_renamed_leave_the_others_alone(
    place: Path, tmp_path: Path
) -> None:
    """Where no row went away, no part of before is read."""
    version = split(large())
    names = sorted(version)
    memo = memo_in(tmp_path, place)
    with CountingEngine(place) as engine:
        profile(engine, stored(place, {n: version[n] for n in names[:-1]}), DATASET, memo=memo)
        engine.read.clear()
        table = stored(
            place, {**version, "a": version["part-00"]} | {"part-00": version["part-01"]}
        )
        found = profile(engine, table, DATASET, memo=memo)
        assert engine.read.keys() == {"part-01", "part-29"}
    with DuckDBEngine(temp_directory=place) as other:
        assert encode(found) == encode(profile(other, table, DATASET))


@pytest.mark.usefixtures("few_cells")
def test_a_bound_that_other_rows_have_is_not_looked_for(place: Path, tmp_path: Path) -> None:
    """Of a cell that loses one of several rows with its smallest value, no part is read again."""
    rng = np.random.default_rng(7)
    whole = pa.table({"x": rng.integers(0, 9_000, 60_000) / 100})
    version = split(whole)
    memo = memo_in(tmp_path, place)
    with CountingEngine(place) as engine:
        profile(engine, stored(place, version), DATASET, memo=memo)
        engine.read.clear()
        table = stored(place, {**version, "part-03": version["part-03"][:-20]})
        found = profile(engine, table, DATASET, memo=memo)
        assert engine.read.keys() == {"part-03"}
    with DuckDBEngine(temp_directory=place) as other:
        assert encode(found) == encode(profile(other, table, DATASET))


@pytest.mark.usefixtures("few_cells")
def test_where_not_all_values_are_kept_open_cells_are_read(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell that lost all values kept of one end is read in all parts."""
    monkeypatch.setattr(remember_points, "_MOST_BYTES", 1)
    whole = large()
    version = split(whole.sort_by("price"))
    memo = memo_in(tmp_path, place)
    with CountingEngine(place) as engine:
        profile(engine, stored(place, version), DATASET, memo=memo)
        engine.read.clear()
        table = stored(place, {**version, "part-03": version["part-03"][:-1000]})
        found = profile(engine, table, DATASET, memo=memo)
        assert len(engine.read) == len(version)
        assert "price" in engine.read["part-04"]
    with DuckDBEngine(temp_directory=place) as other:
        assert encode(found) == encode(profile(other, table, DATASET))


def rewritten(folder: Path, kind: str, edit: Callable[[bytes], bytes]) -> None:
    """Have each result of a kind in a memo be another one, as somebody may who can write there.

    Of a result in blocks, these are edited, but for the list of them, or ``list`` alone.
    """
    memo = FileMemo(folder)
    kind, _, place = kind.partition(": ")
    for file in memo.files():
        header, _, value = file.read_bytes().partition(b"\n")
        told = json.loads(header)
        made_from = tuple(map(tuple, told["made_from"]))
        if told["kind"] == kind and "blocks" in told:
            blocks = memo.get_blocks(kind, made_from, range(told["blocks"]))
            assert blocks is not None
            some = {0} if place == "list" else {*range(1, len(blocks))}
            edited_ones = [edit(b) if n in some else b for n, b in enumerate(blocks)]
            memo.put_blocks(kind, made_from, edited_ones[: 1 if place == "none" else None])
        elif told["kind"] == kind:
            memo.put(kind, made_from, edit(value))


def in_json(**values: Any) -> Callable[[bytes], bytes]:
    """Fields of every column set to other values."""

    def edit(value: bytes) -> bytes:
        table = json.loads(value)
        for column in table["columns"].values():
            for name, other in values.items():
                numbers = column["numbers"] or {}
                for place in (column, column["values"], numbers, numbers.get("values")):
                    if place is not None and name in place:
                        place[name] = other
        return json.dumps(table).encode()

    return edit


def numbers(place: int, value: int) -> Callable[[bytes], bytes]:
    """One of the 64-bit numbers in a value set to another one."""
    return lambda data: data[: 8 * place] + struct.pack("<q", value) + data[8 * place + 8 :]


DAMAGE: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "no table": ("columns of parts 3", lambda _: b"{}"),
    "another type": ("columns of parts 3", in_json(type="int32")),
    "more values than rows": ("columns of parts 3", in_json(filled=10**9)),
    "no rows": ("columns of parts 3", in_json(rows=0)),
    "an endless sum": ("columns of parts 3", in_json(total="1e999999999")),
    "an endless number": ("columns of parts 3", in_json(low=["Decimal", "1e999999999"])),
    "a number of no class": ("columns of parts 3", in_json(high=["object", "1"])),
    "other cells": ("columns of parts 3", in_json(grids=[[0, 1]])),
    "fewer lengths": ("columns of parts 3", in_json(lengths=[[3, 1]])),
    "other texts": ("columns of parts 3", in_json(often=[["p", 1]])),
    "no ends": ("columns of parts 3", in_json(first=[], last=[])),
    "other spans of parts": ("columns of parts 3", in_json(spans=[["a", "b"]] * 30)),
    "no cells": ("cells of parts 3", lambda _: b""),
    "half the cells": ("cells of parts 3", lambda data: data[: len(data) // 80 * 40]),
    "cells in no order": ("cells of parts 3", numbers(0, 2**62)),
    "a cell of no value": ("cells of parts 3", lambda data: data[:-8] + bytes(8)),
    "more rows of a bound than of its cell": (
        "cells of parts 3",
        lambda data: data[:-8] + struct.pack("<q", 2**40),
    ),
    "no keys": ("values of parts 3", lambda _: b""),
    "keys in no order": ("values of parts 3", lambda data: data[:10] + bytes(16) + data[26:]),
    "keys of no width": ("values of parts 3", lambda data: b"\x03" + data[1:]),
    "a value in no row": ("values of parts 3", lambda data: data + bytes(16)),
    "no list of blocks": ("values of parts 3: list", lambda _: b""),
    "half a list of blocks": ("values of parts 3: list", lambda data: data[:-7]),
    "another first key": ("values of parts 3: list", numbers(0, 1)),
    "blocks in no order": ("values of parts 3: list", numbers(3, 0)),
    "another number of keys": ("values of parts 3: list", numbers(1, 7)),
    "other rows of keys": ("values of parts 3: list", numbers(2, 2**40)),
    "no blocks": ("values of parts 3: none", bytes),
}


@pytest.fixture(scope="module")
def kept(place: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Table, str]:
    """A memo that knows a table, a version of which few parts differ, and the profile of this."""
    folder = tmp_path_factory.mktemp("kept")
    version = split(large(6000))
    with DuckDBEngine(temp_directory=place, threads=2) as engine:
        profile(engine, stored(place, version), DATASET, memo=memo_in(folder, place))
        changed = stored(place, {**version, "part-03": version["part-03"][:-3]})
        return folder, changed, encode(profile(engine, changed, DATASET))


QUICK = {
    "no table", "other spans of parts", "more values than rows", "an endless number",
    "half the cells", "cells in no order", "keys of no width", "a value in no row",
    "another first key", "no blocks",
}  # fmt: skip
"""Damages of each file that a memo has: it ends early, is out of order, or says what cannot be."""


@pytest.mark.parametrize("damage", slow_but(QUICK, DAMAGE))
def test_a_damaged_memo_is_not_believed(
    engine: DuckDBEngine, place: Path, tmp_path: Path, kept: tuple[Path, Table, str], damage: str
) -> None:
    """What no table can be, or is of another form, is found out again."""
    folder, changed, expected = kept
    shutil.copytree(folder, tmp_path / "memo")
    rewritten(tmp_path / "memo", *DAMAGE[damage])
    found = profile(engine, changed, DATASET, memo=memo_in(tmp_path / "memo", place))
    assert encode(found) == expected


@pytest.fixture(scope="module")
def lost(place: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Table, str]:
    """The same of a table that lost ends of cells."""
    folder = tmp_path_factory.mktemp("lost")
    version = split(large(6000))
    changed = stored(place, {**version, "part-03": version["part-03"][:-100]})
    with pytest.MonkeyPatch.context() as patch, DuckDBEngine(temp_directory=place) as engine:
        few_cells_in(patch)
        profile(engine, stored(place, version), DATASET, memo=memo_in(folder, place))
        return folder, changed, encode(profile(engine, changed, DATASET))


ENDS = {name: DAMAGE[name] for name in DAMAGE if DAMAGE[name][0].startswith("values")} | {
    "no outermost values": ("columns of parts 3", in_json(outermost=0)),
    "few outermost values": ("columns of parts 3", in_json(outermost=-1)),
    "other keys": ("values of parts 3", lambda data: data[:19] + b"\x01" + data[20:]),
}


@pytest.mark.usefixtures("few_cells")
@pytest.mark.parametrize("damage", slow_but({"no outermost values", "other keys"}, ENDS))
def test_damaged_values_of_cells_are_not_believed(
    engine: DuckDBEngine, place: Path, tmp_path: Path, lost: tuple[Path, Table, str], damage: str
) -> None:
    """Cells whose ends went away are read where the kept values are no such values."""
    folder, changed, expected = lost
    shutil.copytree(folder, tmp_path / "memo")
    rewritten(tmp_path / "memo", *ENDS[damage])
    found = profile(engine, changed, DATASET, memo=memo_in(tmp_path / "memo", place))
    assert encode(found) == expected


@pytest.mark.parametrize("there", [b"", None])
def test_parts_of_before_that_are_not_here_are_not_needed(
    engine: DuckDBEngine,
    tmp_path: Path,
    kept: tuple[Path, Table, str],
    there: bytes | None,
) -> None:
    """Where the cache lacks a part of before, or has other bytes, all parts are read."""
    folder, changed, expected = kept
    shutil.copytree(folder, tmp_path / "memo")
    memo = memo_in(tmp_path / "memo", tmp_path)
    if there is not None:
        memo = replace(memo, find=lambda _: tmp_path / "damaged")
        (tmp_path / "damaged").write_bytes(there)
    assert encode(profile(engine, changed, DATASET, memo=memo)) == expected
    again = memo.of(changed).recall()
    assert again is not None
    assert again.rows == 5997, "and from then on this version is known"
