"""How many different whole numbers a column has: told by their order, or by marks."""

from __future__ import annotations

import numpy as np

from datarelease.analysis.profiling.cells import Integers


class WholeNumbers:
    """The whole numbers of a column in the order of its rows, batch by batch."""

    def __init__(self, room: int) -> None:
        """``room`` are bytes for marks, of which numbers that ascend or descend take none."""
        self._rows = 0
        self._room = room
        self._order: _Order | None = _Order()
        self._marks: _Marks | None = None

    @property
    def count(self) -> int | None:
        """How many of them are different; None: that was not found out."""
        if self._order is not None:
            return self._rows
        return self._marks.count if self._marks is not None else None

    def add(self, values: Integers, *, infinite: int) -> None:
        """Take at least one number more; in so many rows beside them is none that is finite."""
        if self._order is not None and (infinite or not self._order.add(values)):
            self._order = None
            # What came before, if anything did, is not there any more to be marked.
            self._marks = None if self._rows else _Marks(self._room)
        if self._marks is not None and not self._marks.add(values):
            self._marks = None
        self._rows += len(values)


class _Order:
    """Whether numbers ascend, or descend, and none is equal to the one before it."""

    def __init__(self) -> None:
        self._ascends: bool | None = None
        self._last: Integers | None = None

    def add(self, values: Integers) -> bool:
        """Go on with these; False: they do not."""
        if self._last is not None:
            values = np.concatenate((self._last, values))
        self._last = values[-1:].copy()
        if len(values) == 1:
            return True
        if self._ascends is None:
            self._ascends = bool(values[0] < values[-1])
        before, after = (values[:-1], values[1:]) if self._ascends else (values[1:], values[:-1])
        return bool((before < after).all())


class _Marks:
    """Which integers occurred, a byte for each one of their range."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._first = 0
        self._flags = np.zeros(0, np.bool_)

    def add(self, values: Integers) -> bool:
        """Mark integers; False: their range is too large."""
        low, high = int(values.min()), int(values.max()) + 1
        if len(self._flags):
            low, high = min(low, self._first), max(high, self._first + len(self._flags))
        if high - low > self._size:
            return False
        if high - low > len(self._flags):
            # Half as much again, so that ids that grow do not have all marks copied each time.
            flags = np.zeros(min(self._size, (high - low) * 3 // 2), np.bool_)
            if len(self._flags):
                start = self._first - low
                flags[start : start + len(self._flags)] = self._flags
            self._first, self._flags = low, flags
        self._flags[values - self._first] = True
        return True

    @property
    def count(self) -> int:
        return int(np.count_nonzero(self._flags))
