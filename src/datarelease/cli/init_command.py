"""``datarelease init``."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.app.adopt import carry_out, plan
from datarelease.cli.ask import ask
from datarelease.cli.console import Told, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.render.adoption import adoption, next_steps


@click.command("init")
@click.option(
    "--remote",
    "remotes",
    multiple=True,
    metavar="REMOTE",
    help="Set up a DVC remote: dagshub:OWNER/REPO, s3://BUCKET/PREFIX or a directory (/DIR, ./DIR);"
    " may be given twice.",
)
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
@json_option
def command(remotes: tuple[str, ...], yes: bool, as_json: bool) -> None:  # noqa: FBT001
    """Adopt data releases in this repository.

    Shows a plan first: the datasets found among DVC's outputs, a Pandera schema for each, inferred
    from the data, the stages that check them, settings and GitHub workflows. Existing files keep
    every line, and nobody's file is overwritten. The stages added are run once, so that what they
    say can be committed, too. A second run finds nothing to do.
    """
    root, found = plan(Path.cwd(), remotes, progress=Told())
    if as_json:
        show_json(to_json(found))
        if not yes:
            return
    else:
        show(adoption(found))
    if not found:
        if not as_json:
            show("\nnothing to do: everything is already there")
        return
    if not yes:
        ask()
    carry_out(root, found)
    if not as_json:
        show(next_steps(found))
