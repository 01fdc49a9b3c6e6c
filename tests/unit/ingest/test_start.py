"""What a command of ``datarelease ingest`` loads before it does anything."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ["duckdb", "pandas", "pandera", "datarelease.ingest.parse.batch"]


def loaded(command: str) -> list[str]:
    """The heavy modules that a new process has once the command is loaded."""
    source = (
        "import sys; from datarelease.ingest.cli import command; "
        f"assert command.get_command(None, {command!r}); "
        f"print(*(name for name in {HEAVY!r} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_the_parser_is_loaded_by_its_own_command_alone() -> None:
    """It brings DuckDB; `drain` and `waiting` run often and do not use it."""
    assert loaded("waiting") == []
    assert loaded("parse") == ["duckdb", "datarelease.ingest.parse.batch"]


def test_a_command_that_has_loaded_duckdb_ends_in_silence() -> None:
    """DuckDB prints what of its own is never collected, such as what a command froze."""
    command = [sys.executable, "-m", "datarelease", "ingest", "parse", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def said(source: str) -> list[str]:
    """What a new process prints."""
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_arrow_takes_values_without_pandas() -> None:
    """It imports pandas for the first value unless it is told not to, and then for none."""
    values = (
        "pa.scalar(1), pa.array([1.5, None]), pa.array(np.arange(3)), pa.nulls(2).to_numpy(False);"
        "print('pandas' in sys.modules)"
    )
    source = f"import sys, numpy as np, pyarrow as pa; {values}"
    assert said(source) == ["True"], "it is of no use any more"
    told = "from datarelease.ingest.parse.without_pandas import skip_pandas; skip_pandas()"
    assert said(f"{told}; {source}") == ["False"]


def test_arrow_makes_data_frames_all_the_same() -> None:
    """What needs pandas has it, and then its values are known again."""
    source = (
        "import pyarrow as pa; from datarelease.ingest.parse.without_pandas import skip_pandas;"
        "skip_pandas(); frame = pa.table({'a': [1, None]}).to_pandas();"
        "import pandas; print(type(frame) is pandas.DataFrame, pa.array(frame['a']).null_count)"
    )
    assert said(source) == ["True", "1"]
