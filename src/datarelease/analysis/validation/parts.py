"""What a validation knows of each part of a table, so that only parts that are new are read.

A part is known by its bytes and the folders that it is in. Rows that fail a probe add up over
parts. Values that must differ are compared within a part; across parts only where the smallest and
largest of them say that two parts could share one.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.shapes.known_shapes import shaped_like
from datarelease.analysis.engine.shapes.text_shapes import short_shape
from datarelease.analysis.engine.tables import PART, Table, unread_name
from datarelease.analysis.validation.expectations import text_types
from datarelease.analysis.validation.part_memo import (
    KnownParts,
    PartFacts,
    Position,
    ValueSpan,
    part_names,
)
from datarelease.analysis.validation.plan import Distinct, Plan
from datarelease.analysis.validation.tally import Row, counts, tally_parts
from datarelease.model.data.dataset import Dataset

_LONGEST = 200
"""Characters of a text that is kept."""


class OtherPartsError(Exception):
    """What is known of parts does not fit the table; the table has to be read as a whole."""


class Parts:
    """The parts of a table: what is known of them, and which are to be read."""

    def __init__(
        self, engine: Engine, table: Table, dataset: Dataset, schema: Any, known: KnownParts
    ) -> None:
        """Look up each part; without one that is unknown, the first part says what columns are.

        ``schema`` is as in `run.validate`.

        Raises:
            OtherPartsError: Parts have other columns than others.
            UnreadableTable: An unknown part is no such table.
        """
        self._engine = engine
        self._dataset = dataset
        self._facts = [known.parts.get(name) for name in part_names(table)]
        self._given: Mapping[str, nw.dtypes.DType] = {}
        self._fresh = [place for place, facts in enumerate(self._facts) if facts is None]
        self.fresh, self.shape = self._shaped(table, known, schema)
        """The parts to be read, and the shape that all parts have."""
        alike = not table.is_text  # of text, parts that are read show their header once more
        self.table = replace(table, alike=alike, inferred=self.fresh.inferred)
        """All parts."""

    @property
    def facts(self) -> list[PartFacts]:
        """What is known of all parts, after `tally`."""
        return [facts for facts in self._facts if facts is not None]

    def tally(self, plan: Plan, given: Mapping[str, nw.dtypes.DType]) -> tuple[int, list[int]]:
        """The rows of the table, and for each probe how many of them fail.

        ``given`` are the types of columns that are converted.

        Raises:
            OtherPartsError: The facts are not those of this plan.
            ConfigError, UnreadableTable, WorldError: As `tally_parts`.
        """
        self._given = given
        if self._fresh:
            self._read(plan)
        sizes = {(len(facts.failing), len(facts.spans)) for facts in self.facts}
        if sizes != {(len(plan.probes), len(plan.distinct))}:
            raise OtherPartsError
        return (
            sum(facts.rows for facts in self.facts),
            [sum(some) for some in zip(*(facts.failing for facts in self.facts), strict=True)],
        )

    def failing(self) -> Table:
        """The parts with rows that fail a probe."""
        return self.table.part([n for n, facts in enumerate(self.facts) if any(facts.failing)])

    def sharing(self, number: int, asked: Distinct) -> Table | None:
        """All parts that can have a value which is to be distinct in more than one row.

        None: there are no such rows. ``number`` is that of ``asked`` in the plan. Other parts are
        read only if nobody did before.
        """
        spans = [facts.spans[number] for facts in self.facts]
        found = may_share(spans)
        open_ones = [n for n, s in enumerate(spans) if n not in found and s.distinct is None]
        if open_ones:
            sizes = self._distinct(open_ones, asked)
            for place in open_ones:
                spans[place] = replace(spans[place], distinct=sizes.get(place, 0))
                self._keep(place, number, spans[place])
        found |= {n for n, span in enumerate(spans) if span.distinct not in {None, span.rows}}
        if not found:
            return None
        # Where rows share missing values, examples are of the rows that have nothing but these.
        found |= {n for n, span in enumerate(spans) if span.nulls}
        return self.table.part(sorted(found))

    def _shaped(self, table: Table, known: KnownParts, schema: Any) -> tuple[Table, str]:
        places = self._fresh or [0]
        some = table.part(places)
        types = text_types(schema, some, lambda: self._engine.columns(some))
        shape = known.shape
        if not self.facts:
            shape = next(iter(self._engine.shapes(some, types)), "")
        elif {facts.shape for facts in self.facts} != {short_shape(shape)}:
            raise OtherPartsError
        like = shaped_like(self._engine, table, places, shape, types)
        if like is None:
            raise OtherPartsError
        return like, shape

    def _read(self, plan: Plan) -> None:
        given, columns = self._given, self._engine.columns(self.fresh)
        types = self._engine.types(self.fresh, given)
        frame = self._engine.scan_parts(self.fresh, given, columns)
        also: dict[str, nw.Expr] = {}
        for number, asked in enumerate(plan.distinct):
            counted, value = counted_rows(asked, frozenset(given)), nw.col(asked.columns[0])
            within = nw.when(counted).then(value)
            also |= {
                f"rows{number}": counted.cast(nw.Int64).sum(),
                f"nulls{number}": (counted & value.is_null()).cast(nw.Int64).sum(),
            }
            if _has_order(types[asked.columns[0]]) and asked.columns[0] not in self._dataset.pii:
                also |= {f"low{number}": within.min(), f"high{number}": within.max()}
        rows = tally_parts(self._engine, frame, plan.probes, also, self._dataset.name)
        for position, place in enumerate(self._fresh):
            row = rows.get(position)
            size, failing = counts(row, plan.probes) if row else (0, [0] * len(plan.probes))
            self._facts[place] = PartFacts(
                shape=short_shape(self.shape),
                rows=size,
                failing=tuple(failing),
                spans=tuple(
                    _span(row, number, text=isinstance(types[asked.columns[0]], nw.String))
                    for number, asked in enumerate(plan.distinct)
                ),
            )

    def _distinct(self, places: Sequence[int], asked: Distinct) -> dict[int, int]:
        """How many different values each of these parts has."""
        frame = self._engine.scan_parts(self.table.part(places), self._given, asked.columns)
        values = {f"v{place}": nw.col(name) for place, name in enumerate(asked.columns)}
        rows = frame.filter(counted_rows(asked, frozenset(self._given))).select(PART, **values)
        sizes = rows.group_by(PART, *values).agg(nw.len().alias("n")).group_by(PART).agg(n=nw.len())
        return {places[int(row[PART])]: int(row["n"]) for row in self._engine.collect(sizes)}

    def _keep(self, place: int, number: int, span: ValueSpan) -> None:
        facts = self.facts[place]
        spans = (*facts.spans[:number], span, *facts.spans[number + 1 :])
        self._facts[place] = replace(facts, spans=spans)


def counted_rows(asked: Distinct, converted: frozenset[str]) -> nw.Expr:
    """True for the rows that are compared.

    Text that could not be read is null here; it is reported as such, not as equal.
    """
    conditions = [nw.col(unread_name(n)).is_null() for n in asked.columns if n in converted]
    if asked.skip_nulls:
        conditions += [~nw.col(name).is_null() for name in asked.columns]
    if not conditions:  # a literal would be one row, and its sum no count of rows
        missing = nw.col(asked.columns[0]).is_null()
        conditions = [missing | ~missing]
    return nw.all_horizontal(*conditions, ignore_nulls=False)


def may_share(spans: Sequence[ValueSpan]) -> set[int]:
    """The places of those that could have a value of another one; null is a value."""
    empty = {place for place, span in enumerate(spans) if span.nulls}
    found = empty if len(empty) > 1 else set()
    filled = [place for place, span in enumerate(spans) if span.rows > span.nulls]
    bounds: list[tuple[Any, Any, int]] = [(spans[n].low, spans[n].high, n) for n in filled]
    kinds = {_kind(low) for low, _, _ in bounds}
    if None in kinds or len(kinds) > 1:
        return found | set(filled) if len(filled) > 1 else found
    # Each is compared with the one that reaches furthest of those before it.
    furthest: tuple[Any, int] | None = None
    for low, high, place in sorted(bounds, key=lambda bound: bound[0]):
        if furthest is not None and low <= furthest[0]:
            found |= {place, furthest[1]}
        if furthest is None or high > furthest[0]:
            furthest = high, place
    return found


def _kind(value: Position | None) -> str | None:
    if value is None:
        return None
    return "text" if isinstance(value, str) else "number"


def _has_order(dtype: nw.dtypes.DType) -> bool:
    return dtype.is_numeric() or isinstance(dtype, (nw.String, nw.Date, nw.Datetime))


def _span(row: Row | None, number: int, *, text: bool) -> ValueSpan:
    if row is None:
        return ValueSpan(rows=0, nulls=0, distinct=0)
    low, high = (_position(row.get(f"{name}{number}"), text=text) for name in ("low", "high"))
    known = low is not None and high is not None
    return ValueSpan(
        rows=int(row[f"rows{number}"] or 0),
        nulls=int(row[f"nulls{number}"] or 0),
        low=low if known else None,
        high=high if known else None,
    )


def _position(value: Any, *, text: bool) -> Position | None:
    """A value in the order of its column; None: it has no such form."""
    if isinstance(value, dt.datetime):
        elapsed = value.replace(tzinfo=None) - dt.datetime(1970, 1, 1)  # noqa: DTZ001 - all are UTC
        return elapsed // dt.timedelta(microseconds=1)
    if isinstance(value, dt.date):
        return value.toordinal()
    if isinstance(value, str):  # also times that Python has no values for
        return value if text and len(value) <= _LONGEST else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if math.isfinite(value) else None
