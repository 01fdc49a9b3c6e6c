"""Lines that `datarelease url --sql polars` printed, run in a process of their own."""

from __future__ import annotations

import subprocess
import sys


def rows_by_polars(line: str) -> int:
    """How many rows a line gives, pasted into a Python of its own.

    Polars reads addresses in threads of its own that never end, and these once crashed a worker of
    the tests long after the test that had started them.
    """
    code = f"import os, polars as pl; print(({line}).select(pl.len()).collect().item(), flush=True)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; os._exit(0)"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return int(done.stdout)
