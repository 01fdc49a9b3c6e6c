"""The types and values inside nested Arrow types."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa


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
