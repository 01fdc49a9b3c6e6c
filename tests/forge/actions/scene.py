"""What the stand-in actions share: inputs, outputs, commands, and the scene that a test has set.

They run as steps of jobs, with the standard library only.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn


def scene() -> dict[str, Any]:
    """What the test decided: see ``tests.forge.jobs``."""
    return dict(json.loads(Path(os.environ["FORGE_SCENE"]).read_text()))


def given(name: str) -> str:
    """An input."""
    return os.environ.get(f"INPUT_{name.upper().replace('-', '_')}", "").strip()


def is_true(name: str) -> bool:
    """An input that is a boolean."""
    return given(name).lower() == "true"


def lines(name: str) -> list[str]:
    """An input with one value a line."""
    return [line.strip() for line in given(name).splitlines() if line.strip()]


def put(variable: str, name: str, value: str) -> None:
    """Appends ``name=value`` to the file that ``variable`` names."""
    with Path(os.environ[variable]).open("a", encoding="utf-8") as file:
        file.write(f"{name}={value}\n")


def say(message: str) -> None:
    """Prints a line."""
    sys.stdout.write(f"{message}\n")


def fail(message: str) -> NoReturn:
    """Ends the step as failed."""
    say(f"::error::{message}")
    sys.exit(1)


def workspace() -> Path:
    """Where the job works."""
    return Path(os.environ["GITHUB_WORKSPACE"])
