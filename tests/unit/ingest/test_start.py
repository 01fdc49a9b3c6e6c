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
    """It brings DuckDB and pandas; `drain` and `waiting` run often and use neither."""
    assert loaded("waiting") == []
    assert "datarelease.ingest.parse.batch" in loaded("parse")
