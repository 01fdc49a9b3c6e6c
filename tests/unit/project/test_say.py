"""What the set-up of a fresh machine prints while it works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from requirements import say

ROOT = Path(__file__).parents[3]


def test_silence_is_broken_and_packages_are_not_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that says nothing is said to go on; what uv prints for each package is left out."""
    program = (
        "import time; print('Resolved 3 packages'); print(' + numpy==2.0');"
        "time.sleep(0.35); print('Installed 3 packages')"
    )
    code = say.main("Installing", [sys.executable, "-u", "-c", program], patience=0.1)
    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert any("still running" in line for line in lines)
    # It may be said once more while the program ends.
    said = [line for line in lines if "still running" not in line]
    assert (said[0], said[-1]) == ("Installing", "    Installed 3 packages")
    assert not any("numpy" in line for line in lines)


def test_a_failure_shows_the_reason_and_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """Make stops where the program would have stopped it."""
    program = "import sys; print('no space left', file=sys.stderr); sys.exit(7)"
    assert say.main("Installing", [sys.executable, "-c", program]) == 7
    assert "    no space left" in capsys.readouterr().out


def test_each_installation_of_the_makefile_says_what_it_does() -> None:
    """No recipe that takes long is silent: pip, uv, venv, npm and Sphinx run under the script."""
    shown = subprocess.run(
        ["make", "--dry-run", "--always-make", "demo", "test-slow", "dist", "handbook", "newest"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.replace("\\\n", " ").splitlines()  # fmt: skip
    words = (" pip install", " -m venv", " -m sphinx", "npm ci")
    slow = [line for line in shown if any(word in line for word in words)]
    assert all(any(word in line for line in slow) for word in words)
    assert len(slow) >= 12
    assert [line for line in slow if "requirements/say.py" not in line] == []
