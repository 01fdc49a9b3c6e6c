"""The repositories in ``examples/``, where readers have them: in a checkout of datarelease."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES, DOCS = ROOT / "examples", ROOT / "docs"
NAMES = ("events", "images", "tabular")


def tracked_files() -> list[Path]:
    """The files of all examples that git holds, relative to the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", "examples"], cwd=ROOT, capture_output=True, check=True
    )
    return [Path(name) for name in listed.stdout.decode().split("\0") if name]


def beside_a_checkout(folder: Path) -> Path:
    """``folder``, with a checkout of datarelease in it of which only the examples are there."""
    for path in tracked_files():
        target = folder / "datarelease" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, target)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return folder
