"""``datarelease ingest parse``, beside `commands` because it alone loads what parses records."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.adapters.dvc.tracked import find_root
from datarelease.app.settings import settings_at
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.documents import to_json
from datarelease.ingest.access import stream_at
from datarelease.ingest.parse.parse import parse_stream


@click.command("parse")
@click.argument("name")
@prints_result
def command(name: str) -> Result:
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
    batches = counts.batches
    rows, dead = sum(b.events for b in batches), sum(b.dead for b in batches)
    text = f"{name}: {rows:,} rows in {len(batches)} batches, {dead:,} dead letters"
    return Result(to_json(counts), text)
