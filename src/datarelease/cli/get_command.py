"""``datarelease get VERSION [DEST]``."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.app.readers import open_address
from datarelease.app.repository import open_repository
from datarelease.cli.console import (
    DIRECTORY_PATH,
    ConsoleProgress,
    Result,
    from_option,
    prints_result,
    refuse_both,
    repo_option,
)
from datarelease.cli.list_command import version_json
from datarelease.flows.release.metadata import write_metadata
from datarelease.flows.repository import find_version
from datarelease.flows.versions.read import get
from datarelease.readers.address import find_at
from datarelease.readers.datasets import get_there
from datarelease.readers.metadata import write_metadata_there


@click.command("get")
@click.argument("version")
@click.argument("dest", required=False, type=DIRECTORY_PATH)
@click.option(
    "--dataset", "names", multiple=True, metavar="NAME", help="Only this one; repeatable."
)
@click.option(
    "--metadata",
    is_flag=True,
    help="Also croissant.json, datapackage.json, odcs.yaml, SHA256SUMS, citation and licence.",
)
@click.option("--force", is_flag=True, help="Overwrite files that differ.")
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
    """Put the files of VERSION into DEST (default: a directory named like the version).

    Files are there as in the repository. Each is checked against the manifest's SHA-256, and
    what is already there is not fetched again.
    """
    refuse_both(repo, address)
    if address is None:
        repository = open_repository(repo, version, progress=ConsoleProgress())
        found = find_version(repository, version)
        target = dest or Path(found.tag)
        paths = get(repository, found, target, names, overwrite=force)
        described = write_metadata(repository, found, target) if metadata else ()
    else:
        reader = open_address(address, progress=ConsoleProgress())
        found = find_at(reader, version)
        target = dest or Path(found.tag)
        paths = get_there(reader, found, target, names, overwrite=force)
        described = write_metadata_there(reader, found, target) if metadata else ()
    files = [str(path) for path in (*paths, *described)]
    return Result(
        {"tag": found.tag, "files": files, "yanked": version_json(found)["yanked"]},
        f"{found.tag}: {len(paths)} file{'s' if len(paths) != 1 else ''} in {target}",
    )
