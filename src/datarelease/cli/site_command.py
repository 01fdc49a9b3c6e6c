"""``datarelease site``."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import DescribedCommand
from datarelease.cli.options import DIRECTORY_PATH, repo_option
from datarelease.render.numbers import counted
from datarelease.site.build import SiteResult, build_site, result_json


@click.command("site", cls=DescribedCommand, prints=SiteResult)
@click.option(
    "--out",
    required=True,
    type=DIRECTORY_PATH,
    help="The directory to write into: a new one, an empty one, or one with an earlier catalogue.",
)
@repo_option
@prints_result
def command(out: Path, repo: str | None) -> Result:
    """Write a catalogue of all versions as static web pages.

    The pages need no server: open index.html, or put the directory on GitHub Pages or another
    host. If the directory has an earlier catalogue, only files that changed are written.
    """
    written = build_site(out, repo, ConsoleProgress())
    said = f"{counted(written.files, 'file')} in {out}, {written.changed:,} of them new or changed"
    return Result(result_json(written, out), f"{said}\nopen {out / 'index.html'}")
