"""Two pieces of work on a large table at the same time, each with half of the memory.

Queries and what Python does with their results take turns, so that one piece of work alone leaves
processors idle. Where there is no second engine, work is done one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from datarelease.analysis.engine.tables import UnreadableTable
from datarelease.errors import WorldError

if TYPE_CHECKING:
    from datarelease.analysis.engine.tables import Engine, Table

_Other = TypeVar("_Other")
_Here = TypeVar("_Here")
_AGAIN = 0.05
"""Seconds after which work that has to end is told so once more: it may have begun a query."""


@dataclass(frozen=True, kw_only=True)
class Companion:
    """An engine that works at the same time as another one."""

    engine: Engine
    stop: Callable[[], None]
    """Ends the query that runs, with an error; called from another thread."""
    show: Callable[[], None]
    """Has queries from now on tell of their progress: before, those of the other engine do."""


class AtOnce(Generic[_Other]):
    """Work beside that which is done here."""

    def __init__(self, engine: Engine, work: Callable[[Engine], _Other]) -> None:
        """The work, which does not run yet."""
        self._engine = engine
        self._work = work
        self._companion: Companion | None = None
        self._future: Future[_Other] | None = None
        self._stack = ExitStack()

    @property
    def running(self) -> bool:
        """Whether the work was begun; if not, asking for its result begins it."""
        return self._future is not None

    def start(self, table: Table) -> None:
        """Begin the work, if there is an engine for it."""
        companion = None
        # Work that reads the table, or writes to the disk, says so itself.
        with suppress(UnreadableTable, OSError):
            companion = self._stack.enter_context(self._engine.companion(table))
        if companion is not None:
            worker = self._stack.enter_context(ThreadPoolExecutor(1))
            self._future = worker.submit(self._work, companion.engine)
            self._companion = companion

    def here(self, work: Callable[[Engine], _Here]) -> _Here:
        """The result of other work, done by this thread: again, alone, if memory was too little."""
        try:
            return work(self._engine)
        except WorldError:
            if not self.running:
                raise
        self.end()
        return work(self._engine)

    def result(self) -> _Other:
        """What the work found, once it is done.

        Raises:
            Exception: What the work raised.
        """
        if self._future is None or self._companion is None:
            return self._work(self._engine)
        self._companion.show()
        try:
            return self._future.result()
        except WorldError:
            self.end()
            return self._work(self._engine)

    def end(self) -> None:
        """Stop the work, wait for its end, and give the memory back to the engine."""
        companion, future = self._companion, self._future
        self._companion = self._future = None
        while companion is not None and future is not None and not future.done():
            companion.stop()
            wait([future], _AGAIN)
        self._stack.close()


@contextmanager
def at_once(
    engine: Engine, table: Table, work: Callable[[Engine], _Other], *, start: bool = True
) -> Iterator[AtOnce[_Other]]:
    """``work`` on a table that runs during the block, if there is an engine for it.

    Work whose result was not asked for when the block ends is stopped. What it raised counts only
    where its result is asked for. ``start`` False: it is not begun before.
    """
    beside = AtOnce(engine, work)
    try:
        if start:
            beside.start(table)
        yield beside
    finally:
        beside.end()
