"""The settings of a work tree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from datarelease.adapters.dvc.tracked import load_yaml
from datarelease.adapters.git.repository import Git
from datarelease.app.wiring import git_environment, work_tree_reader
from datarelease.errors import ConfigError, SettingsError
from datarelease.progress import TIMEOUT
from datarelease.settings.read import (
    DATASETS_FILE,
    PARAMS_FILE,
    Settings,
    read_settings,
    read_timeout,
)


def settings_at(root: Path) -> Settings:
    """The settings of the work tree at ``root``.

    Raises:
        SettingsError: With every problem found.
    """
    read = work_tree_reader(root)
    if read(DATASETS_FILE) is None:
        raise ConfigError(
            f"There is no {DATASETS_FILE} in {root}.",
            untouched="Nothing was changed.",
            remedy=f"Run `datarelease init`, which finds the data and writes {DATASETS_FILE}; or "
            "declare the datasets there under `artifacts:`, with `type: dataset` and `path:`.",
        )
    return read_settings(load_yaml(read, DATASETS_FILE), load_yaml(read, PARAMS_FILE))


def timeout_at(root: Path) -> float:
    """Seconds that a git remote or an object store may be silent for the work tree at ``root``.

    The default if its settings are invalid: the command that needs them reports the fault.
    """
    try:
        return read_timeout(load_yaml(work_tree_reader(root), PARAMS_FILE))
    except SettingsError:
        return TIMEOUT


def open_git(root: Path, *, env: Mapping[str, str] | None = None) -> Git:
    """Git in the work tree at ``root``; its environment is made of ``env``, by default our own."""
    return Git(root, env=git_environment(env), timeout=timeout_at(root))
