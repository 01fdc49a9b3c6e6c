"""What programs do while they run: loaded when one takes long, or has to be killed."""

from __future__ import annotations

import time
from contextlib import suppress

import psutil

_COUNTED = hasattr(psutil.Process, "io_counters")
"""Whether the system reports how many bytes a process has read and written."""
_WAITING = 0.02 if _COUNTED else 0.002
"""Share of a processor that a program may use and count as one that waits."""


class ActivityWatch:
    """Whether a process and its children still make progress.

    Bytes read and written (where the system counts them) and processor time; a little of the
    latter is what waiting costs.
    """

    def __init__(self, pid: int) -> None:
        """Begin to watch."""
        self._pid = pid
        self._seen = self._look()
        self._since = time.monotonic()

    def idle_seconds(self) -> float:
        """Seconds since it last made progress."""
        now, seen = time.monotonic(), self._look()
        (pids, moved, computed), (pids_then, moved_then, computed_then) = seen, self._seen
        busy = computed - computed_then > _WAITING * (now - self._since)
        if pids != pids_then or moved != moved_then or busy:
            self._seen, self._since = seen, now
        return now - self._since

    def _look(self) -> tuple[frozenset[int], int, float]:
        """The live processes, and the bytes and seconds that all of them moved and computed."""
        moved, computed, pids = 0, 0.0, set()
        for process in _tree(self._pid):
            with suppress(psutil.Error):
                times = process.cpu_times()
                computed += times.user + times.system
                pids.add(process.pid)
                if _COUNTED:
                    count = process.io_counters()
                    moved += getattr(count, "read_chars", 0) + getattr(count, "write_chars", 0)
        return frozenset(pids), moved, computed


def _tree(pid: int) -> list[psutil.Process]:
    """A process and what it has started, as far as it lives."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.Error:
        return []


def kill_tree(pid: int) -> None:
    """Kill a process, and first what it has started."""
    for one in reversed(_tree(pid)):
        with suppress(psutil.Error):
            one.kill()
