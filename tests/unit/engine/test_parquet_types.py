"""Values of Parquet's types: exact for the check, or refused by name; and structs that grow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.slow_cases import slow_but

from datarelease.analysis.comparison.compare import compare
from datarelease.analysis.comparison.rows import diff_rows
from datarelease.analysis.engine.column_types import type_name
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.analysis.inference.infer import infer, schema_yaml
from datarelease.analysis.profiling.profile import profile
from datarelease.analysis.validation.run import validate
from datarelease.analysis.validation.schema import load_schema
from datarelease.model.data.dataset import Dataset
from datarelease.model.review.diff import Compatibility, RowDiff

DATASET = Dataset(name="d", path="d", key=("id",))
NS = 1_700_000_000_123_456_789
WIDE, WIDER = (Decimal(f"12345678901234567890123456789012345.{end}") for end in ("890", "891"))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine for all tests, each of which has files of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


def stored(path: Path, *parts: pa.Array, **options: Any) -> Table:
    """A table of parts with the columns ``id`` and ``v``."""
    path.mkdir(parents=True, exist_ok=True)
    files = tuple(path / f"object{place}" for place in range(len(parts)))
    first = 0
    for file, part in zip(files, parts, strict=True):
        ids = pa.array(range(first, first + len(part)))
        pq.write_table(pa.table({"id": ids, "v": part}), file, **options)
        first += len(part)
    labels = tuple(f"part{place}.parquet" for place in range(len(parts)))
    return Table(paths=files, format="parquet", labels=labels)


def extension(kind: pa.DataType, values: list[Any]) -> pa.Array:
    """An array of an extension type."""
    return pa.ExtensionArray.from_storage(kind, pa.array(values, kind.storage_type))


KEY_VALUE = pa.map_(pa.string(), pa.int64())
#: Values that are close to one another or at the end of what the type holds, and the type's name.
EDGES: dict[str, tuple[pa.Array, str]] = {
    "uint64": (pa.array([2**64 - 1, 2**64 - 2, 0, None], pa.uint64()), "uint64"),
    "int64": (pa.array([2**63 - 1, -(2**63), 2**53 + 1, None]), "int64"),
    "float16": (pa.array([1.5, 65504.0, None]).cast(pa.float16()), "float32"),
    "decimal128": (pa.array([WIDE, WIDER, None]), "decimal(38,3)"),
    "decimal256 of 20 digits": (
        pa.array([Decimal("890.12"), Decimal("890.13"), None], pa.decimal256(20, 2)),
        "decimal(20,2)",
    ),
    "timestamp[ns]": (pa.array([NS, NS + 1, -(2**62), None], pa.timestamp("ns")), "timestamp[ns]"),
    "timestamp[ns, UTC]": (
        pa.array([NS // 1000 * 1000, 0, None], pa.timestamp("ns", "UTC")),
        "timestamp[us, UTC]",
    ),
    "timestamp[ms]": (pa.array([1, -62_135_596_800_000, None], pa.timestamp("ms")),
                      "timestamp[us]"),
    "time64[ns]": (pa.array([1, 2, 86_399_999_999_999, None], pa.time64("ns")), "string"),
    "time32": (pa.array([1, 2, None], pa.time32("ms")), "time"),
    "duration": (pa.array([1, 2, None], pa.duration("us")), "int64"),
    "dictionary": (pa.array(["a", "", None]).dictionary_encode(), "string"),
    "dictionary of integers": (pa.array([2**53 + 1, 5, None]).dictionary_encode(), "int64"),
    "large_string": (pa.array(["a", "a ", "á", None], pa.large_string()), "string"),
    "string_view": (pa.array(["a", "b", None], pa.string_view()), "string"),
    "binary": (pa.array([b"a", b"a\0", b"", None], pa.binary()), "binary"),
    "fixed_size_binary": (pa.array([b"ab", b"a\0", None], pa.binary(2)), "binary"),
    "list": (pa.array([[1, None], [1], [], None], pa.list_(pa.int64())), "list<int64>"),
    "fixed_size_list": (pa.array([[1, 2], [1, 3], None], pa.list_(pa.int64(), 2)), "list<int64>"),
    "list of times": (pa.array([[NS], [NS + 1], None], pa.list_(pa.timestamp("ns"))),
                      "list<timestamp[ns]>"),
    "struct": (pa.array([{"a": 1, "b c": "x"}, {"a": None, "b c": "x"}, None]),
               'struct<a: int64, "b c": string>'),
    "map": (pa.array([[("k", 1)], [("k", 2)], [], None], KEY_VALUE), "map<string, int64>"),
    "struct of a map": (
        pa.array([{"m": [("k", 1)]}, {"m": None}, None], pa.struct([("m", KEY_VALUE)])),
        "struct<m: map<string, int64>>",
    ),
    "uuid": (extension(pa.uuid(), [b"\0" * 16, b"\0" * 15 + b"\1", None]), "string"),
    "json": (extension(pa.json_(pa.string()), ['{"a":1}', '{"a": 1}', None]), "string"),
    "bool8": (extension(pa.bool8(), [1, 0, None]), "int8"),
    "date64": (pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31), None], pa.date64()), "date"),
}  # fmt: skip


@pytest.mark.parametrize(
    "case",
    # Of types that are read as one type, one stays.
    slow_but(
        EDGES.keys()
        - {"large_string", "fixed_size_binary", "list of times", "struct of a map",
           "timestamp[ms]", "dictionary of integers"},
        EDGES,
    ),
)  # fmt: skip
def test_close_values_are_told_apart(engine: DuckDBEngine, tmp_path: Path, case: str) -> None:
    """Each value equals itself and no other, in the row diff as for Arrow; types have a name."""
    values, name = EDGES[case]
    table = stored(tmp_path / "a", values)
    schema = engine.scan(table).collect_schema()
    assert type_name(schema["v"]) == name
    turned = pa.concat_arrays([values.slice(1), values.slice(0, 1)])
    moved = stored(tmp_path / "b", turned)
    same = diff_rows(engine, table, table, DATASET)
    other = diff_rows(engine, table, moved, DATASET)
    assert isinstance(same, RowDiff)
    assert isinstance(other, RowDiff)
    assert (same.changed, other.changed) == (0, len(values))
    figures = profile(engine, table, DATASET).column("v")
    assert figures is not None
    assert figures.nulls == 1
    assert figures.distinct in {None, len(values) - 1}


def test_wide_decimals_are_refused(engine: DuckDBEngine, tmp_path: Path) -> None:
    """DuckDB would make floats of them, on any level: …890.12 and …890.13 would be equal."""
    wide = pa.decimal256(50, 2)
    value = Decimal("123456789012345678901234567890890.12")
    for values in (pa.array([value], wide), pa.array([[value]], pa.list_(wide))):
        with pytest.raises(UnreadableTable, match=r"part0.parquet: column 'v' is decimal256\(50"):
            engine.columns(stored(tmp_path, values))


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (pa.array([0, NS], pa.timestamp("ns", "UTC")), {}),
        (pa.array([[0], [NS]], pa.list_(pa.timestamp("ns", "UTC"))), {}),
        (pa.array([0, NS], pa.timestamp("ns")), {"use_deprecated_int96_timestamps": True}),
        (
            pa.array([[("k", 0)], [("k", NS)]], pa.map_(pa.string(), pa.timestamp("ns"))),
            {"use_deprecated_int96_timestamps": True},
        ),
    ],
    ids=["zoned", "list of zoned", "INT96", "map of INT96"],
)
def test_times_finer_than_they_are_read_are_refused(
    engine: DuckDBEngine, tmp_path: Path, values: pa.Array, options: dict[str, Any]
) -> None:
    """Nanoseconds that DuckDB or Narwhals would cut off are told by name; whole ones are read."""
    table = stored(tmp_path / "fine", values, row_group_size=1, **options)
    with pytest.raises(UnreadableTable, match=r"part0.parquet: column 'v' holds times finer"):
        engine.scan(table)
    assert len(engine.collect(engine.scan(table, columns=["id"]))) == 2
    found = validate(engine, table, DATASET, None)
    assert [violation.reason for violation in found.violations] == ["unreadable"]
    coarse = stored(tmp_path / "coarse", values.slice(0, 1), **options)
    assert len(engine.collect(engine.scan(coarse))) == 1


def test_old_times_beyond_nanoseconds(engine: DuckDBEngine, tmp_path: Path) -> None:
    """INT96 reaches years that 64 bits of nanoseconds do not: they are read, not refused."""
    day = dt.datetime(9999, 12, 31, 1, 2, 3, 456789)  # noqa: DTZ001 - without a zone in the file
    values = pa.array([day], pa.timestamp("us"))
    table = stored(tmp_path, values, use_deprecated_int96_timestamps=True)
    assert engine.collect(engine.scan(table)) == [{"id": 0, "v": day}]


def test_nanoseconds_are_counted_and_shown(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Distinct values, bounds and examples have all nine digits."""
    before = stored(tmp_path / "a", pa.array([NS, NS + 1, NS + 1], pa.timestamp("ns")))
    after = stored(tmp_path / "b", pa.array([NS, NS + 2, NS + 1], pa.timestamp("ns")))
    figures = profile(engine, before, DATASET).column("v")
    assert figures is not None
    assert (figures.distinct, figures.min, figures.max) == (
        2, "2023-11-14T22:13:20.123456789", "2023-11-14T22:13:20.123456790"
    )  # fmt: skip
    found = diff_rows(engine, before, after, DATASET)
    assert isinstance(found, RowDiff)
    assert [example.values for example in found.examples] == [
        (("v", "2023-11-14T22:13:20.123456790", "2023-11-14T22:13:20.123456791"),)
    ]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([NS, NS + 1], pa.timestamp("ns")),
        pa.array([WIDE, WIDER]),
        pa.array([2**64 - 1, 3], pa.uint64()),
    ],
    ids=lambda values: str(values.type),
)
def test_bounds_of_an_inferred_schema_hold(
    engine: DuckDBEngine, tmp_path: Path, values: pa.Array
) -> None:
    """A schema that init writes for fine times and wide numbers is one that the data satisfy."""
    table = stored(tmp_path / "a", values)
    text = schema_yaml(infer(engine, table, name="d"), name="d", path="d")
    file = tmp_path / "d.yaml"
    file.write_text(text)
    schema = load_schema(file, name_in_messages="d.yaml")
    assert validate(engine, table, DATASET, schema).violations == ()


def test_examples_of_wide_decimals_differ(engine: DuckDBEngine, tmp_path: Path) -> None:
    """A change in the last of 38 digits is counted, and to be seen in its example."""
    before = stored(tmp_path / "a", pa.array([WIDE]))
    after = stored(tmp_path / "b", pa.array([WIDER]))
    found = diff_rows(engine, before, after, DATASET)
    assert isinstance(found, RowDiff)
    assert found.examples[0].values == (("v", str(WIDE), str(WIDER)),)


@pytest.mark.parametrize(
    ("before", "after", "name", "level", "changed"),
    [
        (
            pa.array([{"a": 1}, {"a": 2}]),
            pa.array([{"a": 1, "b": None}, {"a": 3, "b": 5}]),
            "struct<a: int64, b: int64>",
            Compatibility.ADDITIVE,
            1,
        ),
        (
            pa.array([[{"a b": 1}], [{"a b": 2}]]),
            pa.array([[{"a b": 1, "c": 1}], [{"a b": 3, "c": 1}]]),
            'list<struct<"a b": int64, c: int64>>',
            Compatibility.ADDITIVE,
            1,
        ),
        (
            pa.array([[("k", {"a": 1})], []], pa.map_(pa.string(), pa.struct([("a", pa.int64())]))),
            pa.array(
                [[("k", {"a": 2, "b": 1})], []],
                pa.map_(pa.string(), pa.struct([("a", pa.int64()), ("b", pa.int64())])),
            ),
            "map<string, struct<a: int64, b: int64>>",
            Compatibility.ADDITIVE,
            1,
        ),
        (
            pa.array([{"a": 1, "b": 1}]),
            pa.array([{"a": 2}]),
            "struct<a: int64>",
            Compatibility.BREAKING,
            1,
        ),
        (
            pa.array([[("k", 1)]], KEY_VALUE),
            pa.array([[("k", "1")]], pa.map_(pa.string(), pa.string())),
            "map<string, string>",
            Compatibility.BREAKING,
            0,
        ),
        (
            pa.array([1], pa.timestamp("us", "UTC")),
            pa.array([1], pa.timestamp("us")),
            "timestamp[us]",
            Compatibility.BREAKING,
            0,
        ),
    ],
    ids=["struct", "list", "map", "field gone", "map's values", "zone gone"],
)
def test_a_type_that_changes_inside_is_a_schema_change(
    engine: DuckDBEngine,
    tmp_path: Path,
    before: pa.Array,
    after: pa.Array,
    name: str,
    level: Compatibility,
    changed: int,
) -> None:
    """A new field is additive, a lost one breaking; fields on both sides are compared by row."""
    old, new = stored(tmp_path / "a", before), stored(tmp_path / "b", after)
    found = compare(DATASET, profile(engine, old, DATASET), profile(engine, new, DATASET))
    [change] = found.schema
    assert (change.kind, change.column, change.after) == ("retyped", "v", name)
    assert change.compatibility is level
    rows = diff_rows(engine, old, new, DATASET)
    assert isinstance(rows, RowDiff)
    assert rows.changed == changed


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pa.array([[]], pa.list_(pa.null())), pa.array([[1]])),
        (pa.array([{"a": None}], pa.struct([("a", pa.null())])), pa.array([{"a": "x"}])),
        (pa.array([[]], pa.map_(pa.string(), pa.null())), pa.array([[("k", 1)]], KEY_VALUE)),
        (pa.nulls(1), pa.array([{"a": 1}])),
    ],
    ids=lambda part: str(part.type),
)
def test_nulls_inside_take_the_type_of_the_siblings(
    engine: DuckDBEngine, tmp_path: Path, first: pa.Array, second: pa.Array
) -> None:
    """A part of empty lists, or of fields that are all null, is read with the others' type."""
    alone = type_name(engine.scan(stored(tmp_path / "one", second)).collect_schema()["v"])
    for name, parts in (("a", (first, second)), ("b", (second, first))):
        frame = engine.scan(stored(tmp_path / name, *parts))
        assert type_name(frame.collect_schema()["v"]) == alone
        assert len(engine.collect(frame)) == 2


def test_durations_of_two_units_are_refused(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Files hold them as integers: DuckDB would put seconds and milliseconds into one column."""
    seconds = pa.array([1], pa.duration("s"))
    for other in (pa.array([1], pa.duration("ms")), pa.array([1])):
        reason = rf"part1.parquet: column 'v' is {other.type}, in the first part duration\[s\]"
        with pytest.raises(UnreadableTable, match=reason.replace("[ms]", r"\[ms\]")):
            engine.columns(stored(tmp_path, seconds, other))
    assert engine.columns(stored(tmp_path, pa.nulls(1), seconds)) == ("id", "v")


def test_durations_are_compared_in_one_unit(engine: DuckDBEngine, tmp_path: Path) -> None:
    """A version in milliseconds equals one in seconds; equal numbers of other units differ."""
    seconds = stored(tmp_path / "s", pa.array([1, 2, None], pa.duration("s")))
    equal = stored(tmp_path / "ms", pa.array([1000, 2000, None], pa.duration("ms")))
    other = stored(tmp_path / "us", pa.array([1, 2, None], pa.duration("us")))
    found = [diff_rows(engine, seconds, table, DATASET) for table in (seconds, equal, other)]
    assert [rows.changed for rows in found if isinstance(rows, RowDiff)] == [0, 0, 2]
    long = stored(tmp_path / "long", pa.array([2**62], pa.duration("s")))
    with pytest.raises(UnreadableTable, match="column 'v' holds durations of more than 292 years"):
        engine.columns(long)
