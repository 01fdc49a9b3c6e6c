"""Groups of commands whose modules are loaded when a command is called.

As in click's documentation, "Lazily Loading Subcommands": the help needs only their names and
descriptions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import click
from click.exceptions import NoSuchCommand


class LazyGroup(click.Group, ABC):
    """Knows its commands by name and description."""

    descriptions: ClassVar[Mapping[str, str]]
    """One line for each name, in the order of the help."""

    @abstractmethod
    def load(self, name: str) -> click.Command | None:
        """The command of a known name; None: what it needs is not installed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All names, in the order of the help."""
        return list(self.descriptions)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, its module now loaded; None: no such command."""
        return self.load(cmd_name) if cmd_name in self.descriptions else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that ``args`` begin with, its name and the other arguments.

        Raises:
            NoSuchCommand: There is none; the message names those that are spelt like it.
        """
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            # Click knows the names of commands that are loaded, and here that is none.
            known = [name for name in self.descriptions if name != error.command_name]
            raise NoSuchCommand(error.command_name, possibilities=known, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.descriptions.items()))
