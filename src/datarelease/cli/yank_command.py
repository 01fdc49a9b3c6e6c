"""``datarelease yank VERSION --reason TEXT``."""

from __future__ import annotations

import click

from datarelease.app.repository import open_repository
from datarelease.cli.console import ConsoleProgress, show, show_json
from datarelease.cli.list_command import version_json
from datarelease.cli.options import json_option
from datarelease.flows.versions.yank import yank


@click.command("yank")
@click.argument("version")
@click.option("--reason", required=True, help="The reason, written for users of the version.")
@click.option(
    "--replacement", metavar="VERSION", help="What to use instead.  [default: the newest other one]"
)
@json_option
def command(version: str, reason: str, replacement: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Withdraw VERSION: `latest` and comparisons skip it; its data and tag stay."""
    repository = open_repository(None, progress=ConsoleProgress())
    found = yank(repository, version, reason=reason, replacement=replacement)
    if as_json:
        show_json(version_json(found))
    else:
        use = found.yank.replacement if found.yank else None
        show(f"{found.tag} is withdrawn" + (f"; use {use}" if use else ""))
