"""The outcome of a Pandera schema on a table: exact counts, few examples, bounded memory.

All built-in checks, nullability and conversions are one aggregate query, and one for each column
of text that has few different values; uniqueness is a query for each set of columns, and only what
failed is asked for examples.
docs/data/validation.md lists the differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.csv.structure import refuse_doubtful
from datarelease.analysis.engine.csv.values import csv_hint
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.analysis.validation import custom as custom_checks
from datarelease.analysis.validation.checks import CheckFault, Probe, decided, values_equal
from datarelease.analysis.validation.examples import (
    FirstRows,
    Rows,
    duplicate_examples,
    duplicates,
)
from datarelease.analysis.validation.expectations import (
    declaration_violations,
    outline_violations,
    type_violations,
)
from datarelease.analysis.validation.part_memo import KnownParts, PartMemo
from datarelease.analysis.validation.parts import OtherPartsError, Parts, counted_rows
from datarelease.analysis.validation.plan import Custom, Distinct, TableReading
from datarelease.analysis.validation.schema import contract
from datarelease.analysis.validation.schema_checks import built_in_name
from datarelease.analysis.validation.tally import groups, tally
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.validation import Validation, Violation, failed_check


def validate(
    engine: Engine,
    table: Table,
    dataset: Dataset,
    schema: Any | None,
    memo: PartMemo | None = None,
) -> Validation:
    """Every failed check of ``schema``, and of what dvc.yaml says of the dataset, worst first.

    ``schema`` is a `pandera.pandas.DataFrameSchema`; None: only the key and the names in dvc.yaml
    are checked. A table that cannot be read is one violation. Parts that ``memo`` knows are read
    only for examples, for custom checks, and where values must differ across parts.

    Raises:
        ConfigError: The engine cannot evaluate a check.
        WorldError: Out of memory or disk.
    """
    promised = contract(schema) if schema is not None else None
    name = dataset.schema if schema is not None else None
    try:
        refuse_doubtful(table)
        run, found = _found(engine, table, dataset, schema, memo)
        rows, checks = run.rows, run.checks
    except UnreadableTable as error:
        found = [_not_readable(str(error))]
        rows, checks = 0, 1
    return Validation(
        dataset=dataset.name,
        rows=rows,
        schema=name,
        checks=checks,
        violations=tuple(found),
        contract=promised,
    )


def _found(
    engine: Engine, table: Table, dataset: Dataset, schema: Any, memo: PartMemo | None
) -> tuple[_Run, list[Violation]]:
    """A run and what it found: by parts where these are known by name and can be told apart."""
    splits = len(table.paths) > 1 and len(table.digests) == len(table.paths) == len(table.labels)
    if memo is not None and splits:
        remembered = memo.recall(table)
        # Nothing is reported of some parts alone: whatever is wrong with them, all are asked.
        for known in (remembered, KnownParts()) if remembered.parts else (remembered,):
            with suppress(OtherPartsError, *((UnreadableTable,) if known.parts else ())):
                parts = Parts(engine, table, dataset, schema, known)
                run = _Run(engine, table, dataset, schema, parts)
                found = sorted(run.violations(), key=_badness)
                memo.keep(table, remembered, parts.facts, parts.shape)
                return run, found
    run = _Run(engine, table, dataset, schema)
    return run, sorted(run.violations(), key=_badness)


def with_unreadable(validation: Validation, reason: str) -> Validation:
    """The same of a table that turned out to be damaged when it was read further."""
    violations = (_not_readable(reason), *validation.violations)
    return replace(validation, checks=validation.checks + 1, violations=violations)


def _not_readable(reason: str) -> Violation:
    return failed_check(None, "readable", "unreadable", reason)


def _badness(violation: Violation) -> tuple[bool, bool, int, str, str]:
    """Sorts errors before warnings, the table's shape before its values, many before few."""
    return (
        violation.severity != "error",
        violation.category != "schema",
        -violation.count,
        violation.column or "",
        violation.check,
    )


class _Run:
    """One validation: the table as the schema wants it read, and what is found in it."""

    def __init__(
        self,
        engine: Engine,
        table: Table,
        dataset: Dataset,
        schema: Any,
        parts: Parts | None = None,
    ) -> None:
        self.engine = engine
        self.dataset = dataset
        self.schema = schema
        # The types of text are those of all parts, whichever of them are read.
        self.table = parts.table if parts and table.is_text else table
        self.parts = parts
        # Of parts, one says what columns there are and of which types; each other says the same.
        reading = TableReading(engine, parts.fresh if parts else table, dataset, schema)
        self.names, self.expected = reading.names, reading.expected
        self.given, self.types = reading.given, reading.types
        self.plan, self.showing = reading.plan, reading.showing
        self.rows = 0

    @property
    def checks(self) -> int:
        """How many checks there were."""
        typed = sum(column.wanted is not None for column in self.expected)
        schema = self.schema
        shape = len(schema.columns) + bool(schema.strict) + bool(schema.ordered) if schema else 0
        return self.plan.size + typed + shape

    def violations(self) -> Iterator[Violation]:
        """Everything that is wrong, in the order in which it is found."""
        yield from outline_violations(self.schema, self.names)
        yield from declaration_violations(self.dataset, self.names)
        yield from type_violations(self.expected, self.types)
        yield from self.plan.faults
        yield from self._probed(self.plan.probes)
        for number, distinct in enumerate(self.plan.distinct):
            yield from self._distinct(number, distinct)
        for custom in self.plan.custom:
            yield from self._custom(custom)

    def _probed(self, probes: Sequence[Probe]) -> Iterator[Violation]:
        if self.parts:
            self.rows, counts = self.parts.tally(self.plan, self.given)
        else:
            name, grouped = self.dataset.name, self._grouped()
            self.rows, counts = tally(self.engine, self.frame, probes, name, grouped)
        failing = ((p.show, n / self.rows) for p, n in zip(probes, counts, strict=True) if n)
        self.first = FirstRows.of(
            self.engine,
            self.showing,
            () if self.parts else failing,
            self.types,
            lambda columns: self._narrow(self.table, columns),
        )
        for probe, count in zip(probes, counts, strict=True):
            yield from self._judged(probe, count)

    def _grouped(self) -> dict[str, nw.LazyFrame[Any]]:
        """The columns of text that have few different values, grouped by these."""
        reader = self.engine.row_groups
        few = reader.few_values(self.table) if reader is not None else ()
        names = [name for name in few if isinstance(self.types.get(name), nw.String)]
        return {
            name: groups(self.engine.scan(self.table, columns=(name,)), name)
            for name in names
            if name not in self.given
        }

    @property
    def frame(self) -> nw.LazyFrame[Any]:
        """All rows."""
        return self.engine.scan(self.table, self.given)

    def _narrow(self, table: Table, columns: Sequence[str]) -> nw.LazyFrame[Any]:
        """Parts with the key and these columns only: hundreds of others slow a small query."""
        names = tuple(dict.fromkeys((*self.showing.key, *columns)))
        ordered = not self.showing.key
        return self.engine.scan(table, self.given, names, ordered=ordered)

    def _judged(self, probe: Probe, count: int) -> Iterator[Violation]:
        fails, failed, table = probe.fails, probe.failed, self.table
        if probe.pattern is not None:
            count, fails = decided(self.engine, self._narrow(table, probe.show), probe)
        elif self.parts and count:
            table = self.parts.failing()
        if count:
            name = failed.column
            dtype = self.types[name] if name is not None else None
            hint = csv_hint(self.engine, table, name, dtype, failed.reason)
            rows = self.first.examples(fails, probe.show) or self.showing.rows(
                self.engine,
                self._narrow(table, probe.show).filter(fails),
                probe.show,
                unread=failed.reason == "datatype_coercion",
            )
            message = "; ".join(filter(None, (failed.message, hint)))
            yield self._counted(replace(failed, message=message), count, rows)

    def _distinct(self, number: int, asked: Distinct) -> Iterator[Violation]:
        table = self.parts.sharing(number, asked) if self.parts else self.table
        if table is None:
            return
        frame = self._narrow(table, asked.columns)
        frame = frame.filter(counted_rows(asked, self.showing.converted))
        count = duplicates(self.engine, frame, asked.columns, asked.keep)
        if count:
            rows = duplicate_examples(self.engine, frame, asked.columns, self.showing)
            yield self._counted(asked.failed, count, rows)

    def _custom(self, custom: Custom) -> Iterator[Violation]:
        try:
            count, rows = self._outcome(custom.check, custom.failed.column)
        except CheckFault as error:
            broken = replace(custom.failed, reason="check_error", message=str(error))
            yield self._counted(broken, 1)
        else:
            if count:
                yield self._counted(custom.failed, count, rows)

    def _outcome(self, check: Any, column: str | None) -> tuple[int, Rows]:
        """How many rows fail a custom check, and some of them.

        Raises:
            CheckFault: The check cannot be applied.
        """
        if built_in_name(check) is not None and column is not None:
            return values_equal(self.engine, self.frame, check, column, self.types[column]), ()
        columns = (column,) if column is not None else tuple(self.types)
        groups = check.groupby if isinstance(check.groupby, list) else []
        ordered = not (self.engine.reads_addresses and self.showing.key)
        task = custom_checks.Task(
            check=check,
            column=column,
            columns=(*columns, *(name for name in groups if name not in columns)),
            showing=self.showing,
            rows=self.rows,
            ordered=ordered,
        )
        frame = self.engine.scan(self.table, self.given, ordered=ordered)
        return custom_checks.run(self.engine, frame, task)

    def _counted(self, failed: Violation, count: int, examples: Rows = ()) -> Violation:
        return replace(failed, count=count, total=self.rows, examples=examples)
