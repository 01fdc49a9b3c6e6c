"""Names of commands: a misspelt one is answered with what was probably meant."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from datarelease.cli import group
from datarelease.ingest.cli import command as ingest


@pytest.mark.parametrize(
    ("commands", "typed", "meant"),
    [(group, "chexk", "check"), (group, "ingestion", "ingest"), (ingest, "pln", "plan")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_misspelt_command_is_told_with_the_nearest(
    commands: click.Group, typed: str, meant: str
) -> None:
    """Exit 2, and the message asks whether the nearest command was meant."""
    done = CliRunner().invoke(commands, [typed, "--json"])
    assert done.exit_code == 2
    assert f"No such command {typed!r}. Did you mean {meant!r}?" in done.stderr


def test_a_name_that_is_like_no_other_is_only_refused() -> None:
    """Nothing is suggested that was surely not meant."""
    done = CliRunner().invoke(group, ["xyzzy"])
    assert (done.exit_code, "Did you mean" in done.stderr) == (2, False)
