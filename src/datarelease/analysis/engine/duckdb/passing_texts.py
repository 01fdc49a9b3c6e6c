"""What texts say while their hashes are read: lengths, the least and the greatest of them.

So a column of texts that mostly occur once is decoded once. Of the texts themselves only those
leave the engine that lie beyond bounds, which the first rows gave.
"""

# ruff: noqa: S608 - texts become SQL by `literal` alone

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datarelease.analysis.engine.duckdb.sql import literal

_LONGEST = 100
"""Characters of a text up to which all of a batch may leave the engine, as those of a column that
ascends do."""
_BYTES = 4 * _LONGEST
"""Bytes that so many characters take at most."""


class PassingTexts:
    """Figures of the texts in a column, taken from batches that pass by."""

    def __init__(self, least: int, bounds: tuple[str, str]) -> None:
        """``least``: how many of the least texts are wanted, equal ones counted.

        Of the texts up to the lower of the ``bounds`` there are so many at least, and no text that
        is less than the upper one is the greatest.
        """
        self._wanted = least
        self._bounds = bounds
        self._greatest: str | None = None
        self._least: list[tuple[str, int]] = []
        self._shortest = self._longest = -1
        self._characters = 0

    @classmethod
    def between(cls, low: str, high: str, least: int) -> Self | None:
        """The figures, with these bounds; None: they cannot be written as SQL."""
        return None if "\0" in low + high else cls(least, (low, high))

    def query(self, hashed: str) -> str:
        """SQL of the batches; ``hashed`` is that of a hash."""
        low, high = map(literal, self._bounds)
        short = f"CASE WHEN strlen(value) <= {_BYTES} THEN value END"
        return (
            f"SELECT {hashed} AS h, length(value)::UINTEGER AS n, "
            f"CASE WHEN value <= {low} THEN {short} WHEN value >= {high} THEN {short} END AS text "
            "FROM asked WHERE value IS NOT NULL"
        )

    def taken(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches, whose texts are counted while they pass by."""
        for batch in batches:
            if batch.num_rows:
                self._add(batch)
            yield batch

    @property
    def whole(self) -> bool:
        """Whether no text was too long."""
        return self._longest <= _LONGEST

    def figures(self) -> dict[str, Any]:
        """Those of `ValueCounts` that all rows have a part in."""
        return {
            "min": self._least[0][0] if self._least else None,
            "max": self._greatest,
            "length_min": max(0, self._shortest),
            "length_max": max(0, self._longest),
            "length_sum": self._characters,
        }

    def least(self, but: npt.NDArray[np.uint64]) -> list[str]:
        """The least texts in order, without those that have one of these hashes."""
        without = set(but.tolist())
        return [text for text, number in self._least if number not in without]

    def _add(self, batch: pa.RecordBatch) -> None:
        lengths = np.from_dlpack(batch["n"])
        shortest = int(lengths.min())
        self._shortest = shortest if self._shortest < 0 else min(self._shortest, shortest)
        self._longest = max(self._longest, int(lengths.max()))
        self._characters += int(lengths.sum())
        beyond = batch["text"].is_valid()
        if beyond.true_count:
            self._add_texts(batch.select(["h", "text"]).filter(beyond))

    def _add_texts(self, batch: pa.RecordBatch) -> None:
        greatest = pc.max(batch["text"]).as_py()
        self._greatest = greatest if self._greatest is None else max(self._greatest, greatest)
        if len(batch) > self._wanted:
            batch = batch.take(
                pc.select_k_unstable(batch["text"], self._wanted, [("text", "ascending")])
            )
        texts, hashes = batch["text"].to_pylist(), batch["h"].to_pylist()
        some = [*self._least, *zip(texts, hashes, strict=True)]
        self._least = heapq.nsmallest(self._wanted, some)
