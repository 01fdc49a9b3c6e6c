"""Values of records become rows of the dataset, or are broken: by the reader, or by the SQL.

A value is a row if `EventReader` reads it and no check fails for it; it does not matter to the
result whether this was tried. All other values go through the SQL of `event_sql`, which alone says
what is wrong with one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datarelease.ingest.optional import needed
from datarelease.ingest.parse.event_checks import FAILS, EventChecks, Mask, matched
from datarelease.ingest.parse.event_engine import EventEngine
from datarelease.ingest.parse.event_faults import with_causes
from datarelease.ingest.parse.event_reader import EventReader
from datarelease.ingest.parse.event_shape import EventShape
from datarelease.ingest.parse.event_sql import (
    INTERNAL,
    computed_names,
    decimal_names,
    json_query,
    read_query,
    typed_query,
)
from datarelease.model.data.stream import EventFormat

if TYPE_CHECKING:
    from datarelease.ingest.parse.event_avro import AvroReader

_RECORDS = pa.schema([("n", pa.int64()), ("value", pa.binary())])
_N = f"{INTERNAL}n"


@dataclass(frozen=True, kw_only=True)
class ParsedEvents:
    """What became of values, in the order in which they were given."""

    rows: pa.Table
    """Of those that are not broken."""
    broken: Mask
    """Which of the values are."""
    reasons: list[str]
    details: list[str]
    """Of those that are broken."""
    extra: pa.ChunkedArray
    """Names of fields that the schema does not know: a list for each value that has some; null or
    nothing for others."""
    read: int
    """How many values the SQL was not needed for."""


class EventParser:
    """Parses the values of one stream."""

    def __init__(self, engine: EventEngine, shape: EventShape, event_format: EventFormat) -> None:
        """Prepare the queries that all values go through."""
        self.shape = shape
        self._format = event_format
        avro, nothing = self.avro_reader({}), _RECORDS.empty_table()
        if avro is None:
            records = engine.give(nothing)
            source = json_query(records.name, shape.names, decimal_names(shape.fields))
        else:
            records = engine.give(avro.fields(nothing))
            source = f"SELECT * FROM {records.name}"  # noqa: S608 - a name of ours
        self._checks = EventChecks(engine, shape, typed_query(source, shape.fields))
        self._judging = engine.prepare(self._checks.sql, records)
        self.schema = self._checks.schema
        """Of the rows."""
        self.reader = EventReader(shape.fields)
        self._computed = computed_names(shape.fields)
        read = engine.give(self.reader.schema.empty_table())
        typed = read_query(read.name, shape.fields)
        self._failing = engine.prepare(self._checks.failing(typed, self._computed), read)

    def avro_reader(self, schemas: Mapping[int, str]) -> AvroReader | None:
        """Reads the fields of values that DuckDB cannot read; None: it can."""
        if self._format == "json":
            return None
        with needed():
            from datarelease.ingest.parse.event_avro import AvroReader  # noqa: PLC0415 - an extra
        return AvroReader(schemas, self.shape.names)

    def parse(
        self, values: pa.ChunkedArray, avro: AvroReader | None, *, by_sql: bool = False
    ) -> ParsedEvents:
        """What becomes of ``values``, all of them by the SQL if they are Avro or ``by_sql``."""
        numbers = np.arange(len(values), dtype=np.int64)
        records = pa.table({"n": numbers, "value": values}).combine_chunks()
        if avro is not None or by_sql:
            return self._sort(records, avro)
        rows, passed = self._passing(self.reader.read(records))
        if len(passed) == len(numbers):
            nothing = self._checks.found.field(f"{INTERNAL}extra").type
            return ParsedEvents(
                rows=rows, broken=np.zeros(len(numbers), dtype=bool), reasons=[], details=[],
                extra=pa.chunked_array([], nothing), read=len(passed),
            )  # fmt: skip
        left = np.setdiff1d(numbers, passed, assume_unique=True)
        others = self._sort(records.take(pa.array(left)), avro)
        broken = np.zeros(len(numbers), dtype=bool)
        broken[left] = others.broken
        if others.rows.num_rows:
            order = np.argsort(np.concatenate([passed, left[~others.broken]]))
            rows = pa.concat_tables([rows, others.rows]).take(pa.array(order))
        return ParsedEvents(
            rows=rows, broken=broken, reasons=others.reasons, details=others.details,
            extra=others.extra, read=len(passed),
        )  # fmt: skip

    def _sort(self, records: pa.Table, avro: AvroReader | None) -> ParsedEvents:
        """What becomes of ``records``, which have ``n`` and ``value``, by the SQL."""
        found = self._judging.answers(records if avro is None else avro.fields(records))
        if not np.array_equal(found[_N].to_numpy(), records["n"].to_numpy()):
            raise RuntimeError("the engine changed the order of records")
        if avro is None:
            name = f"{INTERNAL}fault"
            place = found.schema.get_field_index(name)
            found = found.set_column(place, name, with_causes(found[name], records["value"]))
        broken, reasons, details = self._checks.judge(found)
        rows = found.select(list(self.shape.names))
        return ParsedEvents(
            rows=rows.filter(pa.array(~broken)) if reasons else rows, broken=broken,
            reasons=reasons, details=details, extra=found[f"{INTERNAL}extra"], read=0,
        )  # fmt: skip

    def _passing(self, read: pa.Table) -> tuple[pa.Table, npt.NDArray[np.int64]]:
        """Of the rows of the reader those that no check fails for, and their numbers."""
        numbers = read["n"].to_numpy()
        if not len(numbers):
            return self.schema.empty_table(), numbers
        answers = self._failing.answers(read)
        asked = answers[_N].to_numpy()
        if self._computed and not np.array_equal(asked, numbers):
            raise RuntimeError("the engine changed the order of rows")
        known = {field.name: read[f"f{place}"] for place, field in enumerate(self.shape.fields)}
        known |= {name: answers[name] for name in self._computed}
        columns = [known[field.name].cast(field.type) for field in self.schema]
        rows = pa.Table.from_arrays(columns, schema=self.schema)
        places = np.searchsorted(numbers, asked)

        def failing(answer: str) -> Mask:
            mask = np.zeros(len(numbers), dtype=bool)
            mask[places] = answers[answer].to_numpy()
            return mask

        fails = failing(FAILS)
        for name, (column, pattern) in self._checks.patterns.items():
            fails |= matched(pattern, rows[column], failing(name))
        return (rows.filter(pa.array(~fails)), numbers[~fails]) if fails.any() else (rows, numbers)
