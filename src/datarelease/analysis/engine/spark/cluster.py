"""What a server on another machine can read: Parquet objects on a remote, as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw
import pyarrow as pa

from datarelease.analysis.engine.errors import EngineRefusedError
from datarelease.analysis.engine.partitions import partition_columns
from datarelease.analysis.engine.spark.parquet import plain_files
from datarelease.analysis.engine.tables import Table


def refuse_unreadable(table: Table) -> None:
    """Refuse tables that only a server of this machine reads; nothing but footers is looked at.

    Raises:
        EngineRefusedError: It is one.
    """
    if not table.addresses:
        raise _refusal(table, "cannot read the files of this machine")
    try:
        plain = plain_files(table, here=False)
    except (pa.ArrowException, OSError):
        return  # no Parquet file at all, which the embedded engine says in its own words
    if plain is None:
        raise _refusal(table, "cannot read the table as it is (CSV, or types that it lacks)")
    both = [column.name for column in partition_columns(table) if column.name in plain.inside]
    if both:
        raise _refusal(table, f"cannot compare column {both[0]!r} with the names of folders")


def refuse_prepared(
    table: Table,
    names: Sequence[str],
    types: Mapping[str, nw.dtypes.DType],
    *,
    ordered: bool,
) -> None:
    """Refuse what would need a copy of the table.

    Raises:
        EngineRefusedError: It would.
    """
    converted = sorted(types.keys() & set(names))
    if converted:
        raise _refusal(table, f"does not convert columns (coerce: {converted[0]!r})")
    if ordered:
        raise _refusal(table, "does not know the order of rows, and the dataset has no `key`")


def _refusal(table: Table, what: str) -> EngineRefusedError:
    return EngineRefusedError(
        f"{table.label(table.paths[0])}: the cluster {what}.",
        untouched="Nothing was written.",
        remedy="docs/scale.md lists what a cluster reads. Without DATARELEASE_SPARK_REMOTE, "
        "or with `release.engine: duckdb`, this machine computes.",
    )
