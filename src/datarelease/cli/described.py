"""A command that describes itself: its arguments, its exit codes and the result it prints as JSON.

The help shows the first two. The reference (docs/reference) is generated from all three, and tests
hold them to what commands do.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any

import click

VERSION = "A version: `data-v3`, `v3` or `3`, `latest`, or the name of a channel."
"""What the argument VERSION of most commands may be."""
EXIT_CODES: Mapping[int, str] = {
    0: "Done.",
    1: "Blocked: the data breaks its schema or a rule of the policy.",
    2: "The command line, a settings file or the state of the repository cannot be used.",
    3: "A remote, the network, credentials or a disk failed. Run the same command again.",
    4: "Conflict: the data is not the data that was reviewed, or nobody reviewed it.",
    70: "A bug in datarelease.",
    130: "Interrupted with Ctrl-C. Run the same command again.",
}
"""Every exit code, with its general meaning."""
_EVERY = (0, 2, 3, 70, 130)
"""Codes that any command may end with: each reads settings, and each may meet a full disk."""
_SHOWN = 70
"""The help shows codes below this one: the others mean the same for every command."""


class DescribedCommand(click.Command):
    """A command with sections for its arguments and its exit codes in the help."""

    def __init__(
        self,
        *args: Any,
        arguments: Mapping[str, str] | None = None,
        exits: Mapping[int, str] | None = None,
        prints: Any = None,
        **more: Any,
    ) -> None:
        """Describe a command.

        Args:
            args: As click takes them.
            arguments: The meaning of each argument, by its name in the usage.
            exits: What an exit code means for this command, where that is more than its general
                meaning; 1 and 4 are possible only where they are named here.
            prints: The type of what ``--json`` prints, or a function that imports and returns it.
            more: As click takes them.
        """
        super().__init__(*args, **more)
        # Click keeps the option of the first call, which may come without the group around it.
        self.context_settings.setdefault("help_option_names", ["-h", "--help"])
        self.arguments = dict(arguments or {})
        meanings = {**{code: EXIT_CODES[code] for code in _EVERY}, **(exits or {})}
        self.exit_codes = dict(sorted(meanings.items()))
        self._prints = prints

    @property
    def prints(self) -> Any:
        """The type of what ``--json`` prints; None: it prints no JSON."""
        return self._prints() if isinstance(self._prints, FunctionType) else self._prints

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments, the options and the exit codes."""
        if self.arguments:
            with formatter.section("Arguments"):
                formatter.write_dl(list(self.arguments.items()))
        super().format_options(ctx, formatter)
        with formatter.section("Exit codes"):
            formatter.write_dl(
                [(str(code), text) for code, text in self.exit_codes.items() if code < _SHOWN]
            )
