"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

DIRECTORY_PATH = click.Path(file_okay=False, path_type=Path)
"""A directory that a command writes, or reads."""
json_option: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON."
)
repo_option: Callable[[Any], Any] = click.option(
    "--repo",
    metavar="URL",
    help="Read this git repository instead of the current one: a directory or an address.",
)

from_option: Callable[[Any], Any] = click.option(
    "--from",
    "address",
    metavar="ADDRESS",
    help="Read this remote alone, without git and DVC: a directory, s3://, gs://, azure:// or "
    "https://.",
)


def refuse_both(repo: str | None, address: str | None) -> None:
    """Refuse two places to read from.

    Raises:
        click.UsageError: Both are given.
    """
    if repo is not None and address is not None:
        raise click.UsageError("Name a git repository with --repo, or a remote with --from.")
