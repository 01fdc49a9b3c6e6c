"""Rows compared by key: which were added, removed or changed, and in which columns."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import narwhals as nw

from datarelease.analysis.comparison.changed_rows import write_changed_rows
from datarelease.analysis.comparison.row_keys import count_rows, is_unique_before, key_problem
from datarelease.analysis.comparison.row_pairs import RowPairs, row_pairs
from datarelease.analysis.comparison.row_plan import TEXT_LIMIT, Frames, RowPlan, row_plan
from datarelease.analysis.comparison.row_result import row_diff
from datarelease.analysis.engine.column_types import common_type
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.row_files import LONGEST_CELL, RowWriter
from datarelease.analysis.engine.staging import reread, staged
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.model.data.dataset import Dataset
from datarelease.model.review.diff import RowDiff

_Types = Mapping[str, nw.dtypes.DType]


def diff_rows(
    engine: Engine,
    before: Table | None,
    after: Table | None,
    dataset: Dataset,
    *,
    skipped_files: int = 0,
    scratch: Path | None = None,
    file: RowWriter | None = None,
) -> RowDiff | str:
    """The rows of two tables compared by key, or why they cannot be, in words.

    Null equals null (NaN is null here) and -0.0 equals 0.0. Columns on one side only change no
    row. Columns of different types are compared in the type that holds both without loss; where
    there is none they are left out. One join finds the rows that differ; only their keys and the
    columns in question are kept, on disk, and from there counted and picked as examples: memory
    stays within the engine's limit however much has changed.

    Args:
        engine: Runs the queries.
        before: The files before, without those whose equals are in ``after``; None: no such
            files, so that every row is new (parts that were appended, say).
        after: The files after, likewise.
        dataset: Its key and pii columns.
        skipped_files: Part files with equal hashes that were left out of both tables.
        scratch: Where intermediate files go; default: the system's temporary directory.
        file: Takes the rows that differ.

    Raises:
        UnreadableTable: A file is missing or no such table.
        WorldError: Out of memory or disk.
    """
    one_side = after if before is None else before
    if one_side is None:
        return "there are no files to compare"
    # A side without files is the other one without rows: the same columns, nothing in them.
    empty = before is None, after is None
    before, after = before or one_side, after or one_side
    types = _agreed_types(engine, before, after)
    schemas = engine.types(before, types[0]), engine.types(after, types[1])
    plan = row_plan(dataset, schemas, engine.held, LONGEST_CELL if file is not None else TEXT_LIMIT)
    if isinstance(plan, str):
        return plan
    old, new = engine.scan(before, types[0]), engine.scan(after, types[1])
    old, new = old.head(0) if empty[0] else old, new.head(0) if empty[1] else new
    with ExitStack() as stages:
        sides = (
            stages.enter_context(reread(engine, before, old, scratch=scratch)),
            stages.enter_context(reread(engine, after, new, scratch=scratch)),
        )
        tables = None if any(empty) else (before, after)
        return _compared(engine, plan, sides, tables, skipped_files, scratch, file)


def _compared(
    engine: Engine,
    plan: RowPlan,
    sides: Frames,
    tables: tuple[Table, Table] | None,
    skipped_files: int,
    scratch: Path | None,
    file: RowWriter | None,
) -> RowDiff | str:
    """The diff, or why the key does not identify the rows.

    That the keys are unique is found with the diff; by which rows they are not is asked only after
    that failed. It also fails if a file records wrong bounds of its keys.
    """
    for pairs in row_pairs(engine, plan, sides, tables):
        diff = _diff(engine, plan, pairs, skipped_files, scratch, file)
        if diff is not None:
            return diff
        problem = key_problem(engine, sides, plan.dataset.key)
        if problem is not None:
            return problem
    raise UnreadableTable("", "the files changed while they were read")


def _diff(
    engine: Engine,
    plan: RowPlan,
    pairs: RowPairs,
    skipped_files: int,
    scratch: Path | None,
    file: RowWriter | None,
) -> RowDiff | None:
    """The diff, as ``pairs`` find it; None: keys are not unique."""
    key = plan.dataset.key
    rows = count_rows(engine, pairs, key)
    if rows is None:
        return None
    with staged(engine, pairs.differing, scratch=scratch) as differing:
        diff = row_diff(engine, plan, differing, pairs.sides, rows[0], skipped_files)
        if not is_unique_before(engine, diff, differing, pairs, rows, key):
            return None
        if file is not None:
            write_changed_rows(engine, plan, differing, pairs.sides, diff, file)
        return diff


def _agreed_types(engine: Engine, before: Table, after: Table) -> tuple[_Types, _Types]:
    """The types to read both sides with.

    The types of text were inferred for each side by itself: what looks like integers on one side
    and like text on the other is the same column of text.
    """
    if not before.is_text and not after.is_text:
        return {}, {}
    schemas = engine.types(before), engine.types(after)
    agreed = {
        name: _agreed(schemas[0][name], dtype)
        for name, dtype in schemas[1].items()
        if schemas[0].get(name, dtype) != dtype
    }
    return agreed if before.is_text else {}, agreed if after.is_text else {}


def _agreed(one: nw.dtypes.DType, two: nw.dtypes.DType) -> nw.dtypes.DType:
    numbers = one.is_numeric() and two.is_numeric()
    return common_type(one, two) or (nw.Float64() if numbers else nw.String())
