"""The types in which Spark holds values: its own, and wider ones for those that it lacks.

Parquet files whose columns Spark's two implementations read as they are, are `plain`; others are
copied in the types of `held_schema` first. What no type of Spark holds exactly is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw
import pyarrow as pa

from datarelease.analysis.engine.column_types import instance, type_name
from datarelease.analysis.engine.errors import EngineRefusedError

_WIDER: dict[type[nw.dtypes.DType], nw.dtypes.DType] = {
    nw.UInt8: nw.Int16(),
    nw.UInt16: nw.Int32(),
    nw.UInt32: nw.Int64(),
    nw.UInt64: nw.Decimal(20, 0),
    nw.Int128: nw.Decimal(38, 0),
    nw.Unknown: nw.String(),
    nw.Categorical: nw.String(),
    nw.Enum: nw.String(),
}
_ARROW: dict[pa.DataType, pa.DataType] = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
    pa.null(): pa.string(),
    pa.large_string(): pa.string(),
    pa.large_binary(): pa.binary(),
}
_PLAIN = frozenset(
    (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.bool_())
) | {pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.date32()}


def held(dtype: nw.dtypes.DType) -> nw.dtypes.DType:
    """The type in which frames hold values of ``dtype``.

    >>> held(nw.UInt32()), held(nw.Datetime("ns")), held(nw.List(nw.UInt8()))
    (Int64, Datetime(time_unit='us', time_zone=None), List(Int16))
    """
    if isinstance(dtype, nw.Datetime):
        return nw.Datetime("us", dtype.time_zone)
    if isinstance(dtype, nw.List):
        return nw.List(held(instance(dtype.inner)))
    if isinstance(dtype, nw.Struct):
        return nw.Struct({field.name: held(instance(field.dtype)) for field in dtype.fields})
    return _WIDER.get(type(dtype), dtype)


def held_type(kind: pa.DataType) -> pa.DataType:
    """The same of Arrow's types.

    >>> held_type(pa.list_(pa.uint64())), held_type(pa.timestamp("ns"))
    (ListType(list<item: decimal128(20, 0)>), TimestampType(timestamp[us]))
    """
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(held_type(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(held_type(kind.value_type)))
    return _ARROW.get(kind, kind)


def is_plain(kind: pa.DataType) -> bool:
    """Whether Spark reads columns of this type from Parquet as DuckDB does.

    >>> is_plain(pa.int32()), is_plain(pa.uint8()), is_plain(pa.list_(pa.timestamp("ns")))
    (True, False, False)
    """
    if pa.types.is_timestamp(kind):
        return kind.unit in {"us", "ms"}
    if pa.types.is_struct(kind):
        return all(is_plain(field.type) for field in kind)
    if pa.types.is_list(kind):
        return is_plain(kind.value_type)
    return kind in _PLAIN or pa.types.is_decimal128(kind)


def refuse_unheld(label: str, types: Mapping[str, nw.dtypes.DType]) -> None:
    """Refuse columns that Spark cannot compare, or not exactly.

    Raises:
        EngineRefusedError: There is one.
    """
    for name, dtype in types.items():
        if _lacks(dtype):
            raise EngineRefusedError(
                f"{label}: column {name!r} is {type_name(dtype)}, which Spark cannot compare "
                "exactly.",
                untouched="Nothing was written.",
                remedy="Use `release.engine: duckdb`, or write the column as another type.",
            )


def _lacks(dtype: nw.dtypes.DType) -> bool:
    if isinstance(dtype, nw.Struct):
        return any(_lacks(instance(field.dtype)) for field in dtype.fields)
    if isinstance(dtype, nw.List):
        return _lacks(instance(dtype.inner))
    return isinstance(dtype, (nw.Map, nw.Time, nw.Duration, nw.Object, nw.Array, nw.UInt128))
