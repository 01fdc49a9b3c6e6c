"""What an adoption starts from: the repository, with nothing of ours in it yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datarelease.adapters.dvc.inventory import Inventory, RemoteSettings
from datarelease.adapters.git.program import GitProgram
from datarelease.analysis.engine.tables import Engine
from datarelease.flows.cache import Objects
from datarelease.model.project import ToolRef
from datarelease.progress import Progress


@dataclass(frozen=True, kw_only=True)
class AdoptionContext:
    """The repository to adopt, with nothing of ours in it yet."""

    root: Path
    """Where DVC is, or will be, initialised."""
    git: GitProgram
    ignored: Callable[[Sequence[str]], Mapping[str, str]]
    """Which paths git ignores, with the rule."""
    inventory: Inventory | None
    """None: DVC is not used yet."""
    settings: RemoteSettings
    objects: Objects | None
    engine: Callable[[], Engine]
    directory: str
    """The root's path from the top of the git repository; ``.`` where it is the top."""
    ref: Callable[[], ToolRef]
    """Which version of this tool the workflows use; asked only where some are written."""
    progress: Progress


def released_branch(git: GitProgram) -> str:
    """The branch that is released: the remote's default as this clone knows it, or the likeliest.

    Nothing is asked over the network.
    """
    known = git.attempt("symbolic-ref", "--short", "-q", "refs/remotes/origin/HEAD")
    if known.code == 0:
        return known.stdout.decode().strip().removeprefix("origin/")
    for name in ("main", "master"):
        for ref in (f"refs/remotes/origin/{name}", f"refs/heads/{name}"):
            if git.attempt("rev-parse", "--verify", "-q", ref).code == 0:
                return name
    head = git.attempt("symbolic-ref", "--short", "-q", "HEAD")
    return head.stdout.decode().strip() or "main"
