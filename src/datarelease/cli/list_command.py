"""``datarelease list``."""

from __future__ import annotations

from typing import Any

import click

from datarelease.app.readers import open_address
from datarelease.app.repository import open_catalogue
from datarelease.cli.console import (
    ConsoleProgress,
    from_option,
    json_option,
    refuse_both,
    repo_option,
    show,
    show_json,
    show_table,
)
from datarelease.model.versions.version import Version
from datarelease.readers.address import read_versions
from datarelease.render.terminal.tables import version_table


@click.command("list")
@from_option
@repo_option
@json_option
def command(repo: str | None, address: str | None, as_json: bool) -> None:  # noqa: FBT001
    """List the released versions, newest first."""
    refuse_both(repo, address)
    if address is None:
        catalogue = open_catalogue(repo)
    else:
        catalogue = read_versions(open_address(address, progress=ConsoleProgress()))
    versions = list(reversed(catalogue.versions))
    if as_json:
        show_json([version_json(version) for version in versions])
        return
    if not versions:
        show("no version yet: `datarelease release` makes the first")
        return
    show_table(version_table((version, catalogue.state(version)) for version in versions))


def version_json(version: Version) -> dict[str, Any]:
    """A version as JSON data."""
    return {
        "version": version.number,
        "tag": version.tag,
        "digest": version.digest,
        "date": version.date,
        "commit": version.commit,
        "trailers": dict(version.trailers),
        "yanked": None
        if version.yank is None
        else {
            "reason": version.yank.reason,
            "date": version.yank.date,
            "replacement": version.yank.replacement,
        },
        "erased": None
        if version.erased is None
        else {"reason": version.erased.reason, "date": version.erased.date},
    }
