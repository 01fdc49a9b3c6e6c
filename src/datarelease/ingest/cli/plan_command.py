"""``datarelease ingest plan``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from datarelease.cli.console import ConsoleProgress, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.ingest.stream import Planned, plan_now


@click.command("plan")
@click.argument("name")
@click.option(
    "--anew",
    is_flag=True,
    help="Plan the batches again that the remote's default branch does not have.",
)
@json_option
def command(name: str, anew: bool, as_json: bool) -> None:  # noqa: FBT001
    """Append what waits for the stream NAME to streams/NAME.json, as batches of offsets.

    Batches that were planned before stay as they are; `dvc repro` then drains the new ones. Where
    the remote's default branch has other batches than the work tree, its batches count.
    """
    planned = plan_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress(), anew=anew)
    if as_json:
        show_json(to_json(planned))
        return
    for line in _lines(planned):
        show(line)


def _lines(planned: Planned) -> list[str]:
    lines = []
    if planned.dropped:
        numbers = ", ".join(str(batch.number) for batch in planned.dropped)
        lines.append(f"removed from the work tree's plan: batch {numbers}")
    if planned.pending:
        numbers = ", ".join(str(batch.number) for batch in planned.pending)
        lines.append(f"planned before, and not merged yet: batch {numbers}")
    if not planned.new:
        return [*lines, f"{planned.stream}: nothing waits"]
    for batch in planned.new:
        lines.append(f"batch {batch.number}: {batch.offsets:,} offsets")
        for span in batch.spans:
            lost = f", {span.lost:,} before it lost" if span.lost else ""
            lines.append(f"  partition {span.partition}: {span.start} to {span.end - 1}{lost}")
    return lines
