"""What is logged while a test runs, for the report of one that fails.

Pytest's own plugin for logs is left out: before and after each phase of each test it goes through
all loggers, of which there are thousands, and that took 6 s in a run of the suite.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_MOST = 1000
"""Lines that are kept."""


class _Kept(logging.Handler):
    """Keeps the last lines. With a handler at the root, no warning gets to standard error."""

    def __init__(self) -> None:
        """Have none."""
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        self.lines = deque[str](maxlen=_MOST)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one more."""
        self.lines.append(self.format(record))


@contextmanager
def logged(name: str) -> Iterator[deque[str]]:
    """What the logger called ``name``, and those below it, say in the block."""
    kept, logger = _Kept(), logging.getLogger(name)
    logger.addHandler(kept)
    try:
        yield kept.lines
    finally:
        logger.removeHandler(kept)


class LogRecords:
    """A plugin of pytest."""

    def __init__(self) -> None:
        """Keep what is logged from now on."""
        self._kept = _Kept()
        logging.getLogger().addHandler(self._kept)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Show it where a test fails; the next one begins with nothing."""
        report = yield
        if report.failed and self._kept.lines:
            report.sections.append((f"Captured log {call.when}", "\n".join(self._kept.lines)))
        if call.when == "teardown":
            self._kept.lines.clear()
        return report
