"""The names of DVC that its public interface does not have, used in this module alone.

DVC may move them in any release, so ``pyproject.toml`` bounds its version, and
``tests/contract/test_private_names.py`` holds the installed release to what is used of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dvc.config import Config
from dvc.stage import run

StartCommand = Callable[..., None]
"""Runs a stage's command: the shell, the command, and what `subprocess.Popen` takes by name."""


def top_level_metrics(repo: Any) -> Iterator[str]:
    """The paths that ``metrics:`` at the top of a ``dvc.yaml`` names."""
    from dvc.repo.metrics.show import _collect_top_level_metrics  # noqa: PLC0415 - heavy

    yield from _collect_top_level_metrics(repo)


def plot_sources(repo: Any) -> Iterator[str]:
    """The paths of the files that ``plots:`` at the top of a ``dvc.yaml`` draws from."""
    yield from repo.index._plot_sources  # noqa: SLF001 - kept nowhere else


def with_absolute_paths(config: Mapping[str, Any], file: str) -> Mapping[str, Any]:
    """A configuration whose paths are what they mean in the configuration file at ``file``."""
    shown: Mapping[str, Any] = Config._load_paths(config, file)  # noqa: SLF001 - DVC's own way
    return shown


def replace_start(replaced: Callable[[StartCommand], StartCommand]) -> None:
    """Have DVC start the commands of stages by what ``replaced`` makes of its own way."""
    run._run = replaced(run._run)  # noqa: SLF001 - the one place where DVC starts a command
