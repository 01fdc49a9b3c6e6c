"""``datarelease announce``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from datarelease.app.actions import Actions
from datarelease.app.github import comment_source, dispatcher, open_github
from datarelease.cli.console import ConsoleProgress, show
from datarelease.cli.described import DescribedCommand
from datarelease.cli.workflow import this_run, warn
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.pull_requests.announce import (
    TARGETS,
    AnnouncementTexts,
    announce,
    dispatch,
    read_health,
    read_outcome,
    tell_damage,
)
from datarelease.flows.pull_requests.notify import notify
from datarelease.model.directory import ROOT
from datarelease.model.versions.outcome import Outcome
from datarelease.render.markdown.comment import comment, notice
from datarelease.render.markdown.version_texts import (
    ISSUE_TITLE,
    damage_issue,
    mark_of,
    release_page,
)
from datarelease.render.webhook import message_json, message_slack


@click.command(
    "announce",
    cls=DescribedCommand,
    arguments={"[DIRECTORY]": "The directory with the artifacts of the release."},
    exits={
        0: "Announced. Webhooks that failed are warnings.",
        2: "An artifact was refused, or this is no step of a workflow. Nothing was announced.",
        3: "GitHub failed. The version is released; run the job again.",
    },
)
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@click.option(
    "--damage",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Instead, report in an issue what `verify --newest N --out FILE` found.",
)
def command(directory: Path | None, damage: Path | None) -> None:
    """Report on GitHub how a release ended.

    The last job of the release workflow. It makes the GitHub Release of the version and updates the
    comment on the pull request. A failed release gets a comment of its own.

    For a new version it also sends the event `data-release` to the repositories in
    DATARELEASE_DISPATCH, with the token in DATARELEASE_DISPATCH_TOKEN, and a message to each
    webhook of `release.notify`.
    """
    if (directory is None) == (damage is None):
        raise click.UsageError("Name a DIRECTORY, or --damage FILE.")
    run = this_run()
    if run is None:
        raise ConfigError(
            "`datarelease announce` is a step of a workflow on GitHub Actions.",
            untouched="Nothing was announced.",
            remedy="`datarelease show VERSION` shows the same on a laptop.",
        )
    if directory is not None:
        _release(directory, run)
    else:
        _damage(Path(str(damage)), run)


def _release(directory: Path, run: Actions) -> None:
    github, place = open_github(run), comment_source(run)
    results = {job: os.environ.get(f"{job.upper()}_RESULT", "") for job in ("build", "publish")}
    outcome = read_outcome(directory, github, run.push, results)
    pages = AnnouncementTexts(
        comment=lambda outcome: comment(outcome, place),
        notice=lambda outcome: notice(outcome, place),
        release=lambda outcome, documents: release_page(documents.manifest, outcome, place),
    )
    told = announce(directory, outcome, github, pages, ConsoleProgress(), run=run.run_id)
    problems = told.problems or dispatch(
        outcome,
        repository=run.repository,
        targets=os.environ.get(TARGETS, ""),
        connect=dispatcher(run, os.environ),
    )
    unsent = _notify(outcome, run, told.page.url if told.page else None)
    for problem in (*problems, *unsent):
        warn(problem)
    show(f"{outcome.state}: {outcome.tag or outcome.what or 'nothing to release'}")
    if problems:
        raise WorldError(
            "Not everything could be announced.",
            untouched="The version itself is not affected: its tag is the truth.",
            remedy="Run this job again.",
        )


def _notify(outcome: Outcome, run: Actions, page: str | None) -> tuple[str, ...]:
    def body(message: Callable[..., bytes]) -> Callable[[], bytes]:
        return lambda: message(outcome, repository=run.repository, page=page, run=run.run_url)

    return notify(
        outcome,
        outcome.notify,
        {"json": body(message_json), "slack": body(message_slack)},
        repository=run.repository,
        env=os.environ,
        progress=ConsoleProgress(),
    )


def _damage(file: Path, run: Actions) -> None:
    health = read_health(file)
    place = comment_source(run)
    mark = mark_of(run.directory)
    told = tell_damage(
        open_github(run),
        health,
        title=ISSUE_TITLE if run.directory == ROOT else f"{ISSUE_TITLE}: {run.directory}",
        mark=mark,
        body=lambda: damage_issue(health, place, mark),
    )
    show(f"issue: {told.state}" + (f" ({told.issue.url})" if told.issue else ""))
