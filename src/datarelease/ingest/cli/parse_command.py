"""``datarelease ingest parse``."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.adapters.dvc.root import find_root
from datarelease.app.settings import settings_at
from datarelease.cli.console import ConsoleProgress, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.ingest.access import stream_at
from datarelease.ingest.parse.parse import parse_stream


@click.command("parse")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> None:  # noqa: FBT001
    """Stage command: turn the raw records of the stream NAME into rows and dead letters.

    Each batch becomes a part file of the dataset; what breaks the schema goes to
    data/streams/NAME/dead. Writes reports/NAME/stream.json. Needs no broker.
    """
    root = find_root(Path.cwd())
    counts = parse_stream(
        root,
        stream_at(root, name),
        progress=ConsoleProgress(),
        memory_limit=settings_at(root).memory_limit,
    )
    if as_json:
        show_json(to_json(counts))
        return
    batches = counts.batches
    rows, dead = sum(b.events for b in batches), sum(b.dead for b in batches)
    show(f"{name}: {rows:,} rows in {len(batches)} batches, {dead:,} dead letters")
