"""The process that commands are forked from."""

from __future__ import annotations

import sys
import time
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from tests import commands
from tests.commands import CONTEXT, PRELOADED


def tell_what_is_missing(connection: Connection) -> None:
    """Send the names of those modules that this process was to have loaded and has not."""
    connection.send([name for name in PRELOADED if name not in sys.modules])


def test_every_preloaded_module_is_loaded() -> None:
    """A fork has each of them; `multiprocessing` passes over those that cannot be imported."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=tell_what_is_missing, args=(theirs,))
    process.start()
    assert ours.recv() == []
    process.join()


def test_a_command_that_hangs_fails_its_test_and_shows_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not look like one that was killed at a point: `run` with any code fails, too."""
    monkeypatch.setattr(commands, "PATIENCE", 0.5)
    hanging = partial(time.sleep, 60)
    with pytest.raises(AssertionError, match=r"still at it after 0\.5 seconds(.|\n)* in _child"):
        commands.run(tmp_path, "--version", code=None, prepare=hanging)
