"""``datarelease show VERSION``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from rich.table import Table

from datarelease.app.readers import open_address
from datarelease.app.repository import open_repository
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import VERSION, DescribedCommand
from datarelease.cli.options import from_option, refuse_both, repo_option
from datarelease.cli.version_entry import VersionEntry, version_json
from datarelease.documents import to_json
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.repository import catalogue_of
from datarelease.flows.versions.documents import read_manifest
from datarelease.model.data.stream import StreamCounts
from datarelease.model.versions.manifest import Keeper, Manifest, ManifestRemote
from datarelease.model.versions.version import Version
from datarelease.readers.address import manifest_at, read_versions
from datarelease.render.escape import PROSE, clean
from datarelease.render.numbers import size

_SHOWN = 10
"""Paths in one line; `--json` has them all."""


class ShownVersion(VersionEntry):
    """One version with its manifest."""

    manifest: dict[str, Any]
    """The [manifest](../formats/manifest.md) of the version."""


@click.command("show", cls=DescribedCommand, arguments={"VERSION": VERSION}, prints=ShownVersion)
@click.argument("version")
@from_option
@repo_option
@prints_result
def command(version: str, repo: str | None, address: str | None) -> Result:
    """Show what VERSION holds, where it is stored and how it was made.

    The text is a summary of the version's manifest; `--json` prints the whole manifest.
    """
    refuse_both(repo, address)
    if address is None:
        repository = open_repository(repo, version, progress=ConsoleProgress())
        catalogue = catalogue_of(repository)
        found = catalogue.find(version)
        manifest = read_manifest(repository, found)
    else:
        reader = open_address(address, progress=ConsoleProgress())
        catalogue = read_versions(reader, version)
        found = catalogue.find(version)
        manifest = manifest_at(reader, found)
    return Result(
        {**version_json(found), "manifest": to_json(manifest)},
        (_facts(found, manifest, catalogue), "", _datasets(manifest)),
    )


def _facts(version: Version, manifest: Manifest, catalogue: Catalogue) -> Table:
    withdrawal, erasure = catalogue.withdrawal(version), catalogue.erasure(version)
    table = Table.grid(padding=(0, 2))
    facts = {
        "version": version.tag,
        "released": version.date,
        "digest": manifest.digest,
        "commit": manifest.commit,
        "compared with": manifest.baseline or "nothing: the first version",
        "data of": manifest.rollback_of,
        "change": manifest.compatibility.value,
        "verdict": manifest.verdict,
        "reviewed": manifest.reviewed or "no digest was given",
        "remotes": _remotes(manifest.remotes),
        "outputs elsewhere": _remotes(manifest.output_remotes) or None,
        "also tracked": _tracked(manifest, "remotes"),
        "imported": _tracked(manifest, "source"),
        "never pushed": _tracked(manifest, "nobody"),
        "streams": ", ".join(map(_stream, manifest.inputs)) or None,
        "withdrawn": clean(withdrawal, PROSE) if withdrawal else None,
        "erased": clean(erasure, PROSE) if erasure else None,
    }
    for name, value in facts.items():
        if value is not None:
            table.add_row(name, value)
    return table


def _remotes(remotes: Sequence[ManifestRemote]) -> str:
    return ", ".join(f"{remote.name} ({remote.url})" for remote in remotes)


def _tracked(manifest: Manifest, keeper: Keeper) -> str | None:
    """The outputs beside the datasets that ``keeper`` keeps; None: there are none."""
    paths = [clean(output.path) for output in manifest.tracked if output.kept_by == keeper]
    more = f", and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more if paths else None


def _stream(counts: StreamCounts) -> str:
    """Where a stream stands: how many batches, and the offset after the last one."""
    ends = {span.partition: span.end for batch in counts.batches for span in batch.spans}
    listed = " ".join(f"{partition}:{end}" for partition, end in sorted(ends.items()))
    return f"{clean(counts.topic)} to {listed or 'nothing'} ({len(counts.batches)} batches)"


def _datasets(manifest: Manifest) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("dataset", "rows", "files", "size", "path"):
        table.add_column(title, justify="right" if title in {"rows", "files", "size"} else "left")
    for dataset in manifest.datasets:
        rows = "" if dataset.rows is None else f"{dataset.rows:,}"
        total = sum(file.size for file in dataset.files)
        table.add_row(
            dataset.name, rows, f"{len(dataset.files):,}", size(total), clean(dataset.path)
        )
    return table
