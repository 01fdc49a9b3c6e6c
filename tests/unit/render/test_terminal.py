"""The summary on a terminal and in a pipe."""

from __future__ import annotations

import io
from typing import Literal

import pytest
from rich.console import Console
from tests import sample_reports as samples
from tests.hostile import attacks_on, poisoned

from datarelease.model.review.report import Report
from datarelease.render.terminal.report import summary


def shown(report: Report, *, terminal: bool = False) -> str:
    """What is printed, 100 columns wide."""
    out = io.StringIO()
    colours: Literal["standard", "auto"] = "standard" if terminal else "auto"
    console = Console(file=out, width=100, force_terminal=terminal, color_system=colours)
    console.print(summary(report))
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("small", "✓ Pass: merging publishes data-v4"),
        ("warned", "! Warn: merging publishes data-v4"),
        ("unchanged", "✓ Pass: nothing to release: same data as data-v3"),
        ("rollback", "✓ Pass: rolls back to the data of data-v2: merging publishes data-v5"),
        ("first", "✓ Pass: first release: merging publishes data-v1"),
    ],
)
def test_the_first_line_says_what_merging_does(name: str, first: str) -> None:
    """The same sentence as in the comment, in plain text in a pipe."""
    assert shown(samples.SAMPLES[name]()).splitlines()[0] == first


def test_a_block_names_its_reasons() -> None:
    """Findings, schema changes and failed checks are on the screen."""
    text = shown(samples.blocked())
    assert text.startswith("✗ Blocked: data-v4 cannot be published: 4 checks failed")
    assert "✗ breaking orders: the dataset was removed" in text
    assert "breaking: column phone removed" in text
    assert "5 of 42 checks failed" in text


def test_columns_that_did_not_move_take_one_line() -> None:
    """The table has those that moved."""
    lines = shown(samples.warned()).splitlines()
    assert "  Little or no drift: age, email" in [line.rstrip() for line in lines]
    assert any(line.startswith("  monthly_spend") for line in lines)
    assert not any(line.startswith("  age") for line in lines)


def test_a_pipe_gets_no_control_characters() -> None:
    """Plain text where nobody looks at colours, colours on a terminal."""
    assert "\x1b" not in shown(samples.blocked())
    assert "\x1b[" in shown(samples.blocked(), terminal=True)


@pytest.mark.parametrize(("text", "name"), attacks_on("blocked", "files"))
def test_hostile_text_cannot_drive_the_terminal(text: str, name: str) -> None:
    """No escape sequence, markup or line of its own comes from data."""
    report = poisoned(samples.SAMPLES[name](), text)
    printed = shown(report)
    assert not {"\x1b", "\x07", "\x9b", "\r", "\u202e", "\u2066"} & set(printed)
    coloured = shown(report, terminal=True)
    assert "\x1b]" not in coloured
    assert "\x07" not in coloured
    printed.encode()


def test_rich_markup_from_data_is_printed_as_it_is() -> None:
    """Square brackets are text."""
    assert "[red]x[/red]" in shown(poisoned(samples.small(), "[red]x[/red]"))


def test_the_summary_of_many_datasets_is_a_few_screens() -> None:
    """What does not fit is counted."""
    text = shown(samples.many(500))
    assert len(text.splitlines()) < 500
    assert "480 more datasets" in text
    assert "16,980 more findings, 15,480 blocking" in text
