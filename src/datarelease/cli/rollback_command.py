"""``datarelease rollback VERSION``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from datarelease.app.workspace import open_workspace
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.flows.release.rollback import rollback


@click.command("rollback")
@click.argument("version")
@prints_result
def command(version: str) -> Result:
    """Start a branch that restores the data of VERSION.

    Nothing is undone: the branch restores the inputs of that version, and releasing it makes the
    next version, with no upload.
    """
    result = rollback(open_workspace(Path.cwd(), progress=ConsoleProgress()), version)
    found = {
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
