"""Results for programs and files: printed without Rich, which takes a tenth of a short command."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from datarelease.cli.log_guard import guarded


def show_json(value: Any) -> None:
    """Results for programs: one JSON document without text that a runner takes for a command."""
    document = json.dumps(value, indent=2, ensure_ascii=False)
    print(document.replace("##[", "##\\u005b"))  # noqa: T201 - the result itself


def show_columns(rows: Sequence[Sequence[str]]) -> None:
    """Whole lines where no terminal is, the first of them the header, with aligned columns."""
    columns = list(zip(*rows, strict=True))
    lines = ("  ".join(cells).rstrip() for cells in zip(*map(_padded, columns), strict=True))
    guarded(sys.stdout, os.environ).write("\n".join(lines) + "\n")


def _padded(column: Sequence[str]) -> list[str]:
    widths = [_width(cell) for cell in column]
    widest = max(widths)
    return [cell + " " * (widest - width) for cell, width in zip(column, widths, strict=True)]


def _width(text: str) -> int:
    """The columns that ``text`` takes on a terminal."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415 - only for wide and invisible characters

    return cell_len(text)
