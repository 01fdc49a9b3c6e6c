"""``datarelease validate NAME``."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.app.stage import validate_dataset
from datarelease.cli.console import ConsoleProgress, show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.errors import BlockedError
from datarelease.model.data.validation import unreadable
from datarelease.render.terminal.tables import violations


@click.command("validate")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> None:  # noqa: FBT001
    """Check the dataset NAME against its schema.

    Writes reports/NAME/validation.json. Every failed check is shown; exit 1 if there is one,
    unless `release.policy.violations` says `warn`, and where the files cannot be read.
    """
    result, level = validate_dataset(Path.cwd(), name, ConsoleProgress())
    if as_json:
        show_json(to_json(result))
    else:
        show(violations(result))
    if (reason := unreadable(result)) != "":
        raise BlockedError(f"{name} cannot be read: {reason}", remedy="Correct the file.")
    if not result.passed and level == "block":
        failed = sum(violation.severity == "error" for violation in result.violations)
        raise BlockedError(
            f"{name}: {failed} check{'s' if failed > 1 else ''} of {result.schema} failed.",
            remedy="Correct the data or the schema.",
        )
