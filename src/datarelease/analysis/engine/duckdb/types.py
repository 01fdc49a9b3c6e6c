"""DuckDB's types of Parquet columns: those of several parts as one, and what they are read as."""

from __future__ import annotations

import duckdb
from duckdb.sqltypes import DuckDBPyType

_NULL = "null"
#: Those with an equal in Narwhals, by DuckDB's identifiers; all others are read as text.
_KNOWN = frozenset(
    {
        "hugeint", "bigint", "integer", "smallint", "tinyint", "uhugeint", "ubigint", "uinteger",
        "usmallint", "utinyint", "double", "float", "varchar", "date", "timestamp_s",
        "timestamp_ms", "timestamp", "timestamp_ns", "timestamp with time zone", "boolean", "time",
        "blob", "decimal", _NULL,
    }
)  # fmt: skip
_ZONED_NANOSECONDS = "timestamptz_ns"


def read_as(kind: DuckDBPyType) -> DuckDBPyType:
    """The type with an equal in Narwhals that a column is read as: mostly its own.

    Nested types keep their shape. Types without an equal are read as their text, which is exact;
    zoned times in nanoseconds as microseconds, since `parquet_exact` refuses finer ones.

    >>> str(read_as(duckdb.sqltype("UUID[]"))), str(read_as(duckdb.sqltype("INTEGER")))
    ('VARCHAR[]', 'INTEGER')
    """
    if kind.id == "list":
        return duckdb.list_type(read_as(kind.child))
    if kind.id == "struct":
        return duckdb.struct_type({n: read_as(inner) for n, inner in _children(kind).items()})
    if kind.id == "map":
        return duckdb.map_type(*map(read_as, _children(kind).values()))
    if kind.id == _ZONED_NANOSECONDS:
        return duckdb.sqltype("TIMESTAMP WITH TIME ZONE")
    return kind if kind.id in _KNOWN else duckdb.sqltype("VARCHAR")


def merged_type(one: DuckDBPyType, two: DuckDBPyType) -> DuckDBPyType | None:
    """The type of a column that is ``one`` in a part and ``two`` in another; None: there is none.

    They are the same, but where one is of nothing but nulls, as a whole or inside.
    """
    if one == two or _NULL in {one.id, two.id}:
        return two if one.id == _NULL else one
    if one.id != two.id or one.id not in {"list", "struct", "map"}:
        return None
    if one.id == "list":
        inner = merged_type(one.child, two.child)
        return duckdb.list_type(inner) if inner is not None else None
    left, right = _children(one), _children(two)
    fields = {name: merged_type(kind, right[name]) for name, kind in left.items() if name in right}
    found = {name: kind for name, kind in fields.items() if kind is not None}
    if list(left) != list(right) or len(found) < len(left):
        return None
    return duckdb.map_type(*found.values()) if one.id == "map" else duckdb.struct_type(found)


def _children(kind: DuckDBPyType) -> dict[str, DuckDBPyType]:
    """The types inside a struct or map, by name."""
    return {name: inner for name, inner in kind.children if isinstance(inner, DuckDBPyType)}
