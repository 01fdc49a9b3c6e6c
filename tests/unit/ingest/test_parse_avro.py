"""Avro events in the registry's framing: logical types, unknown schemas, broken payloads."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import fastavro
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples
from tests.raw_files import Adopted

from datarelease.errors import SettingsError

SCHEMA = """\
schema_type: dataframe
columns:
  id: {dtype: int64}
  name: {dtype: str, nullable: true}
  price: {dtype: float64, required: false, nullable: true}
  at: {dtype: "datetime64[ns, UTC]", required: false, nullable: true}
  day: {dtype: date, required: false, nullable: true}
  note: {dtype: object, required: false, nullable: true}
"""
AVRO: dict[str, Any] = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "name", "type": ["null", "string"]},
        {"name": "price", "type": "double"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "note", "type": {"type": "map", "values": "string"}},
    ],
}
UTC = dt.UTC


def framed(number: int, schema: Any, record: Any) -> bytes:
    """A record as producers with a registry send it."""
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), record)
    return b"\0" + number.to_bytes(4) + stream.getvalue()


def one(kind: Any, value: Any) -> bytes:
    """An event of schema 1 with the fields ``id`` and ``v``, of Avro type ``kind``."""
    return framed(1, record_of(kind), {"id": 1, "v": value})


def record_of(kind: Any) -> dict[str, Any]:
    """The schema of such events."""
    fields = [{"name": "id", "type": "long"}, {"name": "v", "type": kind}]
    return {"type": "record", "name": "One", "fields": fields}


def adopted(root: Path, schema: str = SCHEMA) -> Adopted:
    """A stream of Avro events."""
    return Adopted.at(root / "work", schema, key=("id",), format="avro")


def drained(stream: Adopted, values: list[bytes | None], schemas: dict[int, str]) -> None:
    """The raw file of the first batch."""
    stream.drained(1, values, schemas=schemas, format="avro")


GOOD = {
    "id": 2**62 + 1, "name": None, "price": 0.1, "day": dt.date(2026, 1, 2), "note": {"a": "é"},
    "at": dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
}  # fmt: skip


def test_records_become_rows_or_dead_letters(tmp_path: Path) -> None:
    """Each fault has its reason; the ids that values name are counted, known or not."""
    stream = adopted(tmp_path)
    other = {"type": "enum", "name": "Colour", "symbols": ["RED"]}
    good = framed(1, AVRO, GOOD)
    values = [
        good, None, b"", b"\0\0\0", b'{"id":1}', framed(9, AVRO, GOOD), good[:-3], good + b"x",
        framed(2, other, "RED"), framed(3, AVRO, GOOD),
        framed(4, record_of("int"), {"id": 5, "v": 1}),
    ]  # fmt: skip
    texts = {1: json.dumps(AVRO), 2: json.dumps(other), 3: '{"type":"object"}'}
    drained(stream, values, {**texts, 4: json.dumps(record_of("int"))})
    (counts,) = stream.parse().batches
    assert counts.reasons == (
        ("avro:framing", 2), ("avro:schema", 2), ("avro:empty", 1), ("avro:payload", 1),
        ("avro:record", 1), ("avro:truncated", 1),
        ("name:required", 1),
    )  # fmt: skip
    assert counts.schemas == (1, 2, 3, 4, 9)
    assert counts.unknown == (("v", 1),)
    assert stream.rows() == [{**GOOD, "note": '{"a": "é"}'}]


@pytest.mark.parametrize(
    ("kind", "value", "dtype", "expected"),
    [
        ("int", -5, "int32", -5), ("long", 2**53 + 1, "int64", 2**53 + 1),
        ("long", 2**53 + 1, "float64", "v:dtype"), ("float", 0.5, "float64", 0.5),
        ("double", float("nan"), "float64", "v:dtype"), ("double", 1e300, "float64", 1e300),
        ("double", float("inf"), "float64", "v:dtype"), ("double", 3.0, "int64", 3),
        ("boolean", True, "bool", True), ("string", "x", "str", "x"),
        ("string", "1", "int64", "v:dtype"),
        ("bytes", b"ab", "str", "v:dtype"), (["null", "int"], None, "Int64", None),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, "A", "category", "A"),
        ({"type": "array", "items": "int"}, [1, 2], "object", "[1, 2]"),
        ({"type": "array", "items": "int"}, [1, 2], "str", "v:dtype"),
        ({"type": "long", "logicalType": "timestamp-millis"},
         dt.datetime(2026, 1, 1, 0, 0, 0, 5000, tzinfo=UTC), "datetime64[ns, UTC]",
         dt.datetime(2026, 1, 1, 0, 0, 0, 5000, tzinfo=UTC)),
        ({"type": "long", "logicalType": "local-timestamp-micros"},
         dt.datetime.fromisoformat("2026-01-01T00:00:00"), "datetime64[ns]",
         dt.datetime.fromisoformat("2026-01-01T00:00:00")),
        ({"type": "long", "logicalType": "timestamp-millis"},
         dt.datetime(2026, 1, 1, tzinfo=UTC), "datetime64[ns]", "v:dtype"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 3},
         Decimal("1.500"), "str", "1.500"),
        ({"type": "string", "logicalType": "uuid"}, UUID(int=7), "str", str(UUID(int=7))),
    ],
)  # fmt: skip
def test_avro_s_types_are_the_schema_s_or_break_the_event(
    tmp_path: Path, kind: Any, value: Any, dtype: str, expected: Any
) -> None:
    """No value is bent to fit."""
    schema = f"columns:\n  id: {{dtype: int64}}\n  v: {{dtype: '{dtype}', nullable: true}}\n"
    stream = adopted(tmp_path, schema)
    drained(stream, [one(kind, value)], {1: json.dumps(record_of(kind))})
    (counts,) = stream.parse().batches
    if isinstance(expected, str) and expected == "v:dtype":
        assert counts.reasons == (("v:dtype", 1),)
    else:
        assert stream.rows() == [{"id": 1, "v": expected}]


def test_producers_may_move_on_to_another_schema(tmp_path: Path) -> None:
    """A new field is counted, an optional one that is gone is null, a changed type breaks."""
    stream = adopted(tmp_path)
    fields = AVRO["fields"]
    newer = {**AVRO, "fields": [*fields[:2], {"name": "colour", "type": "string"}]}
    changed = {**AVRO, "fields": [{"name": "id", "type": "string"}, *fields[1:2]]}
    values: list[bytes | None] = [
        framed(1, AVRO, GOOD),
        framed(2, newer, {"id": 5, "name": "n", "colour": "red"}),
        framed(3, changed, {"id": "6", "name": "n"}),
    ]
    texts = {1: AVRO, 2: newer, 3: changed}
    drained(stream, values, {number: json.dumps(text) for number, text in texts.items()})
    (counts,) = stream.parse().batches
    assert (counts.events, counts.unknown) == (2, (("colour", 1),))
    assert counts.reasons == (("id:dtype", 1),)
    assert stream.rows()[1]["price"] is None


def test_columns_that_no_event_can_fill_are_refused(tmp_path: Path) -> None:
    """Bytes and durations have no place in a stream."""
    stream = adopted(tmp_path, "columns:\n  id: {dtype: int64}\n  d: {dtype: 'timedelta64[ns]'}\n")
    with pytest.raises(SettingsError, match="duration"):
        stream.parse()


RECORDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "id": st.integers(-(2**63), 2**63 - 1),
        "name": st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
        "price": st.floats(allow_nan=False, allow_infinity=False),
        "at": st.datetimes(dt.datetime.fromisoformat("1900-01-01"), timezones=st.just(UTC)),
        "day": st.dates(),
        "note": st.dictionaries(
            st.text(st.characters(codec="utf-8"), max_size=3), st.just("x"), max_size=2
        ),
    }
)


@examples(5, suppress_health_check=[HealthCheck.too_slow])
@given(records=st.lists(RECORDS, max_size=6, unique_by=lambda record: record["id"]), cut=st.data())
def test_no_valid_record_is_altered_and_no_broken_one_gets_in(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], cut: st.DataObject
) -> None:
    """Every record comes through to the last bit; shortened ones are dead letters."""
    stream = adopted(tmp_path_factory.mktemp("avro"))
    whole = [framed(1, AVRO, record) for record in records]
    short = [value[: cut.draw(st.integers(0, len(value) - 1))] for value in whole]
    drained(stream, [*whole, *short], {1: json.dumps(AVRO)})
    (counts,) = stream.parse().batches
    assert (counts.events, counts.dead) == (len(records), len(records))
    rows = [{**row, "note": json.loads(row["note"])} for row in stream.rows()]
    assert rows == records
