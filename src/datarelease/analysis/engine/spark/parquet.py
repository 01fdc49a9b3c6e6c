"""The Parquet files that Spark reads itself: which they are, and how their rows become a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyarrow import parquet

from datarelease.analysis.engine.partitions import PartitionColumn, partition_columns
from datarelease.analysis.engine.spark.held import is_plain
from datarelease.analysis.engine.spark.narwhals_private import in_backticks
from datarelease.analysis.engine.spark.spark_private import FUNCTIONS as F
from datarelease.analysis.engine.tables import Table

_SQL_TYPES = {"int64": "bigint", "date": "date", "string": "string"}


@dataclass(frozen=True, kw_only=True)
class PlainFiles:
    """Parquet files of equal columns, all of types that Spark reads exactly."""

    addresses: tuple[str, ...]
    """Where Spark finds them."""
    rows: int
    """As their footers count them."""
    floats: frozenset[str]
    inside: tuple[str, ...]
    folders: tuple[PartitionColumn, ...]
    """Columns that only folders have."""

    def read(self, spark: Any, names: Sequence[str]) -> Any:
        """A data frame of some columns, in which NaN is null and zero has no sign.

        Files below folders of the same values are read together.
        """
        wanted = [column for column in self.folders if column.name in names]
        groups: dict[tuple[Any, ...], list[str]] = {}
        for place, address in enumerate(self.addresses):
            values = tuple(column.values[place] for column in wanted)
            groups.setdefault(values, []).append(address)
        whole = None
        for values, addresses in groups.items():
            said = {
                column.name: F.lit(value).cast(_SQL_TYPES[column.type])
                for column, value in zip(wanted, values, strict=True)
            }
            columns = [
                said[name].alias(name) if name in said else self._column(name) for name in names
            ]
            part = spark.read.parquet(*addresses).select(*columns)
            whole = part if whole is None else whole.unionAll(part)
        return whole

    def _column(self, name: str) -> Any:
        column = F.col(in_backticks(name))
        if name not in self.floats:
            return column
        # Sail tells the zeros apart; a sum with zero has the type of the column only if both have.
        unsigned = F.when(column == 0, column - column).otherwise(column)
        return F.when(~F.isnan(column), unsigned).alias(name)


def plain_files(table: Table, *, here: bool) -> PlainFiles | None:
    """The files of a Parquet table as Spark reads them; None: it cannot, or not exactly.

    ``here``: it reads those of this machine. ``table`` was opened by the embedded engine, so that
    its parts are known to fit together.
    """
    if table.format != "parquet":
        return None
    footers = {path: parquet.read_metadata(path) for path in dict.fromkeys(table.paths)}
    schemas = [footer.schema.to_arrow_schema() for footer in footers.values()]
    first = schemas[0]
    types = dict(zip(first.names, first.types, strict=True))
    for schema in schemas:
        if dict(zip(schema.names, schema.types, strict=True)) != types:
            return None
    if not all(map(is_plain, types.values())) or any(map(_has_int96, footers.values())):
        return None
    return PlainFiles(
        addresses=tuple(map(str, table.paths)) if here else table.addresses,
        rows=sum(footers[path].num_rows for path in table.paths),
        floats=frozenset(name for name, kind in types.items() if str(kind) in {"float", "double"}),
        inside=tuple(first.names),
        folders=tuple(c for c in partition_columns(table) if c.name not in types),
    )


def _has_int96(footer: parquet.FileMetaData) -> bool:
    columns = (footer.schema.column(place) for place in range(len(footer.schema)))
    return any(column.physical_type == "INT96" for column in columns)
