"""``datarelease post DIRECTORY``."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.adapters.untrusted import read_artifact
from datarelease.app.github import comment_source, open_cml, open_github
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.workflow import this_run, warn
from datarelease.errors import ConfigError
from datarelease.flows.pull_requests.post import CommentTexts, post
from datarelease.render.markdown.comment import comment, unreported


@click.command("post")
@click.argument("directory", type=click.Path(path_type=Path))
@prints_result
def command(directory: Path) -> Result:
    """Put a check's report on its pull request.

    For the workflow that runs when a check has ended. DIRECTORY holds the check's artifact, which
    is treated as untrusted data. The comment is updated in place, and the report's digest is
    recorded as a commit status. Exit 2: the artifact was refused, and nothing was posted. Exit 3:
    the check left a report that was not downloaded. Other failures of GitHub's API are warnings:
    the check's result remains valid.
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
    found = {
        "outcome": posting.outcome,
        "number": posting.number,
        "comment": posting.comment.state if posting.comment else None,
        "by": posting.comment.by if posting.comment else None,
        "status": posting.status.state if posting.status else None,
        "problems": list(posting.problems),
    }
    return Result(found, posting.summary)
