"""How often the values of a column occur, after rows lost some of them and gained others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datarelease.analysis.engine.values import (
    ValueCounts,
    mask_array,
    number_values,
)
from datarelease.analysis.profiling.cells import Integers
from datarelease.analysis.profiling.columns import Column
from datarelease.analysis.profiling.figures import TOP
from datarelease.analysis.profiling.parts.cell_changes import OtherValuesError, summed
from datarelease.analysis.profiling.parts.kept_keys import KeptKeys
from datarelease.analysis.profiling.parts.known_columns import KnownValues
from datarelease.analysis.profiling.parts.part_changes import ColumnChange
from datarelease.analysis.profiling.parts.value_keys import (
    integers_of,
    keys_of_integers,
    keys_of_texts,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class TextShift:
    """Texts that are in more or less rows than before."""

    texts: Sequence[str]
    """Each once."""
    by: Integers
    """Never 0."""

    @classmethod
    def of(cls, change: ColumnChange) -> TextShift:
        """The difference of the texts."""
        sides = ((change.before, -1), (change.after, 1))
        values = pa.concat_arrays([side.column(0).cast(pa.large_string()) for side, _ in sides])
        weights = np.repeat([by for _, by in sides], [side.num_rows for side, _ in sides])
        weights = weights[number_values(pc.is_valid(values))]
        different = values.drop_null().dictionary_encode()
        places = number_values(different.indices)
        by = np.bincount(places, weights, minlength=len(different.dictionary)).astype(np.int64)
        texts = different.dictionary.filter(mask_array(by != 0))
        return cls(texts=texts.to_pylist(), by=by[by != 0])


def shifted_texts(
    column: Column,
    known: KnownValues,
    keys: KeptKeys | None,
    salt: str,
    shift: TextShift,
    spans: Sequence[tuple[str, str] | None],
) -> ValueCounts:
    """The counts of a column of text after a change.

    Args:
        column: The column.
        known: What was kept of it.
        keys: Of its values; None: ``known`` has all values.
        salt: Of the keys.
        shift: The change.
        spans: The smallest and the largest text of each part now, or of some parts together; empty:
            not known.

    Raises:
        OtherValuesError: What is known does not fit the change, or does not say what the smallest,
            largest or most frequent values are.
    """
    before = _counts(known, keys, salt, shift.texts)
    after = before + shift.by
    if (after < 0).any():
        raise OtherValuesError
    now = dict(zip(shift.texts, after.tolist(), strict=True))
    counts = ValueCounts(
        rows=known.rows + int(shift.by.sum()),
        distinct=known.distinct + int((before == 0).sum()) - int((after == 0).sum()),
    )
    if column.kind == "text":
        counts = _with_lengths(counts, known, shift)
    if column.pii or not column.named or not counts.rows:
        return counts
    named = {text for text, rows in zip(shift.texts, before.tolist(), strict=True) if rows}
    named |= {text for text, _ in known.often}
    some = [span for span in spans if span]
    return _with_texts(counts, known, keys, salt, now, some, len(named))


def shifted_distinct(known: KnownValues, keys: KeptKeys, change: ColumnChange) -> int:
    """How many different whole numbers a column has after a change.

    Raises:
        OtherValuesError: The keys do not fit the change.
    """
    sides = [integers_of(side.column(0)) for side in (change.before, change.after)]
    numbers, _ = keys_of_integers(np.concatenate(sides))
    by = np.repeat([-1, 1], [len(side) for side in sides])
    points, by = summed(numbers.view(np.int64), by)
    found, rests = keys_of_integers(points)
    before = keys.counts(found, rests)
    after = before + by
    if (after < 0).any():
        raise OtherValuesError
    return known.distinct + int((before == 0).sum()) - int((after == 0).sum())


def _counts(known: KnownValues, keys: KeptKeys | None, salt: str, texts: Sequence[str]) -> Integers:
    """In how many rows each text was."""
    if known.complete:
        rows = dict(known.often)
        return np.array([rows.get(text, 0) for text in texts], np.int64)
    if keys is None:
        raise OtherValuesError
    often = keys_of_texts([text for text, _ in known.often], salt)
    if keys.counts(*often).tolist() != [rows for _, rows in known.often]:
        raise OtherValuesError
    found, rests = keys_of_texts(texts, salt)
    if len(np.unique(found)) < len(found):
        raise OtherValuesError
    return keys.counts(found, rests)


def _with_lengths(counts: ValueCounts, known: KnownValues, shift: TextShift) -> ValueCounts:
    lengths = dict(known.lengths)
    for text, by in zip(shift.texts, shift.by.tolist(), strict=True):
        lengths[len(text)] = lengths.get(len(text), 0) + by
    left = {length: rows for length, rows in lengths.items() if rows}
    if any(rows < 0 for rows in left.values()) or sum(left.values()) != counts.rows:
        raise OtherValuesError
    return ValueCounts(
        rows=counts.rows,
        distinct=counts.distinct,
        length_min=min(left, default=0),
        length_max=max(left, default=0),
        length_sum=sum(length * rows for length, rows in left.items()),
    )


def _with_texts(
    counts: ValueCounts,
    known: KnownValues,
    keys: KeptKeys | None,
    salt: str,
    now: Mapping[str, int],
    spans: Sequence[tuple[str, str]],
    named: int,
) -> ValueCounts:
    """With the smallest and the largest text, and the most frequent ones.

    ``named`` is how many of the texts that there were are known themselves.
    """
    often = {**dict(known.often), **now}
    if known.complete:
        left = {text: rows for text, rows in often.items() if rows}
        low, high = min(left), max(left)
    else:
        first = _kept(known.first, keys, salt, now, lambda text: text <= known.first[-1])
        last = _kept(known.last, keys, salt, now, lambda text: text >= known.last[0])
        if not spans and not (first and last):
            raise OtherValuesError
        low = min(low for low, _ in spans) if spans else min(first)
        high = max(high for _, high in spans) if spans else max(last)
        left = {text: rows for text, rows in often.items() if rows}
        if named < known.distinct:
            # Whatever stood before the last of these, or does now, is among them.
            last_text, floor = max(known.often, key=_rank)
            place = _rank((last_text, floor))
            left = {text: rows for text, rows in left.items() if _rank((text, rows)) <= place}
            wanted = min(TOP, counts.distinct)
            # Of many texts none of which occurs twice, a profile names none.
            if len(left) < wanted and (counts.distinct < counts.rows or counts.distinct <= TOP):
                single = [text for text, rows in first.items() if rows == 1]
                if floor > 1 or len(left) + len(single) < wanted:
                    raise OtherValuesError
                left |= dict.fromkeys(single, 1)
    top = sorted(left.items(), key=_rank)[:TOP]
    return replace(counts, min=low, max=high, top=tuple(top))


def _rank(counted: tuple[str, int]) -> tuple[int, str]:
    """Where a text and its rows stand among the most frequent ones."""
    return -counted[1], counted[0]


def _kept(
    listed: Sequence[str],
    keys: KeptKeys | None,
    salt: str,
    now: Mapping[str, int],
    among: Callable[[str], bool],
) -> dict[str, int]:
    """The texts at one end of a column that are there after a change, and their rows."""
    if not listed or keys is None:
        raise OtherValuesError
    others = [text for text in listed if text not in now]
    rows = keys.counts(*keys_of_texts(others, salt)).tolist()
    found = dict(zip(others, rows, strict=True))
    found |= {text: count for text, count in now.items() if among(text)}
    return {text: count for text, count in found.items() if count}
