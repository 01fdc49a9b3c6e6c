"""Stands in for iterative/setup-cml: puts on PATH the program that the test chose, or fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.forge.actions.scene import fail, put, say, scene


def main() -> int:
    """Installs ``cml``."""
    program = scene()["cml"]
    if not program:
        fail("Unable to install @dvcorg/cml")
    folder = Path(os.environ["RUNNER_TEMP"]) / "cml"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cml").symlink_to(program)
    with Path(os.environ["GITHUB_PATH"]).open("a", encoding="utf-8") as file:
        file.write(f"{folder}\n")
    put("GITHUB_OUTPUT", "installed", "true")
    say("CML is installed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
