"""A schema compared with the columns of one table: missing columns, and what to validate."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.column_types import type_name
from datarelease.analysis.validation import pandera_private as pandera
from datarelease.analysis.validation.schema_types import file_type, satisfies, wanted_name
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.validation import Reason, Violation


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a schema wants of one column that the table has."""

    name: str
    wanted: nw.dtypes.DType | None
    nullable: bool
    unique: bool
    keep: str
    """Pandera's ``report_duplicates``."""
    coerce: bool
    checks: tuple[Any, ...] = field(repr=False)


def expected_columns(schema: Any, names: Sequence[str]) -> tuple[Expected, ...]:
    """What the schema wants of each column of ``names``; a regex column stands for several."""
    if schema is None:
        return ()
    columns = schema.columns
    if not columns and schema.dtype is not None:
        columns = {name: pandera.Column(schema.dtype, name=name) for name in names}
    return tuple(
        Expected(
            name=name,
            wanted=_wanted(schema, column),
            nullable=bool(column.nullable),
            unique=bool(column.unique),
            keep=column.report_duplicates,
            coerce=bool(column.coerce or schema.coerce),
            checks=tuple(column.checks),
        )
        for key, column in columns.items()
        for name in _matching(key, column, names)
    )


def _wanted(schema: Any, column: Any) -> nw.dtypes.DType | None:
    dtype = schema.dtype if schema.dtype is not None else column.dtype
    return file_type(dtype) if dtype is not None else None


def _matching(key: str, column: Any, names: Sequence[str]) -> list[str]:
    if column.regex:
        return [name for name in names if re.match(key, name)]
    return [key] if key in names else []


def schema_types(schema: Any, names: Sequence[str]) -> dict[str, nw.dtypes.DType]:
    """The types that a schema gives to columns; what text files are to be read as."""
    return {
        column.name: column.wanted
        for column in expected_columns(schema, names)
        if column.wanted is not None and not isinstance(column.wanted, nw.Object)
    }


def outline_violations(schema: Any, names: Sequence[str]) -> Iterator[Violation]:
    """Missing columns, unexpected columns, columns out of order."""
    if schema is None:
        return
    for key, column in schema.columns.items():
        if column.required and not _matching(key, column, names):
            what = "no column matches" if column.regex else "the column is missing"
            yield shape_violation(key, "required", "column_not_in_dataframe", what)
    known = [column.name for column in expected_columns(schema, names)]
    if schema.strict is True and schema.columns:
        for name in names:
            if name not in known:
                yield shape_violation(
                    name, "strict", "column_not_in_schema", "the schema does not know it"
                )
    if schema.ordered:
        present = [name for name in names if name in known]
        for name, due in zip(present, dict.fromkeys(known), strict=True):
            if name != due:
                what = f"stands where {due!r} is due"
                yield shape_violation(name, "ordered", "column_not_ordered", what)


def type_violations(
    columns: Sequence[Expected], types: Mapping[str, nw.dtypes.DType]
) -> Iterator[Violation]:
    """Columns whose type in the file is not the schema's."""
    for column in columns:
        found, wanted = types[column.name], column.wanted
        if wanted is not None and not satisfies(found, wanted):
            what = f"the column is {type_name(found)}, the schema wants {wanted_name(wanted)}"
            check = f"dtype({wanted_name(wanted)})"
            yield shape_violation(column.name, check, "wrong_datatype", what)


def declaration_violations(dataset: Dataset, names: Sequence[str]) -> Iterator[Violation]:
    """Columns that dvc.yaml names and the table does not have."""
    for key, columns in (("key", dataset.key), ("pii", dataset.pii)):
        for name in columns:
            if name not in names:
                what = f"artifacts.{dataset.name}.meta.{key} names a column that does not exist"
                yield shape_violation(name, key, "column_not_in_dataframe", what)


def shape_violation(column: str | None, check: str, reason: Reason, message: str) -> Violation:
    """A violation of the table's shape, which no number of rows belongs to."""
    return Violation(
        column=column,
        check=check,
        reason=reason,
        category="data" if reason == "check_error" else "schema",
        count=1,
        total=1,
        message=message,
    )
