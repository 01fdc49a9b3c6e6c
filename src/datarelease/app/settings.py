"""The settings of a work tree."""

from __future__ import annotations

from pathlib import Path

from datarelease.adapters.dvc.tracked import TrackedState
from datarelease.adapters.git.repository import Git
from datarelease.app.wiring import git_environment, work_tree_reader
from datarelease.errors import ConfigError
from datarelease.settings.artifacts import DATASETS_FILE
from datarelease.settings.places import PARAMS_FILE
from datarelease.settings.read import Settings, read_settings


def settings_at(root: Path, dataset: str | None = None) -> Settings:
    """The settings of the work tree at ``root``.

    If the ``dvc.yaml`` at the top declares ``dataset``, no other one is looked for.

    Raises:
        SettingsError: With every problem found.
    """
    read = work_tree_reader(root)
    top = TrackedState(read)
    if dataset is None or dataset not in (top.mapping(DATASETS_FILE).get("artifacts") or ()):
        git = Git(root, env=git_environment())
        listed = git.files() if git.is_repository() else ()
        top = TrackedState(read, lambda: listed)
    return settings_of(top, f"in {root}")


def settings_of(tracked: TrackedState, where: str) -> Settings:
    """The settings of a work tree, of which messages say where it is (``in PLACE``).

    Raises:
        SettingsError: With every problem found.
    """
    below = tracked.artifacts
    if tracked.read(DATASETS_FILE) is None and not below:
        raise ConfigError(
            f"There is no {DATASETS_FILE} {where}.",
            remedy=f"Run `datarelease init`, which finds the data and writes {DATASETS_FILE}; or "
            "declare the datasets there under `artifacts:`, with `type: dataset` and `path:`.",
        )
    return read_settings(tracked.mapping(DATASETS_FILE), tracked.mapping(PARAMS_FILE), below)
