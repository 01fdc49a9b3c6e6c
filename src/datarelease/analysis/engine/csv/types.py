"""Types of CSV columns: inferred from every value, and how text becomes a value of a type.

Everything here is SQL text for DuckDB over columns of text; running it is the engine's business.
The rules, and where they differ from pandas, stand in docs/data/validation.md.
"""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw

from datarelease.analysis.engine.column_types import type_name
from datarelease.model.data.dataset import CsvDialect

#: Years 1 to 9999, as Python has them. DuckDB knows infinity and the years before Christ, too.
_DAY = "([1-9][0-9]{3}|0([1-9][0-9]{2}|0([1-9][0-9]|0[1-9])))-[0-9]{2}-[0-9]{2}"
_LIKE_DAY = "____-__-__"
_LIKE_CLOCK = " __:__:__%"
_CLOCK = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
_OFFSET = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"

#: Candidate types, the narrowest first; the first one that every value fits is the column's type.
#: ``{c}`` is the column; each test is true for text that is written as a value of the type is.
_CANDIDATES: tuple[tuple[nw.dtypes.DType, str], ...] = (
    (nw.Boolean(), "{c} IN ('True', 'TRUE', 'true', 'False', 'FALSE', 'false')"),
    # The way back to the same text refuses leading zeros, signs, blanks and 20-digit ids.
    (nw.Int64(), "CAST(TRY_CAST({c} AS BIGINT) AS VARCHAR) IS NOT DISTINCT FROM {c}"),
    # Integers of 16 digits and more would lose digits as floats: they stay text.
    (
        nw.Float64(),
        (
            "regexp_full_match({c}, '-?((0|[1-9][0-9]{0,14})|(0|[1-9][0-9]*)?[.][0-9]+"
            "|(0|[1-9][0-9]*)[.]|(0|[1-9][0-9]*)([.][0-9]*)?[eE][+-]?[0-9]{1,3}|[iI]nf(inity)?)"
            "|NaN|nan')"
        ),
    ),
    (
        nw.Date(),
        (
            f"{{c}} LIKE '{_LIKE_DAY}' "
            "AND CAST(TRY_CAST({c} AS DATE) AS VARCHAR) IS NOT DISTINCT FROM {c}"
        ),
    ),
    (
        nw.Datetime("us"),
        (
            f"CASE WHEN {{c}} LIKE '{_LIKE_DAY}{_LIKE_CLOCK}' "
            "AND CAST(TRY_CAST({c} AS TIMESTAMP) AS VARCHAR) = {c} THEN true "
            f"ELSE regexp_full_match({{c}}, '{_DAY}([ T]{_CLOCK})?') AND TRY_CAST({{c}} AS "
            "TIMESTAMP) IS NOT NULL AND NOT regexp_matches({c}, '[.][0-9]{7}') END"
        ),
    ),
    (
        nw.Datetime("us", "UTC"),
        (
            f"regexp_full_match({{c}}, '{_DAY}[ T]{_CLOCK}{_OFFSET}') "
            "AND TRY_CAST({c} AS TIMESTAMPTZ) IS NOT NULL "
            "AND NOT regexp_matches({c}, '[.][0-9]{7}')"
        ),
    ),
)
CANDIDATES: tuple[nw.dtypes.DType, ...] = tuple(dtype for dtype, _ in _CANDIDATES)

_SQL_TYPES: Mapping[type[nw.dtypes.DType], str] = {
    nw.Int8: "TINYINT",
    nw.Int16: "SMALLINT",
    nw.Int32: "INTEGER",
    nw.Int64: "BIGINT",
    nw.Int128: "HUGEINT",
    nw.UInt8: "UTINYINT",
    nw.UInt16: "USMALLINT",
    nw.UInt32: "UINTEGER",
    nw.UInt64: "UBIGINT",
    nw.UInt128: "UHUGEINT",
    nw.Float32: "FLOAT",
    nw.Float64: "DOUBLE",
    nw.Boolean: "BOOLEAN",
    nw.Date: "DATE",
    nw.String: "VARCHAR",
    nw.Categorical: "VARCHAR",
}


def misfits(column: str, candidate: nw.dtypes.DType, dialect: CsvDialect) -> str:
    """SQL that counts the values of a text column not written as values of ``candidate``."""
    return f"count(*) FILTER ({misfit(column, candidate, dialect)})"


def misfit(column: str, candidate: nw.dtypes.DType, dialect: CsvDialect) -> str:
    """SQL that is true for a value of a text column not written as one of ``candidate``."""
    test = {type_name(dtype): test for dtype, test in _CANDIDATES}[type_name(candidate)]
    text = number_text(column, dialect) if candidate.is_numeric() else column
    return f"{column} IS NOT NULL AND NOT ({test.replace('{c}', text)})"


def number_text(column: str, dialect: CsvDialect) -> str:
    """SQL for the numbers of a text column with a decimal point and no marks of thousands.

    What is not written as the dialect writes numbers becomes text that is not a number.
    """
    decimal, thousands = dialect.decimal, dialect.thousands
    if decimal == "." and thousands is None:
        return column
    whole = "[0-9]+"
    if thousands is not None:
        mark = thousands.replace("'", "''")
        whole += f"|[0-9]{{1,3}}([{mark}][0-9]{{3}})+"
    special = "[iI]nf(inity)?|[nN]a[nN]"
    number = f"(({whole})([{decimal}][0-9]*)?|[{decimal}][0-9]+)([eE][+-]?[0-9]+)?"
    plain = column if thousands is None else f"replace({column}, '{mark}', '')"
    plain = plain if decimal == "." else f"replace({plain}, '{decimal}', '.')"
    written = f"regexp_full_match({column}, '[+-]?({number}|{special})')"
    return f"CASE WHEN {written} THEN {plain} ELSE 'x' END"


def parse_sql(column: str, dtype: nw.dtypes.DType) -> str | None:  # noqa: PLR0911 - one a type
    """SQL for the values of a text column as ``dtype``, NULL where the text is none.

    Returns None for a type that text is not read as (lists, durations, ...).
    More is accepted than inference takes for a type by itself: ``007`` and ``7.0`` are integers
    once the schema says so.
    """
    if isinstance(dtype, (nw.String, nw.Categorical, nw.Enum)):
        return column
    target = sql_type(dtype)
    if target is None:
        return None
    if dtype.is_integer():
        whole = f"TRY_CAST(split_part({column}, '.', 1) AS {target})"
        return _canonical_or(column, target, "%", r"\s*[+-]?[0-9]+([.]0*)?\s*", whole)
    if dtype.is_numeric():
        return f"CASE WHEN NOT contains({column}, '_') THEN TRY_CAST({column} AS {target}) END"
    if isinstance(dtype, nw.Boolean):
        return (
            f"CASE WHEN lower({column}) IN ('true', '1') THEN true "
            f"WHEN lower({column}) IN ('false', '0') THEN false END"
        )
    if isinstance(dtype, nw.Date):
        pattern = f"{_DAY}([ T]00:00(:00([.]0*)?)?)?"
        day = f"TRY_CAST(left({column}, 10) AS {target})"
        return _canonical_or(column, target, _LIKE_DAY, pattern, day)
    offset = f"{_OFFSET}?" if isinstance(dtype, nw.Datetime) and dtype.time_zone else ""
    pattern = f"{_DAY}([ T]{_CLOCK}{offset})?"
    like = _LIKE_DAY + _LIKE_CLOCK
    return _canonical_or(column, target, like, pattern, f"TRY_CAST({column} AS {target})")


def _canonical_or(column: str, target: str, like: str, pattern: str, other: str) -> str:
    """SQL for text as DuckDB itself writes the value, which is fast, or as ``pattern`` allows."""
    plain = f"TRY_CAST({column} AS {target})"
    return (
        f"CASE WHEN {column} LIKE '{like}' AND CAST({plain} AS VARCHAR) = {column} THEN {plain} "
        f"WHEN regexp_full_match({column}, '{pattern}') THEN {other} END"
    )


def sql_type(dtype: nw.dtypes.DType) -> str | None:
    """DuckDB's name for a scalar type, None for any other."""
    if isinstance(dtype, nw.Decimal):
        return f"DECIMAL({dtype.precision}, {dtype.scale})"
    if isinstance(dtype, nw.Datetime):
        units = {"s": "TIMESTAMP_S", "ms": "TIMESTAMP_MS", "us": "TIMESTAMP", "ns": "TIMESTAMP_NS"}
        return "TIMESTAMPTZ" if dtype.time_zone else units[dtype.time_unit]
    return _SQL_TYPES.get(type(dtype))
