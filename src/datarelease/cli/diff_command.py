"""``datarelease diff A B``."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.app.reports import changed_rows_in, write_report
from datarelease.app.repository import open_repository
from datarelease.app.wiring import tool
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import VERSION, DescribedCommand
from datarelease.cli.options import DIRECTORY_PATH, repo_option
from datarelease.documents import to_json
from datarelease.flows.check.compare import compare_versions
from datarelease.model.review.report import Report
from datarelease.render.terminal.report import summary


@click.command(
    "diff",
    cls=DescribedCommand,
    arguments={"A": f"The earlier one. {VERSION}", "B": "The later one, named in the same ways."},
    prints=Report,
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--out",
    type=DIRECTORY_PATH,
    help="Also write report.json, report.md and report.html into this directory.",
)
@click.option(
    "--rows",
    type=DIRECTORY_PATH,
    help="Also write every changed row into this directory, as one NAME.parquet for each "
    "dataset that has a key.",
)
@repo_option
@prints_result
def command(
    before: str, after: str, out: Path | None, rows: Path | None, repo: str | None
) -> Result:
    """Show what changed from version A to version B.

    Compares schemas, distributions and files. Rows are compared where a dataset has a key; the
    data of both versions is then fetched.
    """
    repository = open_repository(repo, before, after, progress=ConsoleProgress())
    files = changed_rows_in(rows) if rows is not None else None
    report = compare_versions(repository, before, after, tool=tool(), rows=files)
    if out is not None:
        write_report(report, out)
    return Result(to_json(report), summary(report))
