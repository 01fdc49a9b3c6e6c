"""Rows compared by key: which were added, removed or changed, and in which columns."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import narwhals as nw

from datarelease.analysis.comparison.row_plan import row_plan
from datarelease.analysis.engine.column_types import common_type
from datarelease.analysis.engine.staging import reread, staged
from datarelease.analysis.engine.tables import Engine, Table
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
    plan = row_plan(dataset, schemas, engine.held)
    if isinstance(plan, str):
        return plan
    old, new = engine.scan(before, types[0]), engine.scan(after, types[1])
    old, new = old.head(0) if empty[0] else old, new.head(0) if empty[1] else new
    with ExitStack() as stages:
        old = stages.enter_context(reread(engine, before, old, scratch=scratch))
        new = stages.enter_context(reread(engine, after, new, scratch=scratch))
        rows = _rows(engine, old, dataset.key, "before")
        problem = rows if isinstance(rows, str) else _rows(engine, new, dataset.key, "after")
        if isinstance(rows, str) or isinstance(problem, str):
            return str(problem)
        differing = stages.enter_context(staged(engine, plan.differing(old, new), scratch=scratch))
        return plan.result(engine, differing, (old, new), rows, skipped_files)


def _agreed_types(engine: Engine, before: Table, after: Table) -> tuple[_Types, _Types]:
    """The types to read both sides with.

    Each CSV file's types were inferred for itself: what looks like integers on one side and like
    text on the other is the same column of text.
    """
    if "csv" not in {before.format, after.format}:
        return {}, {}
    schemas = engine.types(before), engine.types(after)
    agreed = {
        name: _agreed(schemas[0][name], dtype)
        for name, dtype in schemas[1].items()
        if schemas[0].get(name, dtype) != dtype
    }
    return agreed if before.format == "csv" else {}, agreed if after.format == "csv" else {}


def _agreed(one: nw.dtypes.DType, two: nw.dtypes.DType) -> nw.dtypes.DType:
    numbers = one.is_numeric() and two.is_numeric()
    return common_type(one, two) or (nw.Float64() if numbers else nw.String())


def _rows(engine: Engine, frame: nw.LazyFrame[Any], key: tuple[str, ...], when: str) -> int | str:
    """The number of rows, or why the key identifies none. A join on duplicates would fan out."""
    missing = reduce(or_, (nw.col(column).is_null() for column in key))
    asked = frame.select(rows=nw.len(), missing=missing.cast(nw.Int64).sum())
    row = engine.collect(asked)[0]
    names = ", ".join(repr(column) for column in key)
    if row["missing"]:
        return f"the key {names} is null in {int(row['missing'])} rows {when}"
    keys = frame.select(*(nw.col(column).alias(f"k{i}") for i, column in enumerate(key)))
    if len(key) == 1:
        unique = engine.collect(keys.select(n=nw.col("k0").n_unique()))[0]["n"]
    else:
        unique = engine.collect(keys.unique().select(n=nw.len()))[0]["n"]
    if row["rows"] and int(unique) < int(row["rows"]):
        return f"the key {names} is not unique {when}: {int(row['rows'] - unique)} rows too many"
    return int(row["rows"])
