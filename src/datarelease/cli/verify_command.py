"""``datarelease verify VERSION``."""

from __future__ import annotations

import click

from datarelease.app.shelf import open_shelf
from datarelease.cli.console import Told, show, show_json
from datarelease.cli.options import json_option, repo_option
from datarelease.flows.read import verify_version
from datarelease.flows.shelf import catalogue_of
from datarelease.flows.verify import faults_error


@click.command("verify")
@click.argument("version")
@click.option("--full", is_flag=True, help="Read every object back and check its hash.")
@repo_option
@json_option
def command(version: str, full: bool, repo: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Look for every object of VERSION on each of its remotes.

    Checked are presence, size and the hash that the remote tells; a sample of the rest is read
    back, or with --full everything. Exit 3: something is missing or damaged.
    """
    shelf = open_shelf(repo, progress=Told())
    found = catalogue_of(shelf).find(version)
    result = verify_version(shelf, found, full=full)
    if as_json:
        show_json(
            {
                "tag": found.tag,
                "remotes": list(result.remotes),
                "objects": result.objects,
                "faults": [
                    {"remote": fault.remote, "key": fault.key, "kind": fault.kind}
                    for fault in result.faults
                ],
            }
        )
    if result.faults:
        raise faults_error(
            result.faults,
            what=f"{len(result.faults)} object(s) of {found.tag} are not as they should be:",
            untouched="Nothing was changed.",
            remedy=(
                "Delete the damaged objects from the remote, then run"
                if any(fault.kind == "hash" for fault in result.faults)
                else "Run"
            )
            + " `datarelease release` where the data is at hand: it sends them again.",
        )
    if not as_json:
        show(f"{found.tag}: {result.objects} objects in order on {', '.join(result.remotes)}")
