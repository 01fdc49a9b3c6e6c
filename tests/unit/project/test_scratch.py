"""Where the temporary files of the tests are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.tools import scratch

PROGRAM = """
import pathlib, sys, tempfile
pathlib.Path(sys.argv[1]).write_text(tempfile.mkdtemp())
sys.exit(7)
"""


def used(out: Path, memory: Path, *, room: int = 1) -> Path:
    """Where a program has its temporary files, which ends with an exit code of its own."""
    command = [sys.executable, "-c", PROGRAM, str(out)]
    assert scratch.main(command, memory=memory, room=room) == 7
    return Path(out.read_text())


def test_files_are_in_memory_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is the program's, and nothing is left in memory."""
    monkeypatch.delenv("TMPDIR", raising=False)
    (memory := tmp_path / "memory").mkdir()
    assert used(tmp_path / "out", memory).is_relative_to(memory)
    assert list(memory.iterdir()) == []


def test_files_are_where_a_person_wants_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stay there, too."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (memory := tmp_path / "memory").mkdir()
    place = used(tmp_path / "out", memory)
    assert place.parent == tmp_path
    assert place.is_dir()


@pytest.mark.parametrize("case", ["no such folder", "no room"])
def test_files_are_on_the_disk_where_memory_is_not_fit(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container often has 64 MB there, and other systems have no such folder."""
    monkeypatch.delenv("TMPDIR", raising=False)
    memory = tmp_path / "memory"
    if case == "no room":
        memory.mkdir()
    place = used(tmp_path / "out", memory, room=1 << 60 if case == "no room" else 1)
    place.rmdir()
    assert not place.is_relative_to(tmp_path)


def test_nothing_is_left_where_it_is_stopped(tmp_path: Path) -> None:
    """Make ends what it has started when it is ended itself."""
    (memory := tmp_path / "memory").mkdir()
    waiting = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(100)"
    start = "import sys, pathlib; from tests.tools import scratch; sys.exit(scratch.main("
    code = f"{start}sys.argv[2:], memory=pathlib.Path(sys.argv[1]), room=1))"
    began = tmp_path / "began"
    env = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(memory), sys.executable, "-c", waiting, str(began)],
        cwd=Path(__file__).parents[3], env=env,
    )  # fmt: skip
    while not began.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 128 + signal.SIGTERM
    assert list(memory.iterdir()) == []
