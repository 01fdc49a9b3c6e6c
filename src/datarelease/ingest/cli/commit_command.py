"""``datarelease ingest commit``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from datarelease.cli.console import ConsoleProgress, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.ingest.released import commit_now


@click.command("commit")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> None:  # noqa: FBT001
    """After a release: commit the offsets of the stream NAME at the broker.

    In one transaction a batch, dead letters go to their topic and the consumer group
    datarelease-NAME moves on, so that the broker's tools show the lag. What was committed before is
    not committed again.
    """
    done = commit_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    if as_json:
        show_json(to_json(done))
    elif done.tag is None:
        show(f"{name}: there is no version yet")
    elif not done.batches:
        show(f"{name}: all batches of {done.tag} are committed already")
    else:
        show(f"{name}: {len(done.batches)} batches of {done.tag} committed for {done.group}")
        show(f"{done.dead:,} dead letters sent")
