"""Whole numbers in as few bytes each as the largest of them takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ALL_BYTES = 8
"""Bytes of a number that is not shortened."""
_FEW = 64
"""Numbers that tell in most cases that not all are multiples of something."""
_Numbers = npt.NDArray[np.uint64]


def bytes_of(largest: int) -> int:
    """How many bytes a number takes.

    >>> bytes_of(0), bytes_of(255), bytes_of(256)
    (0, 1, 2)
    """
    return (largest.bit_length() + 7) // 8


def common_unit(numbers: _Numbers) -> int:
    """The largest number that all are multiples of, and 1 at least.

    >>> common_unit(np.array([0, 12, 8], np.uint64)), common_unit(np.array([0, 0], np.uint64))
    (4, 1)
    """
    unit = 1
    for some in (numbers[:_FEW], numbers):
        unit = int(np.gcd.reduce(some, initial=0))
        if unit == 1:
            break
    return max(unit, 1)


def lower_bytes(numbers: npt.NDArray[np.uint64] | npt.NDArray[np.int64], width: int) -> bytes:
    """The ``width`` lower bytes of each number."""
    every = numbers.astype("<u8").view(np.uint8).reshape(-1, ALL_BYTES)
    return every[:, :width].tobytes()


def from_lower_bytes(data: bytes, width: int, size: int, start: int) -> _Numbers:
    """The ``size`` numbers whose lower bytes begin at ``start``."""
    found = np.zeros((size, ALL_BYTES), np.uint8)
    found[:, :width] = np.frombuffer(data, np.uint8, width * size, start).reshape(size, width)
    return found.view("<u8").reshape(size).astype(np.uint64, copy=False)
