"""``datarelease list``."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table

from datarelease.app.shelf import open_shelf
from datarelease.cli.console import Told, show, show_json
from datarelease.cli.options import json_option, repo_option
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.shelf import catalogue_of
from datarelease.model.version import Version
from datarelease.render.escape import clean


@click.command("list")
@repo_option
@json_option
def command(repo: str | None, as_json: bool) -> None:  # noqa: FBT001
    """List the released versions, newest first."""
    catalogue = catalogue_of(open_shelf(repo, progress=Told()))
    versions = list(reversed(catalogue.versions))
    if as_json:
        show_json([describe(version) for version in versions])
        return
    if not versions:
        show("no version yet: `datarelease release` makes the first")
        return
    table = Table(box=None, pad_edge=False)
    for title in ("version", "date", "rows", "change", "state"):
        table.add_column(title, justify="right" if title == "rows" else "left")
    for version in versions:
        table.add_row(
            version.tag,
            version.date[:10],
            (version.trailer("Rows") or "").replace(" ", "\n"),
            version.trailer("Compatibility") or "",
            _state(version, catalogue),
        )
    show(table)


def describe(version: Version) -> dict[str, Any]:
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
    }


def _state(version: Version, catalogue: Catalogue) -> str:
    if version.yank is not None:
        use = catalogue.replacement(version)
        return f"withdrawn: {clean(version.yank.reason)}{f' (use {use.tag})' if use else ''}"
    rolled = version.trailer("Rollback-Of")
    parts = ["latest"] if version == catalogue.latest else []
    parts += [f"data of {rolled}"] if rolled else []
    return ", ".join(parts)
