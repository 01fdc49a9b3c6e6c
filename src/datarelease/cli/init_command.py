"""``datarelease init``."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.adopt.plan import adoption_at
from datarelease.adopt.run import carry_out
from datarelease.cli.console import ConsoleProgress, ask, json_option, show, show_json, show_paged
from datarelease.documents import to_json
from datarelease.model.adoption import Adoption
from datarelease.render.terminal.adoption import adoption, adoption_summary, next_steps


@click.command("init")
@click.option(
    "--remote",
    "remotes",
    multiple=True,
    metavar="REMOTE",
    help="Set up a DVC remote: dagshub:OWNER/REPO, s3://BUCKET/PREFIX or a directory (/DIR, ./DIR);"
    " may be given twice.",
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="PATH",
    help="Adopt only this file or folder; may be given several times.",
)
@click.option(
    "--ref",
    metavar="REF",
    envvar="DATARELEASE_REF",
    help="The version of datarelease that the workflows use: a tag, or the full SHA of a commit."
    "  [default: the one that runs here]",
)
@click.option("--plan", "whole", is_flag=True, help="Show the plan with every file; write nothing.")
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
@json_option
def command(
    remotes: tuple[str, ...],
    datasets: tuple[str, ...],
    ref: str | None,
    whole: bool,  # noqa: FBT001
    yes: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Adopt data releases in this repository.

    Shows a summary first: the datasets found among DVC's outputs, a Pandera schema for each,
    inferred from the data, the stages that check them, settings and GitHub workflows. Existing
    files keep every line, and no file is overwritten. The added stages are run once, so that their
    reports can be committed as well. A second run finds nothing to do.
    """
    if whole and yes:
        raise click.UsageError("--plan writes nothing: leave out --plan or --yes.")
    root, found = adoption_at(Path.cwd(), remotes, datasets, ref=ref, progress=ConsoleProgress())
    if as_json:
        show_json(to_json(found))
        if not yes:
            return
    else:
        _show(found, whole=whole)
    if whole or not found:
        return
    if not yes:
        ask()
    carry_out(root, found, progress=ConsoleProgress())
    if not as_json:
        show(next_steps(found))


def _show(found: Adoption, *, whole: bool) -> None:
    if whole:
        show_paged(adoption(found))
    else:
        show(adoption_summary(found))
        if found.files:
            show("\n`datarelease init --plan` shows each file in full")
    if not found:
        show("\nnothing to do: everything is already there")
