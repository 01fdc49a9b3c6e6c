"""``datarelease gc``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from datarelease.app.retention import open_keeping
from datarelease.cli.console import ConsoleProgress, Result, prints_result
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


@click.command("gc")
@click.option("--apply", is_flag=True, help="Delete it; without this option nothing is changed.")
@click.option(
    "--older-than",
    default="7d",
    callback=_age,
    metavar="AGE",
    show_default=True,
    help="Leave what was written since then: a release may be under way.",
)
@prints_result
def command(apply: bool, older_than: timedelta) -> Result:  # noqa: FBT001
    """Show what no version, branch, tag or open pull request needs on the remotes, or delete it.

    Withdrawn versions keep everything. If one branch, manifest or remote cannot be read, nothing is
    deleted. The credentials that delete have variables of their own, DATARELEASE_DELETE_…
    (docs/operate/erase.md). All versions are verified afterwards.
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


def collection_json(found: Collection) -> dict[str, Any]:
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
