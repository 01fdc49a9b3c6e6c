"""Which hashes more than one row has, by sorting them: cheaper than by groups of rows.

Hashes that do not fit into memory at once are sorted in runs, which a temporary file holds.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
_BYTES = 8
"""Of a hash."""
_BUFFERS = 3
"""Parts of the memory: one is filled while the others are sorted."""
_SLICES = 256
"""Of equal width, into which hashes fall: where each of them is in a run is known."""
_STARTS = np.arange(_SLICES, dtype=np.uint64) << np.uint64(56)


@dataclass(frozen=True, kw_only=True, eq=False)
class RepeatedHashes:
    """The hashes that more than one of so many rows has."""

    rows: int
    hashes: Hashes
    """Ascending, each as often as rows have it."""


QueryRows = Callable[[str], Iterator[pa.RecordBatch]]
"""The rows of a query."""
Repeated = Callable[[Iterable[pa.RecordBatch], int], RepeatedHashes | None]
"""`repeated_hashes` of batches, of which so many rows at most may have them."""


def repeated_hashes(
    batches: Iterable[pa.RecordBatch], *, memory: int, scratch: Path, most: int
) -> RepeatedHashes | None:
    """Those among the hashes, the first column of ``batches``; None: too many, or one is null.

    Args:
        batches: They are read once, and no further than to what decides.
        memory: Bytes for hashes.
        scratch: A directory for those that take more; it is made where it is needed.
        most: How many rows may have a hash that another row has, too.
    """
    found: list[Hashes] = []
    with ExitStack() as closing:
        runs = _Runs(max(1, memory // (_BUFFERS * _BYTES)), scratch, closing)
        for batch in batches:
            if batch.column(0).null_count:
                return None
            hashes: Any = np.from_dlpack(batch.column(0))  # `to_numpy` would import pandas
            runs.add(hashes)
            if runs.repeated > most:
                return None
        for piece in runs.merged():
            found.append(_repeated(piece))
            if sum(map(len, found)) > most:
                return None
        return RepeatedHashes(rows=runs.rows, hashes=np.concatenate(found))


def _repeated(hashes: Hashes) -> Hashes:
    """Those that are more than once among sorted ``hashes``, as often as they are."""
    same = hashes[1:] == hashes[:-1]
    if not same.any():
        return np.empty(0, np.uint64)  # not a part of ``hashes``, which would stay in memory
    several: Hashes = hashes[np.append(same, False) | np.append(False, same)]
    return several


def _in_order(hashes: Hashes) -> Hashes:
    hashes.sort()
    return hashes


class _Runs:
    """Hashes of which ``size`` are gathered, while some runs of as many are sorted."""

    def __init__(self, size: int, scratch: Path, closing: ExitStack) -> None:
        self.rows = 0
        self.repeated = 0
        """Rows of which is known that others have their hash, too."""
        self._size, self._scratch, self._closing = size, scratch, closing
        # Unwritten pages cost nothing.
        self._free: list[Hashes] = [np.empty(size, np.uint64) for _ in range(_BUFFERS)]
        self._gathered = self._free.pop()
        self._filled = 0
        self._sorting: deque[Future[Hashes]] = deque()
        self._places: list[npt.NDArray[np.intp]] = []
        """Where the slices of each run begin in the file, and where the last one ends."""

    def add(self, hashes: Hashes) -> None:
        """Take hashes."""
        self.rows += len(hashes)
        while len(hashes):
            if self._filled == self._size:
                self._hand_over()
            some, hashes = np.split(hashes, [self._size - self._filled])
            self._gathered[self._filled : self._filled + len(some)] = some
            self._filled += len(some)

    def merged(self) -> Iterator[Hashes]:
        """All hashes, sorted, in pieces; equal ones are in one piece."""
        if not self._sorting and not self._places:
            hashes = self._gathered[: self._filled]
            hashes.sort()
            yield hashes
            return
        self._hand_over()
        while self._sorting:
            self._write()
        self._free = []
        sizes = np.diff(self._places).sum(axis=0)
        first = 0
        while first < _SLICES:
            last = first + 1
            while last < _SLICES and sizes[first : last + 1].sum() <= self._size:
                last += 1
            piece = np.concatenate([self._read(*places[[first, last]]) for places in self._places])
            piece.sort(kind="stable")  # which merges sorted runs
            yield piece
            first = last

    def _hand_over(self) -> None:
        """Have what is gathered sorted, and gather in what is free then."""
        if not self._sorting and not self._places:
            self._scratch.mkdir(parents=True, exist_ok=True)
            # It is gone when it is closed, or when the process ends.
            file = tempfile.TemporaryFile(dir=self._scratch, buffering=0)  # noqa: SIM115 - below
            self._file: IO[bytes] = self._closing.enter_context(file)
            self._workers = self._closing.enter_context(ThreadPoolExecutor(_BUFFERS - 1))
        run, self._filled = self._gathered[: self._filled], 0
        self._sorting.append(self._workers.submit(_in_order, run))
        if not self._free:
            self._write()
        self._gathered = self._free.pop()

    def _write(self) -> None:
        """Write the run that was handed over first."""
        run = self._sorting.popleft().result()
        self.repeated += len(_repeated(run))
        run.tofile(self._file)
        start = self._places[-1][-1] if self._places else 0
        self._places.append(start + np.append(np.searchsorted(run, _STARTS), len(run)))
        self._free.append(run if run.base is None else run.base)

    def _read(self, start: int, end: int) -> Hashes:
        self._file.seek(int(start) * _BYTES)
        return np.fromfile(self._file, np.uint64, int(end - start))
