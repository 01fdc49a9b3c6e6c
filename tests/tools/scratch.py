"""Runs a program whose temporary files are in memory: `python tests/tools/scratch.py PROGRAM …`.

The tests make and remove tens of thousands of small repositories. On a disk that took a quarter of
their processor time, most of it in the journal of the file system. The files are on the disk where
`TMPDIR` names a place, and where there is no file system in memory with room for them, or none that
programs may be run from. In memory they are removed when the program ends.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
ROOM = 4 << 30
"""Bytes that must be free there, and twice as much of the machine's memory."""


def main(command: Sequence[str], *, memory: Path = MEMORY, room: int = ROOM) -> int:
    """Run the program; its exit code."""
    if "TMPDIR" in os.environ or not is_fit(memory, room):
        return run(command, {})
    with tempfile.TemporaryDirectory(prefix="dr-", dir=memory, ignore_cleanup_errors=True) as place:
        return run(command, {"TMPDIR": place})


def is_fit(place: Path, room: int) -> bool:
    """Whether so many bytes can be written there, and programs be run."""
    if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
        return False
    found = os.statvfs(place)
    free = found.f_bavail * found.f_frsize
    told = Path("/proc/meminfo").read_text(encoding="utf-8")
    memory = re.search(r"^MemAvailable: +(\d+) kB$", told, re.MULTILINE)
    left = int(memory[1]) << 10 if memory else 0
    return free >= room and left >= 2 * room and not found.f_flag & os.ST_NOEXEC


def run(command: Sequence[str], more: dict[str, str]) -> int:
    """Run the program, which is told of interrupts by the terminal itself."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    process = subprocess.Popen(command, env={**os.environ, **more})
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
    finally:
        process.terminate()
        process.wait()
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
