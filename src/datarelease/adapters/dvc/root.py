"""Where a DVC repository begins, found without loading DVC."""

from __future__ import annotations

from pathlib import Path

from datarelease.errors import ConfigError


def find_root(start: Path) -> Path:
    """The nearest directory at or above ``start`` that DVC was initialised in.

    Raises:
        ConfigError: There is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / ".dvc").is_dir():
            return folder
    raise ConfigError(
        f"{start} is not inside a DVC repository (no .dvc directory here or above).",
        remedy=(
            "Change to the repository whose data is released. To adopt data releases in a "
            "repository, run `datarelease init` in it, which also runs `dvc init`."
        ),
    )
