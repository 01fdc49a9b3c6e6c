"""DVC's repository, opened in one place, with DVC's faults as errors of this package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.lock import LockError
from dvc.repo import Repo

from datarelease.adapters.addresses import without_credentials
from datarelease.adapters.dvc.locks import forget_dead, lock_holders
from datarelease.adapters.store.errors import brief_error
from datarelease.errors import ConfigError, WorldError, disk_fault
from datarelease.progress import Progress, Quiet


@contextmanager
def opened(
    root: Path, *, config: Mapping[str, Any] | None = None, progress: Progress | None = None
) -> Iterator[Any]:
    """The ``dvc.repo.Repo`` at ``root``; locks of processes that are gone are removed first.

    Args:
        root: Where ``.dvc`` is.
        config: Laid over DVC's own configuration.
        progress: Receives a message for each removed lock.

    Raises:
        ConfigError: No DVC repository, or one that DVC cannot read.
        WorldError: Another process is at work in it, or a disk is full or broken.
    """
    say = (progress or Quiet()).say
    try:
        with Repo(str(root), config=dict(config or {})) as repo:
            hardlink = bool(repo.config["core"].get("hardlink_lock", False))
            for line in forget_dead(root / ".dvc" / "tmp", hardlink=hardlink):
                say(line)
            yield repo
    except LockError as error:
        raise busy(root) from error
    except NotDvcRepoError as error:
        raise ConfigError(str(error), remedy="Run `dvc init` first.") from error
    except DvcException as error:
        reason = without_credentials(" ".join(str(error).split()))
        raise disk_fault(error) or ConfigError(
            f"DVC cannot read this repository: {reason}",
            untouched="Nothing was changed.",
            remedy="`dvc status` shows the same problem with more detail.",
        ) from error


def busy(root: Path) -> WorldError:
    """The error for a repository in which another process is at work, named by its number."""
    who = lock_holders(root / ".dvc" / "tmp")
    named = f": {', '.join(who)}" if who else ""
    lock = root / ".dvc" / "tmp" / "lock"
    return WorldError(
        f"Another DVC process is at work in this repository{named}.",
        untouched="Nothing was changed.",
        remedy="Wait for it to end and run the command again."
        if who
        else (
            "Wait for it to end and run the command again. If no such process runs (with "
            f"`core.hardlink_lock` a killed process leaves its lock behind), remove {lock}."
        ),
    )


@contextmanager
def explain_unreachable(repo: Any) -> Iterator[None]:
    """Report an input outside the repository that cannot be reached.

    Raises:
        WorldError: With its address and the stage.
    """
    try:
        yield
    except LockError:
        raise
    except Exception:
        for stage in repo.index.stages:
            for dep in stage.deps:
                if stage.frozen or (dep.protocol == "local" and not stage.is_repo_import):
                    continue
                try:
                    dep.status()
                except Exception as error:
                    raise WorldError(
                        f"{dep}, which {stage.addressing} reads, cannot be reached: "
                        f"{brief_error(error)}",
                        untouched="Nothing was changed.",
                        remedy="Check the address, the network and the credentials, then run the "
                        "same command again.",
                    ) from error
        raise
