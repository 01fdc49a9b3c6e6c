"""All queries that a schema and dvc.yaml need of a table, planned before any is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.column_types import kind_of
from datarelease.analysis.engine.partitions import text_columns
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table, unread_name
from datarelease.analysis.validation.checks import CheckFault, Probe, built_in_probe
from datarelease.analysis.validation.examples import ExampleRules
from datarelease.analysis.validation.expectations import (
    Expected,
    expected_columns,
    satisfies,
    schema_types,
    wanted_name,
)
from datarelease.analysis.validation.schema import unique_sets
from datarelease.analysis.validation.schema_checks import built_in_name, spelled
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.validation import Severity, Violation, failed_check


@dataclass(frozen=True, kw_only=True)
class Distinct:
    """Columns that must not hold the same values in two rows."""

    failed: Violation
    columns: tuple[str, ...]
    keep: str = "all"
    skip_nulls: bool = False


@dataclass(frozen=True, kw_only=True)
class Custom:
    """A check that has no equivalent expression."""

    failed: Violation
    check: Any


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The queries, by how they are run."""

    probes: tuple[Probe, ...]
    distinct: tuple[Distinct, ...]
    custom: tuple[Custom, ...]
    faults: tuple[Violation, ...]
    """Checks that cannot be applied to their column."""

    @property
    def size(self) -> int:
        """How many checks there are."""
        return len(self.probes) + len(self.distinct) + len(self.custom) + len(self.faults)


def plan_validation(
    schema: Any,
    dataset: Dataset,
    expected: Sequence[Expected],
    types: Mapping[str, nw.dtypes.DType],
    converted: frozenset[str],
) -> Plan:
    """All queries of a table whose columns have ``types``.

    ``converted`` columns were given types; what could not be read as one is in `unread_name`.
    """
    asked: list[Probe | Custom | Violation] = []
    for column in expected:
        asked += _shape_probes(column, converted)
        asked += [_asked(check, column.name, types) for check in column.checks]
    if schema is not None:
        asked += [_asked(check, None, types) for check in schema.checks]
    asked += _key_probes(dataset, expected, types, converted)
    return Plan(
        probes=tuple(item for item in asked if isinstance(item, Probe)),
        custom=tuple(item for item in asked if isinstance(item, Custom)),
        faults=tuple(item for item in asked if isinstance(item, Violation)),
        distinct=tuple(_distinct(schema, dataset, expected, types)),
    )


def _missing(name: str, converted: frozenset[str]) -> nw.Expr:
    """True where the file has no value; what could not be read is one."""
    null = nw.col(name).is_null()
    return null & nw.col(unread_name(name)).is_null() if name in converted else null


def _shape_probes(column: Expected, converted: frozenset[str]) -> Iterator[Probe]:
    if not column.nullable:
        yield Probe(
            failed=failed_check(column.name, "not_nullable", "series_contains_nulls"),
            fails=_missing(column.name, converted),
            show=(column.name,),
        )
    wants_text = column.wanted is None or kind_of(column.wanted) == "text"
    if column.name in converted and column.wanted is not None and not wants_text:
        wanted = wanted_name(column.wanted)
        check, message = f"dtype({wanted})", f"cannot be read as {wanted}"
        yield Probe(
            failed=failed_check(column.name, check, "datatype_coercion", message),
            fails=~nw.col(unread_name(column.name)).is_null(),
            show=(column.name,),
        )


def _asked(
    check: Any, column: str | None, types: Mapping[str, nw.dtypes.DType]
) -> Probe | Custom | Violation:
    """One check of a column; None: of the whole table, where a built-in one is about each."""
    severity: Severity = "warning" if check.raise_warning else "error"
    failed = failed_check(column, spelled(check), "dataframe_check", severity=severity)
    name = built_in_name(check)
    if name is None or name == "unique_values_eq":
        return Custom(failed=failed, check=check)
    if column is not None:
        try:
            return built_in_probe(check, name, column, types[column], failed)
        except CheckFault as error:
            return replace(failed, reason="check_error", message=str(error))
    each = [_asked(check, column, types) for column in types]
    broken = next((item for item in each if isinstance(item, Violation)), None)
    if broken is not None:
        return replace(broken, column=None)
    probes = [item for item in each if isinstance(item, Probe)]
    if any(probe.pattern is not None for probe in probes):
        what = "the pattern cannot be applied to a whole table: name the columns it is for"
        return failed_check(None, spelled(check), "check_error", what)
    fails = nw.any_horizontal(*(probe.fails for probe in probes), ignore_nulls=False)
    return Probe(failed=failed, fails=fails, show=tuple(types))


def _key_probes(
    dataset: Dataset,
    expected: Sequence[Expected],
    types: Mapping[str, nw.dtypes.DType],
    converted: frozenset[str],
) -> Iterator[Probe]:
    already = {column.name for column in expected if not column.nullable}
    for name in dataset.key:
        if name in types and name not in already:
            message = f"{name} is part of the key in artifacts.{dataset.name}.meta.key"
            yield Probe(
                failed=failed_check(name, "key not null", "series_contains_nulls", message),
                fails=_missing(name, converted),
                show=(name,),
            )


def _distinct(
    schema: Any,
    dataset: Dataset,
    expected: Sequence[Expected],
    types: Mapping[str, nw.dtypes.DType],
) -> Iterator[Distinct]:
    asked = [
        Distinct(
            failed=failed_check(column.name, "unique", "series_contains_duplicates"),
            columns=(column.name,),
            keep=column.keep,
        )
        for column in expected
        if column.unique
    ]
    for names in unique_sets(schema) if schema is not None else []:
        present = tuple(name for name in names if name in types)
        if present:
            failed = failed_check(None, f"unique({', '.join(names)})", "duplicates")
            asked.append(Distinct(failed=failed, columns=present, keep=schema.report_duplicates))
    yield from asked
    complete = bool(dataset.key) and all(name in types for name in dataset.key)
    if complete and not any(set(item.columns) == set(dataset.key) for item in asked):
        failed = failed_check(None, f"key unique ({', '.join(dataset.key)})", "duplicates")
        yield Distinct(failed=failed, columns=dataset.key, skip_nulls=True)


class TableReading:
    """The columns of a table, the types that they are read as, and the queries of a schema."""

    def __init__(self, engine: Engine, table: Table, dataset: Dataset, schema: Any) -> None:
        """Ask ``table`` for its columns; ``schema`` is as in `run.validate`."""
        self.names = engine.columns(table)
        self.expected = expected_columns(schema, self.names)
        self.given = given = self._conversions(engine, table, schema)
        self.types = engine.types(table, given)
        self.plan = plan_validation(schema, dataset, self.expected, self.types, frozenset(given))
        present = tuple(name for name in dataset.key if name in self.types)
        self.showing = ExampleRules(
            key=present if present == dataset.key else (),
            pii=frozenset(dataset.pii),
            converted=frozenset(given),
        )

    def _conversions(self, engine: Engine, table: Table, schema: Any) -> dict[str, nw.dtypes.DType]:
        """The types to read columns as: all of the schema's for text, else those it coerces."""
        wanted = schema_types(schema, self.names)
        untyped = text_columns(table, self.names)
        text = {name: dtype for name, dtype in wanted.items() if name in untyped}
        if text == wanted:
            return wanted
        found = engine.types(table, text)
        coerced = {column.name for column in self.expected if column.coerce}
        return {
            name: dtype
            for name, dtype in wanted.items()
            if name in untyped or (name in coerced and not satisfies(found[name], dtype))
        }
