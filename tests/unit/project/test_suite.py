"""The suite itself: what becomes of a run in which a worker crashes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CRASHING = """\
import os

def test_before(): pass
def test_crash(): os.abort()
def test_after(): pass
"""


@pytest.mark.slow  # a run of pytest of its own, with workers
def test_a_crash_of_a_worker_ends_the_run(tmp_path: Path) -> None:
    """It is a failure; pytest-xdist waited for ever where the last worker at work had crashed."""
    for name in ("test_first.py", "test_second.py", "test_third.py"):
        (tmp_path / name).write_text("def test_it(): pass\n")
    (tmp_path / "test_last.py").write_text(CRASHING)
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-n", "2",
            "--dist", "loadfile", "--rootdir", str(tmp_path), str(tmp_path),
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "crashed while running 'test_last.py::test_crash'" in done.stdout
    assert "1 failed" in done.stdout.splitlines()[-1]
