"""``datarelease unyank VERSION``."""

from __future__ import annotations

import click

from datarelease.app.repository import open_repository
from datarelease.cli.console import ConsoleProgress, show, show_json
from datarelease.cli.list_command import version_json
from datarelease.cli.options import json_option
from datarelease.flows.versions.yank import unyank


@click.command("unyank")
@click.argument("version")
@json_option
def command(version: str, as_json: bool) -> None:  # noqa: FBT001
    """Undo the withdrawal of VERSION."""
    found = unyank(open_repository(None, progress=ConsoleProgress()), version)
    if as_json:
        show_json(version_json(found))
    else:
        show(f"{found.tag} is in use again")
