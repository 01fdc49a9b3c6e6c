"""What writing flows work with: a repository, its settings and its work tree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datarelease.adapters.dvc.tracked import TrackedState
from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.errors import ConfigError
from datarelease.flows.repository import Repository
from datarelease.flows.write_file import read
from datarelease.settings.read import Settings


@dataclass(frozen=True, kw_only=True)
class Workspace(Repository):
    """A DVC repository with its work tree."""

    root: Path
    settings: Settings
    dvc: Dvc
    tracked: TrackedState
    """Of the work tree; read anew after DVC has run."""
    tool: str
    """``datarelease 0.1.0``"""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file of the work tree, or None."""
        return read(self.root / path)

    def changed(self) -> None:
        """Read anew what is tracked: files of DVC in the work tree were written."""
        self.tracked.forget()
        self.dvc.forget()

    def head(self) -> str:
        """The commit checked out.

        Raises:
            ConfigError: There is no commit yet.
        """
        head = self.git.resolve("HEAD")
        if head is None:
            raise ConfigError(
                "The repository has no commit yet.",
                remedy="Commit dvc.yaml, dvc.lock and params.yaml, then run the command again.",
            )
        return head
