"""Parquet files as an Arrow dataset: what Arrow, pandas and, far away, Polars read lazily."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs as arrow_fs

from datarelease.analysis.engine.lazy.conditions import Condition, combined
from datarelease.analysis.engine.lazy.parquet import ParquetPaths

_TYPES = {"int64": pa.int64(), "date": pa.date32(), "string": pa.string()}


def arrow_dataset(files: ParquetPaths) -> ds.Dataset:
    """Parquet files as a dataset with the columns of the first one, those of folders last."""
    format_ = ds.ParquetFileFormat()
    system = (
        arrow_fs.LocalFileSystem()
        if files.fs is None
        else arrow_fs.PyFileSystem(arrow_fs.FSSpecHandler(files.fs))
    )
    columns = files.partitions
    fragments = [
        format_.make_fragment(path, system, _folder(columns, place))
        for place, path in enumerate(files.paths)
    ]
    schema = fragments[0].physical_schema
    for column in columns:
        if column.name not in schema.names:
            schema = schema.append(pa.field(column.name, _TYPES[column.type]))
    return ds.FileSystemDataset(fragments, schema, format_, system)


def rows_dataset(rows: pa.Table) -> ds.Dataset:
    """A table in memory as a dataset."""
    return ds.dataset(rows)


def _folder(columns: Sequence[Any], place: int) -> ds.Expression:
    """What the folders of a part say of its rows."""
    said = ds.scalar(True)
    for column in columns:
        value = column.values[place]
        field = ds.field(column.name)
        said &= field.is_null() if value is None else field == pa.scalar(value, _TYPES[column.type])
    return said


def arrow_condition(conditions: Sequence[Condition]) -> ds.Expression | None:
    """Conditions as an expression of Arrow; None: there are none."""
    return combined(
        conditions,
        column=ds.field,
        value=ds.scalar,
        member=lambda field, values: field.isin(values),
        null=lambda field: field.is_null(),
    )


def narrowed_dataset(
    dataset: ds.Dataset, columns: Sequence[str] | None, conditions: Sequence[Condition]
) -> ds.Dataset:
    """Some rows and columns; the columns that conditions name are among them."""
    if columns is not None:
        names = dict.fromkeys((*columns, *(name for name, _, _ in conditions)))
        dataset = dataset.replace_schema(pa.schema([dataset.schema.field(name) for name in names]))
    expression = arrow_condition(conditions)
    return dataset if expression is None else dataset.filter(expression)
