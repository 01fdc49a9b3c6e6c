"""This project as a repository of its own: what a clone of it would have."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def copy_own_files(target: Path) -> None:
    """Copy the files that git tracks or would track, as they are here, into ``target``.

    Without ci.yml: it would run these very tests.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file() and not name.endswith("/ci.yml"):
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, place, follow_symlinks=False)
