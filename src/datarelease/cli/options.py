"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

json_option: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON."
)
repo_option: Callable[[Any], Any] = click.option(
    "--repo", metavar="URL", help="A repository elsewhere: a directory, or what git can fetch from."
)
