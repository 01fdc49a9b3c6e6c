"""Progress of long work, on a terminal and in a log."""

from __future__ import annotations

import io
import re
import sys

import pytest
from rich.console import Console

from datarelease.cli.console import ConsoleProgress
from datarelease.progress import LINE_EVERY, plain_lines, terminal_bar


def test_a_bar_shows_count_rate_and_time_left() -> None:
    """While half of the objects are done, the terminal says so, and how long the rest takes."""
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with terminal_bar("Pushing to storage", 100, "objects", console) as advance:
        for _ in range(50):
            advance(1)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "Pushing to storage" in shown
    assert re.search(r"50/100.*objects.*[\d,]+ a second.*\d:\d\d:\d\d", shown)


def test_a_log_gets_one_line_in_ten_seconds() -> None:
    """However often it advances; short work is not mentioned, and the end is said by its result."""
    now = 0.0
    lines: list[str] = []
    with plain_lines("Pushing", 1000, "objects", lines.append, clock=lambda: now) as advance:
        for _ in range(1000):
            now += 1 / 32
            advance(1)
    assert lines == [
        "Pushing: 320 of 1,000 objects, 32 a second, 21 s left",
        "Pushing: 640 of 1,000 objects, 32 a second, 11 s left",
        "Pushing: 960 of 1,000 objects, 32 a second, 1 s left",
    ]
    with plain_lines("Pushing", 10, "objects", lines.append, clock=lambda: now) as advance:
        advance(10)
    assert len(lines) == 3


@pytest.mark.parametrize("ci", ["", "true"])
def test_a_command_draws_no_bar_in_ci_or_into_a_file(
    ci: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runner may pretend to be a terminal: what it shows then are lines all the same."""
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: bool(ci))
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("datarelease.progress.LINE_EVERY", 0.0)
    with ConsoleProgress().track("Pushing", 3, "objects") as advance:
        advance(1)
    lines = re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue()).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("Pushing: 1 of 3 objects, ")
    assert LINE_EVERY == 10
