"""The process that commands are forked from."""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection

from tests.commands import _CONTEXT, PRELOADED


def tell_what_is_missing(connection: Connection) -> None:
    """Send the names of those modules that this process was to have loaded and has not."""
    connection.send([name for name in PRELOADED if name not in sys.modules])


def test_every_preloaded_module_is_loaded() -> None:
    """A fork has each of them; `multiprocessing` passes over those that cannot be imported."""
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=tell_what_is_missing, args=(theirs,))
    process.start()
    assert ours.recv() == []
    process.join()
