"""``datarelease check``."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.app.reports import write_report
from datarelease.app.workspace import open_workspace
from datarelease.cli.console import Told, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.errors import BlockedError
from datarelease.flows.check import check
from datarelease.render.terminal import summary


@click.command("check")
@click.option("--base", metavar="TAG", help="Compare with this version instead of the newest.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where report.json, .md and .html go.  [default: reports/ of the repository]",
)
@json_option
def command(base: str | None, out: Path | None, as_json: bool) -> None:  # noqa: FBT001
    """Say what merging the work tree would release, and whether it may.

    Runs what is out of date with `dvc repro`, validates, profiles, and compares with the newest
    version. Needs no secret and writes nothing outside the work tree. Exit 1: blocked.
    """
    ws = open_workspace(Path.cwd(), progress=Told())
    report = check(ws, base=base).report
    written = write_report(report, out or ws.root / "reports")
    if as_json:
        show_json(to_json(report))
    else:
        show(summary(report), f"\nreport: {written}")
    if report.level == "block":
        raise BlockedError(
            "The data is blocked; the report says why.",
            untouched="Nothing was pushed or tagged.",
            remedy=f"Open {written}.",
        )
