"""``datarelease get VERSION [DEST]``."""

from __future__ import annotations

from pathlib import Path

import click
from typing_extensions import TypedDict

from datarelease.app.copy_version import copy_version
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import VERSION, DescribedCommand
from datarelease.cli.options import DIRECTORY_PATH, from_option, refuse_both, repo_option
from datarelease.cli.version_entry import Withdrawn, version_json
from datarelease.model.wording import plural


class GetResult(TypedDict):
    """The files of a version in a directory."""

    tag: str
    """The git tag of the version."""
    files: list[str]
    """The paths of the files, fetched now or there before."""
    yanked: Withdrawn | None
    """The withdrawal; null: the version is not withdrawn."""


@click.command(
    "get",
    cls=DescribedCommand,
    arguments={
        "VERSION": VERSION,
        "[DEST]": "The directory to copy into. Default: one named like the version's tag.",
    },
    exits={3: "An object is missing or damaged, or no remote answers. Run the command again."},
    prints=GetResult,
)
@click.argument("version")
@click.argument("dest", required=False, type=DIRECTORY_PATH)
@click.option(
    "--dataset",
    "names",
    multiple=True,
    metavar="NAME",
    help="Copy only this dataset; may be given several times.",
)
@click.option(
    "--metadata",
    is_flag=True,
    help="Also copy the descriptions of the version: croissant.json, datapackage.json, odcs.yaml, "
    "SHA256SUMS, the citation and the licence.",
)
@click.option("--force", is_flag=True, help="Overwrite files in DEST that differ.")
@from_option
@repo_option
@prints_result
def command(
    version: str,
    dest: Path | None,
    names: tuple[str, ...],
    metadata: bool,  # noqa: FBT001
    force: bool,  # noqa: FBT001
    repo: str | None,
    address: str | None,
) -> Result:
    """Copy the files of VERSION into the directory DEST.

    The files have the same paths below DEST as in the repository. Each file is checked against the
    SHA-256 in the manifest. Files that are already there are not fetched again.
    """
    refuse_both(repo, address)
    copied = copy_version(
        version,
        dest,
        names,
        repo=repo,
        address=address,
        metadata=metadata,
        overwrite=force,
        progress=ConsoleProgress(),
    )
    found = copied.version
    files = [str(path) for path in (*copied.files, *copied.metadata)]
    return Result(
        {"tag": found.tag, "files": files, "yanked": version_json(found)["yanked"]},
        f"{found.tag}: {plural(len(copied.files), 'file')} in {copied.target}",
    )
