"""Terminals for processes of tests."""

from __future__ import annotations

import os
import pty
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.commands import Started


@dataclass
class Terminal:
    """What a person sees and types at: the near end of a pseudo-terminal."""

    name: str
    """The path of the far end, which a process opens (`attach`)."""
    shown: bytes = b""
    _near: int = -1

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._near, keys)

    def watch(self, process: Started, until: bytes | None = None) -> str:
        """All that is shown so far, when ``until`` is, or when the process has ended."""
        while until is None or until not in self.shown:
            if select.select([self._near], [], [], 0.02)[0]:
                self.shown += os.read(self._near, 1 << 16)
            elif process.ended:
                break
        return self.shown.decode()


@contextmanager
def terminal() -> Iterator[Terminal]:
    """A terminal that is there as long as the block runs, whoever has it open."""
    near, far = pty.openpty()
    try:
        yield Terminal(name=os.ttyname(far), _near=near)
    finally:
        os.close(near)
        os.close(far)


def attach(name: str, *streams: int) -> None:
    """Make the terminal ``name`` these standard streams of this process."""
    opened = os.open(name, os.O_RDWR | os.O_NOCTTY)
    for stream in streams:
        os.dup2(opened, stream)
    if 0 in streams:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the life of the process
    if 1 in streams:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115 - as above
    if 2 in streams:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115 - as above
