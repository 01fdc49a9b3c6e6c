"""The command line: one module per command, loaded when it is called.

``datarelease --help`` stays quick because nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

import click
from click.exceptions import NoSuchCommand

from datarelease.errors import DatareleaseError, disk_fault

#: Commands in the order of the help, with their one-line descriptions: reading before writing.
COMMANDS = {
    "list": "List the released versions.",
    "show": "Show what a version holds, where it is stored and how it was made.",
    "diff": "Show what changed between two versions.",
    "changelog": "Print what changed in each version, in sentences.",
    "get": "Copy the files of a version into a directory.",
    "url": "Print the addresses of a dataset's files, or a line of code that reads them.",
    "site": "Write a catalogue of all versions as static web pages.",
    "verify": "Check that every object of a version is on its remotes.",
    "doctor": "Check the setup; each fault comes with its remedy.",
    "check": "Say what merging the work tree would release, and whether it may be released.",
    "validate": "Stage command: check a dataset against its schema.",
    "profile": "Stage command: compute the statistics of a dataset.",
    "init": "Adopt data releases in a repository; shows its plan first.",
    "release": "Release the data of the work tree as the next version.",
    "rollback": "Start a branch that restores the data of an older version.",
    "yank": "Withdraw a version; its data and its tag stay.",
    "unyank": "Undo the withdrawal of a version.",
    "channel": "Set or list channels: names for versions that move, such as `stable`.",
    "purge": "Erase the data of a version permanently; a preview without --apply.",
    "gc": "Find objects on the remotes that nothing needs; delete them with --apply.",
    "post": "Workflow step: put the report of a check on its pull request.",
    "announce": "Workflow step: report on GitHub how a release ended.",
    "trim": "Workflow step: reduce DVC's cache to what the next check needs.",
}

#: Commands of optional parts, which the command line does not import.
OPTIONAL = {
    "ingest": "Turn the events of a Kafka topic into a dataset: plan, drain, parse, propose.",
}


def in_directory(command: click.Command) -> click.Command:
    """The command with the option ``-C DIR``, which is read before all others, as by git."""
    if all(parameter.name != _DIRECTORY for parameter in command.params):
        option = click.Option(
            ["-C", _DIRECTORY],
            type=click.Path(exists=True, file_okay=False),
            multiple=True,
            is_eager=True,
            expose_value=False,
            callback=_change_directory,
            metavar="DIR",
            help="Work in the directory DIR; other paths are relative to it.",
        )
        command.params.insert(0, option)
    return command


_DIRECTORY = "working_directory"
_YOUNG = 50_000
"""Objects made since the last collection of garbage that start the next: a command makes few cycles
and ends soon, and Python's own 700 took a twentieth of a check's time."""


def _change_directory(
    context: click.Context,
    parameter: click.Parameter,  # noqa: ARG001 - what click calls with
    directories: Sequence[str],
) -> None:
    if context.resilient_parsing:
        return
    for directory in directories:
        os.chdir(directory)


class LazyGroup(click.Group):
    """A group of commands whose modules are loaded when they are called.

    As in click's documentation, "Lazily Loading Subcommands": the help needs only their names and
    descriptions.
    """

    def __init__(
        self,
        *args: Any,
        package: str,
        descriptions: Mapping[str, str],
        places: Mapping[str, str],
        **more: Any,
    ) -> None:
        """Commands of ``package``, with a line for each name, in the order of the help.

        Each is ``command`` in ``NAME_command``, or at its ``MODULE:FUNCTION`` of ``places``.
        """
        super().__init__(*args, **more)
        self._package = package
        self._descriptions = descriptions
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All names, in the order of the help."""
        return list(self._descriptions)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, its module now loaded; None: no such command, or its part is missing."""
        if cmd_name not in self._descriptions:
            return None
        # All that is loaded lives until the end: the collector of garbage need not walk it, which
        # takes an eighth of a start.
        gc.disable()
        try:
            return self._loaded(cmd_name)
        finally:
            gc.freeze()
            if "duckdb" in sys.modules:
                # It prints what of its own was never collected.
                atexit.register(gc.unfreeze)
            gc.enable()
            gc.set_threshold(_YOUNG)

    def _loaded(self, name: str) -> click.Command | None:
        if name in OPTIONAL:
            return _optional(name)
        module, _, function = self._places.get(name, f"{name}_command:command").partition(":")
        loaded = importlib.import_module(f"{self._package}.{module}")
        command: click.Command = getattr(loaded, function)
        return in_directory(command)

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
            known = [name for name in self._descriptions if name != error.command_name]
            raise NoSuchCommand(error.command_name, possibilities=known, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._descriptions.items()))


def _optional(name: str) -> click.Command | None:
    """A command of a part that is above this one: found by its entry point, not imported."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - only where needed

    for entry in entry_points(group="datarelease.commands", name=name):
        command: click.Command = entry.load()
        return in_directory(command)
    return None


@click.command(
    cls=LazyGroup,
    package="datarelease.cli",
    descriptions=COMMANDS | OPTIONAL,
    places={
        "profile": "validate_command:profile_command",
        "unyank": "yank_command:unyank_command",
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="datarelease")
def group() -> None:
    """Semantic-release for datasets.

    A reviewed change of params.yaml becomes a verified, immutable data version: a git tag data-vN,
    whose objects are all on its remotes.
    """


in_directory(group)


def main() -> None:
    """Run the command line; every way it can end has its exit code (docs/exit-codes.md)."""
    try:
        group.main(standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        _end(error.exit_code, error.show)
    except (click.Abort, KeyboardInterrupt):
        line = "interrupted; running the same command again is safe\n"
        _end(130, lambda: sys.stderr.write(line))
    except DatareleaseError as error:
        _end(error.exit_code, partial(_show, error))
    except Exception as error:  # noqa: BLE001 - the last resort
        known = disk_fault(error) or _for_readers(error)
        if known is not None:
            _end(known.exit_code, partial(_show, known))
        # A bug of ours.
        _end(DatareleaseError.exit_code, partial(_show_bug, traceback.format_exc()))


def _for_readers(error: Exception) -> DatareleaseError | None:
    if not isinstance(error, ImportError):
        return None
    from datarelease.app.wiring import installed_for_readers  # noqa: PLC0415 - only where needed

    return installed_for_readers(error)


def _end(code: int, show: Callable[[], object]) -> NoReturn:
    """End with ``code``, whatever becomes of the message.

    Standard error may be a closed pipe, or a file on a full disk: then the code has to do.
    """
    with suppress(OSError):
        show()
    sys.exit(code)


def _show(error: DatareleaseError) -> None:
    from datarelease.cli.console import show_error  # noqa: PLC0415 - only where needed

    show_error(error)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from datarelease.cli.workflow import tell_error  # noqa: PLC0415 - it loads the report

        tell_error(error)


def _show_bug(trace: str) -> None:
    from datarelease.cli.log_guard import guarded  # noqa: PLC0415 - only where needed

    # A message may quote data, which must not be a command to a workflow's runner.
    stderr = guarded(sys.stderr, os.environ)
    stderr.write(trace)
    stderr.write(
        "\nThis is a bug in datarelease. Please report it with the lines above; before you paste "
        "them,\ncheck that they show no data that should not be public.\n"
    )
