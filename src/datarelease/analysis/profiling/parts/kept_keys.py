"""The keys of a column's values in blocks, of which a change of few values needs few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datarelease.analysis.profiling.cells import Integers
from datarelease.analysis.profiling.parts.cell_changes import OtherValuesError
from datarelease.analysis.profiling.parts.value_keys import Keys, Rests, ValueKeys

ReadBlocks = Callable[[Sequence[int]], list[bytes] | None]
"""Reads blocks by their places; None: they are not known."""
_BLOCK = 4096
"""Keys of a block: a few hundred values asked for are a small part of a large column."""
_AT_ONCE = 256
"""Blocks in memory at a time."""
_LISTED = np.dtype([("first", "<u8"), ("keys", "<i8"), ("rows", "<i8")])


def key_blocks(keys: ValueKeys) -> list[bytes]:
    """The blocks of keys that `KeptKeys` reads; the first one lists the others."""
    pieces = list(keys.pieces(_BLOCK))
    listed = np.empty(len(pieces), _LISTED)
    listed["first"] = keys.keys[::_BLOCK]
    listed["keys"] = [len(piece.keys) for piece in pieces]
    listed["rows"] = [piece.total for piece in pieces]
    return [listed.tobytes(), *(piece.encoded() for piece in pieces)]


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptKeys:
    """The different values of a column, as blocks have them."""

    read: ReadBlocks
    first: Keys
    """The first key of each block; ascending."""
    sizes: Sequence[int]
    """The number of keys of each block."""
    rows: Sequence[int]
    """In how many rows the values of each block are."""

    @classmethod
    def of(cls, read: ReadBlocks, *, distinct: int, rows: int) -> KeptKeys | None:
        """What `key_blocks` made of so many keys of values in so many rows; None: not known."""
        blocks = read([0])
        if blocks is None or len(blocks[0]) % _LISTED.itemsize:
            return None
        listed = np.frombuffer(blocks[0], _LISTED)
        first = listed["first"].copy()
        sizes, held = listed["keys"].tolist(), listed["rows"].tolist()
        possible = all(0 < size <= number for size, number in zip(sizes, held, strict=True))
        if not possible or not (first[1:] > first[:-1]).all():
            return None
        if (sum(sizes), sum(held)) != (distinct, rows):
            return None
        return cls(read=read, first=first, sizes=sizes, rows=held)

    def counts(self, keys: Keys, rests: Rests) -> Integers:
        """In how many rows each of these values is.

        Raises:
            OtherValuesError: Another value has the same key, or a block is not what it should be.
        """
        found = np.zeros(len(keys), np.int64)
        places = np.searchsorted(self.first, keys, "right") - 1
        order = np.argsort(places, kind="stable")
        order = order[np.searchsorted(places[order], 0) :]  # smaller keys than all are of no value
        wanted, starts = np.unique(places[order], return_index=True)
        groups = np.split(order, starts[1:])
        for block, here in zip(self._blocks(wanted.tolist()), groups, strict=False):
            found[here] = block.counts(keys[here], rests[here])
        return found

    def overlapping(self, lows: Keys, highs: Keys) -> tuple[Keys, Integers]:
        """All keys of blocks that may have one of these ranges of keys, and their rows.

        Raises:
            OtherValuesError: A block is not what it should be.
        """
        starts = np.maximum(np.searchsorted(self.first, lows, "right") - 1, 0)
        ends = np.searchsorted(self.first, highs, "right")
        changes = np.zeros(len(self.first) + 1, np.int64)
        np.add.at(changes, starts, 1)
        np.add.at(changes, np.maximum(starts, ends), -1)
        return self._joined(np.flatnonzero(np.cumsum(changes[:-1])).tolist())

    def all(self) -> tuple[Keys, Integers]:
        """All keys, and their rows.

        Raises:
            OtherValuesError: A block is not what it should be.
        """
        return self._joined(range(len(self.first)))

    def _joined(self, places: Sequence[int]) -> tuple[Keys, Integers]:
        none = np.zeros(0, np.uint64), np.zeros(0, np.int64)
        blocks = [none, *((block.keys, block.counted) for block in self._blocks(places))]
        keys, rows = (np.concatenate(side) for side in zip(*blocks, strict=True))
        return keys, rows

    def _blocks(self, places: Sequence[int]) -> Iterator[ValueKeys]:
        for start in range(0, len(places), _AT_ONCE):
            some = places[start : start + _AT_ONCE]
            blocks = self.read([place + 1 for place in some])
            if blocks is None:
                raise OtherValuesError
            for place, data in zip(some, blocks, strict=True):
                yield self._block(place, data)

    def _block(self, place: int, data: bytes) -> ValueKeys:
        block = ValueKeys.decoded(data, self.sizes[place])
        if block is None or block.total != self.rows[place] or not self._fits(place, block.keys):
            raise OtherValuesError
        return block

    def _fits(self, place: int, keys: npt.NDArray[np.uint64]) -> bool:
        """Whether keys are those of the block at a place."""
        last = place + 1 == len(self.first) or keys[-1] < self.first[place + 1]
        return bool(keys[0] == self.first[place] and last)
