"""Validation by parts equals that of the whole table, and reads only parts that are new."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import narwhals as nw
import pandera.pandas as pa
import pyarrow as arrow  # noqa: ICN001 - `pa` is Pandera
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from tests.part_versions import edited
from tests.properties import examples

from datarelease.adapters.memo import FileMemo
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.errors import UnsupportedQueryError
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.validation.part_memo import PartMemo, ValueSpan
from datarelease.analysis.validation.parts import may_share
from datarelease.analysis.validation.run import validate
from datarelease.documents import encode
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.table_format import Format

C = pa.Check
Version = Mapping[str, arrow.Table]
"""The parts of a dataset by name."""
NOON = dt.datetime(2026, 1, 1, 12)  # noqa: DTZ001 - of a column without a zone
KEYS: dict[str, tuple[arrow.DataType, Callable[[int], Any]]] = {
    "integer": (arrow.int64(), lambda n: n - 5),
    "text": (arrow.string(), lambda n: "aäz😀"[n % 4] * (n // 4)),
    "long text": (arrow.string(), lambda n: "x" * 199 + "y" * n),
    "day": (arrow.date32(), lambda n: dt.date(1969, 12, 28) + dt.timedelta(n)),
    "time": (arrow.timestamp("us"), lambda n: NOON + dt.timedelta(0, 0, n)),
    "fine": (arrow.timestamp("ns"), lambda n: n * 500),
    "zoned": (arrow.timestamp("us", "UTC"), lambda n: n * 10**15),
    "float": (arrow.float64(), lambda n: (-math.inf, -0.0, 0.0, math.nan, 0.5, 1.0, 7.5)[n % 7]),
    "decimal": (arrow.decimal128(30, 2), lambda n: Decimal(n) / 4 + Decimal(10) ** (n % 3 * 9)),
    "boolean": (arrow.bool_(), lambda n: n % 2 == 1),
}
ROWS = st.lists(
    st.tuples(
        st.integers(0, 12) | st.none(),
        st.sampled_from([None, "de", "fr", "??"]),
        st.sampled_from([None, "1", "two", "3"]),
        st.sampled_from([None, -1.0, 0.5, math.nan]),
    ),
    max_size=4,
)


class CountingEngine(DuckDBEngine):
    """An engine that remembers which files it was asked for, and for which of their columns."""

    def __init__(self, folder: Path) -> None:
        super().__init__(temp_directory=folder, threads=2)
        self.read: list[tuple[str, tuple[str, ...]]] = []

    def scan(  # noqa: D102 - an Engine
        self, table: Table, types: Any = None, columns: Any = None, **options: Any
    ) -> nw.LazyFrame[Any]:
        self._note(table, columns)
        return super().scan(table, types, columns, **options)

    def scan_parts(self, table: Table, types: Any, columns: Any) -> Any:  # noqa: D102 - an Engine
        self._note(table, columns)
        return super().scan_parts(table, types, columns)

    def _note(self, table: Table, columns: Sequence[str] | None) -> None:
        self.read += [(label, tuple(columns or ("all",))) for label in table.labels]

    @property
    def parts(self) -> set[str]:
        """The parts that were asked for."""
        return {label for label, _ in self.read}


@pytest.fixture
def engine(place: Path) -> Iterator[CountingEngine]:
    """An engine that counts what it reads."""
    with CountingEngine(place) as engine:
        yield engine


def stored(folder: Path, version: Version, form: Format = "parquet") -> Table:
    """The parts as files that are named by their content, as those of a cache."""
    names, paths = sorted(version), []
    for name in names:
        sink = io.BytesIO()
        if form == "parquet":
            pq.write_table(version[name], sink)
        else:
            with arrow.ipc.new_file(sink, version[name].schema) as writer:
                writer.write_table(version[name])
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


def part(ids: Sequence[Any], **columns: Sequence[Any]) -> arrow.Table:
    """A part with these ids, and a country that is right for all rows."""
    return arrow.table({"id": ids, "country": ["de"] * len(ids), **columns})


def memo_in(folder: Path, schema: str = "s") -> PartMemo:
    """A memo for one schema."""
    return PartMemo(memo=FileMemo(folder), made_from=(("schema", schema),))


SCHEMA = pa.DataFrameSchema(
    {"id": pa.Column(int, C.ge(0)), "country": pa.Column(str, C.isin(["de", "fr"]))}
)
PEOPLE = Dataset(name="people", path="data", schema="s.yaml", key=("id",))
THREE = {"a": part([1, 2]), "b": part([3, 4]), "c": part([5, 6])}


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, list[dict[str, list[Any]]], bool]:
    """A kind of key, and versions of a dataset, each one some edits from the one before it."""
    kind = draw(st.sampled_from(sorted(KEYS)))
    versions = edited(draw, ROWS, fewest=1, most=4)
    return kind, versions, any("/" in name for version in versions for name in version)


SHARED_NULLS: tuple[str, list[dict[str, list[Any]]], bool] = (
    "integer",
    [{"a": [(1, "de", None, None), (2, "de", None, None)], "b": [(3, None, None, None)]}],
    False,
)
"""Two rows share a missing value in a column; one more has nothing but missing values."""


def test_missing_values_that_parts_share_are_those_of_a_run_from_scratch(
    place: Path, tmp_path: Path
) -> None:
    """Two rows of a part share one, and a row of another part has nothing else."""
    followed(place, tmp_path, SHARED_NULLS, meta=(True, False), form="parquet")


@pytest.mark.slow
@example(history=SHARED_NULLS, meta=(True, False), form="parquet")
@examples(8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=histories(),
    meta=st.tuples(st.booleans(), st.booleans()),
    form=st.sampled_from(["parquet", "arrow"]),
)
def test_a_memo_changes_nothing_but_what_is_read(
    place: Path,
    tmp_path_factory: pytest.TempPathFactory,
    history: tuple[str, list[dict[str, list[Any]]], bool],
    meta: tuple[bool, bool],
    form: Format,
) -> None:
    """Whatever was edited, split, renamed or removed, the outcome is that of a run from scratch."""
    followed(place, tmp_path_factory.mktemp("memo"), history, meta=meta, form=form)


def followed(
    place: Path,
    folder: Path,
    history: tuple[str, list[dict[str, list[Any]]], bool],
    *,
    meta: tuple[bool, bool],
    form: Format,
) -> None:
    """Assert that each version is what it is without the memo in ``folder``."""
    kind, versions, folded = history
    dtype, value = KEYS[kind]
    keyed, hidden = meta
    schema = pa.DataFrameSchema(
        {
            "id": pa.Column(None, nullable=False, unique=True),
            "country": pa.Column(str, [C.isin(["de", "fr"]), C.str_matches(r"^(?!x)")]),
            "count": pa.Column(int, C.lt(3), coerce=True, nullable=True),
            "x": pa.Column(float, C(lambda x: x < 0.1, name="small"), nullable=True),
        },
        unique=["country", "count"],
    )
    dataset = Dataset(
        name="d",
        path="d",
        schema="s.yaml",
        key=(("id", "y") if folded else ("id",)) if keyed else (),
        pii=("id",) if hidden else (),
    )
    memo = memo_in(folder)
    with DuckDBEngine(temp_directory=place, threads=2) as whole:
        for version in versions:
            tables = {
                name: arrow.table(
                    {
                        "id": arrow.array([n if n is None else value(n) for n, *_ in rows], dtype),
                        "country": arrow.array([row[1] for row in rows], arrow.string()),
                        "count": arrow.array([row[2] for row in rows], arrow.string()),
                        "x": arrow.array([row[3] for row in rows], arrow.float64()),
                    }
                )
                for name, rows in version.items()
            }
            table = stored(place, tables, form)
            scratch = validate(whole, table, dataset, schema)
            with DuckDBEngine(temp_directory=place, threads=2) as engine:
                assert encode(validate(engine, table, dataset, schema, memo)) == encode(scratch)


def test_only_changed_parts_are_read(engine: CountingEngine, place: Path, tmp_path: Path) -> None:
    """A second run reads the part that changed, and none where parts were renamed or removed."""
    memo = memo_in(tmp_path)
    validate(engine, stored(place, THREE), PEOPLE, SCHEMA, memo)
    assert engine.parts == {"a", "b", "c"}
    engine.read.clear()
    changed = validate(engine, stored(place, THREE | {"b": part([3, 7])}), PEOPLE, SCHEMA, memo)
    # 7 lies beyond the keys of `c`: whether it is one of them is asked of the keys alone.
    assert {columns for label, columns in engine.read if label == "c"} == {("id",)}
    assert "a" not in engine.parts
    assert (changed.rows, changed.violations) == (6, ())
    engine.read.clear()
    moved = {"x": THREE["c"], "y": THREE["a"]}
    assert validate(engine, stored(place, moved), PEOPLE, SCHEMA, memo).rows == 4
    assert engine.parts == {"x"}, "the first part says which columns there are"


def test_the_version_before_stays_known(
    engine: CountingEngine, place: Path, tmp_path: Path
) -> None:
    """A change that is taken back reads nothing again."""
    memo = memo_in(tmp_path)
    for version in (THREE, THREE | {"c": part([8, 9])}):
        validate(engine, stored(place, version), PEOPLE, SCHEMA, memo)
    engine.read.clear()
    validate(engine, stored(place, THREE), PEOPLE, SCHEMA, memo)
    assert engine.parts == {"a"}


def test_examples_are_read_from_failing_parts(
    engine: CountingEngine, place: Path, tmp_path: Path
) -> None:
    """A failure in a part that is known is shown from this part alone."""
    memo = memo_in(tmp_path)
    version = THREE | {"c": arrow.table({"id": [5], "country": ["xx"]})}
    first = validate(engine, stored(place, version), PEOPLE, SCHEMA, memo)
    engine.read.clear()
    second = validate(engine, stored(place, version | {"b": part([4])}), PEOPLE, SCHEMA, memo)
    assert (
        first.violations[0].examples
        == second.violations[0].examples
        == ((("id", 5), ("country", "xx")),)
    )
    assert engine.parts == {"b", "c"}


def test_keys_are_found_again_across_parts(
    engine: CountingEngine, place: Path, tmp_path: Path
) -> None:
    """A key of a new part that a known part has is counted in both."""
    memo = memo_in(tmp_path)
    validate(engine, stored(place, THREE), PEOPLE, SCHEMA, memo)
    engine.read.clear()
    found = validate(engine, stored(place, THREE | {"d": part([6, 7])}), PEOPLE, SCHEMA, memo)
    (twice,) = found.violations
    assert (twice.check, twice.count, twice.total) == ("key unique (id)", 2, 8)
    assert engine.parts == {"c", "d"}


class WholeEngine(DuckDBEngine):
    """An engine that does not tell the rows of parts, as a cluster does not."""

    def shapes(self, table: Table, types: Any = None) -> tuple[str, ...]:  # noqa: ARG002, D102
        return ()

    def scan_parts(self, table: Table, types: Any, columns: Any) -> Any:  # noqa: ARG002, D102
        raise UnsupportedQueryError("Spark", "rows of parts")


def test_what_another_engine_found_in_parts_is_not_needed(
    engine: CountingEngine, place: Path, tmp_path: Path
) -> None:
    """An engine that reads tables as a whole does so, whatever is known of parts."""
    memo = memo_in(tmp_path)
    validate(engine, stored(place, THREE), PEOPLE, SCHEMA, memo)
    changed = stored(place, THREE | {"b": part([3, 3])})
    with WholeEngine(temp_directory=place) as other:
        found = validate(other, changed, PEOPLE, SCHEMA, memo)
    assert [(v.check, v.count) for v in found.violations] == [("key unique (id)", 2)]


def test_another_question_has_another_memo(
    engine: CountingEngine, place: Path, tmp_path: Path
) -> None:
    """What was found with one schema does not count for another."""
    validate(engine, stored(place, THREE), PEOPLE, SCHEMA, memo_in(tmp_path))
    strict = pa.DataFrameSchema({"id": pa.Column(int, C.ge(2)), "country": pa.Column(str)})
    found = validate(engine, stored(place, THREE), PEOPLE, strict, memo_in(tmp_path, "other"))
    assert [v.count for v in found.violations] == [1]


def test_parts_of_other_types_are_read_together(
    engine: CountingEngine, place: Path, tmp_path: Path
) -> None:
    """A part that does not fit the others is reported as without a memo, known or new."""
    memo = memo_in(tmp_path)
    validate(engine, stored(place, THREE), PEOPLE, SCHEMA, memo)
    other = {"b": arrow.table({"id": ["3"], "country": ["de"]})}
    empty = {"b": arrow.table({"id": arrow.nulls(1), "country": ["de"]})}
    for version in (THREE | other, THREE | empty, empty | {"c": THREE["c"]}):
        table = stored(place, version)
        expected = validate(engine, table, PEOPLE, SCHEMA)
        assert validate(engine, table, PEOPLE, SCHEMA, memo) == expected
        assert expected.violations


def test_folders_that_change_a_columns_type_change_the_question(
    engine: CountingEngine, place: Path, tmp_path: Path
) -> None:
    """A folder that is no number makes text of all of them, also in parts that are known."""
    memo = memo_in(tmp_path)
    schema = pa.DataFrameSchema({"y": pa.Column(int, C.ge(2))}, strict=False)
    numbers = {"y=1/a": part([1]), "y=2/a": part([2])}
    for version in (numbers, numbers | {"y=n/a": part([3])}):
        table = stored(place, version)
        expected = validate(engine, table, PEOPLE, schema)
        assert validate(engine, table, PEOPLE, schema, memo) == expected


@pytest.mark.parametrize(
    "damage",
    [
        lambda part: part.pop("shape"),
        lambda part: part.update(shape="other"),
        lambda part: part.update(failing=part["failing"][1:]),
        lambda part: part.update(spans=[]),
        lambda part: part.update(rows="2"),
        lambda part: part.update(rows=-1),
        lambda part: part.update(failing=[9] * len(part["failing"])),
        lambda part: part["spans"][0].update(low="x"),
        lambda part: part["spans"][0].update(rows=7),
        lambda part: part["spans"][0].update(distinct=3),
        lambda part: part["spans"][0].update(low=9),
    ],
)
def test_a_damaged_memo_is_not_believed(
    engine: CountingEngine, place: Path, tmp_path: Path, damage: Callable[[dict[str, Any]], Any]
) -> None:
    """Facts that no part can have, or of another form, are found out again."""
    table, memo = stored(place, THREE), memo_in(tmp_path)
    expected = validate(engine, table, PEOPLE, SCHEMA, memo)
    [file] = FileMemo(tmp_path).files()
    text = file.read_bytes().partition(b"\n")[2]
    kept = json.loads(text)
    for facts in kept["parts"].values():
        damage(facts)
    header = json.loads(file.read_bytes().partition(b"\n")[0])
    FileMemo(tmp_path).put(
        header["kind"], tuple(map(tuple, header["made_from"])), json.dumps(kept).encode()
    )
    assert validate(engine, table, PEOPLE, SCHEMA, memo) == expected
    assert file.read_bytes().partition(b"\n")[2] == text, "and the memo is right again"


@pytest.mark.parametrize(
    ("spans", "shared"),
    [
        ([(0, 9), (10, 12)], set()),
        ([(0, 9), (9, 12)], {0, 1}),
        ([(0, 100), (3, 4), (6, 7), (101, 102)], {0, 1, 2}),
        ([(5, 6), (1, 2), (3, 4)], set()),
        ([(-0.0, 0.0), (0, 0)], {0, 1}),
        ([(None, None), (3, 4)], {0, 1}),
    ],
)
def test_parts_may_share_what_their_bounds_allow(
    spans: list[tuple[Any, Any]], shared: set[int]
) -> None:
    """Parts share a value only if their bounds overlap, or are not known."""
    listed = [ValueSpan(rows=2, nulls=0, low=low, high=high) for low, high in spans]
    assert may_share(listed) == shared


def test_null_is_a_value_that_parts_share() -> None:
    """Two parts with a missing value share it; the values of neither need to be near."""
    spans = [
        ValueSpan(rows=2, nulls=1, low=1, high=1),
        ValueSpan(rows=1, nulls=1),
        ValueSpan(rows=1, nulls=0, low=1, high=1),
    ]
    assert may_share(spans[:2]) == {0, 1}
    assert may_share(spans[1:]) == set()
