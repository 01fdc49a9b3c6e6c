"""Events against the schema's checks of one row: what breaks one, and its description.

The checks are those of the package's validation, asked of each row. Uniqueness, checks of a whole
column and checks that people wrote stay with ``datarelease validate``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datarelease.analysis.engine.duckdb.sql import quoted
from datarelease.analysis.engine.tables import unread_name
from datarelease.analysis.validation.checks import Probe
from datarelease.analysis.validation.examples import LONGEST_TEXT, json_value
from datarelease.analysis.validation.expectations import wanted_name
from datarelease.analysis.validation.patterns import Pattern
from datarelease.analysis.validation.plan import plan_validation
from datarelease.ingest.parse.event_engine import EventEngine
from datarelease.ingest.parse.event_faults import EXTRA, MEANINGS
from datarelease.ingest.parse.event_shape import EventShape, Field
from datarelease.ingest.parse.event_sql import INTERNAL

Mask = npt.NDArray[np.bool_]
_HIDDEN = "(hidden)"
"""Stands for a value of a pii column."""
_SHOWN_NAMES = 5
_KINDS = {
    "VARCHAR": "text",
    "BIGINT": "number",
    "UBIGINT": "number",
    "DOUBLE": "number",
    "BOOLEAN": "truth value",
    "OBJECT": "object",
    "ARRAY": "list",
    "BINARY": "value of",
}
"""What `json_type` says, in words."""
_NULL_CHECKS = {"not_nullable", "key not null"}
FAILS = f"{INTERNAL}fails"


class _EventFault(NamedTuple):
    """One kind of fault."""

    reason: str
    rows: Mask
    """Those that have it."""
    tell: Callable[[pa.Table], list[str]]
    """From rows (all columns of the query) to a detail for each."""


class EventChecks:
    """The questions to every chunk of one stream."""

    def __init__(self, engine: EventEngine, shape: EventShape, typed: str) -> None:
        """Prepare what to ask of the rows of ``typed``, a `typed_query`."""
        self._engine = engine
        self._shape = shape
        frame = engine.frame(typed)
        schema = frame.collect_schema()
        types = {name: schema[name] for name in shape.names}
        asked = plan_validation(
            shape.schema, shape.dataset, shape.expected, types, frozenset(shape.names)
        )
        self._probes = [probe for probe in asked.probes if probe.failed.severity == "error"]
        self._marks = {f"{INTERNAL}p{i}": probe.fails for i, probe in enumerate(self._probes)}
        self.patterns = {
            f"{INTERNAL}p{i}": (probe.failed.column, probe.pattern)
            for i, probe in enumerate(self._probes)
            if probe.pattern is not None and probe.failed.column is not None
        }
        """Column and pattern, by the name of the answer that `matched` needs."""
        self.sql = self._asking(frame)
        """Gives the columns of ``typed``, and the answers for each row."""
        empty = engine.query(f"SELECT * FROM ({self.sql}) LIMIT 0")  # noqa: S608 - our own
        self.found = empty.schema
        """Of the query's result."""
        self.schema = empty.select(list(shape.names)).schema
        """Of the rows."""

    def failing(self, typed: str, computed: Collection[str]) -> str:
        """SQL that gives those rows of a `read_query` that may be broken, with what says so.

        The column `FAILS` says of each whether it is, if no pattern that Python decides fails for
        it; for these, there are the columns that `patterns` names. ``computed`` columns are given
        too, then of all rows; what could not be computed is broken.
        """
        wrong = [f"({quoted(unread_name(name))} IS NOT NULL)" for name in computed]
        patterns = list(map(quoted, self.patterns))
        marks = [quoted(name) for name in self._marks if name not in self.patterns]
        fails = " OR ".join([*marks, *wrong]) or "false"
        kept = ", ".join([*map(quoted, [f"{INTERNAL}n", *computed]), *patterns])
        asking = self._asking(self._engine.frame(typed))
        some = "" if computed else f" WHERE {' OR '.join([fails, *patterns])}"
        return f"SELECT {kept}, {fails} AS {quoted(FAILS)} FROM ({asking}){some}"  # noqa: S608 - our own

    def _asking(self, frame: nw.LazyFrame[Any]) -> str:
        asked: Any = (frame.with_columns(**self._marks) if self._marks else frame).to_native()
        return str(asked.sql_query())

    def _faults(self, found: pa.Table) -> Iterator[_EventFault]:
        """All kinds of faults of a chunk, in the order in which they are reported."""
        unreadable, extra = found[f"{INTERNAL}fault"], found[f"{INTERNAL}extra"]
        if unreadable.null_count < found.num_rows:
            for reason, what in MEANINGS.items():
                yield _EventFault(reason, _mask(pc.equal(unreadable, reason)), _saying(what))
        if self._shape.strict:
            rows = _mask(pc.greater(pc.list_value_length(extra), 0))
            yield _EventFault(EXTRA, rows, _unknown_fields)
        for place, field in enumerate(self._shape.fields):
            if field.required:
                rows = _mask(found[f"{INTERNAL}missing{place}"])
                tell = _saying(f"the event has no {field.name!r}")
                yield _EventFault(f"{field.name}:required", rows, tell)
        for place, field in enumerate(self._shape.fields):
            rows = _mask(pc.is_valid(found[f"{INTERNAL}wrong{place}"]))
            yield _EventFault(f"{field.name}:dtype", rows, partial(_wrong, place, field))
        for place, probe in enumerate(self._probes):
            column, check = probe.failed.column, probe.failed.check
            rows = _mask(found[f"{INTERNAL}p{place}"])
            if probe.pattern is not None and column is not None:
                rows = matched(probe.pattern, found[column], rows)
            name = "key" if check == "key not null" else check.partition("(")[0]
            told = partial(_failing, probe, self._shape.dataset.pii)
            yield _EventFault(f"{column or 'row'}:{name}", rows, told)

    def judge(self, found: pa.Table) -> tuple[Mask, list[str], list[str]]:
        """Which rows are broken; and of these, in order, the reasons and the details."""
        size = found.num_rows
        first = np.full(size, -1, dtype=np.int32)
        faults = list(self._faults(found))
        for place, fault in enumerate(faults):
            first[fault.rows & (first < 0)] = place
        broken = first >= 0
        reasons, details = [""] * size, [""] * size
        for place in np.unique(first[broken]):
            rows = np.flatnonzero(first == place)
            fault = faults[place]
            for row, detail in zip(rows, fault.tell(found.take(pa.array(rows))), strict=True):
                reasons[row], details[row] = fault.reason, detail
        order = np.flatnonzero(broken)
        return broken, [reasons[row] for row in order], [details[row] for row in order]


def _mask(column: pa.ChunkedArray) -> Mask:
    whole = pc.fill_null(column, False).combine_chunks()
    mask: Mask = whole.to_numpy(zero_copy_only=False)
    return mask


def _saying(what: str) -> Callable[[pa.Table], list[str]]:
    return lambda rows: [what] * rows.num_rows


def _unknown_fields(rows: pa.Table) -> list[str]:
    return [
        "the schema does not know " + ", ".join(_name(name) for name in names[:_SHOWN_NAMES])
        for names in rows[f"{INTERNAL}extra"].to_pylist()
    ]


def _name(name: str) -> str:
    return repr(name if len(name) <= LONGEST_TEXT else f"{name[: LONGEST_TEXT - 1]}…")


def _wrong(place: int, field: Field, rows: pa.Table) -> list[str]:
    wanted = wanted_name(field.wanted)
    kinds = [_KINDS.get(kind, kind) for kind in rows[f"{INTERNAL}wrong{place}"].to_pylist()]
    texts = rows[unread_name(field.name)].to_pylist()
    shown = [_HIDDEN if field.pii else repr(json_value(text)) for text in texts]
    return [f"the {kind} {text} is no {wanted}" for kind, text in zip(kinds, shown, strict=True)]


def _failing(probe: Probe, pii: Collection[str], rows: pa.Table) -> list[str]:
    column, check = probe.failed.column, probe.failed.check
    if check in _NULL_CHECKS or column is None:
        return [check] * rows.num_rows
    if column in pii:
        return [f"{check} fails for {_HIDDEN}"] * rows.num_rows
    values = rows[column].to_pylist()
    return [f"{check} fails for {json_value(value)!r}" for value in values]


def matched(pattern: Pattern, column: pa.ChunkedArray, mask: Mask) -> Mask:
    """``mask`` with Python's verdict on each distinct text that DuckDB cannot decide."""
    encoded = column.combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    undecided = np.array([pattern.re2 is None or not text.isascii() for text in texts], dtype=bool)
    if not undecided.any():
        return mask
    fails = np.array(
        [ask and not pattern.holds(text) for text, ask in zip(texts, undecided, strict=True)],
        dtype=bool,
    )
    index = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    place = np.where(index >= 0, index, 0)
    decided: Mask = np.where((index >= 0) & undecided[place], fails[place], mask)
    return decided
