"""Sizes: a module and a folder stay small enough to be read at once, and have an order."""

from __future__ import annotations

from pathlib import Path

from tests.tools.code_figures import (
    MOST_LINES,
    MOST_MODULES,
    cycles,
    folder_modules,
    module_lines,
)

PACKAGE = Path(__file__).parents[3] / "src" / "datarelease"
LONG: dict[str, str] = {}
"""Modules that may have more lines, each with its reason."""
CROWDED = {
    "cli": "one module a command: the folder mirrors the command line",
}
"""Folders that may have more modules, each with its reason."""


def test_a_module_has_at_most_300_lines() -> None:
    """A longer one lacks a concept, unless it is listed with a reason."""
    lines = module_lines(PACKAGE)
    assert {
        name: count for name, count in lines.items() if count > MOST_LINES
    }.keys() == LONG.keys()
    assert len(lines) > 100, "no modules were found"


def test_a_folder_has_at_most_15_modules() -> None:
    """One with more lacks a level, unless it is listed with a reason."""
    counts = folder_modules(PACKAGE)
    crowded = {folder: count for folder, count in counts.items() if count > MOST_MODULES}
    assert crowded.keys() == CROWDED.keys(), crowded


def test_no_modules_import_each_other() -> None:
    """Not inside of functions or for types alone, either: one of them lacks a concept."""
    assert cycles(PACKAGE.name) == []
