"""``datarelease ingest drain``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from datarelease.cli.console import ConsoleProgress, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.ingest.stream import drain_now


@click.command("drain")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> None:  # noqa: FBT001
    """Stage command: read the planned offsets of the stream NAME from the broker.

    Each batch becomes a file of data/streams/NAME/raw; files that are there are kept.
    """
    drained = drain_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    if as_json:
        show_json(to_json(drained))
        return
    show(
        f"{name}: {len(drained.written)} batches drained ({drained.records:,} records), "
        f"{len(drained.kept)} kept"
    )
    if drained.holes:
        show(f"{drained.holes:,} offsets have no record")
    if drained.removed:
        show(f"removed, as no batch has them: {', '.join(drained.removed)}")
