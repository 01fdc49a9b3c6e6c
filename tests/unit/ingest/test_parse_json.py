"""JSON events: what is an event, what becomes of its values; Python's json is the reference."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal as Exact
from pathlib import Path
from typing import Any

import numpy as np
import pandera.pandas as pa
import pyarrow as arrow  # noqa: ICN001 - `pa` is Pandera
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pandera.engines.pandas_engine import Decimal
from tests.properties import examples

from datarelease.analysis.validation.expectations import expected_columns
from datarelease.ingest.parse.event_engine import EventEngine
from datarelease.ingest.parse.event_faults import MEANINGS
from datarelease.ingest.parse.event_parser import EventParser
from datarelease.ingest.parse.event_shape import EventShape, Field
from datarelease.model.data.dataset import Dataset

Told = tuple[dict[str, Any] | None, str | None]
"""A row, or the reason why there is none."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventEngine]:
    """One engine for all tests."""
    with EventEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


def parser(engine: EventEngine, schema: pa.DataFrameSchema, **about: Any) -> EventParser:
    """A parser of events for ``schema``."""
    dataset = Dataset(name="orders", path="data/orders", schema="orders.yaml", **about)
    expected = expected_columns(schema, list(schema.columns))
    fields = tuple(
        Field(
            name=column.name, wanted=column.wanted, required=schema.columns[column.name].required,
            coerce=column.coerce, pii=column.name in dataset.pii,
        )
        for column in expected
        if column.wanted is not None
    )  # fmt: skip
    shape = EventShape(
        dataset=dataset, fields=fields, expected=expected, strict=schema.strict is True,
        schema=schema, time=None,
    )  # fmt: skip
    return EventParser(engine, shape, "json")


def told(parser: EventParser, values: Sequence[bytes]) -> list[Told]:
    """What becomes of each value."""
    parsed = parser.parse(arrow.chunked_array([values], arrow.binary()), None)
    rows, reasons = iter(parsed.rows.to_pylist()), iter(parsed.reasons)
    found: list[Told] = [(None, next(reasons)) if b else (next(rows), None) for b in parsed.broken]
    assert list(rows) == list(reasons) == []
    return found


def column(dtype: Any, **options: Any) -> pa.DataFrameSchema:
    """A schema of one column ``v``."""
    return pa.DataFrameSchema({"v": pa.Column(dtype, **{"nullable": True, **options})})


# --- what is JSON

NO_TEXT = {
    "json:utf8", "json:syntax", "json:empty", "json:truncated", "json:nan", "json:bom",
    "json:registry", "json:surrogate",
}  # fmt: skip
"""Causes of which Python's reader tells no two apart by itself; each has its values below."""


def python_says(value: bytes) -> str | None:
    """Why Python takes a value for no JSON object with distinct fields; None: it is one."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return "json:text"

    def no_constant(_: str) -> Any:
        raise ValueError

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        return {"twice": len({key for key, _ in items}) < len(items), "items": items}

    try:
        loaded = json.loads(text, parse_constant=no_constant, object_pairs_hook=pairs)
        json.dumps(loaded, ensure_ascii=False).encode()  # lone surrogates are not text
    except ValueError:
        return "json:text"
    if not isinstance(loaded, dict):
        return "json:object"
    return "json:twice" if loaded["twice"] else None


def verdict(reason: str | None) -> str | None:
    """The verdict that a cause belongs to."""
    return "json:text" if reason in NO_TEXT else reason


@pytest.fixture(scope="module")
def any_event(engine: EventEngine) -> EventParser:
    """Takes every event."""
    return parser(engine, column(object, required=False))


TRIED = [
    b"", b" ", b"{}", b" {} \r\n\t", b"[]", b"null", b"1", b'"x"', b"{", b"{}}", b"{} {}",
    b"\xef\xbb\xbf{}", b"\xff", b'{"v":"\xff"}', b'{"v":1,}', b'{"v":[1,]}', b'{"v":[]}',
    b'{"v":[ ]}', b'{"v":",}"}', b'{"v":",}",}', b'{"v":"NaN"}', b'{"v":NaN}', b'{"v":-NaN}',
    b'{"w":NaN}', b'{"w":[Infinity]}', b'{"w":{"x":-inf}}', b'{"w":[1, nan]}', b'{"v":Nope}',
    b'{"v":"\\ud800"}', b'{"v":"\\udc00"}', b'{"v":"\\ud83d\\ude00"}', b'{"v":"a\nb"}',
    b'{"v":"\x00"}', b'{"v":"\\u0000"}', b'{"v":01}', b'{"v":+1}', b'{"v":.5}', b'{"v":1.}',
    b'{"v":-}', b'{"v":0x1}', b'{"v":1e5}', b'{"v":1E+5}', b"{'v':1}", b"{v:1}", b'{"v":1}x',
    b'{"v":1}\x00', b'{"v":1/**/}', b'{"v":tru}', b'{"v":1,"v":2}', b'{"w":1,"w":2}',
    b'{"v":1,"\\u0076":2}', b'{"v":{"w":1,"w":2}}', b'{"v\\u0000":1,"v":2}', b'{"":1}',
    b'{"v" :\t1 ,"w": 2}', b'{"v":"\\x41"}', b'{"v":"\\/"}', '{"v":"\u2028"}'.encode(),
    b'{"v"\xc2\xa0:1}', b"\xed\xa0\x80", b'{"v":"\xed\xa0\x80"}', b'{"v":"\xc0\x80"}',
]  # fmt: skip
"""Texts on which readers of JSON differ."""


def test_what_is_an_event_is_what_python_reads_as_one(any_event: EventParser) -> None:
    """Neither more lenient nor stricter than RFC 8259 and distinct fields."""
    reasons = {value: reason for value in TRIED for _, reason in told(any_event, [value])}
    wrong = {
        value: reason
        for value, reason in reasons.items()
        if verdict(reason) not in {python_says(value), "v:dtype"}
        or (reason or "v:dtype").startswith("json:") != (python_says(value) is not None)
    }
    assert wrong == {}


CAUSES = [
    ("json:empty", [b"", b" ", b"\r\n\t"]),
    ("json:truncated", [
        b"{", b"[", b'{"v"', b'{"v', b'{"v":', b'{"v":1', b'{"v":1,', b'{"v":1.', b'{"v":1e',
        b'{"v":-', b'{"v":tru', b'{"v":n', b'{"v":"a', b'{"v":"a\\', b'{"v":"a\\u00', b'{"v":[1, ',
        b'{"v":"\xc3', b'{"v":"\xe2\x82', b'{"v":{}\n',
    ]),
    ("json:nan", [
        b'{"v":NaN}', b'{"v":-NaN}', b'{"v":[1,Infinity]}', b'{"v":-Infinity}', b'{"v":nan}',
        b'{"v":{"x":-inf}}', b"NaN",
    ]),
    ("json:bom", [b"\xef\xbb\xbf{}", b"\xef\xbb\xbf"]),
    ("json:registry", [b'\x00\x00\x00\x00\x07{"v":1}', b"\x00\x00\x00\x00\x80\x02\xff"]),
    ("json:surrogate", [b'{"v":"\\ud800"}', b'{"v":"\\udc00"}', b'{"\\ud83d":1}']),
    ("json:utf8", [
        b"\xff", b'{"v":"\xff"}', b'{"v":"\xe9t\xe9"}', b"\xed\xa0\x80", b"\xffv\xc3",
    ]),
    ("json:syntax", [
        b'{"v":1,}', b"{}}", b"{} {}", b"{'v':1}", b"{v:1}", b'{"v":1}x', b'{"v":01}',
        b'{"v":Nope}', b'{"v":"a\nb"}', b'{"v":"\\x41"}', b'{"v":[1}', b"hello", b'{"v":tru}',
        b"[" * 100_000 + b"x",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "values"), CAUSES, ids=[cause for cause, _ in CAUSES])
def test_each_cause_of_a_value_that_is_no_json_has_its_own_words(
    any_event: EventParser, cause: str, values: list[bytes]
) -> None:
    """Whoever reads a dead letter learns what its producer has to mend."""
    parsed = any_event.parse(arrow.chunked_array([[b"{}", *values]], arrow.binary()), None)
    assert parsed.broken.tolist() == [False, *[True] * len(values)]
    assert dict(zip(values, parsed.reasons, strict=True)) == dict.fromkeys(values, cause)
    assert set(parsed.details) == {MEANINGS[cause]}
    assert sum(words == MEANINGS[cause] for name, words in MEANINGS.items() if name in NO_TEXT) == 1


TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS | st.sampled_from([",}", "NaN", "\\", '"', "-inf", "1.5", ":nan"])
)  # fmt: skip
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)
BYTES = st.sampled_from([*b'{}[],:"\\ \n-+.eE0179ntfNI/u\x00\xc3\xa9\xff'])


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """JSON texts, many of them with a few bytes changed."""
    fields = draw(st.dictionaries(st.sampled_from(["v", "w", ""]) | TEXTS, TREES, max_size=4))
    indent = draw(st.sampled_from([None, 1]))
    text = bytearray(json.dumps(fields, ensure_ascii=draw(st.booleans()), indent=indent).encode())
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        text[place : place + draw(st.integers(0, 2))] = bytes(draw(st.lists(BYTES, max_size=2)))
    return bytes(text)


@examples(30, suppress_health_check=[HealthCheck.too_slow])
@given(values=st.lists(documents(), min_size=1, max_size=8))
def test_the_verdict_is_python_s_for_broken_texts_too(
    any_event: EventParser, values: list[bytes]
) -> None:
    """Whatever bytes come, a value is an event exactly if Python's strict reader takes it."""
    for value, (_, reason) in zip(values, told(any_event, values), strict=True):
        expected = python_says(value)
        assert (verdict(reason) if (reason or "").startswith("json:") else None) == expected, value


# --- what becomes of values

BAD = "v:dtype"
UTC = dt.UTC
_naive = dt.datetime.fromisoformat
ZONED, NAIVE = "datetime64[ns, UTC]", "datetime64[ns]"
MONEY = Decimal(12, 3)


TAKEN: list[tuple[Any, str, Any]] = [
    ("int64", "1", 1), ("int64", "-0", 0), ("int64", "9007199254740993", 2**53 + 1),
    ("int64", "9223372036854775807", 2**63 - 1), ("int64", "9223372036854775808", BAD),
    ("int64", "-9223372036854775808", -(2**63)), ("int64", "-9223372036854775809", BAD),
    ("int64", "123456789012345678901234567890", BAD), ("int64", "1.0", 1),
    ("int64", "1.5", BAD), ("int64", "1e2", 100), ("int64", "1e400", BAD),
    ("int64", "9007199254740993.0", BAD), ("int64", '"1"', BAD), ("int64", "true", BAD),
    ("int64", '""', BAD), ("int64", "[1]", BAD), ("int64", '{"a":1}', BAD),
    ("int64", "null", None), ("int8", "127", 127), ("int8", "128", BAD),
    ("uint64", "18446744073709551615", 2**64 - 1), ("uint64", "18446744073709551616", BAD),
    ("uint8", "-1", BAD), ("float64", "1", 1.0), ("float64", "0.1", 0.1),
    ("float64", "-0.0", -0.0), ("float64", "1e308", 1e308), ("float64", "1e309", BAD),
    ("float64", "1e-400", 0.0), ("float64", "9007199254740992", 2.0**53),
    ("float64", "9007199254740993", BAD), ("float64", "9007199254740994", 2.0**53 + 2),
    ("float64", "1" + "0" * 22, 1e22), ("float64", "1" + "0" * 400, BAD),
    ("float64", '"1.5"', BAD), ("float64", '"NaN"', BAD), ("float64", "true", BAD),
    ("float32", "0.1", float(np.float32(0.1))), ("float32", "16777217", BAD),
    ("float32", "1e39", BAD), ("bool", "true", True), ("bool", "false", False),
    ("bool", "1", BAD), ("bool", '"true"', BAD), ("str", '"x"', "x"), ("str", '""', ""),
    ("str", '" "', " "), ("str", '"\\u0000"', "\x00"),
    ("str", '"\\ud83d\\ude00"', "\U0001f600"),
    ("str", '"NULL"', "NULL"), ("str", '"null"', "null"), ("str", "1", BAD),
    ("str", "true", BAD), ("str", "[]", BAD), ("str", "{}", BAD), ("category", '"a"', "a"),
    (object, '"x"', "x"), (object, "[1, 2.50]", "[1,2.5]"), (object, '{"a": "b"}', '{"a":"b"}'),
    (object, "1", BAD), (object, "true", BAD), ("date", '"2026-11-05"', dt.date(2026, 11, 5)),
    ("date", '"2026-02-30"', BAD), ("date", '"5.11.2026"', BAD), ("date", "20261105", BAD),
    ("date", '"0000-01-01"', BAD), ("date", '"9999-12-31"', dt.date(9999, 12, 31)),
    (ZONED, '"2026-11-05T01:02:03Z"', dt.datetime(2026, 11, 5, 1, 2, 3, tzinfo=UTC)),
    (ZONED, '"2026-11-05 01:02:03.123456+02:00"',
     dt.datetime(2026, 11, 4, 23, 2, 3, 123456, tzinfo=UTC)),
    (ZONED, '"2026-11-05T01:02:03"', BAD), (ZONED, '"2026-11-05"', BAD),
    (ZONED, '"2026-11-05T01:02:03.1234567Z"', BAD),
    (ZONED, '"2026-11-05T01:02:03.123456000Z"',
     dt.datetime(2026, 11, 5, 1, 2, 3, 123456, tzinfo=UTC)),
    (ZONED, '"2026-11-05T25:00:00Z"', BAD), (ZONED, '"infinity"', BAD),
    (ZONED, "1762300000000", BAD), (ZONED, '"2026-11-05T01:02Z"',
     dt.datetime(2026, 11, 5, 1, 2, tzinfo=UTC)),
    (NAIVE, '"2026-11-05T01:02:03.5"', _naive("2026-11-05T01:02:03.5")),
    (NAIVE, '"2026-11-05T01:02:03Z"', BAD), (NAIVE, '"2026-11-05"', _naive("2026-11-05")),
    (MONEY, "12.5", Exact("12.500")), (MONEY, '"12.345"', Exact("12.345")),
    (MONEY, "12.3456", BAD), (MONEY, '"12.3450"', Exact("12.345")), (MONEY, "7", Exact(7)),
    (MONEY, "1e3", Exact(1000)), (MONEY, "1E-3", Exact("0.001")), (MONEY, "1e-4", BAD),
    (MONEY, "100e-2", Exact(1)), (MONEY, "123456789.123", Exact("123456789.123")),
    (MONEY, "1234567890", BAD), (MONEY, "0.1000000000000000000001", BAD),
    (MONEY, "-0.001", Exact("-0.001")), (MONEY, '"1,5"', BAD), (MONEY, '""', BAD),
    (MONEY, '"NaN"', BAD), (MONEY, "1e999999999999", BAD), (MONEY, "true", BAD),
]  # fmt: skip
"""Types of columns, values of events, and what becomes of them."""


@pytest.mark.parametrize("dtype", dict.fromkeys(dtype for dtype, _, _ in TAKEN), ids=str)
def test_a_value_is_taken_as_it_is_or_not_at_all(engine: EventEngine, dtype: Any) -> None:
    """A column holds exactly the value of the event; what its type cannot hold breaks it."""
    wanted = {text: expected for kind, text, expected in TAKEN if kind == dtype}
    taker, found = parser(engine, column(dtype)), {}
    for text in wanted:
        ((row, reason),) = told(taker, [b'{"w":1.25,"v":%s}' % text.encode()])
        found[text] = reason if row is None else row["v"]
    assert found == wanted
    assert {text: kind_of(value) for text, value in found.items()} == {
        text: kind_of(value) for text, value in wanted.items()
    }


def kind_of(value: Any) -> tuple[type, float]:
    """In what values that are equal may differ: the type, and the sign of a zero."""
    return type(value), math.copysign(1, value) if isinstance(value, float) else 1


COERCED: list[tuple[Any, str, Any]] = [
    ("int64", '"12"', 12), ("int64", '"x"', BAD), ("int64", "true", BAD),
    ("float64", '"1.5"', 1.5), ("bool", '"True"', True), ("bool", "1", BAD),
    ("str", "12", "12"), ("str", "1.10", "1.1"), ("str", "true", BAD), ("str", "[]", BAD),
    (ZONED, '"2026-11-05"', dt.datetime(2026, 11, 5, tzinfo=UTC)),
    (ZONED, '"2026-11-05T01:02:03.123456789Z"',
     dt.datetime(2026, 11, 5, 1, 2, 3, 123456, tzinfo=UTC)),
]  # fmt: skip
"""Types of columns whose schema says ``coerce``, values of events, and what becomes of them."""


@pytest.mark.parametrize("dtype", dict.fromkeys(dtype for dtype, _, _ in COERCED))
def test_coerce_reads_texts_as_csv_is_read(engine: EventEngine, dtype: Any) -> None:
    """``coerce: true`` is the schema's word for: take the text for the value."""
    wanted = {text: expected for kind, text, expected in COERCED if kind == dtype}
    taker, found = parser(engine, column(dtype, coerce=True)), {}
    for text in wanted:
        ((row, reason),) = told(taker, [b'{"v":%s}' % text.encode()])
        found[text] = row["v"] if row else reason
    assert found == wanted


@pytest.mark.parametrize(
    ("options", "event", "expected"),
    [
        ({}, b"{}", "v:required"), ({}, b'{"v":null}', None),
        ({"required": False}, b"{}", None),
        ({"nullable": False}, b'{"v":null}', "v:not_nullable"),
        ({"nullable": False}, b"{}", "v:required"),
        ({"nullable": False, "required": False}, b"{}", "v:not_nullable"),
        ({"nullable": False}, b'{"v":"x"}', "v:dtype"),
    ],
)  # fmt: skip
def test_null_and_missing_are_two_things(
    engine: EventEngine, options: dict[str, Any], event: bytes, expected: str | None
) -> None:
    """``required`` is about the field, ``nullable`` about its value."""
    assert told(parser(engine, column("int64", **options)), [event]) == [
        ({"v": None}, None) if expected is None else (None, expected)
    ]


def test_names_of_fields_are_only_names(engine: EventEngine) -> None:
    """No letter in a name means anything to the paths, the SQL or our own columns."""
    names = [
        "a/b", "a~b", "~1", "**", "a.b", "0", "-", "é", 'q"', "$", "a'b", "x[0]", "n", "types",
        "fault", "key", "value", "offset", "seq", "%s", "{x}", "a\\b",
    ]  # fmt: skip
    values = {name: number for number, name in enumerate(names)}
    schema = pa.DataFrameSchema({name: pa.Column("int64") for name in names})
    event = json.dumps({**values, "third": dict.fromkeys(names, -1)}).encode()
    assert told(parser(engine, schema), [event]) == [(values, None)]


def test_deep_and_huge_values_are_values(engine: EventEngine) -> None:
    """Nesting by the hundred thousand and texts of megabytes neither break nor change anything."""
    deep = b"[" * 200_000 + b"]" * 200_000
    taker = parser(engine, column(object, required=False))
    huge = "x" * 5_000_000
    found = told(taker, [b'{"v":%s}' % deep, b'{"w":%s}' % deep, json.dumps({"v": huge}).encode()])
    assert [row["v"] if row else reason for row, reason in found] == [deep.decode(), None, huge]


@pytest.mark.parametrize(("strict", "expected"), [(False, None), (True, "fields:strict")])
def test_unknown_fields_are_left_out_or_break_the_event(
    engine: EventEngine, *, strict: bool, expected: str | None
) -> None:
    """As the schema's ``strict`` says."""
    schema = pa.DataFrameSchema({"v": pa.Column("int64")}, strict=strict)
    assert told(parser(engine, schema), [b'{"v":1,"w":{"x":2}}', b'{"v":1}']) == [
        ({"v": 1}, None) if expected is None else (None, expected),
        ({"v": 1}, None),
    ]


def test_checks_of_one_row_are_asked_of_each_event(engine: EventEngine) -> None:
    """Bounds, sets, patterns (also those DuckDB cannot decide), lengths; warnings break nothing."""
    schema = pa.DataFrameSchema(
        {
            "a": pa.Column("int64", pa.Check.in_range(0, 9)),
            "b": pa.Column("str", [pa.Check.isin(["x", "é"]), pa.Check.ne("never")]),
            "c": pa.Column("str", pa.Check.str_matches(r"^\w+$")),
            "d": pa.Column("str", pa.Check.str_matches(r"^(?!bad)"), nullable=True),
            "e": pa.Column("str", pa.Check.str_length(1, 2, raise_warning=True)),
        }
    )
    good = {"a": 1, "b": "x", "c": "wörd", "d": None, "e": "too long"}
    changes: list[tuple[dict[str, Any], str | None]] = [
        ({}, None), ({"a": 10}, "a:in_range"), ({"b": "y"}, "b:isin"),
        ({"c": "a b"}, "c:str_matches"), ({"c": "ö-"}, "c:str_matches"), ({"c": "٣"}, None),
        ({"d": "bad"}, "d:str_matches"), ({"d": "fine"}, None), ({"a": "1", "b": "y"}, "a:dtype"),
        ({"a": 10, "b": "y"}, "a:in_range"),
    ]  # fmt: skip
    values = [json.dumps({**good, **change}).encode() for change, _ in changes]
    found = told(parser(engine, schema), values)
    assert [reason for _, reason in found] == [reason for _, reason in changes]


# --- valid events come through as Python reads them

COLUMNS: dict[str, Any] = {
    "i": "int64", "f": "float64", "b": "bool", "s": "str", "o": object, "m": MONEY, "t": ZONED,
}  # fmt: skip
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "i": st.integers(-(2**63), 2**63 - 1),
    "f": st.floats(allow_nan=False, allow_infinity=False),
    "b": st.booleans(),
    "s": TEXTS,
    "o": TEXTS | st.lists(SCALARS, max_size=3) | st.dictionaries(TEXTS, TREES, max_size=3),
    "m": st.decimals("-999999999.999", "999999999.999", places=3),
    "t": st.datetimes(timezones=st.just(UTC), min_value=_naive("0001-01-02")),
}
"""Whatever each column can hold."""


@pytest.fixture(scope="module")
def full(engine: EventEngine) -> EventParser:
    """Takes events of all types."""
    columns = {name: pa.Column(d, nullable=True, required=False) for name, d in COLUMNS.items()}
    return parser(engine, pa.DataFrameSchema(columns))


def written(name: str, value: Any) -> str:
    """A value as JSON text."""
    if name == "m" and value is not None:
        return str(value)
    return json.dumps(value.isoformat() if isinstance(value, dt.datetime) else value)


@examples(25, suppress_health_check=[HealthCheck.too_slow])
@given(
    events=st.lists(
        st.fixed_dictionaries({}, optional={n: st.none() | v for n, v in VALUES.items()}),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_no_valid_event_is_altered(full: EventParser, events: list[dict[str, Any]]) -> None:
    """The row of a valid event holds what Python reads in it, to the last digit and letter."""
    values = [
        ("{" + ",".join(f"{json.dumps(n)}: {written(n, v)}" for n, v in e.items()) + "}").encode()
        for e in events
    ]
    for event, (row, reason) in zip(events, told(full, values), strict=True):
        assert reason is None
        assert row is not None
        nested = row["o"] if isinstance(event.get("o"), (str, type(None))) else json.loads(row["o"])
        assert {**row, "o": nested} == {**dict.fromkeys(COLUMNS), **event}
        if event.get("f") == 0:
            assert math.copysign(1, row["f"]) == math.copysign(1, event["f"])


def test_the_page_lists_every_reason() -> None:
    """A reader finds the cause of a dead letter by its reason."""
    page = Path(__file__).parents[3] / "docs/data/events-records.md"
    text = page.read_text(encoding="utf-8")
    assert [reason for reason in MEANINGS if f"`{reason}`" not in text] == []
