"""What commands share: output for people, and the question before a plan is carried out.

Results go to standard output, everything else to standard error. On GitHub Actions both are read by
the runner too, so what is printed passes ``log_guard``.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any, TextIO, cast

import click
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from datarelease.cli.log_guard import guarded
from datarelease.cli.options import json_option
from datarelease.cli.plain_output import show_columns, show_json
from datarelease.errors import ConfigError, DatareleaseError, DatareleaseWarning
from datarelease.progress import Advance, Quiet, WarningType, plain_lines, terminal_bar


def results() -> Console:
    """Standard output; no markup is read from text."""
    return Console(
        file=_file(sys.stdout),
        markup=False,
        highlight=False,
        soft_wrap=not sys.stdout.isatty(),
    )


def notes() -> Console:
    """Standard error."""
    return Console(file=_file(sys.stderr), markup=False, highlight=False, soft_wrap=True)


def _file(stream: TextIO) -> IO[str]:
    return cast("IO[str]", guarded(stream, os.environ))


def show(*parts: RenderableType) -> None:
    """Results for a person; text of ``no_wrap`` keeps its lines, which may be pasted."""
    console = results()
    for part in parts:
        # The console joins texts into a new one and forgets what they say of wrapping.
        whole = isinstance(part, Text) and part.no_wrap is True
        console.print(part, soft_wrap=whole or None)


def show_paged(text: Text) -> None:
    """A long result: on a terminal in the person's pager, which gets it without colours."""
    console = results()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        console.print(text)
        return
    with console.pager():
        console.print(text, soft_wrap=True)  # the pager breaks lines, or moves sideways


def show_table(table: Table) -> None:
    """Results as a table of one line a row: cut on a terminal, and whole where none is."""
    console = results()
    if sys.stdout.isatty():
        console.print(table)
        return
    # Laid out here: what Rich does for a terminal takes milliseconds a row.
    columns = [[str(column.header), *map(str, column.cells)] for column in table.columns]
    show_columns(list(zip(*columns, strict=True)))


@dataclass(frozen=True)
class Result:
    """What a command found, for programs and for people."""

    json: Any
    text: RenderableType | tuple[RenderableType, ...]
    error: DatareleaseError | None = None
    """Raised once the result is printed."""
    next: str = ""
    """What a person does after it; said on standard error."""


def prints_result(command: Callable[..., Result]) -> Callable[..., None]:
    """The command with the option ``--json``: its result is printed as text, or as JSON."""

    @functools.wraps(command)
    def printing(*, as_json: bool, **given: Any) -> None:
        result = command(**given)
        if as_json:
            show_json(result.json)
        else:
            show(*(result.text if isinstance(result.text, tuple) else (result.text,)))
        if result.next and not as_json:
            _show_next(notes(), result.next)
        if result.error is not None:
            raise result.error

    with_json: Callable[..., None] = json_option(printing)
    return with_json


def ask() -> None:
    """Continue only after a confirmation.

    Raises:
        ConfigError: There is no terminal, or the answer was no.
    """
    if not sys.stdin.isatty():
        raise ConfigError(
            "This is the plan; without a terminal it cannot be confirmed.",
            untouched="Nothing was written.",
            remedy="Run the command with --yes to carry it out.",
        )
    if not click.confirm("\nCarry this plan out?"):
        raise ConfigError("The plan was declined.", untouched="Nothing was written.")


def show_error(error: DatareleaseError) -> None:
    """What happened, what was left untouched, what to do next."""
    console = notes()
    console.print(Text.assemble(("error: ", "bold red"), error.what))
    if error.untouched:
        console.print(Text(error.untouched))
    if error.remedy:
        _show_next(console, error.remedy)


def _show_next(console: Console, text: str) -> None:
    console.print(Text.assemble(("next: ", "bold"), text))


class ConsoleProgress(Quiet):
    """Progress of a command: lines, and a bar while something long runs."""

    def __init__(self) -> None:
        """Write to standard error."""
        self._console = notes()

    def say(self, line: str) -> None:
        """One dim line."""
        self._console.print(Text(line, style="dim"))

    def warn(self, line: str, kind: WarningType = DatareleaseWarning) -> None:  # noqa: ARG002
        """One line that stands out."""
        self._console.print(Text.assemble(("warning: ", "bold yellow"), line))

    def track(self, label: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """A bar on a terminal; elsewhere, as in CI, a line every ten seconds."""
        if sys.stderr.isatty() and not os.environ.get("CI"):
            return terminal_bar(label, total, unit, self._console)
        return plain_lines(label, total, unit, self.say)
