"""Bars while DuckDB works: on a terminal, and nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping

import pytest
from tests.project import Project

pytestmark = pytest.mark.one_dataset

COMMAND = "from datarelease.cli import main; sys.argv = ['datarelease', {}]; main()"
WORK = {
    "validate": COMMAND.format("'validate', 'people'"),
    "profile": COMMAND.format("'profile', 'people'"),
    "check": COMMAND.format("'check'"),
    "load": "import datarelease as dr; print(len(dr.load('latest', 'people')))",
    "dr.check": "import datarelease as dr; print(dr.check().level)",
}
AT_ONCE = (
    "import sys; from datarelease.analysis.engine.duckdb import query_progress; "
    "query_progress._AFTER, query_progress._EVERY = 0.0, 0.001; "
)
"""Shows the bars of queries that take less than a second, too."""


def on_terminal(project: Project, work: str, env: Mapping[str, str]) -> tuple[str, str]:
    """What ``work`` writes to a pipe as standard output, and to a terminal as standard error."""
    terminal, stderr = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", AT_ONCE + WORK[work]],
        cwd=project.root, env={**os.environ, "TERM": "xterm", **env},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
    ) as process:  # fmt: skip
        os.close(stderr)
        shown = b""
        while True:
            try:
                shown += os.read(terminal, 65_536)
            except OSError:  # Linux ends a terminal that nobody has open like this
                break
        assert process.stdout is not None
        result = process.stdout.read()
    os.close(terminal)
    assert process.returncode == 0, (result, shown)
    return result, shown.decode()


@pytest.mark.parametrize("work", ["validate", "profile", "check", "load", "dr.check"])
def test_a_terminal_shows_long_queries(edited: Project, work: str) -> None:
    """The bar is on standard error; the result on standard output has nothing of it."""
    result, shown = on_terminal(edited, work, {})
    assert "Querying tables" in shown
    assert result
    assert "Querying" not in result


@pytest.mark.parametrize("work", ["profile", "load"])
def test_ci_shows_no_bars(edited: Project, work: str) -> None:
    """CI may have a terminal, but nobody who looks at it while the work lasts."""
    _, shown = on_terminal(edited, work, {"CI": "true"})
    assert "Querying" not in shown


def test_a_pipe_shows_no_bars(released: Project) -> None:
    """Standard error that goes to a file or a program has lines alone."""
    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE + WORK["profile"]],
        cwd=released.root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Querying" not in done.stderr
