"""``datarelease ingest merge``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from datarelease.cli.console import ConsoleProgress, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.ingest.propose.merge import merge_now


@click.command("merge")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> None:  # noqa: FBT001
    """Merge the open proposal of the stream NAME, where that needs no person.

    That is where params.yaml says `release.policy.auto_merge: true`, the proposal was made here
    and nobody pushed to it, its check passed without a warning, and only rows were added.
    """
    merging = merge_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    if as_json:
        show_json(to_json(merging))
        return
    what = f"pull request #{merging.pull}" if merging.pull else merging.branch
    show(f"{name}: {merging.state}{f', {what}' if what else ''}: {merging.reason}")
