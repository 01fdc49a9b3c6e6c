"""``datarelease validate NAME`` and ``datarelease profile NAME``: the commands of stages."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.app.stage import profile_dataset, validate_dataset
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import DescribedCommand
from datarelease.documents import to_json
from datarelease.errors import BlockedError
from datarelease.model.data.files import FilesProfile
from datarelease.model.data.profile import Profile
from datarelease.model.data.validation import Validation, unreadable
from datarelease.model.wording import plural
from datarelease.render.numbers import size
from datarelease.render.terminal.tables import violations

_NAME = {"NAME": "The name of a dataset in `dvc.yaml: artifacts`."}


@click.command(
    "validate",
    cls=DescribedCommand,
    arguments=_NAME,
    exits={
        0: "The data fits its schema, or `release.policy.violations` is `warn`.",
        1: "Blocked: a check failed, or a file cannot be read. Every failed check is shown.",
    },
    prints=Validation,
)
@click.argument("name")
@prints_result
def command(name: str) -> Result:
    """Check the dataset NAME against its schema.

    The command of a stage in dvc.yaml. It writes reports/NAME/validation.json.
    """
    result, level = validate_dataset(Path.cwd(), name, ConsoleProgress())
    error = None
    if (reason := unreadable(result)) != "":
        error = BlockedError(f"{name} cannot be read: {reason}", remedy="Correct the file.")
    elif not result.passed and level == "block":
        failed = sum(violation.severity == "error" for violation in result.violations)
        checks = plural(failed, "check")
        of = f" of {result.schema}" if result.schema else ""
        error = BlockedError(
            f"{name}: {checks}{of} failed.",
            remedy=f"Correct the data or the {'schema' if of else 'key'}.",
        )
    return Result(to_json(result), violations(result), error)


@click.command(
    "profile",
    cls=DescribedCommand,
    arguments=_NAME,
    exits={1: "Blocked: a file of the dataset cannot be read."},
    prints=Profile | FilesProfile,
)
@click.argument("name")
@prints_result
def profile_command(name: str) -> Result:
    """Compute the statistics of the dataset NAME.

    The command of a stage in dvc.yaml. It writes reports/NAME/profile.json: the same bytes for the
    same data, on every run.
    """
    result = profile_dataset(Path.cwd(), name, ConsoleProgress())
    if isinstance(result, FilesProfile):
        text = f"{name}: {plural(result.files, 'file')}, {size(result.bytes)}"
    else:
        text = f"{name}: {result.rows:,} rows, {len(result.columns)} columns"
    return Result(to_json(result), text)
