"""A schema compared with the columns of one table: missing columns, types, and what to validate.

A file knows fewer types than pandas does: what a schema asks for is met by the file's type of the
same values. docs/data/validation.md lists the pairs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.column_types import kind_of, type_name
from datarelease.analysis.engine.partitions import text_columns
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.validation import pandera_private as pandera
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.validation import Violation, failed_check
from datarelease.model.wording import nearest_name


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


def text_types(
    schema: Any, table: Table, names: Callable[[], Sequence[str]]
) -> dict[str, nw.dtypes.DType]:
    """The types that a schema gives to columns of text; of a table that may lack some of them.

    ``names`` gives the columns of the table. It is asked only if the schema does not name its own.
    """
    if schema is None or not table.is_text:
        return {}
    named = schema.columns and not any(column.regex for column in schema.columns.values())
    asked = list(schema.columns) if named else names()
    return schema_types(schema, sorted(text_columns(table, asked)))


def outline_violations(schema: Any, names: Sequence[str]) -> Iterator[Violation]:
    """Missing columns, unexpected columns, columns out of order."""
    if schema is None:
        return
    for key, column in schema.columns.items():
        if column.required and not _matching(key, column, names):
            what = "no column matches" if column.regex else "the column is missing"
            yield failed_check(key, "required", "column_not_in_dataframe", what)
    known = [column.name for column in expected_columns(schema, names)]
    if schema.strict is True and schema.columns:
        for name in names:
            if name not in known:
                yield failed_check(
                    name, "strict", "column_not_in_schema", "the schema does not know it"
                )
    if schema.ordered:
        present = [name for name in names if name in known]
        for name, due in zip(present, dict.fromkeys(known), strict=True):
            if name != due:
                what = f"stands where {due!r} is due"
                yield failed_check(name, "ordered", "column_not_ordered", what)


def type_violations(
    columns: Sequence[Expected], types: Mapping[str, nw.dtypes.DType]
) -> Iterator[Violation]:
    """Columns whose type in the file is not the schema's."""
    for column in columns:
        found, wanted = types[column.name], column.wanted
        if wanted is not None and not satisfies(found, wanted):
            what = f"the column is {type_name(found)}, the schema wants {wanted_name(wanted)}"
            check = f"dtype({wanted_name(wanted)})"
            yield failed_check(column.name, check, "wrong_datatype", what)


def declaration_violations(dataset: Dataset, names: Sequence[str]) -> Iterator[Violation]:
    """Columns that dvc.yaml names and the table does not have."""
    for key, columns in (("key", dataset.key), ("pii", dataset.pii)):
        for name in columns:
            if name not in names:
                what = f"artifacts.{dataset.name}.meta.{key} names a column that does not exist"
                yield failed_check(name, key, "column_not_in_dataframe", what)


_INTEGERS: dict[tuple[bool, int], nw.dtypes.DType] = {
    (True, 8): nw.Int8(),
    (True, 16): nw.Int16(),
    (True, 32): nw.Int32(),
    (True, 64): nw.Int64(),
    (False, 8): nw.UInt8(),
    (False, 16): nw.UInt16(),
    (False, 32): nw.UInt32(),
    (False, 64): nw.UInt64(),
}
_OBJECT = "object"
_SPELLINGS = (
    "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "Int64", "Int32",
    "float64", "float32", "Float64", "bool", "boolean", "str", "string", "object", "category",
    "date", "datetime64[ns]", "datetime64[ns, UTC]", "timedelta64[ns]",
)  # fmt: skip


def file_type(dtype: Any) -> nw.dtypes.DType | None:  # noqa: PLR0911 - one line a type
    """The file type that a Pandera type stands for; `narwhals.Object` for pandas' object.

    None: no file has such a type (periods, intervals, complex numbers, pydantic models, ...).
    """
    if isinstance(dtype, nw.dtypes.DType):
        return dtype  # of a schema that was read without Pandera
    dtypes = pandera.dtypes()
    if isinstance(dtype, dtypes.Bool):
        return nw.Boolean()
    if isinstance(dtype, dtypes.Int):
        return _INTEGERS.get((dtype.signed, dtype.bit_width or 64))
    if isinstance(dtype, dtypes.Float):
        # DuckDB has no half floats: it reads them as single ones.
        return {16: nw.Float32(), 32: nw.Float32(), 64: nw.Float64()}.get(dtype.bit_width or 64)
    if isinstance(dtype, dtypes.Timestamp):
        zone = getattr(dtype, "tz", None) or getattr(getattr(dtype, "type", None), "tz", None)
        return nw.Datetime("us", "UTC" if zone is not None else None)
    simple: tuple[tuple[type, nw.dtypes.DType], ...] = (
        (dtypes.Category, nw.Categorical()),
        (dtypes.Date, nw.Date()),
        (dtypes.Timedelta, nw.Duration()),
        (dtypes.Time, nw.Time()),
        (dtypes.Binary, nw.Binary()),
    )
    for generic, found in simple:
        if isinstance(dtype, generic):
            return found
    if isinstance(dtype, dtypes.Decimal):
        return nw.Decimal(dtype.precision, dtype.scale)
    if str(dtype) == _OBJECT:
        return nw.Object()
    return nw.String() if isinstance(dtype, dtypes.String) else None


def type_fault(dtype: Any) -> str:
    """What is wrong with a type as a schema file spells it; empty: nothing."""
    try:
        found = pandera.type_of(dtype)
    except (TypeError, ValueError, AttributeError):
        close = nearest_name(str(dtype), _SPELLINGS)
        return f"unknown type; did you mean {close}?" if close else "unknown type"
    return "" if file_type(found) else f"no column of a table can be {found}"


def satisfies(  # noqa: PLR0911 - one line a type
    found: nw.dtypes.DType, wanted: nw.dtypes.DType
) -> bool:
    """Whether a file's column of type ``found`` is what a schema means by ``wanted``."""
    if isinstance(found, nw.Unknown):
        return True  # an all-null Parquet column has no type; nullability decides
    if isinstance(wanted, nw.Object):
        return kind_of(found) in {"text", "other"} or isinstance(found, (nw.Date, nw.Decimal))
    if kind_of(wanted) == "text":
        return kind_of(found) == "text"
    if isinstance(wanted, nw.Datetime):
        return isinstance(found, nw.Datetime) and bool(found.time_zone) == bool(wanted.time_zone)
    if isinstance(wanted, nw.Decimal):
        return (
            isinstance(found, nw.Decimal)
            and found.scale <= wanted.scale
            and found.precision - found.scale <= wanted.precision - wanted.scale
        )
    if isinstance(wanted, nw.Duration):
        # Parquet keeps durations as integers; only pandas' own metadata says what they are.
        return isinstance(found, (nw.Duration, nw.Int64))
    return type(found) is type(wanted)


def wanted_name(wanted: nw.dtypes.DType) -> str:
    """What messages call a wanted type: the neutral name, without a unit where any will do."""
    if isinstance(wanted, nw.Object):
        return _OBJECT
    if isinstance(wanted, nw.Datetime):
        return "timestamp, with time zone" if wanted.time_zone else "timestamp"
    return "duration" if isinstance(wanted, nw.Duration) else type_name(wanted)
