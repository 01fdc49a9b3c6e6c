"""A second work tree of a DVC repository: same cache, same remotes, same credentials."""

from __future__ import annotations

from pathlib import Path

from dvc.config import Config, merge

from datarelease.adapters.dvc.config import DvcConfig, explained_config
from datarelease.adapters.dvc.private import with_absolute_paths

LOCAL = "config.local"


def lend_config(source: Path, target: Path) -> None:
    """Let the ``.dvc`` directory ``target`` use what the one at ``source`` does.

    ``config.local`` of ``target`` is written again: the paths of its own ``config`` read as if it
    were at ``source``, the settings of the ``config.local`` there, and the same cache.

    Raises:
        ConfigError: DVC refuses a configuration.
    """
    cache = DvcConfig(source, env={}).cache.parent.parent
    local = target / LOCAL
    local.unlink(missing_ok=True)  # a killed process may have left half of it
    local.touch(mode=0o600)  # it may hold secrets
    with explained_config():
        own = Config.load_file(str(target / "config"))
        shown = with_absolute_paths(own, str(source / "config"))
        with Config(str(target)).edit("local") as settings:
            merge(settings, {"remote": shown.get("remote", {})})
            merge(settings, Config(str(source)).load_one("local"))
            settings["cache"]["dir"] = str(cache)
            # They would start programs that outlive the pipeline and keep the clone's lock.
            settings["core"] |= {"analytics": False, "check_update": False}
