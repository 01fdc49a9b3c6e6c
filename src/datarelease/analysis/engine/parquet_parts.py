"""The parts of a Parquet table as one Arrow table: every column that the files and folders have.

Arrow reads what DuckDB reads, and keeps types that DuckDB has no equal for (categories, durations);
the tests hold both equal. What pandas wrote into a file about an index is left aside: an index is a
column of the file as any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from datarelease.analysis.engine.partitions import PartitionColumn, PartitionType, partition_columns
from datarelease.analysis.engine.tables import Table, UnreadableTable

_TYPES: dict[PartitionType, pa.DataType] = {
    "int64": pa.int64(),
    "date": pa.date32(),
    "string": pa.string(),
}
_PLAIN = {
    pa.float16(): pa.float32(),
    pa.string_view(): pa.string(),
    pa.binary_view(): pa.binary(),
}
_DIGITS = 38
_PANDAS = b"pandas"


def parquet_columns(table: Table) -> tuple[str, ...]:
    """The names of a table's columns, those of partition folders last.

    Raises:
        UnreadableTable: The first part is not a Parquet file or has two columns of one name,
            or folders contradict each other.
    """
    with _opened(table, 0) as file:
        first = file.schema_arrow.names
    repeated = [name for name in first if first.count(name) > 1]
    if repeated or not first:
        what = f"two columns are called {repeated[0]!r}" if repeated else "it has no columns"
        raise UnreadableTable(_label(table, 0), what)
    folders = (column.name for column in partition_columns(table))
    return tuple(dict.fromkeys((*first, *folders)))


def read_parts(table: Table, columns: Sequence[str]) -> pa.Table:
    """The rows of all parts in the order of their names, with ``columns`` in this order.

    A part in which a column is all null has the column's type of the others.

    Raises:
        UnreadableTable: A part is not a Parquet file, or its columns do not fit those of the
            others.
    """
    partitions = partition_columns(table)
    parts = [_part(table, place, columns, partitions) for place in range(len(table.paths))]
    parts = [_as_checked(part) for part in parts]
    differing = {
        name for name in columns if len({part.schema.field(name).type for part in parts}) > 1
    }
    parts = [_aligned(part, differing) for part in parts]
    try:
        whole = pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowException:
        raise UnreadableTable("", "the parts have columns of different types") from None
    return whole.replace_schema_metadata(_without_index(parts[0].schema.metadata))


def _opened(table: Table, place: int) -> parquet.ParquetFile:
    path = table.paths[place]
    try:
        # Microseconds reach from year 1 to 9999; nanoseconds would wrap around silently.
        return parquet.ParquetFile(path, coerce_int96_timestamp_unit="us")
    except (pa.ArrowException, OSError):
        raise UnreadableTable(_label(table, place), "it cannot be read as Parquet") from None


def _part(
    table: Table, place: int, columns: Sequence[str], partitions: Sequence[PartitionColumn]
) -> pa.Table:
    with _opened(table, place) as file:
        inside = set(file.schema_arrow.names)
        try:
            part = file.read([name for name in columns if name in inside])
        except (pa.ArrowException, OSError):
            raise UnreadableTable(_label(table, place), "it cannot be read as Parquet") from None
        rows = file.metadata.num_rows
    for column in partitions:
        if column.name in columns and column.name not in inside:
            value = pa.scalar(column.values[place], _TYPES[column.type])
            part = part.append_column(column.name, pa.repeat(value, rows))
    lacking = [name for name in columns if name not in part.schema.names]
    if lacking:
        raise UnreadableTable(_label(table, place), f"it has no column {lacking[0]!r}")
    return part.select(list(columns))


def _label(table: Table, place: int) -> str:
    return table.labels[place] if table.labels else table.paths[place].name


def _as_checked(part: pa.Table) -> pa.Table:
    """The part with those types that not every library has in the type that a check reads."""
    for place, field in enumerate(part.schema):
        kind = _checked_type(field.type)
        if kind != field.type:
            part = part.set_column(place, field.name, part.column(place).cast(kind))
    return part


def _checked_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_checked_type(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_checked_type(kind.value_type)))
    if pa.types.is_decimal256(kind) and kind.precision <= _DIGITS:
        return pa.decimal128(kind.precision, kind.scale)
    if isinstance(kind, (pa.JsonType, pa.Bool8Type)):
        return kind.storage_type
    return _PLAIN.get(kind, kind)


def _aligned(part: pa.Table, differing: set[str]) -> pa.Table:
    """The part with those types that Arrow does not bring together by itself as plainer ones."""
    for name in differing:
        place = part.schema.get_field_index(name)
        column = part.column(place)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        elif pa.types.is_timestamp(column.type) and column.type.tz is not None:
            column = column.cast(pa.timestamp(column.type.unit, "UTC"))
        part = part.set_column(place, name, column)
    return part


def _without_index(metadata: Any) -> dict[bytes, bytes] | None:
    """A schema's metadata in which no column is an index; what else it says of types stays."""
    if not metadata or _PANDAS not in metadata:
        return metadata or None
    try:
        said = json.loads(metadata[_PANDAS])
        said |= {"index_columns": [], "column_indexes": []}
    except (ValueError, TypeError):
        return {key: value for key, value in metadata.items() if key != _PANDAS}
    return {**metadata, _PANDAS: json.dumps(said).encode()}


def inner_types(kind: pa.DataType) -> Iterator[pa.DataType]:
    """A type and those inside it."""
    yield kind
    if pa.types.is_nested(kind):
        for place in range(kind.num_fields):
            yield from inner_types(kind.field(place).type)
    elif pa.types.is_dictionary(kind):
        yield kind.value_type


def leaves(values: pa.Array) -> Iterator[pa.Array]:
    """The arrays of values inside an array, however deep; the array itself if it is not nested."""
    kind = values.type
    if pa.types.is_struct(kind):
        inside = values.flatten()
    elif pa.types.is_map(kind):
        inside = [values.keys, values.items]
    elif pa.types.is_nested(kind) and kind.num_fields == 1:  # lists of every sort
        inside = [values.flatten()]
    else:
        yield values
        return
    for array in inside:
        yield from leaves(array)
