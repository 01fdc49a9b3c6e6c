"""The profiler stage: statistics of a dataset, kept by git as a DVC metric.

Usage: ``python src/profile_tabular.py NAME``. The same as ``datarelease profile NAME``, written
out so that a reader of the pipeline sees what a stage over the package looks like, and has a
place for figures of this repository's own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from datarelease.app.stage import profile_dataset
from datarelease.errors import DatareleaseError
from datarelease.model.data.profile import Profile
from datarelease.progress import TerminalBars


def main(arguments: list[str]) -> int:
    """The exit code of the stage; the statistics are in ``reports/NAME/profile.json``."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python src/profile_tabular.py NAME\n")
        return 2
    try:
        result = profile_dataset(Path.cwd(), arguments[0], TerminalBars())
    except DatareleaseError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    if not isinstance(result, Profile):
        sys.stdout.write(f"{result.dataset}: {result.files:,} files, {result.bytes:,} bytes\n")
        return 0
    missing = sum(column.nulls for column in result.columns)
    sys.stdout.write(
        f"{result.dataset}: {result.rows:,} rows, {len(result.columns)} columns, "
        f"{missing:,} missing values\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
