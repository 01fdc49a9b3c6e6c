"""Every row that fails a check, as a Parquet file: which check, which value, which row.

One scan finds the rows of all checks that look at a row by itself, and ends when each has what the
budget gives it. Values of pii columns are with_mask, as in examples.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.row_columns import KEY, VIOLATION_COLUMNS, row_batch
from datarelease.analysis.engine.row_files import (
    BATCH,
    RowWriter,
    fair_shares,
    json_objects,
    shown,
    texts,
    with_mask,
)
from datarelease.analysis.engine.staging import of_size
from datarelease.analysis.engine.tables import ROW, Table, unread_name
from datarelease.analysis.validation import custom as custom_checks
from datarelease.analysis.validation.checks import CheckFault, Probe, non_ascii
from datarelease.analysis.validation.examples import rows_sharing
from datarelease.analysis.validation.parts import counted_rows
from datarelease.analysis.validation.plan import Custom, Distinct, TableReading
from datarelease.analysis.validation.schema_checks import built_in_name
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.validation import Violation
from datarelease.model.review.report import MASK

_NUMBER = "\N{SYMBOL FOR START OF TEXT}number"
_Cells = Mapping[str, pa.Array]
"""Values of failing rows by column, and their numbers."""


@dataclass(kw_only=True)
class _Asked:
    """A check that rows fail, and how many more of them are written."""

    by: Probe | Distinct | Custom
    count: int
    left: int = 0

    @property
    def failed(self) -> Violation:
        return self.by.failed


def write_failing_rows(
    engine: Engine,
    table: Table,
    dataset: Dataset,
    schema: Any | None,
    found: Sequence[Violation],
    file: RowWriter,
) -> int:
    """Write the rows behind violations; returns how many there are.

    Each check gets an equal part of the room in ``file``, its first rows in the order of the files.
    On a cluster, where rows have no order, they are those with the smallest keys, and have no
    numbers.
    Violations that are not about rows (a missing column), and custom checks with one answer for the
    whole table, have none.

    Raises:
        EngineRefusedError: The engine cannot tell the order of rows, and there is no key.
        UnreadableTable: A file is damaged or was exchanged.
        WorldError: Out of memory or disk.
    """
    reading = TableReading(engine, table, dataset, schema)
    asked = _asked(reading, found)
    shares = fair_shares([each.count for each in asked], file.room)
    for each, share in zip(asked, shares, strict=True):
        each.left = share
    rows = _FailingRows(engine, table, dataset, reading, file)
    rows.write_probed([each for each in asked if isinstance(each.by, Probe)])
    for each in asked:
        if isinstance(each.by, Distinct):
            rows.write_sharing(each, each.by)
        elif isinstance(each.by, Custom):
            rows.write_custom(each, each.by, max(v.total for v in found))
    return max(file.rows, sum(each.count for each in asked))


def _asked(reading: TableReading, found: Iterable[Violation]) -> list[_Asked]:
    counts = {(v.column, v.check, v.reason): v.count for v in found}
    plan, asked = reading.plan, list[_Asked]()
    every: tuple[Probe | Distinct | Custom, ...] = (*plan.probes, *plan.distinct, *plan.custom)
    for by in every:
        one_answer = isinstance(by, Custom) and built_in_name(by.check) is not None
        failed = by.failed
        count = counts.pop((failed.column, failed.check, failed.reason), 0)
        if count and not one_answer:
            asked.append(_Asked(by=by, count=count))
    return asked


class _FailingRows:
    """Finds the rows and writes them."""

    def __init__(
        self, engine: Engine, table: Table, dataset: Dataset, reading: TableReading, file: RowWriter
    ) -> None:
        self._engine = engine
        self._table = table
        self._dataset = dataset
        self._reading = reading
        self._file = file
        self._numbered = not (engine.reads_addresses and reading.showing.key)

    def write_probed(self, asked: Sequence[_Asked]) -> None:
        """The rows that fail checks of single rows, found in one scan."""
        probes = [(each, each.by) for each in asked if isinstance(each.by, Probe)]
        if not probes:
            return
        names = self._names(name for _, probe in probes for name in probe.show)
        frame = self._scan(names)
        values = {f"v{place}": nw.col(name) for place, name in enumerate(names)}
        unread = {
            f"u{place}": nw.col(unread_name(name))
            for place, name in enumerate(names)
            if name in self._reading.given
        }
        fails = {f"f{place}": _candidates(probe) for place, (_, probe) in enumerate(probes)}
        frame = frame.select(*self._numbers(), **values, **unread, **fails)
        frame = frame.filter(nw.any_horizontal(*map(nw.col, fails), ignore_nulls=False))
        if not self._numbered:
            frame = frame.sort(*self._key_values(), nulls_last=True)
        with closing(self._batches(frame)) as batches:
            for batch in batches:
                for place, (each, probe) in enumerate(probes):
                    if each.left:
                        rows = batch.filter(batch.column(f"f{place}"))
                        self._write(each, _cells(rows, names), probe)
                if not self._file.room or not any(each.left for each, _ in probes):
                    return

    def write_sharing(self, asked: _Asked, distinct: Distinct) -> None:
        """The rows that share values which are to be distinct."""
        names = self._names(distinct.columns)
        frame = self._scan(names).filter(counted_rows(distinct, self._reading.showing.converted))
        values = {f"v{place}": nw.col(name) for place, name in enumerate(names)}
        groups = asked.left // 2 + 1
        for part in rows_sharing(self._engine, frame, distinct.columns, groups):
            if asked.left and self._file.room:
                order = (_NUMBER,) if self._numbered else self._key_values()
                rows = part.select(*self._numbers(), **values).sort(*order, nulls_last=True)
                rows = rows.head(asked.left)
                for batch in self._batches(rows):
                    self._write(asked, _cells(batch, names), distinct)

    def write_custom(self, asked: _Asked, custom: Custom, rows: int) -> None:
        """The rows that fail a check which is no expression, where it tells them."""
        column, every = asked.failed.column, tuple(self._reading.types)
        groups = custom.check.groupby if isinstance(custom.check.groupby, list) else []
        columns = tuple(dict.fromkeys((*((column,) if column else every), *groups)))
        task = custom_checks.Task(
            check=custom.check,
            column=column,
            columns=columns,
            showing=self._reading.showing,
            rows=rows,
            ordered=self._numbered,
        )
        names = self._names(columns)
        frame = self._scan(names).select(*self._numbers(), *names)
        if not self._numbered:
            frame = frame.sort(*self._reading.showing.key, nulls_last=True)
        # What it raises is a violation of its own.
        with (
            suppress(CheckFault),
            closing(custom_checks.failing(self._engine, frame, task)) as batches,
        ):
            for batch in batches:
                cells = {name: batch.column(name) for name in (*names, _NUMBER)}
                self._write(asked, cells, custom, (column,) if column else every)
                if not asked.left or not self._file.room:
                    return

    def _names(self, columns: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._reading.showing.key, *columns)))

    def _scan(self, names: Sequence[str]) -> nw.LazyFrame[Any]:
        return self._engine.scan(self._table, self._reading.given, names, numbered=self._numbered)

    def _key_values(self) -> tuple[str, ...]:
        """The columns of a query that hold the key: `_names` has it first."""
        return tuple(f"v{place}" for place in range(len(self._reading.showing.key)))

    def _numbers(self) -> tuple[nw.Expr, ...]:
        """The number of a row, and what the engine sorts by; null, where rows have none."""
        if not self._numbered:
            return (nw.lit(None, dtype=nw.Int64()).alias(_NUMBER),)
        return (nw.col(ROW).alias(_NUMBER), *map(nw.col, self._engine.order))

    def _batches(self, frame: nw.LazyFrame[Any]) -> Generator[pa.RecordBatch, None, None]:
        """The rows of a frame in the same batches with every engine."""
        return of_size(self._engine.batches(frame, BATCH), BATCH)

    def _write(
        self,
        asked: _Asked,
        cells: _Cells,
        by: Probe | Distinct | Custom,
        columns: Sequence[str] = (),
    ) -> None:
        if isinstance(by, Probe) and by.pattern is not None:
            cells = _decided(cells, by)
        cells = {name: column.slice(0, asked.left) for name, column in cells.items()}
        size = len(cells[_NUMBER])
        if isinstance(by, (Probe, Distinct)):
            columns = by.show if isinstance(by, Probe) else by.columns
        failed = asked.failed
        written = {
            "check": pa.array([failed.check] * size, pa.string()),
            "column": pa.array([failed.column] * size, pa.string()),
            "value": self._value(cells, columns, unread=failed.reason == "datatype_coercion"),
            **{f"{KEY}{name}": self._key(name, cells) for name in self._reading.showing.key},
            "row": pc.add(cells[_NUMBER].cast(pa.int64()), 1),
        }
        self._file.add(row_batch(VIOLATION_COLUMNS, written))
        asked.left -= size

    def _value(self, cells: _Cells, columns: Sequence[str], *, unread: bool) -> pa.Array:
        told = {name: self._text(name, cells, unread=unread) for name in columns}
        return next(iter(told.values())) if len(told) == 1 else json_objects(told)

    def _text(self, name: str, cells: _Cells, *, unread: bool) -> pa.Array:
        companion = unread_name(name)
        column = cells[companion if unread and companion in cells else name]
        if name in self._dataset.pii:
            return with_mask(column, str(MASK))
        return shown(texts(column))

    def _key(self, name: str, cells: _Cells) -> pa.Array:
        if name in self._dataset.pii:
            return with_mask(cells[name], str(MASK))
        column, dtype = shown(cells[name]), self._reading.types[name]
        # Engines may hold integers in wider types.
        kind: Callable[[], pa.DataType] | None = getattr(pa, str(dtype).lower(), None)
        return column.cast(kind()) if dtype.is_integer() and kind is not None else column


def _cells(batch: pa.RecordBatch, names: Sequence[str]) -> dict[str, pa.Array]:
    """The columns of a batch by the names of the table."""
    cells = {name: batch.column(f"v{place}") for place, name in enumerate(names)}
    for place, name in enumerate(names):
        if f"u{place}" in batch.schema.names:
            cells[unread_name(name)] = batch.column(f"u{place}")
    return {**cells, _NUMBER: batch.column(_NUMBER)}


def _candidates(probe: Probe) -> nw.Expr:
    """The rows that fail, and those whose text only Python can decide."""
    if probe.pattern is None or probe.pattern.re2 is None or probe.failed.column is None:
        return probe.fails
    return probe.fails | non_ascii(probe.failed.column)


def _decided(cells: _Cells, probe: Probe) -> dict[str, pa.Array]:
    """Those of the candidates that fail the pattern."""
    pattern, column = probe.pattern, probe.failed.column
    if pattern is None or column is None:
        return dict(cells)
    texts_of = cells[column].to_pylist()
    passing = {
        text: (pattern.re2 is None or not text.isascii()) and pattern.holds(text)
        for text in {*texts_of} - {None}
    }
    mask = pa.array([text is None or not passing[text] for text in texts_of], pa.bool_())
    return {name: values.filter(mask) for name, values in cells.items()}
