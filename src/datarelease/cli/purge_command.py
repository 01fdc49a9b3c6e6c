"""``datarelease purge VERSION``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from typing_extensions import TypedDict

from datarelease.app.retention import open_keeping
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import VERSION, DescribedCommand
from datarelease.documents import to_json
from datarelease.errors import ConfigError
from datarelease.flows.retention.purge import Purge, plan_purge, purge
from datarelease.model.wording import plural
from datarelease.render.escape import clean
from datarelease.render.numbers import size


class PurgeResult(TypedDict):
    """What is erased, or would be."""

    format: int
    """The format of this document: 1."""
    applied: bool
    """Whether it was erased; false: this is a preview."""
    versions: list[str]
    """The tags of the versions."""
    remotes: list[dict[str, Any]]
    """For each remote its name (`remote`), its address (`url`) and the objects (`garbage`), each
    with `key`, `size` in bytes and `reason`."""
    shared: int
    """The number of objects that stay because something else needs them as well."""
    shared_with: list[str]
    """The versions that need them."""
    named_by: list[str]
    """Branches and tags of git that name erased objects."""
    health: dict[str, Any] | None
    """The [health](../formats/health.md) of the other versions afterwards; null: a preview."""


@click.command(
    "purge",
    cls=DescribedCommand,
    arguments={"VERSION...": f"One or more versions. {VERSION}"},
    exits={
        0: "The data is erased, or the preview is shown.",
        3: "A remote failed. Run the same command again: it erases the rest.",
    },
    prints=PurgeResult,
)
@click.argument("versions", metavar="VERSION...", nargs=-1, required=True)
@click.option(
    "--reason", default="", help="Why, written for users of the version and for an audit."
)
@click.option(
    "--apply", is_flag=True, help="Erase the data. Without this option nothing is changed."
)
@prints_result
def command(versions: Sequence[str], reason: str, apply: bool) -> Result:  # noqa: FBT001
    """Erase the data of VERSION on every remote, permanently.

    Data, reports, statistics and readable copies are deleted. The tag, the manifest and the reason
    stay, and every reader is told. Objects that another version needs stay as well; name several
    versions to erase what only they share. The newest version that is not withdrawn is refused.

    The command deletes with credentials of their own, in variables DATARELEASE_DELETE_…. The page
    docs/erasure.md says what remains in git, in caches and in GitHub Releases.
    """
    keeping = open_keeping(Path.cwd(), progress=ConsoleProgress(), strict=False)
    if not apply:
        found = plan_purge(keeping, versions)
        if not reason.strip() and any(version.erased is None for version in found.versions):
            raise ConfigError(
                "A reason is needed, written for users of the version.",
                untouched="Nothing was erased.",
                remedy="Add --reason TEXT.",
            )
        return Result(purge_json(found), tuple(purge_lines(found, reason)))
    found = purge(keeping, versions, reason)
    return Result(purge_json(found), tuple(purge_lines(found, reason)))


def purge_json(found: Purge) -> PurgeResult:
    """What programs get."""
    return {
        "format": 1,
        "applied": found.applied,
        "versions": [version.tag for version in found.versions],
        "remotes": [to_json(part) for part in found.remotes],
        "shared": found.shared,
        "shared_with": list(found.shared_with),
        "named_by": list(found.named_by),
        "health": to_json(found.health) if found.health else None,
    }


def purge_lines(found: Purge, reason: str) -> Iterator[str]:
    """What people read."""
    tags = ", ".join(version.tag for version in found.versions)
    yield f"{tags}: {'erased' if found.applied else 'to be erased'}"
    verb = "deleted" if found.applied else "to be deleted"
    for part in found.remotes:
        objects = plural(len(part.garbage), "object")
        yield f"{part.remote} ({part.url}): {objects}, {size(part.size)}, {verb}"
    if found.shared:
        holders = ", ".join(found.shared_with) or "versions of other projects"
        yield f"kept, needed by {holders} as well: {plural(found.shared, 'object')}"
    for name in found.named_by:
        yield f"{clean(name)} names some of them: after that, `dvc pull` cannot get them there"
    if not found.applied:
        command = ["datarelease", "purge", *(version.tag for version in found.versions)]
        command += ["--reason", reason] if reason.strip() else []
        run = f"{shlex.join(command)} --apply"
        yield f"This was a preview. To erase the data permanently, run: {run}"
    else:
        yield "What git, caches and GitHub Releases still have: docs/erasure.md"
