"""The names of Spark's client that are used beyond its public ones, in this module alone.

``pyproject.toml`` bounds its version, and ``tests/contract/test_private_names.py`` holds the
installed release to what is used here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pyarrow as pa


def _client_functions() -> Any:
    """The functions of Spark's client.

    The client takes a process whose main module has no file (`python -c`, a worker of a test run)
    for a run of its own doctests, looks for the whole of Spark, and ends the process without it.
    """
    main = sys.modules["__main__"]
    lacks = not hasattr(main, "__file__")
    if lacks:
        main.__file__ = "-c"
    try:
        functions = import_module("pyspark.sql.connect.functions")
        import_module("pyspark.sql.connect.session")
    finally:
        if lacks:
            del main.__file__
    # Other modules of the client, which are loaded when they are used, ask again.
    checks: Any = import_module("pyspark.sql.connect.utils")
    checks.check_dependencies = lambda: None
    # At each call of a function it would look for the caller's line, and for IPython on sys.path,
    # to tell the server. Spark can be told otherwise only where it is started.
    errors: Any = import_module("pyspark.errors.utils")
    errors._enable_debugging_cache = False  # noqa: SLF001 - there is no public setting
    return functions


FUNCTIONS = _client_functions()
"""``pyspark.sql.connect.functions``"""


def arrow_batches(native: Any) -> Iterator[pa.RecordBatch]:
    """The rows of a data frame in the batches in which Spark sends them, never all at once.

    The public `toLocalIterator` is the same, but makes a Python object of each row.
    """
    client = native.sparkSession.client
    plan = native._plan  # noqa: SLF001 - kept nowhere else
    for part in client.to_table_as_iterator(plan.to_proto(client), plan.observations):
        if isinstance(part, pa.Table):
            yield from part.to_batches()
