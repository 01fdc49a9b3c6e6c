"""Progress of long work: lines and bars on a terminal, and nothing elsewhere."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from datarelease.errors import DatareleaseWarning

if TYPE_CHECKING:
    from rich.console import Console

TIMEOUT = 45.0
"""Seconds that another side may be silent, unless ``release.timeout`` says otherwise."""
WarningType = type[DatareleaseWarning]
Advance = Callable[[int], None]
"""Called with how many units were done since the last call; safe to call from several threads."""


class Progress(Protocol):
    """Progress messages of a flow."""

    def say(self, line: str) -> None:
        """A step that was done or skipped, in one line."""

    def warn(self, line: str, kind: WarningType = DatareleaseWarning) -> None:
        """What the caller has to know about the result, in one line."""

    def track(self, label: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """A piece of work of ``total`` units (``objects``, ``bytes``, …)."""


class Quiet:
    """Says nothing."""

    def say(self, line: str) -> None:
        """Drop the line."""

    def warn(self, line: str, kind: WarningType = DatareleaseWarning) -> None:
        """Drop the line."""

    def track(
        self,
        label: str,  # noqa: ARG002
        total: int,  # noqa: ARG002
        unit: str,  # noqa: ARG002
    ) -> AbstractContextManager[Advance]:
        """Drop the figures."""
        return nullcontext(lambda _: None)


@contextmanager
def terminal_bar(
    label: str, total: int, unit: str, console: Console | None = None
) -> Iterator[Advance]:
    """A bar of ``total`` units while something runs, removed at the end.

    It is drawn on ``console``, by default on standard error, and only where that is a terminal.
    """
    terminal = sys.stderr.isatty() if console is None else console.is_terminal
    if not terminal or not total:
        yield lambda _: None
        return
    from rich import progress as rich  # noqa: PLC0415 - heavy: only where a bar is shown
    from rich.console import Console  # noqa: PLC0415 - heavy: only where a bar is shown

    columns = (
        rich.TextColumn("{task.description}", markup=False),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn(unit),
        rich.TimeElapsedColumn(),
    )
    with rich.Progress(*columns, console=console or Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=total)
        yield lambda count: bars.update(task, advance=count)


class TerminalBars(Quiet):
    """Says nothing, and shows bars on a terminal: for those who call functions."""

    def track(self, label: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """A bar on standard error, where that is a terminal."""
        return terminal_bar(label, total, unit)


class Warnings(TerminalBars):
    """Warnings as Python's own, and bars on a terminal: for those who call functions."""

    def warn(self, line: str, kind: WarningType = DatareleaseWarning) -> None:
        """A warning at the line that called into this package."""
        frame, level = inspect.currentframe(), 1
        while frame is not None and Path(frame.f_code.co_filename).is_relative_to(_PACKAGE):
            frame, level = frame.f_back, level + 1
        warnings.warn(line, kind, stacklevel=level)


_PACKAGE = Path(__file__).parent
