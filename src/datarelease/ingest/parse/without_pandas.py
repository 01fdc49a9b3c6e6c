"""Arrow without pandas, which it would import for the first value that it takes from Python.

``tests/unit/ingest/test_start.py`` holds the installed release of Arrow to it.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

import pyarrow as pa


class _NoPandas(MetaPathFinder):
    """Says that pandas is not installed."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:  # noqa: ARG002
        """None, so that others are asked: except for pandas."""
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def skip_pandas() -> None:
    """Let Arrow take values from Python without importing pandas first.

    It imports pandas before the first one, to know values of pandas among them, and remembers
    whether that was possible. This takes a quarter of a second, and is of no use to a command that
    has no such values. Where it has to make a data frame, Arrow imports pandas all the same.
    """
    if "pandas" in sys.modules:
        return
    hidden = _NoPandas()
    sys.meta_path.insert(0, hidden)
    try:
        pa.scalar(0)
    finally:
        sys.meta_path.remove(hidden)
