"""One process measured: wall and CPU time, peak memory of the whole process tree, its log.

CPU is user + system of the process and of every descendant it waited for (``wait4``). Peak memory
is the largest sum of resident sets over the tree that sampling saw, or the largest resident set of
a single process as the kernel counted it (``ru_maxrss``), whichever is more: what lives between two
samples is missed by the first only. Samples are 5 ms apart in the first second and 50 ms later; new
children are looked for every 200 ms.
Shared pages count once a process.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

TICK = 0.05
FINE_TICK = 0.005
"""In the first second: a command that only shows its help is over after a tenth."""
LOOK_FOR_CHILDREN = 0.2
"""Seconds; it reads the whole process table."""
RESERVE = 1 << 30
"""Bytes of the machine's memory below which a run is stopped, before the kernel picks a victim."""


class RunFailed(Exception):  # noqa: N818 - the sentence a person reads
    """A measured or preparing command ended otherwise than it must."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of one command."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, user + system, over all cores and processes."""
    peak: int
    """Bytes."""
    stopped: bool = False
    """The machine ran out of memory and the run was stopped: times are lower bounds."""
    out: str = field(default="", repr=False)
    """Standard output."""
    steps: dict[str, float] = field(default_factory=dict)
    """Seconds by step, where the process itself took them."""
    log: tuple[tuple[float, str], ...] = field(default=(), repr=False)
    """Lines of standard error, each with the second at which it came; a line read after the process
    was gone counts as written with its last breath."""


def measure(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], code: int = 0) -> Run:
    """A run of ``command``, which must end with ``code``.

    Raises:
        RunFailed: It ended otherwise, other than by want of memory.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    watch = _Watch(process.pid)
    out, log = _Reader(process.stdout, start), _Reader(process.stderr, start)
    threads: tuple[threading.Thread, ...] = (watch, out, log)
    for thread in threads:
        thread.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        _kill(process.pid)
        process.wait()
        watch.done.set()
        raise
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    watch.done.set()
    for thread in threads:
        thread.join()
    if process.returncode != code and not watch.starved:
        tail = "\n".join(line for _, line in (out.lines + log.lines)[-30:])
        raise RunFailed(f"`{' '.join(command)}` ended with {process.returncode}:\n{tail}")
    return Run(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=max(watch.peak, _largest(usage.ru_maxrss)),
        stopped=watch.starved,
        out="\n".join(line for _, line in out.lines),
        log=tuple((min(when, wall), line) for when, line in log.lines),
    )


def _largest(maxrss: int) -> int:
    """``ru_maxrss`` in bytes, unless it may be our own: a child inherits its parent's peak."""
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return maxrss * unit if maxrss > own else 0


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


class _Reader(threading.Thread):
    """Takes lines from a pipe with the time of their arrival."""

    def __init__(self, stream: IO[bytes] | None, start: float) -> None:
        super().__init__(daemon=True)
        self._stream, self._start = stream, start
        self.lines: list[tuple[float, str]] = []

    def run(self) -> None:
        if self._stream is None:
            raise ValueError("the process was started without this pipe")
        with self._stream:
            for line in self._stream:
                text = line.decode(errors="replace").rstrip("\n")
                self.lines.append((time.perf_counter() - self._start, text))


class _Watch(threading.Thread):
    """Adds up the memory of a process tree until ``done``."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.done = threading.Event()
        self.peak = 0
        self.starved = False

    def run(self) -> None:
        tree: list[psutil.Process] = []
        start = now = time.monotonic()
        looked = -1.0
        while not self.done.wait(FINE_TICK if now - start < 1 else TICK):
            now = time.monotonic()
            with contextlib.suppress(psutil.Error):
                if now - looked > LOOK_FOR_CHILDREN:
                    looked = now
                    root = psutil.Process(self._pid)
                    tree = [root, *root.children(recursive=True)]
                    if psutil.virtual_memory().available < RESERVE:
                        self.starved = True
                        _kill(self._pid)
            self.peak = max(self.peak, sum(map(_resident, tree)))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
