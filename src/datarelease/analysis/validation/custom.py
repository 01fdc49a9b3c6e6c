"""Custom checks: run on the engine if possible, otherwise in Pandera itself.

A small table is handed to Pandera whole. On a larger one a check written with plain operators
(``>``, ``&``, ``+``, …) runs as a Narwhals expression, provided that Pandera counts the same on
the first rows. What is left runs in Pandera on batches, provided that it looks at each row by
itself; where it does not, the fault says so.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa

from datarelease.analysis.engine.errors import EngineRefusedError
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.validation import pandera_private as pandera
from datarelease.analysis.validation.checks import CheckFault
from datarelease.analysis.validation.examples import ExampleRules, Rows
from datarelease.errors import WorldError
from datarelease.model.review.report import EXAMPLES

BATCH_ROWS = 100_000
"""Rows that are handed to pandas at once."""
_TRIAL_ROWS = 10_000
_ALONE = 50
_FAIL = "\N{SYMBOL FOR START OF TEXT}fail"


@dataclass(frozen=True, kw_only=True)
class Task:
    """One custom check on one table."""

    check: Any
    column: str | None
    """None: the check is given the whole table."""
    columns: tuple[str, ...]
    """What it may look at."""
    showing: ExampleRules
    rows: int
    ordered: bool = True
    """The rows come in file order; on a cluster they do not, if there is a key to sort examples."""


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    count: int
    examples: list[dict[str, Any]]
    rowwise: list[bool] | None
    """For each row looked at, whether it fails; None: one answer for all."""


def run(engine: Engine, frame: nw.LazyFrame[Any], task: Task) -> tuple[int, Rows]:
    """How many rows fail, and some of them; a check with one answer for all counts 1 or 0.

    ``frame`` is of an ordered scan (`Engine.scan`), if the task is ``ordered``.

    Raises:
        CheckFault: The check raised, or needs all of a large column at once.
        EngineRefusedError: It looks at more than one row, and the rows have no order.
    """
    names = tuple(dict.fromkeys((*task.showing.key, *task.columns)))
    frame = frame.select(*names, *(engine.order if task.ordered else ()))
    if task.rows > BATCH_ROWS:
        found = _on_engine(engine, frame, task)
        if found is not None:
            return found
    outcomes = [_in_pandera(batch, task) for batch in _checked_batches(engine, frame, task)]
    examples = [row for outcome in outcomes for row in outcome.examples]
    if task.showing.key:
        examples.sort(key=lambda row: [(v is None, v) for v in map(row.get, task.showing.key)])
    shown = (*task.showing.key, *((task.column,) if task.column else task.columns))
    rows = ({name: row[name] for name in shown} for row in examples[:EXAMPLES])
    return sum(o.count for o in outcomes), task.showing.masked(rows)


def _checked_batches(
    engine: Engine, frame: nw.LazyFrame[Any], task: Task
) -> Iterator[pa.RecordBatch]:
    """The rows in batches, after the first has shown that the check may be given batches."""
    for place, batch in enumerate(engine.batches(frame, BATCH_ROWS)):
        if place == 0 and not (task.ordered and task.rows <= batch.num_rows):
            _must_be_rowwise(batch, task)
        yield batch


def _must_be_rowwise(batch: pa.RecordBatch, task: Task) -> None:
    """Refuse a check that looks at more than one row.

    That cannot be proven of a function; but one that gives each row the same answer among all
    rows, among half of them, twice over, backwards and alone, hardly looks beyond the row.
    """
    if task.check.element_wise:
        return
    size = batch.num_rows
    every = list(range(size))
    alone = [[place] for place in every[:: max(1, size // _ALONE)]]
    orders = [every[: size // 2], every[size // 2 :], every + every, every[::-1], *alone]
    whole = None if task.check.groupby is not None else _in_pandera(batch, task).rowwise
    if whole is None or any(
        _in_pandera(batch.take(pa.array(order, pa.int64())), task).rowwise
        != [whole[place] for place in order]
        for order in orders
    ):
        if not task.ordered:
            raise EngineRefusedError(
                f"The check {task.check.name or task.check.error or 'in Python'} looks at more "
                "than one row. The rows of a cluster have no order, so its result would be chance.",
                untouched="Nothing was written.",
                remedy="Write a check of single rows. Without DATARELEASE_SPARK_REMOTE, or with "
                "`release.engine: duckdb`, this machine computes.",
            )
        raise CheckFault(
            f"looks at the whole column at once, which is possible up to {BATCH_ROWS:,} rows; "
            f"the table has {task.rows:,}. Write it with plain operators (>, <, ==, &, |, +, -)"
        )


def _in_pandera(batch: pa.RecordBatch, task: Task) -> _Outcome:
    """Pandera's result for some rows."""
    check, data = task.check, batch.to_pandas()
    grouped = check.groupby is not None
    given = data if task.column is None or grouped else data[task.column]
    if task.column is None:
        given = data[list(task.columns)]
    with _without_values():
        result = check(given, task.column) if grouped and task.column else check(given)
        passed = result.check_output
        if getattr(passed, "ndim", 0) == 0:
            return _Outcome(count=int(not passed), examples=[], rowwise=None)
        if passed.ndim == 2:  # noqa: PLR2004 - a table of answers, one for each cell
            passed = passed.all(axis=1)
        failed = ~passed.astype(bool)
        if grouped or not failed.index.isin(data.index).all():
            return _Outcome(count=int(failed.sum()), examples=[], rowwise=None)
        failed = failed.reindex(data.index, fill_value=False)
    keys = list(task.showing.key)
    some = data[failed].sort_values(keys) if keys else data[failed]
    # From the batch, since pandas turns integers into floats beside missing values.
    examples = batch.take(pa.array(some.index[:EXAMPLES].to_list(), pa.int64())).to_pylist()
    return _Outcome(count=int(failed.sum()), examples=examples, rowwise=failed.tolist())


@contextmanager
def _without_values() -> Iterator[None]:
    """Turn whatever a check raises into a fault that quotes no data."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a check may raise anything
        frames = [f for f in traceback.extract_tb(error.__traceback__) if _of_user(f.filename)]
        place = (
            f" in line {frames[-1].lineno} of {Path(frames[-1].filename).name}" if frames else ""
        )
        raise CheckFault(f"raised {type(error).__name__}{place}") from None


def _of_user(filename: str) -> bool:
    return "site-packages" not in filename and "datarelease/analysis" not in filename


def failing(
    engine: Engine, frame: nw.LazyFrame[Any], task: Task
) -> Generator[pa.RecordBatch, None, None]:
    """The rows that fail, in batches; none where a check has one answer for all rows.

    ``frame`` is as in `run`, and may have further columns.

    Raises:
        CheckFault: As `run`.
    """
    if task.rows > BATCH_ROWS:
        passes = _expression(engine, frame, task)
        if passes is not None:
            if not _one_answer(engine, frame, passes):
                yield from engine.batches(_failing(frame, passes).drop(_FAIL), BATCH_ROWS)
            return
    for batch in _checked_batches(engine, frame, task):
        rowwise = _in_pandera(batch, task).rowwise
        if rowwise is None:
            return
        yield batch.filter(pa.array(rowwise, pa.bool_()))


def _on_engine(engine: Engine, frame: nw.LazyFrame[Any], task: Task) -> tuple[int, Rows] | None:
    """What the check finds as a Narwhals expression; None if there is no equivalent one."""
    passes = _expression(engine, frame, task)
    if passes is None:
        return None
    try:
        count = _count(engine, frame, passes)
        if not count or _one_answer(engine, frame, passes):
            return count, ()
        shown = (task.column,) if task.column is not None else task.columns
        return count, task.showing.rows(engine, _failing(frame, passes), shown)
    except WorldError:
        raise
    except Exception:  # noqa: BLE001 - what runs on the first rows may fail on others; Pandera decides
        return None


def _expression(engine: Engine, frame: nw.LazyFrame[Any], task: Task) -> nw.Expr | None:
    """The check as a Narwhals expression that is true where it passes; None: there is none."""
    check = task.check
    if check.element_wise or check.groupby is not None or not check.ignore_na:
        return None
    function = functools.partial(pandera.function_of(check), **pandera.arguments_of(check))
    given = nw.col(task.column) if task.column is not None else _Columns(task.columns)
    try:
        passes = function(given)
        if not isinstance(passes, nw.Expr):
            return None
        order = engine.order if task.ordered else ()
        trial = (frame.sort(*order) if order else frame).head(_TRIAL_ROWS)
        (batch,) = engine.batches(trial, _TRIAL_ROWS)
        same = _in_pandera(batch, task).count == _count(engine, trial, passes)
    except WorldError:
        raise
    except Exception:  # noqa: BLE001 - a check that is no expression may fail in any way; Pandera decides
        return None
    return passes if same else None


def _failing(frame: nw.LazyFrame[Any], passes: nw.Expr) -> nw.LazyFrame[Any]:
    return frame.with_columns((~passes).alias(_FAIL)).filter(nw.col(_FAIL))


def _count(engine: Engine, frame: nw.LazyFrame[Any], passes: nw.Expr) -> int:
    failing = frame.select((~passes).alias(_FAIL)).select(nw.col(_FAIL).cast(nw.Int64).sum())
    return int(engine.collect(failing)[0][_FAIL] or 0)


def _one_answer(engine: Engine, frame: nw.LazyFrame[Any], passes: nw.Expr) -> bool:
    return len(engine.collect(frame.head(2).select(passes.alias(_FAIL)))) == 1


class _Columns:
    """A substitute for a data frame in checks of the whole table, which gives columns only."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def __getitem__(self, name: str) -> nw.Expr:
        if name not in self._names:
            raise KeyError(name)
        return nw.col(name)
