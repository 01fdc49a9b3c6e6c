"""The measurement of what tests cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import pytest
from tests.tools.cost import processor_seconds, table

BUSY = "import time\nwhile time.process_time() < 0.3: pass"


def test_the_processor_time_of_programs_is_counted() -> None:
    """What a program used counts while it runs, for whoever started it, and after its end."""
    before = processor_seconds(os.getpid())
    command = [
        sys.executable,
        "-c",
        f"import subprocess\nsubprocess.run([{sys.executable!r}, '-c', {BUSY!r}])",
    ]
    subprocess.run(command, check=True)
    assert processor_seconds(os.getpid()) - before >= 0.25


def test_sums_are_shown_by_test_file_and_fixture(tmp_path: Path) -> None:
    """Cases of one function are added up, with the seconds of their programs."""
    lines = [
        {"kind": "test", "name": "tests/a.py::f[1]", "wall": 1.0, "own": 0.5, "programs": 2.0},
        {"kind": "test", "name": "tests/a.py::f[2]", "wall": 2.0, "own": 0.5, "programs": 1.0},
        {"kind": "fixture", "name": "home (function)", "wall": 1.0, "own": 0.25, "programs": 0.0},
    ]
    (tmp_path / "gw0.jsonl").write_text("\n".join(map(json.dumps, lines)))
    shown = [line.split() for line in table(tmp_path)]
    assert ["4.00", "3.00", "2", "tests/a.py::f"] in shown
    assert ["4.00", "3.00", "2", "tests/a.py"] in shown
    assert ["0.25", "1.00", "1", "home", "(function)"] in shown


@pytest.mark.slow  # seconds of work to measure
def test_a_thread_that_ends_hides_nothing() -> None:
    """What a process has used counts while threads of it come and go."""
    over = Event()

    def come_and_go() -> None:
        while not over.is_set():
            threads = [Thread(target=time.sleep, args=(0.0005,)) for _ in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    used = processor_seconds(os.getpid())
    assert used > 0.1, "pytest has been loaded"
    coming = Thread(target=come_and_go)
    coming.start()
    try:
        counts = [processor_seconds(os.getpid()) for _ in range(2000)]
    finally:
        over.set()
        coming.join()
    assert min(counts) >= used
