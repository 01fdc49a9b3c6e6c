"""How long work tells of itself. The command line shows it; libraries and CI stay quiet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[int], None]
"""Called with how many units were done since the last call; safe to call from several threads."""


class Progress(Protocol):
    """What a flow tells while it works."""

    def say(self, line: str) -> None:
        """A step that was done or skipped, in one line."""

    def track(self, label: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """A piece of work of ``total`` units (``objects``, ``bytes``, …)."""


class Quiet:
    """Says nothing."""

    def say(self, line: str) -> None:
        """Drop the line."""

    @contextmanager
    def track(self, label: str, total: int, unit: str) -> Iterator[Advance]:  # noqa: ARG002
        """Drop the figures."""
        yield lambda _: None
