"""Pandera's built-in checks as Narwhals expressions that are true where a value fails.

The comparisons themselves are in ``built_in.expressions``. Belongs here: fitting a check's
arguments to the column's type the way pandas compares them, so that the engine never has
to guess a conversion. Does not: running anything.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.column_types import kind_of, type_name
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.validation.built_in.expressions import passes
from datarelease.analysis.validation.patterns import NON_ASCII, Pattern, pattern_of
from datarelease.analysis.validation.schema_checks import check_arguments, spelled
from datarelease.model.data.validation import Violation

_LARGEST = 2**127
_LONG = 2**63
_LONGEST_DECIMAL = 10**38
_NANOSECOND_YEARS = range(1678, 2262)
"""The whole years that nanoseconds of 64 bits reach; beyond, an engine cannot compare."""


class CheckFault(Exception):  # noqa: N818 - becomes a `check_error` violation, not an error of ours
    """A check cannot be applied; the message says why and holds no data values."""


class _NeverEqual(Exception):  # noqa: N818 - a signal: no value of the column's type is like this
    pass


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One query of the data: in how many rows does ``fails`` hold?"""

    failed: Violation
    """What it finds, without the count and the examples."""
    fails: nw.Expr
    """True where the row fails; never null."""
    show: tuple[str, ...] = ()
    """The columns that examples show, besides the key."""
    pattern: Pattern | None = None
    """A pattern that DuckDB cannot decide for all texts; ``fails`` is what it can."""


def built_in_probe(
    check: Any, name: str, column: str, dtype: nw.dtypes.DType, failed: Violation
) -> Probe:
    """The probe for the built-in check called ``name`` on one column.

    Raises:
        CheckFault: The check does not apply to the column's type.
    """
    arguments = check_arguments(check)
    null = nw.col(column).is_null()
    pattern = None
    if isinstance(dtype, nw.Unknown):  # a column of nulls
        fails: nw.Expr = ~null
    elif name in {"str_matches", "str_contains"}:
        _only_text(check, dtype)
        pattern = pattern_of(arguments["pattern"], anchored=name == "str_matches")
        found = nw.col(column).str.contains(pattern.re2) if pattern.re2 is not None else None
        fails = ~found if found is not None else ~null
    else:
        fails = _fails(check, name, arguments, column, dtype)
    fails = fails.fill_null(value=False)
    if not check.ignore_na and not _null_passes(name, arguments):
        fails = fails | null
    undecided = pattern is not None and (pattern.re2 is None or pattern.ascii_only)
    return Probe(failed=failed, fails=fails, show=(column,), pattern=pattern if undecided else None)


def non_ascii(column: str) -> nw.Expr:
    """True where a text has a character beyond ASCII."""
    return nw.col(column).str.contains(NON_ASCII).fill_null(value=False)


def _fails(
    check: Any, name: str, arguments: dict[str, Any], column: str, dtype: nw.dtypes.DType
) -> nw.Expr:
    value = nw.col(column)
    if name in {"isin", "notin"}:
        (key, given), *_ = arguments.items()
        fitting = list(_fitting(given, dtype))
        if not fitting:
            return ~value.is_null() if name == "isin" else _never(value)
        if _naive(dtype):
            found = _is_one_of(value, fitting, dtype)
            return ~found if name == "isin" else found
        arguments = {key: fitting}
    elif name in {"equal_to", "not_equal_to"}:
        try:
            arguments = {"value": _literal(_fit(arguments["value"], dtype), dtype)}
        except _NeverEqual:
            return ~value.is_null() if name == "equal_to" else _never(value)
    elif name.startswith("str_"):
        _only_text(check, dtype)
    else:
        arguments = {key: _bound(check, v, dtype) for key, v in arguments.items()}
        if name == "in_range" and not _naive(dtype):
            # Narwhals takes bare texts for column names there.
            arguments |= {key: nw.lit(arguments[key]) for key in ("min_value", "max_value")}
    return ~passes(name, value, arguments)


def values_equal(
    engine: Engine, frame: nw.LazyFrame[Any], check: Any, column: str, dtype: nw.dtypes.DType
) -> int:
    """0 if the column's values are exactly those of a ``unique_values_eq`` check, else 1."""
    given = check_arguments(check)["values"]
    fitting = set(_fitting(given, dtype))
    value = nw.col(column)
    if len(fitting) < len(set(given)):
        return 1  # a value of the check that no row can have
    seen = frame.filter(~value.is_null()).select(value).unique().head(len(fitting) + 1)
    (row,) = engine.collect(
        seen.select(
            nw.len().alias("size"),
            _is_one_of(value, fitting, dtype).cast(nw.Int64).sum().alias("known"),
        )
    )
    return int(not row["size"] == (row["known"] or 0) == len(fitting))


def _only_text(check: Any, dtype: nw.dtypes.DType) -> None:
    if kind_of(dtype) != "text":
        raise CheckFault(f"{spelled(check)} is for text; the column is {type_name(dtype)}")


def _bound(check: Any, value: Any, dtype: nw.dtypes.DType) -> Any:
    if isinstance(value, bool):  # include_min, include_max
        return value
    try:
        return _literal(_fit(value, dtype), dtype)
    except _NeverEqual:
        raise CheckFault(
            f"{spelled(check)} cannot be compared with a column of {type_name(dtype)}"
        ) from None


def _naive(dtype: nw.dtypes.DType) -> bool:
    return isinstance(dtype, nw.Datetime) and dtype.time_zone is None


def _literal(value: Any, dtype: nw.dtypes.DType) -> Any:
    """A fitting value as an operand.

    Spark takes a time without a zone for one in the zone of this machine, unless it is text.
    """
    return nw.lit(value.isoformat(" ")).cast(nw.Datetime("us")) if _naive(dtype) else value


def _is_one_of(value: nw.Expr, fitting: Iterable[Any], dtype: nw.dtypes.DType) -> nw.Expr:
    if not _naive(dtype):
        return value.is_in(list(fitting))
    same = [value == _literal(one, dtype) for one in fitting]
    return nw.any_horizontal(*same, ignore_nulls=False) if same else _never(value)


def _fitting(values: Iterable[Any], dtype: nw.dtypes.DType) -> Iterable[Any]:
    for value in values:
        try:
            yield _fit(value, dtype)
        except _NeverEqual:
            continue


def _fit(value: Any, dtype: nw.dtypes.DType) -> Any:
    """A schema's value as one that compares with a column of type ``dtype``.

    Raises:
        _NeverEqual: No value of the column can equal it, and it has no order with them.
    """
    value = value.item() if hasattr(value, "item") else value
    if value is None or value != value:  # noqa: PLR0124 - NaN, NaT
        raise _NeverEqual
    kind = kind_of(dtype)
    if kind == "text" and isinstance(value, str):
        return value
    if kind == "boolean" and value in (0, 1) and not isinstance(value, str):
        return bool(value)
    if kind == "number" and isinstance(value, (bool, int, float, Decimal)):
        value = int(value) if isinstance(value, bool) else value
        if isinstance(value, int) and abs(value) >= _LARGEST:
            raise _NeverEqual
        if isinstance(value, int) and _LONG <= abs(value) < _LONGEST_DECIMAL:
            # No engine but DuckDB has integers of more than 64 bits.
            return float(value) if dtype.is_float() else Decimal(value)
        return Decimal(repr(value)) if _decimal(dtype) and isinstance(value, float) else value
    if kind == "time":
        return _fit_time(value, dtype)
    raise _NeverEqual


def _decimal(dtype: nw.dtypes.DType) -> bool:
    return isinstance(dtype, nw.Decimal)


def _fit_time(value: Any, dtype: nw.dtypes.DType) -> Any:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise _NeverEqual from None
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime(warn=False)
    if not isinstance(value, dt.date):
        raise _NeverEqual
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - zone comes below
    if isinstance(dtype, nw.Date):
        if value.time() != dt.time() or value.tzinfo is not None:
            raise _NeverEqual
        return value.date()
    zoned = isinstance(dtype, nw.Datetime) and dtype.time_zone is not None
    if zoned:
        return value.replace(tzinfo=value.tzinfo or dt.UTC)
    nanoseconds = isinstance(dtype, nw.Datetime) and dtype.time_unit == "ns"
    if value.tzinfo is not None or (nanoseconds and value.year not in _NANOSECOND_YEARS):
        raise _NeverEqual
    return value


def _null_passes(name: str, arguments: dict[str, Any]) -> bool:
    """Whether pandas' comparison is true for a missing value (asked only with ignore_na=False)."""
    if name in {"isin", "notin"}:
        (_, given), *_ = arguments.items()
        holds_null = any(value is None or value != value for value in given)  # noqa: PLR0124
        return holds_null is (name == "isin")
    return name == "not_equal_to"


def _never(value: nw.Expr) -> nw.Expr:
    """False in every row; a literal would be one row, and its sum no count of rows."""
    return value.is_null() & ~value.is_null()


_BATCH = 50_000
_KEPT = 1_000
"""Failing texts remembered for the examples; counting needs none of them."""


def decided(engine: Engine, frame: nw.LazyFrame[Any], probe: Probe) -> tuple[int, nw.Expr]:
    """How many rows fail the probe's pattern, and an expression that finds some of them.

    Python evaluates each distinct text once, in batches: all texts where RE2 lacks the construct,
    else those with characters beyond ASCII, on which the two differ.
    """
    pattern, column = probe.pattern, probe.failed.column
    if pattern is None or column is None:
        raise ValueError("the probe has no pattern to decide")
    value = nw.col(column)
    if pattern.re2 is None:
        texts, base = frame.filter(~value.is_null()), probe.fails & value.is_null()
    else:
        texts, base = frame.filter(non_ascii(column)), probe.fails & ~non_ascii(column)
    (row,) = engine.collect(frame.select(base.cast(nw.Int64).sum().alias("count")))
    count, kept = int(row["count"] or 0), list[str]()
    sizes = texts.select(value.alias("text")).group_by("text").agg(size=nw.len())
    for batch in engine.batches(sizes, _BATCH):
        failing = [
            (text, size)
            for text, size in zip(
                batch.column("text").to_pylist(), batch.column("size").to_pylist(), strict=True
            )
            if not pattern.holds(text)
        ]
        count += sum(size for _, size in failing)
        kept = heapq.nsmallest(_KEPT, [*kept, *(text for text, _ in failing)])
    return count, base | value.is_in(kept) if kept else base
