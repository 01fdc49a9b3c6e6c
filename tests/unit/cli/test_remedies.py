"""Remedies: they name the command that helps, spelled so that it can be pasted."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.text import Text

from datarelease.adapters.dvc.files import _places
from datarelease.adapters.dvc.tracked import find_root
from datarelease.adapters.store.directory import DirectoryStore
from datarelease.app.settings import settings_at
from datarelease.cli.console import show, show_paged
from datarelease.doctor.remotes import reading
from datarelease.errors import ConfigError, SettingsError
from datarelease.flows.check.reproduce import not_recorded
from datarelease.model.adoption import Adoption, Command
from datarelease.render.terminal.adoption import adoption_summary
from datarelease.settings.read import read_settings


@pytest.mark.parametrize(
    "ask", [find_root, settings_at, lambda _: read_settings({"artifacts": {}}, {})]
)
def test_what_was_not_adopted_is_told_of_init(
    ask: Callable[[Path], object], tmp_path: Path
) -> None:
    """No DVC, no dvc.yaml or no dataset in it: `datarelease init` sets all of them up."""
    with pytest.raises((ConfigError, SettingsError), match="`datarelease init`"):
        ask(tmp_path)


def test_commands_for_several_paths_can_be_pasted() -> None:
    """Paths are separated by spaces, not commas, and quoted where a shell would split them."""
    paths = ["a.csv.dvc", "my data/b $1.csv.dvc"]
    record, restore = re.findall("`([^`]+)`", not_recorded(paths).remedy)
    assert shlex.split(record) == ["dvc", "add", "a.csv", "my data/b $1.csv"]
    assert shlex.split(restore) == ["dvc", "checkout", "--force", *paths]


def test_the_command_that_tracks_a_path_can_be_pasted() -> None:
    """A path with a blank is one argument."""
    with pytest.raises(ConfigError) as caught:
        _places("my data/a.csv", [])
    assert "`dvc add 'my data/a.csv'`" in caught.value.remedy


class Terminal(io.StringIO):
    """Standard output of a person."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize("shown", [show, show_paged])
def test_commands_are_not_broken_at_the_terminals_edge(
    monkeypatch: pytest.MonkeyPatch, shown: Callable[[Text], None]
) -> None:
    """A command that is longer than the terminal is wide stays one line, also in the pager."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("pydoc.pager", terminal.write)
    monkeypatch.setenv("COLUMNS", "40")
    command = Command(arguments=("dvc", "add", *(f"data/{n}.csv" for n in range(40))), why="")
    plan = Adoption(
        branch="main", datasets=(), commands=(command,), remotes=(), files=(), skipped=(),
        left_out=(),
    )  # fmt: skip
    shown(adoption_summary(plan))
    assert f"$ {shlex.join(command.arguments)}" in terminal.getvalue()


def test_a_directory_that_is_not_there_is_not_called_readable(tmp_path: Path) -> None:
    """A share that is not mounted looks like a remote that is new: both are said."""
    absent = tmp_path / "no share"
    (line,) = reading(DirectoryStore("storage", absent))
    assert (line.state, "does not exist" in line.found) == ("warning", True)
    assert line.remedy.startswith(f"mkdir -p '{absent}' ")
    absent.mkdir()
    (line,) = reading(DirectoryStore("storage", absent))
    assert (line.state, line.found) == ("ok", f"{absent} can be read and listed")
