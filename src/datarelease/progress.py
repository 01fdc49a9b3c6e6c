"""Progress of long work. The command line shows it; libraries and CI stay quiet."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from datarelease.errors import DatareleaseWarning

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

    @contextmanager
    def track(self, label: str, total: int, unit: str) -> Iterator[Advance]:  # noqa: ARG002
        """Drop the figures."""
        yield lambda _: None


class Warnings(Quiet):
    """Says nothing but warnings, as Python's own: for those who call functions."""

    def warn(self, line: str, kind: WarningType = DatareleaseWarning) -> None:
        """A warning at the line that called into this package."""
        frame, level = inspect.currentframe(), 1
        while frame is not None and Path(frame.f_code.co_filename).is_relative_to(_PACKAGE):
            frame, level = frame.f_back, level + 1
        warnings.warn(line, kind, stacklevel=level)


_PACKAGE = Path(__file__).parent
