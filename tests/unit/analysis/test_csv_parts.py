"""A table of CSV parts costs its changed parts, and says what a run from scratch says."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandera.pandas as pa
import pytest
from hypothesis import HealthCheck, currently_in_test_context, event, example, given
from hypothesis import strategies as st
from tests import part_versions
from tests.part_versions import Known, Memory, OpenedFiles, altered, edited, profiled, shape_of
from tests.properties import examples
from tests.slow_cases import slow_but

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling.parts import by_change
from datarelease.analysis.validation.run import validate
from datarelease.documents import encode
from datarelease.model.data.dataset import CsvDialect, Dataset

Version = Mapping[str, str]
"""The text of each part by its path."""
TEXTS = (
    "1", "-7", "007", "12345678901234567", "1.5", "1,5", "1e3", "NaN", "true", "2024-01-01",
    "2024-01-01 10:00:00", "2024-01-01T10:00Z", "x", "ä", "", "NA",
)  # fmt: skip
DIALECTS = (
    CsvDialect(),
    CsvDialect(delimiter=";", decimal=",", null_values=("x",)),
    CsvDialect(encoding="cp1252"),
    CsvDialect(skip_rows=1),
)
SCHEMA = pa.DataFrameSchema(
    {
        "id": pa.Column(int, pa.Check.ge(0), unique=True),
        "mixed": pa.Column(None, nullable=True, required=False),
        "two": pa.Column(None, nullable=False, unique=True, required=False),
    }
)
DATASET = Dataset(name="d", path="d", schema="s.yaml", key=("id",), pii=("two",))
LOOSE = pa.DataFrameSchema({"id": pa.Column(int, pa.Check.ge(0))})


@pytest.fixture(scope="module")
def known(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    """What runs on tables left behind."""
    with DuckDBEngine(temp_directory=place, threads=2) as engine:
        yield Known(DATASET, tmp_path_factory.mktemp("known"), place, LOOSE, engine)


def stored(folder: Path, version: Version, dialect: CsvDialect = DIALECTS[0]) -> Table:
    """The parts as files that are named by their content, as those of a cache."""
    parts = {
        name: gzip.compress(data, mtime=0) if name.endswith(".gz") else data
        for name, data in ((n, text.encode(dialect.encoding)) for n, text in version.items())
    }
    return part_versions.stored(folder, parts, dialect)


ROWS = st.lists(st.tuples(st.integers(-1, 12), st.integers(0, 99), st.integers(0, 99)), max_size=4)
Rows = list[tuple[int, int, int]]


@st.composite
def histories(draw: st.DrawFn) -> tuple[CsvDialect, list[Version]]:
    """Versions of a dataset, each one some edits from the one before it."""
    dialect = draw(st.sampled_from(DIALECTS))
    pools = [draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4)) for _ in range(2)]
    ends, ending = draw(st.sampled_from(["\n", "\r\n"])), draw(st.sampled_from(["", ".gz"]))
    sep = dialect.delimiter or ","
    above = 'a "title' + ends if dialect.skip_rows else ""

    def text(rows: Rows) -> str:
        cells = [
            [str(n), *(f'"{pool[p % len(pool)]}"' for pool, p in zip(pools, places, strict=True))]
            for n, *places in rows
        ]
        return above + "".join(sep.join(row) + ends for row in [["id", "mixed", "two"], *cells])

    return dialect, [
        {f"{name}.csv{ending}": text(rows) for name, rows in version.items()}
        for version in edited(draw, ROWS)
    ]


OPTIONAL = "id,mixed,two\n"
WIDER: tuple[CsvDialect, list[Version]] = (
    CsvDialect(),
    [
        {"a.csv": OPTIONAL + "1,1.5,x\n", "b.csv": OPTIONAL + "2,2,y\n"},
        {"a.csv": OPTIONAL + "1,1.5,x\n", "b.csv": OPTIONAL + "2,,z\n"},
        {"b.csv": OPTIONAL + "2,,z\n"},
        {"b.csv": OPTIONAL + "2,,z\n", "c.csv": OPTIONAL + "3,2024-01-01,2\n"},
    ],
)
NAN: tuple[CsvDialect, list[Version]] = (
    CsvDialect(null_values=("x",)),
    [
        {"a.csv": OPTIONAL + "0,1,NaN\n", "b.csv": OPTIONAL + "5,1,true\n"},
        {"a.csv": OPTIONAL + "0,1,NaN\n", "c.csv": OPTIONAL},
    ],
)
"""A column of text of which a text is left that is a number, and parts without rows."""
"""Parts in which a column is empty or narrower than in others, and a column that changes type."""


@pytest.mark.parametrize("history", [WIDER, NAN], ids=["wider", "nan"])
def test_columns_that_change_their_type_are_those_of_a_run_from_scratch(
    place: Path, tmp_path: Path, history: tuple[CsvDialect, list[Version]]
) -> None:
    """What parts say together changes with each of them; here with a schema alone."""
    followed(place, history, [(SCHEMA, tmp_path)])


@pytest.mark.slow
@example(history=WIDER)
@example(history=NAN)
@examples(5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories())
def test_a_memo_changes_nothing_but_what_is_read(
    place: Path,
    tmp_path_factory: pytest.TempPathFactory,
    history: tuple[CsvDialect, list[Version]],
) -> None:
    """Whatever was edited, split, renamed or removed, the outcome is that of a run from scratch."""
    folders = [tmp_path_factory.mktemp("memo") for _ in range(2)]
    followed(place, history, [*zip((SCHEMA, None), folders, strict=True)])


def followed(
    place: Path,
    history: tuple[CsvDialect, list[Version]],
    folders: Sequence[tuple[pa.DataFrameSchema | None, Path]],
) -> None:
    """Assert that each version is what it is without the memos, which schemas have in folders."""
    dialect, versions = history
    with (
        pytest.MonkeyPatch.context() as patch,
        DuckDBEngine(temp_directory=place, threads=1) as scratch,
    ):
        patch.setattr(by_change, "_SHARE", 1)
        for version in versions:
            table = stored(place, version, dialect)
            for schema, folder in folders:
                memory = Memory(DATASET, folder, place)
                wanted = encode(validate(scratch, table, DATASET, schema))
                expected = encode(profiled(scratch, table, DATASET, schema))
                with OpenedFiles(place) as engine:  # one for both, as in a check
                    assert encode(memory.validate(engine, table, schema)) == wanted
                    fewer = len(table.labels) - len(engine.parts)
                    if currently_in_test_context():
                        event(f"{'some' if fewer else 'no'} parts are left alone")
                    assert encode(memory.profile(engine, table, schema)) == expected


def lines(start: int, *texts: str) -> str:
    """A part with rows from this number on."""
    rows = (f"{start + n},{text},{start + n}x\n" for n, text in enumerate(texts))
    return "".join(["id,mixed,two\n", *rows])


MANY = {f"part-{n:02}.csv": lines(10 * n, *(f"{n}.5", f"{n}.25") * 3) for n in range(20)}
"""Parts whose column ``mixed`` holds numbers with a fraction."""


CHANGES: dict[str, tuple[Mapping[str, str | None], set[str]]] = {
    "other values": ({"part-07.csv": lines(70, "1.5", "2.5")}, {"part-07.csv"}),
    "a part less": ({"part-07.csv": None}, {"part-00.csv"}),
    "a part more": ({"z.csv": lines(200, "7.25")}, {"z.csv"}),
    "another name": ({"part-07.csv": None, "z.csv": MANY["part-07.csv"]}, {"part-00.csv"}),
    # Of these parts alone the column would be of another type: one more shows that it is not.
    "whole numbers": ({"part-07.csv": lines(70, "1", "2")}, {"part-00.csv", "part-07.csv"}),
    "no values": ({"part-07.csv": lines(70, "", "")}, {"part-00.csv", "part-07.csv"}),
    "none in the first": ({"part-00.csv": lines(0, "", "")}, {"part-00.csv", "part-01.csv"}),
    # Of these the column is of another type.
    "texts": ({"part-07.csv": lines(70, "x", "")}, set(MANY)),
    "days": ({"part-07.csv": lines(70, "2024-01-01")}, set(MANY)),
}
"""Changes of `MANY`, and the parts that they make a run open."""


@pytest.mark.parametrize(
    ("change", "ending"),
    # Once they are decompressed, parts are read as all are: one change for each reason to read.
    slow_but(
        {*CHANGES, "other values.gz"} - {"another name", "no values", "days"},
        itertools.product(CHANGES, ["", ".gz"]),
        name="".join,
    ),
)
def test_only_changed_parts_are_opened(
    place: Path, tmp_path: Path, known: Known, change: str, ending: str
) -> None:
    """A second run opens the parts that changed, and what shows how the others are read."""
    edit, opened = CHANGES[change]
    changed = {name: text for name, text in {**MANY, **edit}.items() if text is not None}
    before, after = (
        stored(place, {name + ending: text for name, text in version.items()})
        for version in (MANY, changed)
    )
    memory = known.copied(before, tmp_path)
    with OpenedFiles(place) as second:
        found = encode(memory.validate(second, after, LOOSE))
        assert second.parts == {name + ending for name in opened}
    with OpenedFiles(place) as second:
        said = encode(memory.profile(second, after, LOOSE))
        assert {name.removesuffix(".gz") for name in second.parts} <= {*opened, *edit}
    assert (found, said) == known.from_scratch(after)


def test_a_part_with_other_columns_is_named(
    engine: OpenedFiles, place: Path, tmp_path: Path
) -> None:
    """It is reported as without a memo, whichever parts are known."""
    memory = Memory(DATASET, tmp_path, place)
    memory.validate(engine, stored(place, MANY), LOOSE)
    other = stored(place, {**MANY, "part-07.csv": MANY["part-07.csv"].replace("two", "2")})
    found = memory.validate(engine, other, LOOSE)
    assert found == validate(engine, other, DATASET, LOOSE)
    assert "part-07.csv: differs from the first part" in found.violations[0].message


def test_a_name_that_has_equal_bytes_read_otherwise_is_another_part(
    engine: OpenedFiles, place: Path, tmp_path: Path
) -> None:
    """A file renamed to an ending that stands for another delimiter is read again."""
    memory = Memory(DATASET, tmp_path, place)
    text = "id,mixed\ttwo\n1,x\t2\n"
    memory.validate(engine, stored(place, {"a.csv": text, "b.csv": text}), None)
    renamed = stored(place, {"a.tsv": text, "b.tsv": text})
    assert memory.validate(engine, renamed, None) == validate(engine, renamed, DATASET, None)


def test_a_large_table_is_parsed_once(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked of all parts later is read from where the first query left it."""
    monkeypatch.setattr("datarelease.analysis.engine.duckdb.engine._SPOOL_FROM", 0)
    # The ids of all parts overlap, so that whether they are unique is asked of all together.
    version = {f"{n}.csv": f"id,mixed,two\n{n},1.5,x\n{n + 30},1,y\n" for n in range(9)}
    table = stored(place, version)
    with OpenedFiles(place) as engine:
        found = Memory(DATASET, tmp_path, place).validate(engine, table, SCHEMA)
        [(spooled,)] = engine._connection.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE temporary"
        ).fetchall()
    with DuckDBEngine(temp_directory=place) as other:
        assert found == validate(other, table, DATASET, SCHEMA)
    assert spooled == 1


def typed(kind: str) -> Callable[[Any], None]:
    """Have the undeclared column be of another type."""
    return lambda kept: shape_of(kept, lambda s: s["columns"].__setitem__(1, ["mixed", kind]))


LIES: dict[str, Callable[[Any], None]] = {
    "a narrower type": typed("int64"),
    "a wider type": typed("string"),
    "a type that values do not decide": typed("decimal(9,2)"),
    "a type that there is not": typed("x"),
    "another delimiter": lambda kept: shape_of(kept, lambda s: s.update(delimiter=";")),
    "another line end": lambda kept: shape_of(kept, lambda s: s.update(line_end="\r")),
    "fewer columns": lambda kept: shape_of(kept, lambda s: s["columns"].pop()),
    "a column of another name": lambda kept: shape_of(
        kept, lambda s: s["columns"].__setitem__(2, ["three", "string"])
    ),
    "no shape": lambda kept: kept.update(shape=""),
    "no JSON": lambda kept: kept.update(shape="{" * 99),
    "a declared column of another type": lambda kept: shape_of(
        kept, lambda s: s["columns"].__setitem__(0, ["id", "string"])
    ),
}


@pytest.mark.parametrize(
    ("fresh", "lie"),
    # Whatever lie is believed by mistake shows with a whole number beside those with a fraction.
    slow_but(
        {f"1-{lie}" for lie in LIES} | {"x-fewer columns"},
        itertools.product(["1", "1.5", "x"], LIES),
        name="-".join,
    ),
)
def test_a_memo_that_says_other_types_is_not_believed(
    engine: OpenedFiles, place: Path, tmp_path: Path, known: Known, fresh: str, lie: str
) -> None:
    """Whatever a memo says of types, the outcome is that of a run from scratch."""
    memory = known.copied(stored(place, MANY), tmp_path)
    for kind in ("validation of parts 2", "columns of parts 3"):
        altered(tmp_path, kind, LIES[lie])
    after = stored(place, {**MANY, "part-07.csv": lines(-7, fresh)})
    wanted, expected = known.from_scratch(after)
    assert encode(memory.validate(engine, after, LOOSE)) == wanted
    assert encode(memory.profile(engine, after, LOOSE)) == expected


def test_values_that_do_not_have_the_type_of_their_column_are_no_missing_values(
    place: Path, tmp_path: Path
) -> None:
    """Where known parts are read for examples, a text among numbers ends the run by parts."""
    version = {**MANY, "part-05.csv": lines(-5, "x", "y")}
    memory, whole = Memory(DATASET, tmp_path, place), stored(place, version)
    with OpenedFiles(place) as engine:
        expected = memory.validate(engine, whole, LOOSE)
    altered(tmp_path, "validation of parts 2", typed("double"))
    with OpenedFiles(place) as engine:
        after = stored(place, {**version, "part-07.csv": lines(70, "7.5", "8.5")})
        again = memory.validate(engine, after, LOOSE)
    assert [violation.count for violation in again.violations] == [
        violation.count for violation in expected.violations
    ]
    assert engine.parts == set(version)
