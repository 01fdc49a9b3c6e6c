"""``datarelease ingest announce``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from datarelease.cli.console import ConsoleProgress, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.ingest.released import announce_now


@click.command("announce")
@click.argument("version", required=False)
@json_option
def command(version: str | None, as_json: bool) -> None:  # noqa: FBT001
    """After a release: publish VERSION, or the newest one, to the topic release.announce.

    The event follows release-announcement.v1.json; it is sent once, however often this runs.
    """
    done = announce_now(Path.cwd(), version, env=os.environ, progress=ConsoleProgress())
    if as_json:
        show_json(None if done is None else to_json(done))
    elif done is None:
        show("nothing to announce: there is no version yet, or release.announce names no topic")
    else:
        show(f"{done.topic}: {'told of' if done.sent else 'knew of'} {done.tag}")
