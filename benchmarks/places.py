"""Where things lie, and the environment every measured command gets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import RunFailed
from demo.environment import clean_environment

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "build" / "bench"
DATA = BENCH / "data"
"""Generated inputs, kept between runs."""
STAGE = BENCH / "stage"
"""Repositories and remotes of one run."""
PEERS = ROOT / "build" / "bench-peers" / ".venv"
LOCK = ROOT / "requirements" / "bench.txt"
RESULTS = BENCH / "results.json"
QUICK_RESULTS = BENCH / "results-quick.json"
DOCUMENT = ROOT / "docs" / "benchmarks.md"


def scripts() -> Path:
    """The directory of `datarelease`, `dvc` and the Python that runs this."""
    return Path(sys.executable).parent


def environment() -> dict[str, str]:
    """Ours without git's, DVC's and AWS's settings of this machine; an identity for git."""
    home = BENCH / "home"
    return {
        **clean_environment(home, "GIT_", "DVC_", "AWS_", "PYTHON", user="Bench"),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "COLUMNS": "100",
    }


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """What a preparing command prints, not measured.

    Raises:
        RunFailed: It failed.
    """
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env=env or environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RunFailed(
            f"`{' '.join(words)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done.stdout.rstrip("\n")


def peers_python() -> Path:
    """The Python of the peers' environment, made on first use from the hash-locked file."""
    python = PEERS / "bin" / "python"
    stamp = PEERS / "lock.txt"
    if not stamp.is_file() or stamp.read_bytes() != LOCK.read_bytes():
        uv = scripts() / "uv"
        install: Sequence[str | Path] = ("pip", "install", "--quiet", "--require-hashes")
        # As it is: the registry settings of this machine are the installer's business.
        here = dict(os.environ)
        run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, PEERS, cwd=ROOT, env=here)
        run(uv, *install, "--python", PEERS, "-r", LOCK, cwd=ROOT, env=here)
        stamp.write_bytes(LOCK.read_bytes())
    return python
