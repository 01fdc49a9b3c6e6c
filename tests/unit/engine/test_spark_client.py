"""The client of Spark in processes that it was not made for."""

from __future__ import annotations

import subprocess
import sys


def test_a_process_without_a_main_file() -> None:
    """It does not end as a run of Spark's doctests, and its main module stays as it was."""
    code = (
        "import sys, datarelease.analysis.engine.spark.engine, pyspark.sql.connect.group;"
        "print(hasattr(sys.modules['__main__'], '__file__'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
