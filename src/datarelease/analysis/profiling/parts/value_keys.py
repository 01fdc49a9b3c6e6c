"""How often each value of a column occurs, by the keys of the values: at most 12 bytes for each.

The key of a text is its MD5 behind a text of one's own (`salt_of`), as an integer of 64 bits and
32 bits that tell apart what these take for equal. That of a whole number is the number itself, and
that of any other number where it stands in the order of floats (`cell_values`).
Equal texts have equal keys; other ones could only be made to have them by somebody who knew the
salt before the data, which it is made from.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datarelease.analysis.engine.values import number_values
from datarelease.analysis.profiling.cells import Integers
from datarelease.analysis.profiling.parts.cell_changes import OtherValuesError
from datarelease.analysis.profiling.parts.narrow_numbers import (
    ALL_BYTES,
    bytes_of,
    common_unit,
    from_lower_bytes,
    lower_bytes,
)
from datarelease.model.versions.snapshot import canonical_json

MOST_KEYS = 12_000_000
"""Of a column: 144 MB, and up to half a gigabyte while they are sorted."""
KEY_SIZE = 12
"""Bytes of a key that is kept; 16 more where its value is in several rows."""
_WAITING = MOST_KEYS * 5 // 4
"""Keys that are sorted at a time."""
_REST = (1 << 32) - 1
_HEAD = struct.Struct("<BB?QQ")
"""Bytes of a step from one key to the next and of the rows of a key (0: they are listed apart),
whether there are further bits, what all steps are multiples of, and the first key."""
_ROWS = np.dtype([("place", "<i8"), ("rows", "<i8")])

Keys = npt.NDArray[np.uint64]
Rests = npt.NDArray[np.uint32]


@dataclass(frozen=True, kw_only=True, eq=False)
class KeyBatch:
    """Keys of values, each as often as its value was read, or once."""

    keys: Keys
    rests: Rests | None = None
    """Further bits of each; None: there are none."""
    rows: Integers | None = None
    """In how many rows each value is; None: in one each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ValueKeys:
    """The different values of a column."""

    keys: Keys
    """Ascending, each once."""
    rests: Rests
    """The further bits of each of them."""
    places: Integers
    """Of the keys whose value is in more than one row; ascending."""
    rows: Integers
    """For each of these places, in how many."""

    @classmethod
    def of(
        cls, batches: Iterable[KeyBatch], fewer: Callable[[KeyBatch], KeyBatch] | None = None
    ) -> Self | None:
        """The values in batches of keys.

        None: there are too many, or two values have equal keys and other further bits. With
        ``fewer``, those that it leaves of too many stand for all.
        """
        waiting: list[KeyBatch] = []
        size = 0
        for batch in batches:
            waiting.append(batch)
            size += len(batch.keys)
            if size > _WAITING:
                waiting = [_added(waiting)]
                if fewer is not None:
                    waiting = [fewer(waiting[0])]
                size = len(waiting[0].keys)
                if size > MOST_KEYS:
                    return None
        found = _added(waiting) if waiting else KeyBatch(keys=np.zeros(0, np.uint64))
        found = found if fewer is None else fewer(found)
        keys, rests, rows = found.keys, found.rests, found.rows
        if len(keys) > MOST_KEYS or (keys[1:] == keys[:-1]).any():
            return None
        places = np.zeros(0, np.int64) if rows is None else np.flatnonzero(rows > 1)
        return cls(
            keys=keys,
            rests=_no_rests(len(keys)) if rests is None else rests,
            places=places,
            rows=places if rows is None else rows[places],
        )

    def counts(self, keys: Keys, rests: Rests) -> Integers:
        """In how many rows each of these values is.

        Raises:
            OtherValuesError: Another value has the same key.
        """
        if not len(self.keys):
            return np.zeros(len(keys), np.int64)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        found = self.keys[places] == keys
        if (found & (self.rests[places] != rests)).any():
            raise OtherValuesError
        counts: Integers = found.astype(np.int64)
        if len(self.places):
            at = np.minimum(np.searchsorted(self.places, places), len(self.places) - 1)
            often = found & (self.places[at] == places)
            counts[often] = self.rows[at[often]]
        return counts

    def encoded(self) -> bytes:
        """The bytes that `decoded` makes the same of; ids without gaps take one byte each."""
        steps = np.diff(self.keys, prepend=self.keys[:1])
        unit = common_unit(steps)
        steps = steps // unit if unit > 1 else steps
        width = max(1, bytes_of(int(steps.max(initial=0))))
        first = int(self.keys[0]) if len(self.keys) else 0
        told = bool(self.rests.any())
        dense = bytes_of(int(self.rows.max(initial=1)))
        if dense * len(self.keys) > _ROWS.itemsize * len(self.places):
            dense = 0
        return b"".join(
            (
                _HEAD.pack(width, dense, told, unit, first),
                lower_bytes(self.keys if width == ALL_BYTES else steps, width),
                self.rests.astype("<u4").tobytes() if told else b"",
                lower_bytes(self.counted, dense) if dense else self._listed_rows(),
            )
        )

    def _listed_rows(self) -> bytes:
        repeated = np.empty(len(self.places), _ROWS)
        repeated["place"], repeated["rows"] = self.places, self.rows
        return repeated.tobytes()

    def pieces(self, size: int) -> Iterator[Self]:
        """The same values, ``size`` keys at a time."""
        for start in range(0, len(self.keys), size):
            end = min(start + size, len(self.keys))
            first, last = np.searchsorted(self.places, (start, end))
            yield replace(
                self,
                keys=self.keys[start:end],
                rests=self.rests[start:end],
                places=self.places[first:last] - start,
                rows=self.rows[first:last],
            )

    @classmethod
    def decoded(cls, data: bytes, size: int) -> Self | None:
        """The ``size`` values that these bytes stand for; None: they stand for no such thing."""
        if len(data) < _HEAD.size:
            return None
        width, dense, told, unit, first = _HEAD.unpack_from(data)
        rest = _HEAD.size + width * size
        end = rest + 4 * size * told
        left = len(data) - end - dense * size
        if not 0 < width <= ALL_BYTES or dense > ALL_BYTES or left < 0 or left % _ROWS.itemsize:
            return None
        keys = from_lower_bytes(data, width, size, _HEAD.size)
        if width != ALL_BYTES:
            keys = np.cumsum(keys * np.uint64(unit), dtype=np.uint64) + np.uint64(first)
        if dense:
            all_rows = from_lower_bytes(data, dense, size, end).view(np.int64)
            if left or (all_rows < 1).any():
                return None
            places = np.flatnonzero(all_rows > 1)
            rows = all_rows[places]
        else:
            repeated = np.frombuffer(data, _ROWS, offset=end)
            places, rows = repeated["place"].copy(), repeated["rows"].copy()
        ascending = (keys[1:] > keys[:-1]).all() and (np.diff(places) > 0).all()
        inside = not len(places) or (places[0] >= 0 and places[-1] < size and rows.min() > 1)
        if not ascending or not inside:
            return None
        rests = np.frombuffer(data, "<u4", size, offset=rest) if told else _no_rests(size)
        return cls(keys=keys, rests=rests, places=places, rows=rows)

    @property
    def counted(self) -> Integers:
        """In how many rows the value of each key is."""
        rows = np.ones(len(self.keys), np.int64)
        rows[self.places] = self.rows
        return rows

    @property
    def total(self) -> int:
        """The number of rows with a value."""
        return len(self.keys) + int((self.rows - 1).sum())


def salt_of(parts: Sequence[tuple[str, str]]) -> str:
    """What stands before each text of a table of these parts when its key is made."""
    return hashlib.sha256(canonical_json(sorted(parts))).hexdigest()[:16]


def keys_of_texts(texts: Iterable[str], salt: str) -> tuple[Keys, Rests]:
    """The keys of texts, as `Engine.value_keys` gives them.

    >>> keys, rests = keys_of_texts(["x"], "salt")
    >>> keys.tolist(), rests.tolist()
    ([898397999683368098], [334965989])
    """
    numbers = [
        int.from_bytes(
            hashlib.md5(f"{salt}{text}".encode(), usedforsecurity=False).digest(), "little"
        )
        for text in texts
    ]
    keys = np.array([number >> 64 for number in numbers], np.uint64)
    return keys, np.array([number & _REST for number in numbers], np.uint32)


def integers_of(values: pa.Array) -> npt.NDArray[Any]:
    """The whole numbers of a column that are not null; of dates the days, of times the units."""
    values = values.drop_null()
    if pa.types.is_date(values.type):
        values = values.view(pa.int32())
    elif pa.types.is_timestamp(values.type):
        values = values.view(pa.int64())
    return number_values(values)


def keys_of_integers(values: npt.NDArray[np.int64] | Keys) -> tuple[Keys, Rests]:
    """The keys of whole numbers, which have no further bits."""
    return values.astype(np.int64 if values.dtype.kind == "i" else np.uint64).view(
        np.uint64
    ), np.zeros(len(values), np.uint32)


def _no_rests(size: int) -> Rests:
    return np.broadcast_to(np.zeros(1, np.uint32), size)


def _added(batches: list[KeyBatch]) -> KeyBatch:
    """Each value once, by its key; values with equal keys and other further bits stay apart.

    The batches are let go on the way: they are large.
    """
    keys = np.concatenate([batch.keys for batch in batches])
    rests, rows = _joined(batches, "rests"), _joined(batches, "rows")
    batches.clear()
    if rests is None and rows is None:
        keys.sort()
    else:
        order = np.argsort(keys)
        keys = keys[order]
        rests = None if rests is None else rests[order]
        rows = None if rows is None else rows[order]
    first = np.ones(len(keys), np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    if rests is not None:
        first[1:] |= rests[1:] != rests[:-1]
    starts = np.flatnonzero(first)
    if rows is not None and len(rows):
        rows = np.add.reduceat(rows, starts)
    elif len(starts) < len(keys):
        rows = np.diff(starts, append=len(keys))
    if len(starts) < len(keys):
        keys = keys[starts]
        rests = None if rests is None else rests[starts]
    return KeyBatch(keys=keys, rests=rests, rows=rows)


def _joined(batches: Sequence[KeyBatch], name: str) -> Any:
    """The arrays of all batches together; None: no batch has one."""
    arrays = [getattr(batch, name) for batch in batches]
    if all(array is None for array in arrays):
        return None
    sizes = [len(batch.keys) for batch in batches]
    ones = np.ones if name == "rows" else np.zeros
    kind = np.int64 if name == "rows" else np.uint32
    return np.concatenate(
        [
            ones(size, kind) if array is None else array
            for array, size in zip(arrays, sizes, strict=True)
        ]
    )
