"""``datarelease list``."""

from __future__ import annotations

import click
from typing_extensions import TypedDict

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
from datarelease.cli.described import DescribedCommand
from datarelease.model.versions.version import Version
from datarelease.readers.address import read_versions
from datarelease.render.terminal.tables import version_table


class Withdrawn(TypedDict):
    """The withdrawal of a version."""

    reason: str
    """Why it was withdrawn."""
    date: str
    """When it was withdrawn, in ISO 8601."""
    replacement: str | None
    """The tag of the version to use instead; null: none was named."""


class Erased(TypedDict):
    """The erasure of a version."""

    reason: str
    """Why its data was erased."""
    date: str
    """When it was erased, in ISO 8601."""


class VersionEntry(TypedDict):
    """One version, as its tag describes it."""

    version: int
    """The number: 3 for `data-v3`."""
    tag: str
    """The git tag of the version."""
    digest: str
    """The digest of the data: a SHA-256 over the names, sizes and hashes of its files."""
    date: str
    """When the tag was made, in ISO 8601."""
    commit: str
    """The commit that the tag points at."""
    trailers: dict[str, str]
    """The trailers of the tag's message, by their names."""
    yanked: Withdrawn | None
    """The withdrawal; null: the version is not withdrawn."""
    erased: Erased | None
    """The erasure; null: the data is not erased."""


@click.command("list", cls=DescribedCommand, prints=list[VersionEntry])
@from_option
@repo_option
@json_option
def command(repo: str | None, address: str | None, as_json: bool) -> None:  # noqa: FBT001
    """List the released versions, the newest first.

    Each line has the tag, the date, the rows, the kind of change, and the state: `latest`,
    withdrawn, erased, or the channels that are set to the version.
    """
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


def version_json(version: Version) -> VersionEntry:
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
