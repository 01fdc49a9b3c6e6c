"""The names of Spark's client that are used beyond its public ones, in this module alone.

``pyproject.toml`` bounds its version, and ``tests/contract/test_private_names.py`` holds the
installed release to what is used here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa


def arrow_batches(native: Any) -> Iterator[pa.RecordBatch]:
    """The rows of a data frame in the batches in which Spark sends them, never all at once.

    The public `toLocalIterator` is the same, but makes a Python object of each row.
    """
    client = native.sparkSession.client
    plan = native._plan  # noqa: SLF001 - kept nowhere else
    for part in client.to_table_as_iterator(plan.to_proto(client), plan.observations):
        if isinstance(part, pa.Table):
            yield from part.to_batches()
