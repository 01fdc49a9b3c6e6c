"""The settings of a work tree."""

from __future__ import annotations

from pathlib import Path

from datarelease.adapters.tracked import load_yaml
from datarelease.app.wiring import reader
from datarelease.errors import ConfigError
from datarelease.settings import DATASETS_FILE, PARAMS_FILE, Settings, read_settings


def settings_at(root: Path) -> Settings:
    """The settings of the work tree at ``root``.

    Raises:
        SettingsError: With every problem found.
    """
    read = reader(root)
    if read(DATASETS_FILE) is None:
        raise ConfigError(
            f"There is no {DATASETS_FILE} in {root}.",
            untouched="Nothing was changed.",
            remedy="Declare the datasets under `artifacts:` in dvc.yaml, with `type: dataset` and "
            "`path:`.",
        )
    return read_settings(load_yaml(read, DATASETS_FILE), load_yaml(read, PARAMS_FILE))
