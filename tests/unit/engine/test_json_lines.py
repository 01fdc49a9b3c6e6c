"""JSON Lines through the engine: columns and types, exact values, lines that are broken."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.engine.conversion import json_blocks
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.frames import read_frame
from datarelease.analysis.engine.tables import Table, UnreadableTable

Read = Callable[..., pa.Table]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine for all tests, each of which has files of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("copies"), threads=1) as opened:
        yield opened


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Table]:
    """Writes texts as the parts of a table."""
    reads = itertools.count()

    def writing(*parts: str | bytes, suffix: str = ".jsonl") -> Table:
        directory = tmp_path / f"read{next(reads)}"
        directory.mkdir()
        paths = tuple(directory / f"object{place}" for place in range(len(parts)))
        for path, part in zip(paths, parts, strict=True):
            path.write_bytes(part if isinstance(part, bytes) else part.encode())
        labels = tuple(f"part{place}{suffix}" for place in range(len(parts)))
        return Table(paths=paths, format="jsonl", labels=labels)

    return writing


@pytest.fixture
def read(engine: DuckDBEngine, table: Callable[..., Table]) -> Read:
    """Reads texts as the parts of one table."""

    def reading(*parts: str | bytes) -> pa.Table:
        found: pa.Table = read_frame(engine, table(*parts), columns=None, engine="pyarrow")
        return found

    return reading


def values(found: pa.Table, name: str = "v") -> list[Any]:
    """The values of one column."""
    listed: list[Any] = found.column(name).to_pylist()
    return listed


@pytest.mark.parametrize(
    ("lines", "kind", "expected"),
    [
        ('{"v":1}\n{"v":-2}', pa.int64(), [1, -2]),
        ('{"v":1}\n{"v":2.5}', pa.float64(), [1.0, 2.5]),
        ('{"v":true}\n{"v":null}\n{}', pa.bool_(), [True, None, None]),
        ('{"v":"2026-01-01"}', pa.string(), ["2026-01-01"]),
        ('{"v":null}\n{"v":null}', pa.null(), [None, None]),
        ('{"v":[1,null]}\n{"v":[]}\n{"v":[0.5]}', pa.list_(pa.float64()), [[1, None], [], [0.5]]),
        (
            '{"v":{"a":1}}\n{"v":{"b":"x"}}\n{"v":null}',
            pa.struct([("a", pa.int64()), ("b", pa.string())]),
            [{"a": 1, "b": None}, {"a": None, "b": "x"}, None],
        ),
        ('{"v":9223372036854775807}', pa.int64(), [2**63 - 1]),
        ('{"v":18446744073709551617}\n{"v":1}', pa.decimal128(38, 0), [Decimal(2**64 + 1), 1]),
        (f'{{"v":{10**40}}}\n{{"v":1}}', pa.string(), [str(10**40), "1"]),
        ('{"v":9007199254740993}\n{"v":0.5}', pa.string(), ["9007199254740993", "0.5"]),
        (
            '{"v":1.50}\n{"v":"x"}\n{"v":[1e2,null,"ä"]}',
            pa.string(),
            ["1.50", "x", '[1e2,null,"ä"]'],
        ),
        ('{"v":[null,null]}\n{"v":[]}', pa.list_(pa.null()), [[None, None], []]),
        ('{"v":{}}\n{"v":{}}', pa.string(), ["{}", "{}"]),
        ('{"v":"a\\u0000b\\n"}', pa.string(), ["a\0b\n"]),
    ],
)
def test_a_column_has_the_narrowest_type_that_holds_its_values(
    read: Read, lines: str, kind: pa.DataType, expected: list[Any]
) -> None:
    """No digit is lost, and what has no type in common is text."""
    found = read(lines)
    stored = str(found.schema.field("v").type).replace("<l: ", "<item: ")  # DuckDB's word
    assert (stored, values(found)) == (str(kind), expected)


def test_types_are_those_of_all_parts(read: Read) -> None:
    """A field that appears late, and a fraction in the last part, count for all of them."""
    found = read('{"v":1}\n', "", '{"v":2.5,"late":[{"a":1}]}')
    assert (values(found), values(found, "late")) == ([1.0, 2.5], [None, [{"a": 1}]])


def test_marks_line_ends_and_blank_lines_are_no_values(read: Read) -> None:
    """A byte order mark, CRLF and blank lines change nothing."""
    text = b'\xef\xbb\xbf{"v":1}\r\n\r\n  \n{"v":2}\r\n'
    assert values(read(text)) == [1, 2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"v":1}\n{"v":\n1}\n', "line 2 is not JSON: expecting value"),
        (b'{"v":1}\n{"v":2}{"v":3}\n', "line 2 is not JSON: extra data"),
        (b'{"v":1}\n{"v":\n{"w":1}}\n{"v":2}{"v":3}\n', "line 2 is not JSON"),
        (b"[1]\n", "line 1 is not a JSON object"),
        (b'{"v":1,}\n', "line 1 is not JSON"),
        (b'{"v":1} // one\n', "line 1 is not JSON"),
        (b'{"v":NaN}\n', "line 1 is not JSON: NaN is not a number of JSON"),
        (b'{"v":-Infinity}\n', "line 1 is not JSON: -Infinity is not a number of JSON"),
        (b'{"v":1e400}\n', "line 1 has a number that a float64 does not hold"),
        (b'\n{"v":1,"v":2}\n', "line 2 has the field 'v' twice"),
        (b'{"v":{"a":1,"a":1}}\n', "line 1 has the field 'a' twice"),
        (b'{"":1}\n', "line 1 has a field without a name"),
        (b'{"v":1}\n{"v":"\xe4"}\n', r"not UTF-8 \(line 2\)"),
        (b'{"v":"\\ud800"}\n', "line 1 has a text that is not Unicode"),
        (b'{"v":' + b"9" * 5000 + b"}\n", "line 1 has a number of more than 1,000 digits"),
        (b'{"v":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "line 1 has more than 64 lists"),
        (b'{"v":1,"V":2}\n', "differ only in case"),
        (b"{}\n{}\n", "no lines with fields"),
        (b"", "no lines with fields"),
    ],
)
def test_a_broken_line_is_named(
    engine: DuckDBEngine, table: Callable[..., Table], text: bytes, reason: str
) -> None:
    """What is not an object of JSON, or has two readings, is refused with its number."""
    with pytest.raises(UnreadableTable, match=reason):
        engine.columns(table(text))


def test_brackets_in_texts_are_not_nesting(read: Read) -> None:
    """A text may hold as many brackets as it likes."""
    text = "[{" * 200 + '\\"'
    assert values(read(f'{{"v":"{text}"}}\n')) == [text.replace('\\"', '"')]


def test_a_line_is_bounded(
    engine: DuckDBEngine, table: Callable[..., Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file without line ends is refused before it fills the memory."""
    monkeypatch.setattr(json_blocks, "_BLOCK", 64)
    monkeypatch.setattr(json_blocks, "_LONGEST", 1000)
    with pytest.raises(UnreadableTable, match="line 2 is longer than"):
        engine.columns(table('{"v":1}\n{"v":"' + "x" * 2000 + '"}\n'))


def test_types_of_a_schema_are_put_to_the_values(
    engine: DuckDBEngine, table: Callable[..., Table]
) -> None:
    """As in CSV, a text that is a time is one where the schema says so."""
    lines = table('{"v":"2026-01-01T10:00:00"}\n{"v":"no"}\n')
    rows = engine.collect(engine.scan(lines, {"v": nw.Datetime("us")}))
    assert [str(row["v"]) for row in rows] == ["2026-01-01 10:00:00", "None"]
    assert [value for row in rows for name, value in row.items() if name != "v"] == [None, "no"]


_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=6,
)
_ROWS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), _VALUES), min_size=1, max_size=8)


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_ROWS, cuts=st.sets(st.integers(1, 7)), block=st.integers(1, 200))
def test_values_survive_whatever_the_parts_and_blocks(
    read: Read, monkeypatch: pytest.MonkeyPatch, rows: list[Any], cuts: set[int], block: int
) -> None:
    """Each value is what was written, as the column's type or as text, in every split."""
    names = dict.fromkeys(name for row in rows for name in row)
    if not names:
        return
    lines = [json.dumps(row) + "\n" for row in rows]
    edges = [0, *sorted(cut for cut in cuts if cut < len(lines)), len(lines)]
    monkeypatch.setattr(json_blocks, "_BLOCK", block)
    parts = read(*("".join(lines[i:j]) for i, j in itertools.pairwise(edges)))
    monkeypatch.undo()
    whole = read("".join(lines))
    assert parts.equals(whole)
    for name in names:
        for row, value in zip(rows, values(whole, name), strict=True):
            assert _same(row.get(name), value), (name, row, value)


def _same(written: Any, found: Any) -> bool:
    """A value is the one that was written: equal, with absent fields null, or its text."""
    if written is None or found is None:
        return written is found
    if isinstance(found, str):
        return written == found or _same(written, json.loads(found))
    if isinstance(found, list):
        return len(written) == len(found) and all(map(_same, written, found))
    if isinstance(found, dict):
        return all(_same(written.get(name), value) for name, value in found.items())
    return bool(written == found) and isinstance(written, bool) == isinstance(found, bool)
