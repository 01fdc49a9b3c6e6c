"""``datarelease rollback VERSION``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
from typing_extensions import TypedDict

from datarelease.app.workspace import open_workspace
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import VERSION, DescribedCommand
from datarelease.flows.release.rollback import rollback


class RollbackResult(TypedDict):
    """The branch of a rollback."""

    rollback_of: str
    """The tag of the version that is restored."""
    branch: str
    """The new branch, which is checked out."""
    commit: str
    """The full SHA of its commit."""
    files: list[str]
    """The files that were restored."""
    data: bool
    """Whether the data is checked out; false: run `dvc pull`."""


@click.command(
    "rollback", cls=DescribedCommand, arguments={"VERSION": VERSION}, prints=RollbackResult
)
@click.argument("version")
@prints_result
def command(version: str) -> Result:
    """Start a branch that restores the data of VERSION.

    The branch restores the parameters, the lock files and the pointers of that version. Merge and
    release it: it becomes the next version, and no data is uploaded. No version is removed.
    """
    result = rollback(open_workspace(Path.cwd(), progress=ConsoleProgress()), version)
    found: RollbackResult = {
        "rollback_of": result.version.tag,
        "branch": result.branch,
        "commit": result.commit,
        "files": list(result.files),
        "data": result.data,
    }
    data = "the data is checked out" if result.data else "run `dvc pull` for the data"
    restored = ", ".join(result.files) or f"everything of {result.version.tag}"
    branch = shlex.quote(result.branch)
    lines = (
        f"on branch {result.branch}: restores {restored}; {data}",
        f"next: git push -u origin {branch}, then open a pull request",
        f"      (without pull requests: git switch - && git merge {branch} && datarelease release)",
    )
    return Result(found, lines)
