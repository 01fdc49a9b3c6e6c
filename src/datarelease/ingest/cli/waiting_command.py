"""``datarelease ingest waiting``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from datarelease.cli.console import ConsoleProgress, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.ingest.stream import waiting_now


@click.command("waiting")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> None:  # noqa: FBT001
    """How many events wait for the stream NAME, since when, and whether a pull request is due.

    They are counted from the plan on the remote's default branch.
    """
    waiting = waiting_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    if as_json:
        show_json(to_json(waiting))
        return
    show(f"{name}: {waiting.reason}")
    if waiting.oldest:
        show(f"the first one is of {waiting.oldest}")
    if waiting.lost:
        show(f"{waiting.lost:,} events were dropped by the broker before anybody read them")
