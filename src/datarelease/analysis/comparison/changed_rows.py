"""Every row that differs, as a Parquet file: its key, and its values before and after.

The rows are taken from those that the row diff kept on disk. Of rows that were added or removed
the values are read once more, by a join with their keys, as many as the budget allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datarelease.analysis.comparison.row_plan import ChangeKind, Frames, RowPlan
from datarelease.analysis.engine.column_types import kind_of
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.row_columns import CHANGE_COLUMNS, KEY, NEW, OLD, row_batch
from datarelease.analysis.engine.row_files import BATCH, RowWriter, fair_shares, shown, with_mask
from datarelease.analysis.engine.staging import of_size
from datarelease.analysis.engine.values import (
    number_array,
    repeated_text,
    text_array,
    text_scalar,
)
from datarelease.model.review.diff import RowDiff
from datarelease.model.review.report import MASK


def write_changed_rows(
    engine: Engine,
    plan: RowPlan,
    differing: nw.LazyFrame[Any],
    sides: Frames,
    diff: RowDiff,
    file: RowWriter,
) -> None:
    """Write the rows of a diff, an equal part of each kind where there is no room for all.

    Args:
        engine: Runs the queries.
        plan: What was compared with what.
        differing: The rows that differ, as `RowPlan.differing` gives them.
        sides: The tables that were compared.
        diff: What was found.
        file: Takes the rows.

    Raises:
        UnreadableTable, WorldError: As `diff_rows`.
    """
    rows = _ChangedRows(plan)
    counts: dict[ChangeKind, int] = {
        "changed": diff.changed,
        "added": diff.added,
        "removed": diff.removed,
    }
    shares = fair_shares([*counts.values()], file.room)
    for kind, share in zip(counts, shares, strict=True):
        if share:
            frame = differing.filter(nw.col("kind") == kind).sort(*plan.key_names)
            frame = frame.head(share) if share < counts[kind] else frame
            if kind != "changed":
                side = plan.side(sides[kind == "added"], "v")
                frame = _with_values(plan, frame.select(*plan.key_names), side, rows.told)
            with closing(of_size(engine.batches(frame, BATCH), BATCH)) as batches:
                for batch in batches:
                    if batch.num_rows:
                        file.add(rows.written(kind, batch))
                    if not file.room:
                        break


def _with_values(
    plan: RowPlan, keys: nw.LazyFrame[Any], side: nw.LazyFrame[Any], told: Sequence[int]
) -> nw.LazyFrame[Any]:
    """The rows of a table that have one of some keys."""
    names = plan.key_names
    values = side.select(*(f"v{name}" for name in names), *(f"v{place}" for place in told))
    found = keys.join(values, left_on=names, right_on=[f"v{name}" for name in names])
    return found.select(*names, *(f"v{place}" for place in told)).sort(*names)


class _ChangedRows:
    """Batches of rows that differ, as the file has them."""

    def __init__(self, plan: RowPlan) -> None:
        self._plan = plan
        self._pii = frozenset(plan.dataset.pii)
        self._mask = str(MASK)
        self.told = [
            place
            for place, name in enumerate(plan.columns)
            if name not in self._pii and kind_of(plan.types[name]) != "other"
        ]
        """The places of the columns whose values are written; others are null."""

    def written(self, kind: ChangeKind, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a batch, all of one kind."""
        size = batch.num_rows
        found: dict[str, pa.Array] = {"kind": repeated_text(kind, size)}
        for place, name in enumerate(self._plan.dataset.key):
            column = batch.column(f"k{place}")
            found[f"{KEY}{name}"] = (
                with_mask(column, str(MASK)) if name in self._pii else shown(column)
            )
        found["columns"] = self._changed_columns(kind, batch)
        for place, name in enumerate(self._plan.columns):
            found[f"{OLD}{name}"], found[f"{NEW}{name}"] = self._values(kind, batch, place, name)
        return row_batch(CHANGE_COLUMNS, found)

    def _values(
        self, kind: ChangeKind, batch: pa.RecordBatch, place: int, name: str
    ) -> tuple[pa.Array, pa.Array]:
        """The values of a column before and after."""
        size = batch.num_rows
        if name in self._pii:
            marks = batch.column(f"d{place}") if kind == "changed" else pa.nulls(size).is_null()
            there = pc.if_else(marks, text_scalar(str(MASK)), text_scalar(None))
        elif place not in self.told:
            there = pa.nulls(size, pa.string())
        elif kind == "changed":
            return shown(batch.column(f"b{place}")), shown(batch.column(f"a{place}"))
        else:
            there = shown(batch.column(f"v{place}"))
        nothing = pa.nulls(size, there.type)
        return (
            there if kind != "added" else nothing,
            there if kind != "removed" else nothing,
        )

    def _changed_columns(self, kind: ChangeKind, batch: pa.RecordBatch) -> pa.Array:
        """The names of the columns that changed, a list a row; of new and lost rows none."""
        names = self._plan.columns
        if kind != "changed" or not names:
            ends = np.zeros(batch.num_rows + 1, np.int32)
            return pa.ListArray.from_arrays(number_array(ends), pa.nulls(0, pa.string()))
        marks = [batch.column(f"d{place}") for place in range(len(names))]
        differs = np.column_stack([np.from_dlpack(mark.cast(pa.uint8())) for mark in marks])
        ends = np.concatenate([[0], np.cumsum(differs.sum(axis=1))]).astype(np.int32)
        changed = text_array(names).take(number_array(np.nonzero(differs)[1]))
        return pa.ListArray.from_arrays(number_array(ends), changed)
