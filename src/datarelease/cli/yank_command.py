"""``datarelease yank VERSION --reason TEXT`` and ``datarelease unyank VERSION``."""

from __future__ import annotations

import os

import click

from datarelease.app.actions import actions
from datarelease.app.repository import open_repository
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import VERSION, DescribedCommand
from datarelease.cli.version_entry import VersionEntry, version_json
from datarelease.flows.versions.tell_readers import tell_of_catalogue
from datarelease.flows.versions.yank import unyank, yank


@click.command("yank", cls=DescribedCommand, arguments={"VERSION": VERSION}, prints=VersionEntry)
@click.argument("version")
@click.option("--reason", required=True, help="Why, written for users of the version.")
@click.option(
    "--replacement",
    metavar="VERSION",
    help="The version to use instead.  [default: the newest other one]",
)
@prints_result
def command(version: str, reason: str, replacement: str | None) -> Result:
    """Withdraw VERSION.

    Its data and its tag stay. `latest` and comparisons skip it, and who reads it by its name gets
    a warning with the reason. `datarelease unyank` undoes it.
    """
    repository = open_repository(None, version, progress=ConsoleProgress())
    run = actions(os.environ)
    found = yank(
        repository, version,
        # The field of a form on GitHub is empty where nobody fills it in.
        reason=reason, replacement=replacement or None,
        by=run.actor if run else None, in_workflow=run is not None,
    )  # fmt: skip
    tell_of_catalogue(repository, pushed=True, in_workflow=run is not None)
    use = found.yank.replacement if found.yank else None
    return Result(
        version_json(found), f"{found.tag} is withdrawn" + (f"; use {use}" if use else "")
    )


@click.command("unyank", cls=DescribedCommand, arguments={"VERSION": VERSION}, prints=VersionEntry)
@click.argument("version")
@prints_result
def unyank_command(version: str) -> Result:
    """Undo the withdrawal of VERSION."""
    repository = open_repository(None, version, progress=ConsoleProgress())
    found = unyank(repository, version)
    run = actions(os.environ)
    tell_of_catalogue(repository, pushed=False, in_workflow=run is not None)
    return Result(version_json(found), f"{found.tag} is in use again")
