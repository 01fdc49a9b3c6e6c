"""What a whole profile leaves for the profile of a version in which few parts are others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import narwhals as nw
import numpy as np

from datarelease.analysis.engine.column_types import type_name
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.engine.values import ValueCounts, number_values
from datarelease.analysis.profiling.cells import Integers
from datarelease.analysis.profiling.columns import Column, Read, one_by_one
from datarelease.analysis.profiling.figures import Figures
from datarelease.analysis.profiling.parts.kept_keys import key_blocks
from datarelease.analysis.profiling.parts.known_columns import (
    LONGEST,
    OUTERMOST,
    KnownColumn,
    KnownNumbers,
    KnownPoints,
    KnownTable,
    KnownValues,
    exact_text,
)
from datarelease.analysis.profiling.parts.part_changes import text_spans
from datarelease.analysis.profiling.parts.profile_memo import KeptProfile
from datarelease.analysis.profiling.parts.remember_points import remember_points
from datarelease.analysis.profiling.parts.value_keys import (
    KEY_SIZE,
    MOST_KEYS,
    KeyBatch,
    ValueKeys,
    integers_of,
    keys_of_integers,
)
from datarelease.errors import WorldError

_Types = Mapping[str, nw.dtypes.DType]
_MOST_BYTES = 256 << 20
"""Of the keys of all columns: half of a memo. Columns with more are counted anew each time."""
_SAMPLE = 100_000
"""Rows that tell whether most values are in several."""
_ROWS = 1 << 18
"""Of a batch."""


@dataclass
class KeyedCounts:
    """Columns of pii, whose values are counted by the keys that are kept of them anyway."""

    engine: Engine
    read: Read
    kept: KeptProfile
    salt: str
    left: int = _MOST_BYTES
    """Bytes of keys that may still be kept."""
    values: dict[str, KnownValues] = field(default_factory=dict)
    """What is known of columns whose keys are kept."""

    def count(self, column: Column, texts: nw.LazyFrame[Any]) -> ValueCounts | None:
        """The counts of a column; None: its values have no keys, or are named."""
        if not column.pii:
            return None
        try:
            some = self.engine.value_counts(texts.head(_SAMPLE), top=0)
            found = _Keyed(self.engine, self.read, column, texts, self.salt)
            keys = found.keys(grouped=2 * some.distinct < some.rows)
        except WorldError:  # counting as ever may take less
            return None
        if keys is None or len(found.lengths) > LONGEST:
            return None
        known = KnownValues(rows=found.rows, distinct=len(keys.keys), lengths=found.histogram)
        self.keep(column, keys, known)
        return ValueCounts(
            distinct=known.distinct,
            rows=known.rows,
            length_min=min((length for length, _ in known.lengths), default=0),
            length_max=max((length for length, _ in known.lengths), default=0),
            length_sum=sum(length * rows for length, rows in known.lengths),
        )

    def keep(self, column: Column, keys: ValueKeys, known: KnownValues) -> None:
        """Keep the keys of a column, if there is room for them."""
        blocks = key_blocks(keys)
        size = sum(map(len, blocks))
        if size <= self.left:
            self.left -= size
            self.kept.keep_keys(self.salt, column.name, blocks)
            self.values[column.name] = known


def remember(
    table: Table,
    types: _Types | None,
    columns: Sequence[Column],
    figures: Figures,
    counts: KeyedCounts,
) -> None:
    """Keep what is known of a table of parts that are read alike, and the keys of its values.

    Args:
        table: The parts.
        types: As in `Engine.scan`.
        columns: All of the table.
        figures: Of these columns. They name `NAMED` values of each column of text, and the grids of
            their chains have twice the cells that a profile may have.
        counts: What is known of columns whose keys are kept already.

    Raises:
        UnreadableTable, WorldError: As `profile`.
    """
    engine, values, salt = counts.engine, counts.values, counts.salt
    keyed = []
    for column in columns:
        if column.name in values:
            continue
        if (known := _few(column, figures)) is not None:
            values[column.name] = known
        elif _to_count(column, figures):
            keyed.append(column)
    keyed.sort(key=lambda column: (column.counted, _to_count(column, figures)))
    for column, texts in one_by_one(counts.read, keyed):
        distinct = _to_count(column, figures)
        if column.counted and KEY_SIZE * distinct > counts.left:
            continue
        found = _Keyed(engine, counts.read, column, texts, salt)
        keys = found.keys(grouped=2 * distinct < figures.rows)
        if column.named:
            known = _many(engine, column, texts, figures.counted[column.name], found)
        else:
            # Of times in nanoseconds, different ones are counted only where they are few.
            told = column.counted or column.name in {**figures.counted, **figures.distinct}
            number = distinct if told or keys is None else len(keys.keys)
            known = KnownValues(rows=found.rows, distinct=number)
        if keys is not None and known is not None and len(keys.keys) == known.distinct:
            counts.keep(column, keys, known)
    named = [c for c in columns if c.name in values and values[c.name].first]
    for name, spans in text_spans(engine, table, types, named).items():
        values[name] = replace(values[name], spans=spans)
    numbers = [column for column in columns if column.name not in values]
    points = remember_points(engine, counts.read, numbers, figures, counts.kept, salt)
    known_table = KnownTable(
        shape=engine.shapes(table, types)[0],
        rows=figures.rows,
        parts=parts_of(table),
        columns={column.name: _known(column, figures, values, points) for column in columns},
    )
    counts.kept.keep(salt, known_table, figures.chains)


def parts_of(table: Table) -> tuple[tuple[str, str], ...]:
    """Hash and path of each part."""
    return tuple(zip(table.digests, table.labels, strict=True))


def _few(column: Column, figures: Figures) -> KnownValues | None:
    """What is known of a column whose values are all named; None: they are not."""
    counts = figures.counted.get(column.name)
    if counts is None or column.pii or not column.named or len(counts.top) < counts.distinct:
        return None
    lengths: dict[int, int] = {}
    for text, rows in counts.top if column.kind == "text" else ():
        lengths[len(text)] = lengths.get(len(text), 0) + rows
    return _told(
        KnownValues(
            rows=counts.rows,
            distinct=counts.distinct,
            lengths=tuple(sorted(lengths.items())),
            often=counts.top,
        )
    )


def _to_count(column: Column, figures: Figures) -> int:
    """How many keys a column has; 0: none are kept."""
    counts = figures.counted.get(column.name)
    if column.counted:
        distinct = counts.distinct if counts else 0
    elif column.line is not None and column.name in figures.numbers:
        numbers = figures.numbers[column.name]
        told = numbers.distinct(column.line) is not None or not column.line.has_integers
        finite = numbers.grid.count == figures.filled[column.name]
        most = numbers.grid.count if column.line.finer else 0
        found = counts.distinct if counts else figures.distinct.get(column.name, most)
        distinct = found if finite and not told else 0
    else:
        distinct = 0
    return distinct if distinct <= MOST_KEYS else 0


@dataclass
class _Keyed:
    """The keys of a column's values, and the lengths of texts that were read for them."""

    engine: Engine
    read: Read
    column: Column
    texts: nw.LazyFrame[Any]
    salt: str
    rows: int = 0
    lengths: Integers = field(default_factory=lambda: np.zeros(0, np.int64))

    def keys(self, *, grouped: bool) -> ValueKeys | None:
        """The keys; ``grouped``: values are counted first, since most are in several rows."""
        return ValueKeys.of(self._texts(grouped=grouped) if self.column.counted else self._whole())

    def _whole(self) -> Iterator[KeyBatch]:
        frame = self.read([self.column]).select(nw.col(self.column.name).alias("value"))
        for batch in self.engine.batches(frame, _ROWS):
            numbers = integers_of(batch["value"])
            self.rows += len(numbers)
            keys, _ = keys_of_integers(numbers)
            yield KeyBatch(keys=keys)

    def _texts(self, *, grouped: bool) -> Iterator[KeyBatch]:
        for batch in self.engine.value_keys(self.texts, self.salt, grouped=grouped, rows=_ROWS):
            keys, rests, lengths, rows = (
                number_values(batch[name]) for name in ("key", "rest", "length", "rows")
            )
            self.rows += int(rows.sum())
            if self.column.kind == "text":
                self._measure(lengths, rows if grouped else None)
            yield KeyBatch(keys=keys, rests=rests, rows=rows if grouped else None)

    @property
    def histogram(self) -> tuple[tuple[int, int], ...]:
        """How many rows have so many characters."""
        return tuple((n, int(self.lengths[n])) for n in np.flatnonzero(self.lengths).tolist())

    def _measure(self, lengths: Integers, rows: Integers | None) -> None:
        if len(self.lengths) > LONGEST:
            return
        size = max(len(self.lengths), min(int(lengths.max(initial=0)), LONGEST + 1) + 1)
        counts = np.bincount(np.minimum(lengths, size - 1), rows, minlength=size).astype(np.int64)
        counts[: len(self.lengths)] += self.lengths
        self.lengths = counts


def _many(
    engine: Engine,
    column: Column,
    texts: nw.LazyFrame[Any],
    counts: ValueCounts,
    found: _Keyed,
) -> KnownValues | None:
    """What is known, beside keys, of a column with many values; None: texts are too long."""
    known = KnownValues(rows=counts.rows, distinct=counts.distinct, lengths=found.histogram)
    if len(found.lengths) > LONGEST:
        return None
    if column.pii or column.kind != "text":
        return known
    values = texts.filter(~nw.col("value").is_null())
    ends = []
    for descending in (False, True):
        rows = engine.collect(values.sort("value", descending=descending).head(OUTERMOST))
        ends.append(tuple(sorted({row["value"] for row in rows})))
    return _told(replace(known, often=counts.top, first=ends[0], last=ends[1]))


def _known(
    column: Column,
    figures: Figures,
    values: Mapping[str, KnownValues],
    points: Mapping[str, KnownPoints],
) -> KnownColumn:
    numbers, counts = figures.numbers.get(column.name), figures.counted.get(column.name)
    chain = figures.chains.get(column.name, ())
    kept = None
    if numbers is not None:
        kept = KnownNumbers(
            low=exact_text(numbers.low),
            high=exact_text(numbers.high),
            total=str(numbers.total),
            grids=tuple((grid.level, len(grid.counts)) for grid in chain),
            whole_microseconds=numbers.whole_microseconds,
            values=points.get(column.name),
        )
    filled = counts.rows if column.counted and counts else figures.filled[column.name]
    return KnownColumn(
        type=type_name(column.dtype), filled=filled, numbers=kept, values=values.get(column.name)
    )


def _told(values: KnownValues) -> KnownValues | None:
    """The same, if its texts are not too long to be kept."""
    texts = (*(text for text, _ in values.often), *values.first, *values.last)
    return values if sum(map(len, texts)) <= LONGEST else None
