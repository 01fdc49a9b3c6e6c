"""``datarelease post DIRECTORY``."""

from __future__ import annotations

from pathlib import Path

import click
from typing_extensions import TypedDict

from datarelease.adapters.untrusted import read_artifact
from datarelease.app.github import comment_source, open_cml, open_github
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import DescribedCommand
from datarelease.cli.workflow import this_run, warn
from datarelease.errors import ConfigError
from datarelease.flows.pull_requests.post import CommentTexts, post
from datarelease.render.markdown.comment import comment, unreported


class PostResult(TypedDict):
    """What was posted."""

    outcome: str
    """What became of the report."""
    number: int | None
    """The number of the pull request; null: it was found for none."""
    comment: str | None
    """What became of the comment; null: none was written."""
    by: str | None
    """Who wrote the comment: CML or the built-in poster; null: nobody."""
    status: str | None
    """The state of the commit status; null: none was set."""
    problems: list[str]
    """What failed on GitHub; each is a warning of the step."""


@click.command(
    "post",
    cls=DescribedCommand,
    arguments={"DIRECTORY": "The directory with the artifact of the check."},
    exits={
        2: "The artifact was refused, or this is no step of a workflow. Nothing was posted.",
        3: "The check left a report that was not downloaded. Run the job again.",
    },
    prints=PostResult,
)
@click.argument("directory", type=click.Path(path_type=Path))
@prints_result
def command(directory: Path) -> Result:
    """Put the report of a check on its pull request.

    A step of the workflow that runs after a check. It treats the artifact in DIRECTORY as untrusted
    data. It writes one comment, or updates the comment that is there, and records the digest of the
    data as a commit status. If GitHub's API fails, the step only warns: the result of the check
    remains valid.
    """
    run = this_run()
    if run is None:
        raise ConfigError(
            "`datarelease post` is a step of a workflow on GitHub Actions.",
            untouched="Nothing was posted.",
            remedy="On a laptop, `datarelease check` writes the same report into reports/.",
        )
    check = run.check_run()
    github = open_github(run)
    artifact = read_artifact(directory)
    progress = ConsoleProgress()
    place = comment_source(run, url=check.url)
    pages = CommentTexts(
        report=lambda report: comment(report, place),
        unreported=lambda conclusion: unreported(place, conclusion),
    )
    posting = post(
        artifact,
        check,
        github,
        open_cml(run, progress),
        pages,
        progress,
        default_branch=run.default_branch,
    )
    for problem in posting.problems:
        warn(problem)
    found: PostResult = {
        "outcome": posting.outcome,
        "number": posting.number,
        "comment": posting.comment.state if posting.comment else None,
        "by": posting.comment.by if posting.comment else None,
        "status": posting.status.state if posting.status else None,
        "problems": list(posting.problems),
    }
    return Result(found, posting.summary)
