"""A table of parts that are converted costs its changed parts: JSON Lines and Arrow files."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandera.pandas as pa
import pyarrow as arrow  # noqa: ICN001 - `pa` is Pandera
import pytest
from hypothesis import HealthCheck, currently_in_test_context, event, example, given
from hypothesis import strategies as st
from tests.part_versions import (
    Known,
    Memory,
    OpenedFiles,
    altered,
    edited,
    profiled,
    shape_of,
    stored,
)
from tests.properties import examples
from tests.slow_cases import slow_but

from datarelease.analysis.engine.conversion.json_types import type_of_text
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.profiling.parts import by_change
from datarelease.analysis.validation.run import validate
from datarelease.documents import encode
from datarelease.model.data.dataset import Dataset

Version = Mapping[str, list[dict[str, Any]]]
"""The objects of each part by its path."""
VALUES: tuple[Any, ...] = (
    None, 1, -2, 2**53 + 1, 2**70, 0.5, 1e300, True, "x", "ä", [], [1], [0.5, None], {"a": 1},
    {"b": "x", "a": 0.5}, {"a": None}, {},
)  # fmt: skip
_NESTED = 10
"""Those before are no lists and no objects."""
SCHEMA = pa.DataFrameSchema(
    {
        "id": pa.Column(int, pa.Check.ge(0), unique=True),
        "text": pa.Column(str, nullable=True, required=False),
    }
)
DATASET = Dataset(name="d", path="d", schema="s.yaml", key=("id",), pii=("text",))
LOOSE = pa.DataFrameSchema({"id": pa.Column(int, pa.Check.ge(0))})


@pytest.fixture(scope="module")
def known(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    """What runs on tables left behind."""
    with DuckDBEngine(temp_directory=place, threads=2) as engine:
        yield Known(DATASET, tmp_path_factory.mktemp("known"), place, LOOSE, engine)


def lines(version: Version, ending: str = ".jsonl") -> dict[str, bytes]:
    """The files of parts, which are compressed if the ending says so."""
    files = {}
    for name, rows in version.items():
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        packed = ending.endswith(".gz")
        files[f"{name}{ending}"] = gzip.compress(data, mtime=0) if packed else data
    return files


@st.composite
def objects(draw: st.DrawFn) -> list[Version]:
    """Versions of a dataset whose fields vary in type, or also in number and order."""
    fields = st.sampled_from(["text", "x", "z"])
    alike = draw(st.booleans())
    values = st.sampled_from(VALUES[: _NESTED if alike else None])
    pools = {name: draw(st.lists(values, min_size=1, max_size=3)) for name in "xz"}
    pools["text"] = draw(st.lists(st.sampled_from([None, "a", "b", 1]), min_size=1, max_size=2))
    rows = st.lists(
        st.tuples(st.integers(-1, 12), st.lists(fields, unique=True), st.integers(0, 5)),
        min_size=1,
        max_size=4,
    )
    return [
        {
            name: [
                {
                    "id": number,
                    **{
                        n: pools[n][place % len(pools[n])] if n in names else None
                        for n in (pools if alike else names)
                    },
                }
                for number, names, place in listed
            ]
            for name, listed in version.items()
        }
        for version in edited(draw, rows)
    ]


WIDER: list[Version] = [
    {"a": [{"id": 1, "x": 0.5, "y": 1}], "b": [{"id": 2, "x": 2}]},
    {"a": [{"id": 1, "x": 0.5, "y": 1}], "b": [{"id": 3, "x": 4}]},
    {"b": [{"id": 3, "x": 4}], "c": [{"id": 1, "y": 0, "x": 0.5}]},
    {"b": [{"id": 3, "x": 4}], "c": [{"id": 1, "x": 2**53 + 1}], "d": [{"id": 5, "x": 0.5}]},
]
"""Fields that are narrower or missing in some parts, in another order, and floats that end."""
ORDER: list[Version] = [
    {"a": [{"x": 1, "id": 1}], "b": [{"id": 2, "x": 1}]},
    {"b": [{"id": 2, "x": 1}], "c": [{"x": 5, "id": 3}]},
]
"""The part goes away in which fields appear in the order of all parts."""


def one(number: int, x: Any, z: Any, text: str | None = "a") -> list[dict[str, Any]]:
    """A part of an object with all fields."""
    return [{"id": number, "x": x, "z": z, "text": text}]


SEVEN = {name: one(n, n + 0.5, {"a": n, "b": [n]}) for n, name in enumerate("abcdefg")}
FEW: list[Version] = [
    SEVEN,
    {**SEVEN, "c": one(9, 2, None)},
    {**SEVEN, "c": one(9, 2.5, {"b": [], "a": 1}, None), "h": SEVEN["d"], "i": one(8, None, None)},
    {name: part for name, part in SEVEN.items() if name != "e"},
    {name: SEVEN[other] for name, other in zip("bcdefga", SEVEN, strict=True)},
    {**SEVEN, "c": [{"z": {"a": 7}, "id": 4}]},
]
"""Few parts change, are renamed or go away, and all parts keep the columns."""


@pytest.mark.parametrize("history", [WIDER, ORDER], ids=["wider", "order"])
def test_fields_that_change_are_those_of_a_run_from_scratch(
    place: Path, tmp_path: Path, history: list[Version]
) -> None:
    """What parts say together changes with each of them; here with a schema alone."""
    followed(place, history, ".jsonl", [(SCHEMA, tmp_path)])


@pytest.mark.slow
@example(history=WIDER, ending=".jsonl")
@example(history=ORDER, ending=".jsonl")
@example(history=FEW, ending=".jsonl.gz")
@examples(5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=objects(), ending=st.sampled_from([".jsonl", ".jsonl.gz"]))
def test_a_memo_changes_nothing_but_what_is_read(
    place: Path, tmp_path_factory: pytest.TempPathFactory, history: list[Version], ending: str
) -> None:
    """Whatever was edited, split, renamed or removed, the outcome is that of a run from scratch."""
    folders = [tmp_path_factory.mktemp("memo") for _ in range(2)]
    followed(place, history, ending, [*zip((SCHEMA, None), folders, strict=True)])


def followed(
    place: Path,
    history: list[Version],
    ending: str,
    folders: Sequence[tuple[pa.DataFrameSchema | None, Path]],
) -> None:
    """Assert that each version is what it is without the memos, which schemas have in folders."""
    with (
        pytest.MonkeyPatch.context() as patch,
        DuckDBEngine(temp_directory=place, threads=1) as scratch,
    ):
        patch.setattr(by_change, "_SHARE", 1)
        for version in history:
            table = stored(place, lines(version, ending))
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


def rows(start: int, *values: Any, **more: Any) -> list[dict[str, Any]]:
    """Objects with ids from this number on."""
    return [{"id": start + n, "x": value, **more} for n, value in enumerate(values)]


MANY = {f"{n:02}": rows(10 * n, *(n + 0.5, n + 0.25) * 3, text="t") for n in range(20)}
"""Parts whose field ``x`` holds numbers with a fraction."""


@pytest.mark.parametrize(
    ("change", "opened"),
    [
        ({"07": rows(70, 1.5, 2.5, text="t")}, {"00", "07"}),
        ({"07": None}, {"00"}),
        ({"zz": rows(200, 7.25, text="t")}, {"00", "zz"}),
        # Of these parts alone the columns would be others: the first one shows that they are not.
        pytest.param({"07": rows(70, 1, 2)}, {"00", "07"}, marks=pytest.mark.slow),
        ({"07": [{"id": 70}]}, {"00", "07"}),
        ({"00": rows(0, 1, text="t")}, {"00", "01"}),
        # Of these they are others.
        ({"07": rows(70, "x")}, set(MANY)),
        pytest.param({"07": rows(70, 0.5, more=1)}, set(MANY), marks=pytest.mark.slow),
        pytest.param({"00": rows(0, 0.5)}, set(MANY), marks=pytest.mark.slow),
        ({"00": [{"text": "t", "id": 0, "x": 0.5}]}, set(MANY)),
    ],
)
def test_only_changed_parts_are_converted(
    place: Path,
    tmp_path: Path,
    known: Known,
    change: Mapping[str, list[dict[str, Any]] | None],
    opened: set[str],
) -> None:
    """A second run reads the parts that changed, and the first, in which all fields appear."""
    changed = {name: part for name, part in {**MANY, **change}.items() if part is not None}
    before, after = (stored(place, lines(version)) for version in (MANY, changed))
    memory = known.copied(before, tmp_path)
    with OpenedFiles(place) as second:
        found = encode(memory.validate(second, after, LOOSE))
        assert second.parts == {f"{name}.jsonl" for name in opened}
    with OpenedFiles(place) as second:
        said = encode(memory.profile(second, after, LOOSE))
        assert {name.removesuffix(".jsonl") for name in second.parts} <= {*opened, *change}
    assert (found, said) == known.from_scratch(after)


def typed(kind: str) -> Callable[[Any], None]:
    """Have the field that no schema declares be of another type."""
    return lambda kept: shape_of(kept, lambda s: s["columns"].__setitem__(1, ["x", kind]))


LIES: dict[str, Callable[[Any], None]] = {
    "a narrower type": typed('"int64"'),
    "text": typed('"text"'),
    "a list": typed('["list", "int64"]'),
    "an object": typed('["struct", ["a", "int64"]]'),
    "two fields of one name": typed('["struct", ["a", "int64"], ["a", "int64"]]'),
    "a type that there is not": typed('"x"'),
    "no JSON": typed("x"),
    "an endless type": typed("[" * 10_000),
    "a deep type": typed('["list", ' * 99 + '"int64"' + "]" * 99),
    "fewer fields": lambda kept: shape_of(kept, lambda s: s["columns"].pop()),
    "more fields": lambda kept: shape_of(kept, lambda s: s["columns"].append(["y", '"int64"'])),
    "another order": lambda kept: shape_of(kept, lambda s: s["columns"].reverse()),
    "no shape": lambda kept: kept.update(shape=""),
}


@pytest.mark.parametrize(
    ("fresh", "lie"),
    # Whatever lie is believed by mistake shows with a whole number beside those with a fraction.
    slow_but(
        {f"1-{lie}" for lie in LIES} - {"1-a list"} | {"x-fewer fields"},
        itertools.product([1, 1.5, "x"], LIES),
        name=lambda case: "{}-{}".format(*case),
    ),
)
def test_a_memo_that_says_other_types_is_not_believed(
    place: Path, tmp_path: Path, known: Known, fresh: Any, lie: str
) -> None:
    """Whatever a memo says of fields, the outcome is that of a run from scratch."""
    memory = known.copied(stored(place, lines(MANY)), tmp_path)
    for kind in ("validation of parts 2", "columns of parts 3"):
        altered(tmp_path, kind, LIES[lie])
    after = stored(place, lines({**MANY, "07": rows(-7, fresh, text="t")}))
    wanted, expected = known.from_scratch(after)
    with OpenedFiles(place) as other:
        assert encode(memory.validate(other, after, LOOSE)) == wanted
        assert encode(memory.profile(other, after, LOOSE)) == expected


@pytest.mark.parametrize("words", ["", "7", "{}", "[]", '["list"]', '["struct", 7]', '"\\ud800"'])
def test_words_that_stand_for_no_type_are_refused(words: str) -> None:
    """A type comes from a file that somebody else may have written."""
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        type_of_text(words)


def test_only_changed_parts_of_arrow_files_are_converted(
    engine: OpenedFiles, place: Path, tmp_path: Path
) -> None:
    """Their schemas say how they are read, so one that did not change is not opened."""

    def arrow_file(start: int, *values: float) -> bytes:
        table = arrow.table({"id": [start + n for n in range(len(values))], "x": values})
        sink = arrow.BufferOutputStream()
        with arrow.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        data: bytes = sink.getvalue().to_pybytes()
        return data

    version = {f"{n:02}.arrow": arrow_file(10 * n, n / 4, n / 2) for n in range(20)}
    memory = Memory(DATASET, tmp_path, place)
    before = stored(place, version)
    memory.validate(engine, before, LOOSE)
    memory.profile(engine, before, LOOSE)
    changed = stored(
        place, {**version, "07.arrow": arrow_file(70, 0.5, 1.5), "zz.arrow": arrow_file(500, 1.0)}
    )
    for work in (memory.validate, memory.profile):
        with OpenedFiles(place) as second:
            found = encode(work(second, changed, LOOSE))
            assert second.parts == {"07.arrow", "zz.arrow"}
        with DuckDBEngine(temp_directory=place) as other:
            plain = (
                validate(other, changed, DATASET, LOOSE)
                if work == memory.validate
                else profiled(other, changed, DATASET, LOOSE)
            )
        assert found == encode(plain)
