"""``datarelease doctor``."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import click
from rich.text import Text
from typing_extensions import TypedDict

from datarelease.cli.console import notes, show
from datarelease.cli.described import DescribedCommand
from datarelease.cli.options import json_option
from datarelease.cli.plain_output import show_json
from datarelease.doctor.doctor import aws_policies, diagnose
from datarelease.model.diagnosis import Diagnosis, Line, LineState
from datarelease.render.escape import clean

_MARKS: dict[LineState, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "unknown": ("?", "dim"),
    "missing": ("✗", "bold red"),
}


class DoctorResult(TypedDict):
    """The answers to all questions."""

    lines: list[Line]
    """One for each question, in the order asked."""


@click.command(
    "doctor",
    cls=DescribedCommand,
    exits={
        0: "Nothing has to be corrected; there may be warnings.",
        2: "Something has to be set up or corrected.",
        3: "A remote does not answer.",
    },
    prints=DoctorResult,
)
@click.option("--write", is_flag=True, help="Also try to write one small object to each remote.")
@click.option(
    "--github", metavar="OWNER/NAME", help="The repository on GitHub.  [default: that of origin]"
)
@click.option(
    "--aws-policy",
    is_flag=True,
    help="Print the policies that AWS needs, as JSON, and check nothing.",
)
@json_option
def command(write: bool, github: str | None, aws_policy: bool, as_json: bool) -> None:  # noqa: FBT001
    """Check whether everything that a release needs is set up.

    Each fault comes with its remedy. If GITHUB_TOKEN is set, the settings on GitHub are checked
    as well.
    """
    if aws_policy:
        show_json(aws_policies(Path.cwd(), os.environ, github=github))
        notes().print(_HOW, style="dim")
        return
    diagnosis = diagnose(Path.cwd(), os.environ, write=write, github=github)
    if as_json:
        show_json({"lines": [asdict(line) for line in diagnosis.lines]})
    else:
        show(_text(diagnosis))
    raise SystemExit(diagnosis.exit_code)


_HOW = (
    "For each remote: a role for each environment (trust, permissions), the bucket's own policy,\n"
    "its lifecycle and its versioning. Fill in ACCOUNT_ID; docs/remotes.md has the commands."
)


def _text(diagnosis: Diagnosis) -> Text:
    text = Text()
    width = min(max((len(line.check) for line in diagnosis.lines), default=0), 24)
    for area, lines in groupby(_by_area(diagnosis), key=lambda line: line.area):
        text.append(f"{area}\n", "bold")
        for line in lines:
            mark, style = _MARKS[line.state]
            text.append(f"  {mark} ", style)
            text.append(f"{clean(line.check):<{width}}  {clean(line.found, None)}\n")
            if line.state != "ok":
                for command_line in line.remedy.splitlines():
                    text.append(f"      → {clean(command_line, None)}\n", "cyan")
    found = Counter(line.state for line in diagnosis.lines)
    text.append(", ".join(f"{found[state]} {state}" for state in _MARKS if found[state]))
    for hint in diagnosis.hints:
        text.append(f"\n{hint}", "dim")
    return text


def _by_area(diagnosis: Diagnosis) -> list[Line]:
    """Lines with their areas together, in the order in which areas were first named."""
    order = list(dict.fromkeys(line.area for line in diagnosis.lines))
    return sorted(diagnosis.lines, key=lambda line: order.index(line.area))
