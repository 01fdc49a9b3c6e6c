"""``datarelease init``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.text import Text

from datarelease.adopt.context import has_origin
from datarelease.adopt.plan import adoption_at
from datarelease.adopt.run import carry_out
from datarelease.app.projects import projects_below
from datarelease.cli.console import ConsoleProgress, ask, show, show_paged
from datarelease.cli.described import DescribedCommand
from datarelease.cli.options import json_option
from datarelease.cli.plain_output import show_json
from datarelease.documents import to_json
from datarelease.model.adoption import Adoption
from datarelease.render.terminal.adoption import adoption, adoption_summary, next_steps


@click.command(
    "init",
    cls=DescribedCommand,
    exits={
        0: "The plan was carried out or shown, or everything is already there.",
        1: "Blocked: the data breaks its schema. All files were written.",
        2: "The repository cannot be used, or the plan was not confirmed. Nothing was written.",
    },
    prints=Adoption | list[Adoption],
)
@click.option(
    "--remote",
    "remotes",
    multiple=True,
    metavar="REMOTE",
    help="Set up this DVC remote: dagshub:OWNER/REPO, s3://BUCKET/PREFIX, gs://…, azure://…, "
    "ssh://…, webdavs://… or a directory (/DIR, ./DIR). May be given several times.",
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="PATH",
    help="Adopt only this file or directory. May be given several times.",
)
@click.option(
    "--ref",
    metavar="REF",
    envvar="DATARELEASE_REF",
    help="The version of datarelease that the workflows use: a tag or the full SHA of a commit."
    "  [default: the version that runs now]",
)
@click.option(
    "--subdir",
    is_flag=True,
    help="Make the current directory a DVC project of its own (`dvc init --subdir`), also inside "
    "another one.",
)
@click.option(
    "--all", "every", is_flag=True, help="Adopt every DVC project below this directory, one by one."
)
@click.option(
    "--plan",
    "whole",
    is_flag=True,
    help="Show the plan with the full text of every file, and write nothing.",
)
@click.option("--yes", "-y", is_flag=True, help="Carry the plan out without asking.")
@json_option
def command(
    remotes: tuple[str, ...],
    datasets: tuple[str, ...],
    ref: str | None,
    subdir: bool,  # noqa: FBT001
    every: bool,  # noqa: FBT001
    whole: bool,  # noqa: FBT001
    yes: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Adopt data releases in this repository.

    First shows a plan: the datasets that it found, a Pandera schema for each, inferred from the
    data, the stages that check them, the settings and the GitHub workflows. Then it asks. It
    overwrites no file, and existing files keep every line. At the end it runs the new stages once,
    so that you can commit their reports. A second run finds nothing to do.
    """
    if whole and yes:
        raise click.UsageError("--plan writes nothing: leave out --plan or --yes.")
    if every and (remotes or datasets or subdir):
        raise click.UsageError("--all takes neither --remote, --dataset nor --subdir.")
    places = [Path.cwd() / one for one in projects_below(Path.cwd())] if every else [Path.cwd()]

    def plan(start: Path) -> tuple[Path, Adoption]:
        return adoption_at(
            start, remotes, datasets, ref=ref, subdirectory=subdir, progress=ConsoleProgress()
        )

    plans = [plan(place) for place in places]
    if as_json:
        documents = [to_json(found) for _, found in plans]
        show_json(documents if every else documents[0])
    else:
        _show_all(plans, every=every, whole=whole)
    if whole or (as_json and not yes) or not any(found for _, found in plans):
        return
    if not yes:
        ask()
    # Planned anew: projects share the files that GitHub reads at the top of the repository.
    for root, found in map(plan, places) if every else plans:
        if found:
            carry_out(root, found, progress=ConsoleProgress())
        if found and not as_json:
            _show_title(root, every=every)
            show(next_steps(found, shared=has_origin(root)))


def _show_title(root: Path, *, every: bool) -> None:
    """The project that the next lines are about, where there may be several."""
    if every:
        show(Text(f"\n{root.relative_to(Path.cwd())}", style="bold"))


def _show_all(plans: Sequence[tuple[Path, Adoption]], *, every: bool, whole: bool) -> None:
    for root, found in plans:
        _show_title(root, every=every)
        _show(found, whole=whole)


def _show(found: Adoption, *, whole: bool) -> None:
    if whole:
        show_paged(adoption(found))
    else:
        show(adoption_summary(found))
        if found.files:
            show("\n`datarelease init --plan` shows each file in full")
    if not found:
        rest = " but what is left alone" if found.left_out else ": everything is already there"
        show(f"\nnothing to do{rest}")
