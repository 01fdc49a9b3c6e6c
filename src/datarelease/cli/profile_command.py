"""``datarelease profile NAME``."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.app.stage import profile_dataset
from datarelease.cli.console import ConsoleProgress, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json


@click.command("profile")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> None:  # noqa: FBT001
    """Take the statistics of the dataset NAME.

    Writes reports/NAME/profile.json: the same bytes for the same data, on every run.
    """
    result = profile_dataset(Path.cwd(), name, ConsoleProgress())
    if as_json:
        show_json(to_json(result))
    else:
        show(f"{name}: {result.rows:,} rows, {len(result.columns)} columns")
