"""Runs a program of the set-up and says what it does: `python requirements/say.py TITLE PROGRAM …`.

The title is printed first. What the program says follows, without the list of every package. When
it is silent for eight seconds, a line says how long it has been running. Lines are plain, for
terminals and for the logs of CI alike. Ends with the program's exit code. Standard library only:
nothing is installed yet.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import TextIO

PATIENCE = 8.0
"""Seconds of silence, after which a line says that the work goes on."""
PACKAGE = (" + ", " - ", " ~ ")
"""With these begins what uv prints for each package; the number of packages is enough."""


def main(title: str, command: Sequence[str], *, patience: float = PATIENCE) -> int:
    """Run the program; its exit code."""
    tell(title)
    began = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )
    assert process.stdout is not None  # noqa: S101 - as asked for above
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=read, args=(process.stdout, lines), daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=patience)
        except queue.Empty:
            tell(f"    ... still running after {time.monotonic() - began:.0f} seconds")
            continue
        if line is None:
            return process.wait()
        if line.strip() and not line.startswith(PACKAGE):
            tell(f"    {line.strip()}")


def read(stream: TextIO, lines: queue.SimpleQueue[str | None]) -> None:
    """Hand on each line of the program as it comes, and None at the end."""
    for line in stream:
        lines.put(line)
    lines.put(None)


def tell(line: str) -> None:
    """Print a line at once, wherever the output goes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
