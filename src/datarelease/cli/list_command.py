"""``datarelease list``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from datarelease.app.catalogue import open_catalogue
from datarelease.cli.described import DescribedCommand
from datarelease.cli.options import from_option, json_option, refuse_both, repo_option
from datarelease.cli.plain_output import show_columns, show_json
from datarelease.flows.catalogue import Catalogue
from datarelease.model.versions.version import Version
from datarelease.render.terminal.versions import VERSION_COLUMNS, version_cells


def _entries() -> object:
    """The type of the result as JSON."""
    from datarelease.cli.version_entry import VersionEntry  # noqa: PLC0415 - typing_extensions

    return list[VersionEntry]


@click.command("list", cls=DescribedCommand, prints=_entries)
@from_option
@repo_option
@json_option
def command(repo: str | None, address: str | None, as_json: bool) -> None:  # noqa: FBT001
    """List the released versions, the newest first.

    Each line has the tag, the date, the rows, the kind of change, and the state: `latest`,
    withdrawn, erased, or the channels that are set to the version.
    """
    refuse_both(repo, address)
    catalogue = open_catalogue(repo) if address is None else _catalogue_at(address)
    versions = list(reversed(catalogue.versions))
    if as_json:
        from datarelease.cli.version_entry import version_json  # noqa: PLC0415 - typing_extensions

        show_json([version_json(version) for version in versions])
    elif sys.stdout.isatty() or not versions:
        _show(versions, catalogue)
    else:
        lines = (version_cells(version, catalogue.state(version)) for version in versions)
        show_columns([VERSION_COLUMNS, *lines])


def _catalogue_at(address: str) -> Catalogue:
    """The versions that the remote at ``address`` has."""
    from datarelease.app.readers import open_address  # noqa: PLC0415 - heavy: Pydantic
    from datarelease.cli.console import ConsoleProgress  # noqa: PLC0415 - heavy: Rich
    from datarelease.readers.address import read_versions  # noqa: PLC0415 - heavy: Pydantic

    return read_versions(open_address(address, progress=ConsoleProgress()))


def _show(versions: Sequence[Version], catalogue: Catalogue) -> None:
    """The versions for a person at a terminal."""
    from datarelease.cli.console import show, show_table  # noqa: PLC0415 - heavy: Rich
    from datarelease.render.terminal.tables import version_table  # noqa: PLC0415 - heavy: Rich

    if not versions:
        show("no version yet: `datarelease release` makes the first")
        return
    show_table(version_table((version, catalogue.state(version)) for version in versions))
