"""All queries that a schema and dvc.yaml need of a table, planned before any is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.column_types import kind_of
from datarelease.analysis.engine.tables import unread_name
from datarelease.analysis.validation.checks import CheckFault, Probe, built_in_probe, severity_of
from datarelease.analysis.validation.expectations import Expected, shape_violation, wanted_name
from datarelease.analysis.validation.schema import unique_sets
from datarelease.analysis.validation.schema_checks import built_in_name, spelled
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.validation import Reason, Severity, Violation


@dataclass(frozen=True, kw_only=True)
class Distinct:
    """Columns that must not hold the same values in two rows."""

    columns: tuple[str, ...]
    keep: str
    reason: Reason
    check: str
    skip_nulls: bool = False


@dataclass(frozen=True, kw_only=True)
class Custom:
    """A check that has no equivalent expression."""

    check: Any
    column: str | None
    spelling: str
    severity: Severity


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
        asked += [_asked_of_table(check, types) for check in schema.checks]
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
            column=column.name,
            check="not_nullable",
            reason="series_contains_nulls",
            fails=_missing(column.name, converted),
            show=(column.name,),
        )
    wants_text = column.wanted is None or kind_of(column.wanted) == "text"
    if column.name in converted and column.wanted is not None and not wants_text:
        wanted = wanted_name(column.wanted)
        yield Probe(
            column=column.name,
            check=f"dtype({wanted})",
            reason="datatype_coercion",
            fails=~nw.col(unread_name(column.name)).is_null(),
            show=(column.name,),
            message=f"cannot be read as {wanted}",
        )


def _asked(
    check: Any, column: str, types: Mapping[str, nw.dtypes.DType]
) -> Probe | Custom | Violation:
    if built_in_name(check) in {None, "unique_values_eq"}:
        return Custom(
            check=check, column=column, spelling=spelled(check), severity=severity_of(check)
        )
    try:
        return built_in_probe(check, column, types[column])
    except CheckFault as error:
        broken = shape_violation(column, spelled(check), "check_error", str(error))
        return replace(broken, severity=severity_of(check))


def _asked_of_table(check: Any, types: Mapping[str, nw.dtypes.DType]) -> Probe | Custom | Violation:
    """A check of the whole table; a built-in one is about every column."""
    if built_in_name(check) in {None, "unique_values_eq"}:
        return Custom(
            check=check, column=None, spelling=spelled(check), severity=severity_of(check)
        )
    each = [_asked(check, column, types) for column in types]
    broken = next((item for item in each if isinstance(item, Violation)), None)
    if broken is not None:
        return replace(broken, column=None)
    probes = [item for item in each if isinstance(item, Probe)]
    undecided = next((probe for probe in probes if probe.pattern is not None), None)
    if undecided is not None:
        what = "the pattern cannot be applied to a whole table: name the columns it is for"
        return shape_violation(None, spelled(check), "check_error", what)
    fails = nw.any_horizontal(*(probe.fails for probe in probes), ignore_nulls=False)
    return replace(probes[0], column=None, fails=fails, show=tuple(types))


def _key_probes(
    dataset: Dataset,
    expected: Sequence[Expected],
    types: Mapping[str, nw.dtypes.DType],
    converted: frozenset[str],
) -> Iterator[Probe]:
    already = {column.name for column in expected if not column.nullable}
    for name in dataset.key:
        if name in types and name not in already:
            yield Probe(
                column=name,
                check="key not null",
                reason="series_contains_nulls",
                fails=_missing(name, converted),
                show=(name,),
                message=f"{name} is part of the key in artifacts.{dataset.name}.meta.key",
            )


def _distinct(
    schema: Any,
    dataset: Dataset,
    expected: Sequence[Expected],
    types: Mapping[str, nw.dtypes.DType],
) -> Iterator[Distinct]:
    asked: list[Distinct] = [
        Distinct(
            columns=(column.name,),
            keep=column.keep,
            reason="series_contains_duplicates",
            check="unique",
        )
        for column in expected
        if column.unique
    ]
    for names in unique_sets(schema) if schema is not None else []:
        present = tuple(name for name in names if name in types)
        check = f"unique({', '.join(names)})"
        if present:
            asked.append(
                Distinct(
                    columns=present, keep=schema.report_duplicates, reason="duplicates", check=check
                )
            )
    yield from asked
    complete = bool(dataset.key) and all(name in types for name in dataset.key)
    if complete and not any(set(item.columns) == set(dataset.key) for item in asked):
        check = f"key unique ({', '.join(dataset.key)})"
        yield Distinct(
            columns=dataset.key, keep="all", reason="duplicates", check=check, skip_nulls=True
        )
