"""``datarelease ingest plan``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from datarelease.cli.console import Told, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.ingest.app_stream import Planned, plan_now


@click.command("plan")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> None:  # noqa: FBT001
    """Append what waits for the stream NAME to streams/NAME.json, as batches of offsets.

    They follow the batches on the remote's default branch; `dvc repro` then drains them.
    """
    planned = plan_now(Path.cwd(), name, env=os.environ, progress=Told())
    if as_json:
        show_json(to_json(planned))
        return
    for line in _lines(planned):
        show(line)


def _lines(planned: Planned) -> list[str]:
    if not planned.new:
        return [f"{planned.stream}: nothing waits"]
    lines = []
    for batch in planned.new:
        lines.append(f"batch {batch.number}: {batch.offsets:,} offsets")
        for span in batch.spans:
            lost = f", {span.lost:,} before it lost" if span.lost else ""
            lines.append(f"  partition {span.partition}: {span.start} to {span.end - 1}{lost}")
    return lines
