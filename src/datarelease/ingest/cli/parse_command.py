"""``datarelease ingest parse``, beside `commands` because it alone loads what parses records."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.adapters.dvc.tracked import find_root
from datarelease.app.settings import settings_at
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import DescribedCommand
from datarelease.documents import to_json
from datarelease.ingest.parse.parse import parse_stream
from datarelease.ingest.parse.without_pandas import skip_pandas
from datarelease.ingest.streams import stream_at
from datarelease.model.data.stream import StreamCounts
from datarelease.model.wording import plural
from datarelease.render.numbers import counted


@click.command(
    "parse",
    cls=DescribedCommand,
    arguments={"NAME": "The name of a stream: the dataset that it feeds."},
    prints=StreamCounts,
)
@click.argument("name")
@prints_result
def command(name: str) -> Result:
    """Turn the raw records of the stream NAME into rows and dead letters.

    The command of a stage in dvc.yaml; it needs no broker. Each batch becomes one part file of the
    dataset. Records that break the schema go to data/streams/NAME/dead. The counts go to
    reports/NAME/stream.json.
    """
    skip_pandas()
    root = find_root(Path.cwd())
    counts = parse_stream(
        root,
        stream_at(root, name),
        progress=ConsoleProgress(),
        memory_limit=settings_at(root).memory_limit,
    )
    batches = counts.batches
    rows, dead = sum(b.events for b in batches), sum(b.dead for b in batches)
    made = f"{plural(rows, 'row')} in {counted(len(batches), 'batch', 'batches')}"
    text = f"{name}: {made}, {plural(dead, 'dead letter')}"
    return Result(to_json(counts), text)
