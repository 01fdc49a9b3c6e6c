"""DVC's repository, opened in one place, with DVC's faults as errors of this package."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.utils.strictyaml import YAMLValidationError

from datarelease.adapters.dvc.locks import forget_dead, lock_holders
from datarelease.adapters.dvc.private import compile_stages_once, parse_yaml_once
from datarelease.adapters.store.errors import brief_error
from datarelease.errors import ConfigError, WorldError, disk_fault
from datarelease.model.git_address import without_credentials
from datarelease.progress import Progress, Quiet


class DvcRepository:
    """The ``dvc.repo.Repo`` at one place, opened once and kept until it is closed."""

    def __init__(
        self,
        root: Path,
        *,
        config: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Open the repository at ``root`` (where ``.dvc`` is) when it is first used.

        ``config`` is laid over DVC's own configuration; ``progress`` receives a message for each
        lock that is removed.
        """
        self._root = root
        self._config = dict(config or {})
        self._say = (progress or Quiet()).say
        self._repo: Any = None
        self._close: Callable[[], object] = lambda: None

    @contextmanager
    def use(self) -> Iterator[Any]:
        """The repository; locks of processes that are gone are removed first.

        Raises:
            ConfigError: No DVC repository, or one that DVC cannot read.
            WorldError: Another process is at work in it, or a disk is full or broken.
        """
        with _explained(self._root):
            if self._repo is None:
                parse_yaml_once()
                compile_stages_once()
                self._repo = Repo(str(self._root), config=self._config)
                self._close = weakref.finalize(self, self._repo.close)
            hardlink = bool(self._repo.config["core"].get("hardlink_lock", False))
            for line in forget_dead(self._root / ".dvc" / "tmp", hardlink=hardlink):
                self._say(line)
            yield self._repo

    def close(self) -> None:
        """Close it; the next use opens it anew."""
        self._close()
        self._repo = None


@contextmanager
def opened(root: Path) -> Iterator[Any]:
    """``DvcRepository.use`` for one use."""
    repository = DvcRepository(root)
    try:
        with repository.use() as repo:
            yield repo
    finally:
        repository.close()


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    """DVC's errors as errors of this package."""
    try:
        yield
    except LockError as error:
        raise busy(root) from error
    except NotDvcRepoError as error:
        raise ConfigError(str(error), remedy="Run `dvc init` first.") from error
    except DvcException as error:
        reason = without_credentials(" ".join(str(error).split()))
        places = _places(error)
        raise disk_fault(error) or ConfigError(
            f"DVC cannot read this repository: {reason}{places}",
            remedy="Correct the lines named above and run the command again."
            if places
            else "`dvc status` shows the same problem with more detail.",
        ) from error


def _places(error: DvcException) -> str:
    """Where a file departs from DVC's format, a line each; empty: it does not."""
    if not isinstance(error, YAMLValidationError):
        return ""
    faults = getattr(error.exc, "errors", ())
    return "".join(f"\n  {'.'.join(map(str, one.path))}: {one.msg}" for one in faults)


def busy(root: Path) -> WorldError:
    """The error for a repository in which another process is at work, named by its number."""
    who = lock_holders(root / ".dvc" / "tmp")
    named = f": {', '.join(who)}" if who else ""
    lock = root / ".dvc" / "tmp" / "lock"
    unless = (
        " If no such process runs (with `core.hardlink_lock` a killed process leaves its lock "
        f"behind), remove {lock}."
    )
    return WorldError(
        f"Another DVC process is at work in this repository{named}.",
        untouched="Nothing was changed.",
        remedy=f"Wait for it to end and run the command again.{'' if who else unless}",
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
