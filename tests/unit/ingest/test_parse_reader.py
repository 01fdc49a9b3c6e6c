"""JSON events read by `EventReader`: the rows, faults and words are those of the SQL alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandera.pandas as pa
import pyarrow as arrow  # noqa: ICN001 - `pa` is Pandera
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pandera.engines.pandas_engine import Decimal
from pyarrow import compute
from tests.properties import examples
from tests.unit.ingest.test_parse_json import CAUSES, documents, parser

from datarelease.ingest.parse.event_engine import EventEngine
from datarelease.ingest.parse.event_parser import EventParser, ParsedEvents

COLUMNS: dict[str, pa.Column] = {
    "i": pa.Column("int64"),
    "n": pa.Column("int8", pa.Check.ge(0), nullable=True),
    "u": pa.Column("uint64", required=False, nullable=True),
    "f": pa.Column("float64", nullable=True),
    "g": pa.Column("float32", required=False, nullable=True),
    "b": pa.Column("bool", required=False, nullable=True),
    's"': pa.Column("str", pa.Check.ne("never"), nullable=True),
    "é": pa.Column("str", pa.Check.str_matches(r"^\w*$"), required=False, nullable=True),
    "o": pa.Column(object, required=False, nullable=True),
    "m": pa.Column(Decimal(12, 3), required=False, nullable=True),
    "t": pa.Column("datetime64[ns, UTC]", nullable=True),
    "l": pa.Column("datetime64[ns]", required=False, nullable=True, coerce=True),
    "d": pa.Column("date", required=False, nullable=True),
}
USUAL: dict[str, list[str]] = {
    "i": ["1", "-7", "9223372036854775807"],
    "n": ["1", "127"],
    "u": ["0", "18446744073709551615"],
    "f": ["0.1", "1", "-2.5e3", "1E-400"],
    "g": ["0.1", "3", "16777215"],
    "b": ["true", "false"],
    's"': ['"x"', '"NaN"', '""', '"\\n\\u00e9\\ud83d\\ude00"', r'"{\"f\":1}"', '"}\\n{"', '",}"'],
    "é": ['"a"', '"ä"'],
    "o": ['"x"'],
    "m": ['"1.25"'],
    "t": [
        '"2026-11-05T01:02:03Z"', '"2026-11-05 01:02:03.123456+02:00"', '"2026-11-05T01:02-0330"',
    ],
    "l": ['"2026-11-05T01:02:03"', '"2026-11-05 01:02"', '"2026-11-05"'],
    "d": ['"2026-11-05"'],
}  # fmt: skip
"""JSON texts that the reader takes, by the field."""
ODD = [
    "null", "1", "1.0", "1e2", "-0", "-0.0", "0e0", "1.5", "128", "-1", "9223372036854775808",
    "18446744073709551616", "9007199254740992", "9007199254740993", "16777217", "1e22", "1e38",
    "3.4028236e38", "1e39", "1e308", "1e309", "1" + "0" * 400, "0.30000000000000004", "5e-324",
    "1.00000017881393432617187499", "01", "+1", ".5", "1.", "0x1", "NaN", "-NaN", "nan", "Infinity",
    "-Infinity", "inf", "true", "tru", '"true"', '"1"', '""', '"never"', '"a b"', '"٣"', "[]",
    "[1,]", "{}", '{"f":null}', '{"i":1,"i":2}', '["\\"f\\":"]', "1/**/", '"\\ud800"', '"\\udc00"',
    '"\\u0000"', '"\x00"', '"\n"', '"\\x41"', '"\u2028"', '"\\/"', "'x'", '"2026-02-30T01:02:03Z"',
    '"2026-11-05T01Z"', '"2026-11-05T01+02:00"', '"2026-11-05T24:00:00Z"', '"2026-11-05T01:02:60Z"',
    '"2026-11-05T01:02:03.123456000Z"', '"2026-11-05T01:02:03.1234567Z"', '"0000-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00+02:00"', '"9999-12-31T23:59:59-02:00"', '"2026-11-05T01:02:03+15:59"',
    '"2026-11-05T01:02:03+16:00"', '"2026-11-05T01:02:03+01:99"', '" 2026-11-05T01:02:03Z"',
    '"2026-11-05T01:02:03"', '"2026-11-05T01:02:03.Z"', '"2026-11-05t01:02:03z"', '"infinity"',
    '"2026-11-05T01"', '"2026-1-5"', '"20261105"', '"2026-11-05T01:02:03,5Z"', '"1.2345"',
]  # fmt: skip
"""Texts on which readers differ, or that only some fields take."""
SCRAPS = [
    *(b"", b" ", b"{}", b" {}", b"{} ", b"\n{}", b"[]", b"{", b"}", b"}{", b'{"i":1', b',"f":2}'),
    *(b"{}{}", b"{}\n{}", b'{"i":1}\n', b'{"o":"}', b'{"}', b'{"o":', b"{}}", b"{}\x00}", b"{},{}"),
    *(b'{"o":"x\\', b"\xef\xbb\xbf{}", b"{\xc2\xa0}", b'{"o":"\xff"}', b'{"o":"\xed\xa0\x80"}'),
    *(b'{"o":"\xc0\x80"}', b'{"\\u0069":1}', b'{"i\\u0000":1}', b'{"f\\\\":1}', b'{"s\\"":null}'),
    *(b'{"x, \\"f":1}', b'{"":1}', b'{"w":null}', b'{"w":{"f":null}}', b'{"I":1}', b"null", b"{1}"),
]
"""Values that begin or end where an event does not."""


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """An event, most often one that the reader takes."""
    fields = {name: draw(st.sampled_from(texts)) for name, texts in USUAL.items()}
    for name in draw(st.lists(st.sampled_from(list(fields)), max_size=2)):
        fields[name] = draw(st.sampled_from(ODD))
    for name in draw(st.lists(st.sampled_from(list(fields)), max_size=2)):
        fields.pop(name, None)
    pairs = [
        f"{json.dumps(name, ensure_ascii=draw(st.booleans()))}{draw(SPACES)}:{draw(SPACES)}{text}"
        for name, text in fields.items()
    ]
    pairs += draw(st.lists(st.sampled_from([*pairs, '"w":1', '"f":null', ""]), max_size=1))
    return "{{{}}}".format(f"{draw(SPACES)},".join(pairs)).encode()


SPACES = st.sampled_from(["", "", "", " ", "\t\r\n", "\n", "\xa0", "\u2003"])
VALUES = st.one_of(events(), events(), events(), documents(), st.sampled_from(SCRAPS))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventEngine]:
    """One engine for all tests."""
    with EventEngine(temp_directory=tmp_path_factory.mktemp("spill"), threads=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def lenient(engine: EventEngine) -> EventParser:
    """Leaves out fields that the schema does not know."""
    return parser(engine, pa.DataFrameSchema(COLUMNS), pii=("é",))


@pytest.fixture(scope="module")
def strict(engine: EventEngine) -> EventParser:
    """Refuses them."""
    return parser(engine, pa.DataFrameSchema(COLUMNS, strict=True))


def numbered(values: list[bytes]) -> arrow.Table:
    """Records as the reader and the SQL take them."""
    return arrow.table({"n": np.arange(len(values)), "value": arrow.array(values, arrow.binary())})


def told(parsed: ParsedEvents) -> dict[str, Any]:
    """All that becomes of values; numbers as texts, as 0 is no -0."""
    rows = parsed.rows
    # Python knows no year 10000.
    times = [
        place for place, field in enumerate(rows.schema) if arrow.types.is_timestamp(field.type)
    ]
    for place in times:
        rows = rows.set_column(place, f"time {place}", rows[place].cast(arrow.int64()))
    return {
        "broken": parsed.broken.tolist(), "reasons": parsed.reasons, "details": parsed.details,
        "extra": [names for names in parsed.extra.to_pylist() if names is not None],
        "rows": [repr(row) for row in rows.to_pylist()],
    }  # fmt: skip


def same(parser: EventParser, values: list[bytes]) -> None:
    """Assert that the reader, with the SQL for what it leaves, and the SQL alone agree.

    Events are read one by one too, so that the reader takes all it can.
    """
    column = arrow.chunked_array([values], arrow.binary())
    alone = parser.parse(column, None, by_sql=True)
    assert alone.rows.schema == parser.schema
    for piece, fewest in ((len(values), 1), (len(values), len(values)), (3, 2)):
        with divided(fewest, piece):
            parsed = parser.parse(column, None)
        assert parsed.rows.schema == parser.schema
        assert told(parsed) == told(alone)


@contextmanager
def divided(fewest: int, piece: int = 999) -> Iterator[None]:
    """So many records are read at once, and those that are refused sought among ``fewest``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datarelease.ingest.parse.event_reader._PIECE", piece)
        patch.setattr("datarelease.ingest.parse.event_reader._FEWEST", fewest)
        yield


@examples(18, suppress_health_check=[HealthCheck.too_slow])
@given(values=st.lists(VALUES, min_size=1, max_size=12))
def test_the_reader_changes_nothing(lenient: EventParser, values: list[bytes]) -> None:
    """Whatever bytes come: rows, dead letters, reasons, details and unknown fields are the same."""
    same(lenient, values)


@examples(10, suppress_health_check=[HealthCheck.too_slow])
@given(values=st.lists(VALUES, min_size=1, max_size=12))
def test_nor_where_unknown_fields_break_an_event(strict: EventParser, values: list[bytes]) -> None:
    """The schema's ``strict`` decides on fields that the reader refuses anyway."""
    same(strict, values)


def one_event(name: str, text: str) -> bytes:
    """A usual event with another value of one field."""
    fields = {other: texts[0] for other, texts in USUAL.items()} | {name: text}
    return "{{{}}}".format(",".join(f"{json.dumps(n)}:{t}" for n, t in fields.items())).encode()


@pytest.mark.parametrize("name", COLUMNS)
def test_each_odd_value_in_each_field_is_what_the_sql_takes_it_for(
    lenient: EventParser, name: str
) -> None:
    """All of them, so that chance leaves out none."""
    values = [one_event(name, text) for text in [*USUAL[name], *ODD]]
    same(lenient, values)


def is_usual(parser: EventParser, value: bytes) -> bool:
    """Whether a value is read whatever stands beside it, if it is read alone."""
    usual = compute.match_substring_regex(arrow.array([value], arrow.binary()), parser.reader.usual)
    return bool(usual[0].as_py())


EVENT, TWO = one_event("i", "5"), b'{"i":3}{"i":4}'


@pytest.fixture(scope="module")
def alone(lenient: EventParser) -> dict[bytes, tuple[bool, bool]]:
    """Of each value below whether it is read if nothing else is; and whether beside others too."""
    read = {v: bool(lenient.reader.read(numbered([v])).num_rows) for v in (EVENT, TWO, *SCRAPS)}
    return {value: (taken, taken and is_usual(lenient, value)) for value, taken in read.items()}


@pytest.mark.parametrize(
    "scrap",
    # Each is read beside every other one, so that a sixth of them meets all.
    [pytest.param(s, marks=pytest.mark.slow if n % 6 else ()) for n, s in enumerate(SCRAPS)],
)
def test_no_value_lends_its_end_to_its_neighbour(
    lenient: EventParser, alone: dict[bytes, tuple[bool, bool]], scrap: bytes
) -> None:
    """Each value is judged by itself, also where together they would be JSON."""
    for values in ([scrap, EVENT], [EVENT, scrap, TWO], *([scrap, other] for other in SCRAPS)):
        with divided(1):
            read = set(lenient.reader.read(numbered(values))["n"].to_pylist())
        taken = {n for n, value in enumerate(values) if alone[value][0]}
        usual = {n for n, value in enumerate(values) if alone[value][1]}
        assert usual <= read <= taken
    same(lenient, [scrap, EVENT, TWO, *SCRAPS])


def test_what_is_wrong_with_a_value_is_the_same_beside_others(lenient: EventParser) -> None:
    """Values that break in every known way, with events between them."""
    broken = [value for _, causes in CAUSES for value in causes]
    same(lenient, [one for value in broken for one in (value, EVENT)])


def test_valid_events_need_no_sql_of_texts(lenient: EventParser) -> None:
    """The reader takes every usual value, and nulls, of which it must know that they are there."""
    values = [one_event(name, text) for name, texts in USUAL.items() for text in texts]
    values += [one_event(name, "null") for name in USUAL if name != "i"]
    values += [one_event("f", " null").replace(b'"f":', b'\n"f" :')]
    read = lenient.reader.read(numbered(values))
    assert read["n"].to_pylist() == list(range(len(values)))
    # Of the largest integers the pattern cannot tell whether they are too large.
    largest = [
        one_event(*pair) for pair in (("i", USUAL["i"][2]), ("n", "127"), ("u", USUAL["u"][1]))
    ]
    assert [value for value in values if not is_usual(lenient, value)] == largest


@pytest.mark.parametrize(
    "refused",
    [
        *(b"{", b'{"w":1}', b'{"n":128}', b'{"o":"\xff"}'),
        *(pytest.param(value, marks=pytest.mark.slow) for value in (b"\x00", b"")),
    ],
)
def test_a_refused_event_costs_itself_alone(lenient: EventParser, refused: bytes) -> None:
    """Else a single broken event would make a chunk of valid ones as slow as broken ones."""
    values = [one_event("i", str(n)) for n in range(99)]
    values[40] = values[98] = refused
    with divided(len(values)):
        parsed = lenient.parse(arrow.chunked_array([values], arrow.binary()), None)
    assert parsed.read == 97
    same(lenient, values)


def test_an_event_that_only_the_reader_refuses_costs_its_neighbours_alone(
    lenient: EventParser,
) -> None:
    """A field that occurs twice: no pattern can tell."""
    values = [one_event("i", str(n)) for n in range(99)]
    values[40] = b'{"n":1,"n":1}'
    assert is_usual(lenient, values[40])
    with divided(16):
        assert 99 > lenient.reader.read(numbered(values)).num_rows >= 99 - 16
    same(lenient, values)
