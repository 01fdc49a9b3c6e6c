"""``datarelease ingest propose``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from datarelease.cli.console import ConsoleProgress, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.ingest.propose.propose import propose_now
from datarelease.ingest.stream import waiting_now


@click.command("propose")
@click.argument("name")
@click.option(
    "--when-due",
    is_flag=True,
    help="Only when as many events wait, or for as long, as release.streams.NAME.propose says.",
)
@click.option("--force", is_flag=True, help="Propose refused events again, however few came since.")
@json_option
def command(name: str, when_due: bool, force: bool, as_json: bool) -> None:  # noqa: FBT001
    """Open a pull request with what waits for the stream NAME.

    It is made in a clone of its own: the pipeline runs there, the data goes to the remotes, then
    the branch is pushed. Run again, after a failure or at the same time elsewhere, it never makes
    a second pull request for the same events. Without GitHub the branch is the proposal.
    """
    progress = ConsoleProgress()
    if when_due:
        waiting = waiting_now(Path.cwd(), name, env=os.environ, progress=progress)
        if not waiting.due:
            if as_json:
                show_json({"stream": name, "state": "nothing", "message": waiting.reason})
            else:
                show(f"{name}: {waiting.reason}")
            return
    proposal = propose_now(Path.cwd(), name, env=os.environ, progress=progress, force=force)
    if as_json:
        show_json(to_json(proposal))
        return
    show(f"{name}: {proposal.message}")
    if proposal.url:
        show(proposal.url)
    elif proposal.state == "opened":
        show(f"next: look at {proposal.branch}, merge it, then `datarelease release`")
