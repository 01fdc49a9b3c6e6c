"""``datarelease trim``."""

from __future__ import annotations

import os
from pathlib import Path

import click
from pydantic import ByteSize, TypeAdapter, ValidationError

from datarelease.app.workspace import open_workspace
from datarelease.cli.console import ConsoleProgress, show
from datarelease.cli.described import DescribedCommand
from datarelease.cli.workflow import this_run
from datarelease.errors import ConfigError
from datarelease.flows.check.trim import fill, trim
from datarelease.render.numbers import size


def _bytes(context: click.Context, option: click.Parameter, value: str) -> int:  # noqa: ARG001
    try:
        return int(TypeAdapter(ByteSize).validate_python(value))
    except ValidationError as error:
        raise click.BadParameter(f"{value!r} is not a size, such as 2GB") from error


@click.command("trim", cls=DescribedCommand)
@click.option(
    "--budget",
    default="2GB",
    callback=_bytes,
    metavar="SIZE",
    show_default=True,
    envvar="DATARELEASE_CACHE_BUDGET",
    help="The most that the cache may hold, such as 2GB; 0 keeps nothing.",
)
@click.option(
    "--fill", "filling", is_flag=True, help="First fetch the inputs and outputs of the pipeline."
)
def command(budget: int, filling: bool) -> None:  # noqa: FBT001
    """Reduce DVC's cache to what the next check needs.

    A step of a workflow, before the step that saves the cache. It sets two outputs: `cache` says
    whether to save the cache, which is so if its content differs from the cache that was restored
    (DATARELEASE_CACHE_RESTORED); `key` is the key to save it under, made from its content.

    On a laptop DVC's cache may hold data that is on no remote, so the command refuses to run there.
    """
    run = this_run()
    if run is None:
        raise ConfigError(
            "`datarelease trim` is a step of a workflow on GitHub Actions.",
            untouched="Nothing was removed: DVC's cache may hold what no remote has.",
            remedy="`dvc gc` removes objects from a cache, and asks what to keep.",
        )
    ws = open_workspace(
        Path.cwd(), progress=ConsoleProgress(), plain=True
    )  # the publisher's secrets are here
    left = trim(ws, budget, fetched=fill(ws, budget) if filling and budget else 0)
    key = f"data-cache-{left.digest}"
    new = left.fits and key != os.environ.get("DATARELEASE_CACHE_RESTORED")
    run.put({"cache": "true" if new else "false", "key": key})
    if left.fits:
        show(
            f"kept {left.objects} objects, {size(left.size)}: "
            f"{left.fetched} fetched, {left.removed} removed"
            + ("" if new else "; not saved, because it equals what was restored")
        )
    else:
        show(f"the cache is not saved: it is empty, or the datasets have more than {size(budget)}")
