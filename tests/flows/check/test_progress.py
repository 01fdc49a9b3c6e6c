"""Bars while DuckDB works: on a terminal, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial

import pytest
from tests.commands import start
from tests.project import Project
from tests.slow_cases import slow_but
from tests.terminals import attach, terminal

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


def do(work: str, terminal: str | None = None) -> None:
    """Do this in a fork, in place of a command; its standard error is the terminal."""
    if terminal is not None:
        attach(terminal, 2)
    exec(AT_ONCE + WORK[work], {"__name__": "__main__"})  # noqa: S102 - a user's line of Python
    sys.exit()


def on_terminal(project: Project, work: str, env: Mapping[str, str]) -> tuple[str, str]:
    """What ``work`` writes to a file as standard output, and to a terminal as standard error."""
    with terminal() as there:
        act = partial(do, work, there.name)
        started = start(project, env={"TERM": "xterm", **env}, prepare=act)
        shown = there.watch(started)
        done = started.wait()
    assert done.code == 0, (done, shown)
    return done.out, shown


# Of commands one, and of functions one: queries are the same.
@pytest.mark.parametrize("work", slow_but({"validate", "load"}, WORK))
def test_a_terminal_shows_long_queries(edited: Project, work: str) -> None:
    """The bar is on standard error; the result on standard output has nothing of it."""
    result, shown = on_terminal(edited, work, {})
    assert "Querying tables" in shown
    assert result
    assert "Querying" not in result


@pytest.mark.parametrize("work", slow_but({"load"}, ["profile", "load"]))
def test_ci_shows_no_bars(edited: Project, work: str) -> None:
    """CI may have a terminal, but nobody who looks at it while the work lasts."""
    _, shown = on_terminal(edited, work, {"CI": "true"})
    assert "Querying" not in shown


def test_a_pipe_shows_no_bars(released: Project) -> None:
    """Standard error that goes to a file or a program has lines alone."""
    done = start(released, prepare=partial(do, "profile")).wait()
    assert done.code == 0
    assert "Querying" not in done.err
