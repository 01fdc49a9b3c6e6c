"""``datarelease check``."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.app.publish import open_builder
from datarelease.app.reports import HTML_NAME, report_files, rows_beside
from datarelease.app.wiring import forget_tokens
from datarelease.app.workspace import open_workspace
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import DescribedCommand
from datarelease.cli.options import DIRECTORY_PATH
from datarelease.cli.workflow import (
    tell_begun,
    tell_outputs,
    tell_report,
    tell_written,
    this_run,
)
from datarelease.documents import to_json
from datarelease.errors import BlockedError, ConfigError
from datarelease.flows.check.check import check
from datarelease.flows.check.pictures import with_pictures
from datarelease.flows.release.bundle import make_absent, write_bundle
from datarelease.flows.versions.documents import write_documents
from datarelease.model.review.policy import how_to_waive
from datarelease.model.review.report import Report
from datarelease.render.terminal.report import summary

_NEXT = "commit any edits, then open a pull request and merge it, or run datarelease release"


@click.command(
    "check",
    cls=DescribedCommand,
    exits={
        0: "Merging may release the data, or there is nothing to release.",
        1: "Blocked: the data breaks its schema or a rule of the policy. The report says where.",
    },
    prints=Report,
)
@click.option("--base", metavar="TAG", help="Compare with this version instead of the newest.")
@click.option(
    "--out",
    type=DIRECTORY_PATH,
    help="Write report.json, report.md and report.html into this directory."
    "  [default: reports/ of the repository]",
)
@click.option(
    "--bundle",
    type=DIRECTORY_PATH,
    help="Also write a bundle for `release --bundle` into this new directory.",
)
@prints_result
def command(base: str | None, out: Path | None, bundle: Path | None) -> Result:
    """Say what merging the work tree would release, and whether it may be released.

    Runs the stages that are out of date (`dvc repro`), validates and profiles each dataset,
    compares with the newest version, applies the policy, and writes a report. Needs no secret and
    writes nothing outside the work tree.
    """
    if bundle is not None and base is not None:
        raise ConfigError(
            "--bundle and --base exclude each other.",
            untouched="Nothing was done.",
            remedy="A release is always compared with the newest version: leave --base out.",
        )
    left = out or Path.cwd() / "reports"
    tell_begun(left)
    if bundle is None:
        ws, staging = open_workspace(Path.cwd(), progress=ConsoleProgress()), None
    else:
        ws, staging = open_builder(Path.cwd(), progress=ConsoleProgress())
    forget_tokens()
    if bundle is not None:
        make_absent(ws)
    place = out or ws.root / "reports"
    # A release shows neither pictures nor rows, so a build makes none.
    rows = rows_beside(ws, place) if bundle is None else None
    checked = check(ws, base=base, rows=rows)
    report = with_pictures(ws, checked) if bundle is None else checked.report
    files = report_files(report)
    write_documents(files, place)
    tell_written(left)
    written = place / HTML_NAME
    if bundle is not None:
        write_bundle(ws, checked, bundle, files, staging=staging)
    tell_report(report)
    number = ws.tags.parse(report.tag) if report.tag else None
    tell_outputs(report, number=number, tag=report.tag, html=written, released=False)
    blocked = BlockedError(
        "The data is blocked; the report says why.",
        untouched="Nothing was pushed or tagged.",
        remedy=f"Open {written}. Correct what it names, then run the check again."
        + how_to_waive(report.verdict.findings, report.tag),
    )
    released = report.tag is not None and report.level != "block"
    return Result(
        to_json(report),
        (summary(report), f"\nreport: {written}"),
        next=_NEXT if released and this_run() is None else "",
        error=blocked if report.level == "block" else None,
    )
