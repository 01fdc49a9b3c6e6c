"""``datarelease gc``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from typing_extensions import TypedDict

from datarelease.app.retention import open_keeping
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import DescribedCommand
from datarelease.documents import to_json
from datarelease.errors import ConfigError
from datarelease.flows.retention.collect import Collection, collect, survey_all
from datarelease.model.versions.retention import RemoteSweep
from datarelease.model.wording import plural
from datarelease.render.numbers import size

_AGE = re.compile(r"([0-9]{1,5})(h|d|w)", re.ASCII)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SHORTEST = timedelta(days=1)


def _age(context: click.Context, option: click.Parameter, value: str) -> timedelta:  # noqa: ARG001
    found = _AGE.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is not an age, such as 36h, 7d or 2w")
    return int(found[1]) * _UNITS[found[2]]


class GcResult(TypedDict):
    """What nothing needs, on each remote."""

    format: int
    """The format of this document: 1."""
    applied: bool
    """Whether it was deleted; false: this is a preview."""
    kept_for: list[str]
    """Everything that was asked what it needs: versions, branches, tags, pull requests."""
    unread: list[str]
    """Listings of directories that are on no remote, so that their files could not be read."""
    remotes: list[dict[str, Any]]
    """For each remote its name (`remote`), its address (`url`), the objects that nothing needs
    (`garbage`, each with `key`, `size` in bytes and `reason`), and the number and bytes of objects
    that are needed (`kept`, `kept_size`) or too young (`young`, `young_size`)."""
    health: dict[str, Any] | None
    """The [health](../formats/health.md) of all versions afterwards; null: a preview."""


@click.command(
    "gc",
    cls=DescribedCommand,
    exits={
        0: "The objects are deleted, or the preview is shown.",
        3: "A branch, a manifest or a remote cannot be read. Nothing was deleted.",
    },
    prints=GcResult,
)
@click.option(
    "--apply", is_flag=True, help="Delete the objects. Without this option nothing is changed."
)
@click.option(
    "--older-than",
    default="7d",
    callback=_age,
    metavar="AGE",
    show_default=True,
    help="Keep objects that are younger: a release may be under way.",
)
@prints_result
def command(apply: bool, older_than: timedelta) -> Result:  # noqa: FBT001
    """Show the objects on the remotes that nothing needs, or delete them.

    An object is needed if a version, a branch, a tag, an open pull request or the work tree names
    it. Withdrawn versions keep all their objects. If a branch, a manifest or a remote cannot be
    read, nothing is deleted. All versions are verified afterwards.

    The command deletes with credentials of their own, in variables DATARELEASE_DELETE_… (see
    docs/erasure.md).
    """
    if apply and older_than < _SHORTEST:
        raise ConfigError(
            "With --apply, --older-than is at least 1d: a release may be under way.",
            untouched="Nothing was deleted.",
            remedy="`datarelease gc --apply --older-than 1d`",
        )
    keeping = open_keeping(Path.cwd(), progress=ConsoleProgress(), strict=apply)
    found = collect(keeping, older_than) if apply else survey_all(keeping, older_than)
    return Result(collection_json(found), tuple(collection_lines(found)))


def collection_json(found: Collection) -> GcResult:
    """What programs get."""
    return {
        "format": 1,
        "applied": found.applied,
        "kept_for": list(found.needed.holders),
        "unread": list(found.needed.unread),
        "remotes": [to_json(sweep) for sweep in found.remotes],
        "health": to_json(found.health) if found.health else None,
    }


def collection_lines(found: Collection) -> Iterator[str]:
    """What people read."""
    for sweep in found.remotes:
        yield from _of_remote(sweep, applied=found.applied)
    for key in found.needed.unread:
        yield f"{key} is on no remote: what it lists is kept only where something else names it"
    if found.applied and found.health is not None:
        yield f"{plural(len(found.health.versions), 'version')} verified: all objects in order"
    elif any(sweep.garbage for sweep in found.remotes):
        yield "This was a preview: `datarelease gc --apply` deletes them."


def _of_remote(sweep: RemoteSweep, *, applied: bool) -> Iterator[str]:
    verb = "deleted" if applied else "can be deleted"
    objects = plural(len(sweep.garbage), "object")
    yield f"{sweep.remote} ({sweep.url}): {objects}, {size(sweep.size)}, {verb}"
    for reason, (count, total) in sweep.sums.items():
        yield f"  {plural(count, 'object')}, {size(total)}: {reason}"
    yield f"  {plural(sweep.kept, 'object')}, {size(sweep.kept_size)}: kept"
    if sweep.young:
        yield f"  {plural(sweep.young, 'object')}, {size(sweep.young_size)}: too new to delete"
    if sweep.shared:
        where = "; ".join(sweep.shared)
        yield (
            "  no object of DVC is deleted, because the remote is shared with a repository whose "
            f"branches are not known here: {where}"
        )
