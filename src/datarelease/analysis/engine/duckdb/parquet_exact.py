"""Values of Parquet files that DuckDB would read as others: found, and refused by name.

DuckDB makes floats of decimals with more than 38 digits, and microseconds of the finer times that
Impala writes (INT96) or that have a zone; it knows no durations, and reads them as integers of
whichever unit a file has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from datarelease.analysis.engine.parquet_parts import inner_types, leaves
from datarelease.analysis.engine.tables import UnreadableTable

_DIGITS = 38
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_INT96 = "INT96"
_FINEST = 2**63 // 1000 - 1
"""Microseconds from 1970 that nanoseconds of 64 bits reach."""


def check_types(label: str, schema: pa.Schema, first: pa.Schema) -> None:
    """Refuse columns of a part that cannot be read exactly, or not together with the first part.

    Raises:
        UnreadableTable: A decimal of more than 38 digits, or durations of two units.
    """
    for name, kind in zip(schema.names, schema.types, strict=True):
        for inner in inner_types(kind):
            if pa.types.is_decimal(inner) and inner.precision > _DIGITS:
                what = f"column {name!r} is {inner}: only {_DIGITS} digits can be compared exactly"
                raise UnreadableTable(label, f"{what}; write it as decimal128, or as text")
        place = first.get_field_index(name)
        other = first.field(place).type if place >= 0 else kind
        if _units(kind) != _units(other) and not any(map(_has_nulls_only, (kind, other))):
            reason = f"column {name!r} is {kind}, in the first part {other}"
            raise UnreadableTable(label, reason)


def _units(kind: pa.DataType) -> list[str]:
    """The units of the durations in a type."""
    return [inner.unit for inner in inner_types(kind) if pa.types.is_duration(inner)]


def _has_nulls_only(kind: pa.DataType) -> bool:
    """Nothing but nulls is in a column of this type, or somewhere inside."""
    return any(map(pa.types.is_null, inner_types(kind)))


def durations(schema: pa.Schema) -> dict[str, int]:
    """The columns of durations, and how many nanoseconds the unit of each one has."""
    return {
        field.name: _NANOSECONDS[field.type.unit]
        for field in schema
        if pa.types.is_duration(field.type)
    }


def fine_times(schema: pa.Schema) -> frozenset[str]:
    """The columns with times in nanoseconds, those of INT96 among them; see `check_times`."""
    return frozenset(
        field.name
        for field in schema
        if any(pa.types.is_timestamp(t) and t.unit == "ns" for t in inner_types(field.type))
    )


def check_times(path: Path, label: str, names: Collection[str]) -> None:
    """Refuse times among the columns ``names`` that are finer than what they are read as.

    Only columns of INT96, and of zoned times in nanoseconds, are looked at.

    Raises:
        UnreadableTable: A value is not a whole number of microseconds.
    """
    with parquet.ParquetFile(path) as file:
        columns = (file.schema.column(place) for place in range(len(file.schema)))
        legacy = any(column.physical_type == _INT96 for column in columns)
        fields = [field for field in file.schema_arrow if field.name in names]
    for field in fields:
        zoned = any(pa.types.is_timestamp(t) and t.tz for t in inner_types(field.type))
        if (legacy or zoned) and _is_finer(path, field.name):
            raise UnreadableTable(
                label,
                f"column {field.name!r} holds times finer than microseconds, which cannot be "
                "compared exactly: write them in microseconds, or as nanoseconds without a zone "
                "(timestamp[ns])",
            )


def _is_finer(path: Path, name: str) -> bool:
    coarse = parquet.ParquetFile(path, coerce_int96_timestamp_unit="us")
    with coarse, parquet.ParquetFile(path) as fine:
        for group in range(fine.num_row_groups):
            pairs = zip(
                _moments(coarse.read_row_group(group, [name])[name]),
                _moments(fine.read_row_group(group, [name])[name]),
                strict=True,
            )
            if any(_differ(us, ns) for us, ns in pairs):
                return True
    return False


def _differ(coarse: pa.Array, fine: pa.Array) -> bool:
    """Whether nanoseconds are more than the same microseconds, where they reach that far."""
    us = coarse.cast(pa.timestamp("us", coarse.type.tz), safe=False).cast(pa.int64())
    near = pc.less_equal(pc.abs(us), _FINEST)
    more = pc.not_equal(pc.multiply(us, 1000), fine.cast(pa.int64()))
    return bool(pc.any(pc.and_(near, more)).as_py())


def _moments(column: pa.ChunkedArray) -> Iterator[pa.Array]:
    """The times in a column, however deep inside."""
    for chunk in column.chunks:
        yield from (leaf for leaf in leaves(chunk) if pa.types.is_timestamp(leaf.type))
