"""The process that commands are forked from."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import forks


def tell_what_is_missing(target: Path) -> None:
    """Write the names of those modules that this process was to have loaded and has not."""
    names = sys.modules["tests.frozen"].PRELOADED
    target.write_text(" ".join(name for name in names if name not in sys.modules))


def test_a_fork_has_everything_loaded(tmp_path: Path) -> None:
    """Whatever a command loads is there when it begins."""
    process = forks.start(tell_what_is_missing, tmp_path / "missing")
    process.join()
    assert (process.exitcode, (tmp_path / "missing").read_text()) == (0, "")


def ask_for_another(target: Path) -> None:
    """Write which server this process asks, once it did."""
    forks.start(os.getpid).join()
    target.write_text(str(forks.server_folder()))


def test_a_fork_asks_the_same_server(tmp_path: Path) -> None:
    """What a command does at a point may be another command: nothing is loaded anew for it."""
    process = forks.start(ask_for_another, tmp_path / "server")
    process.join()
    assert (tmp_path / "server").read_text() == str(forks.server_folder())


@pytest.mark.parametrize(
    ("target", "argument", "code"),
    [(sys.exit, 3, 3), (os._exit, 4, 4), (os.abort, None, -signal.SIGABRT), (int, "one", 1)],
    ids=["exits", "leaves", "aborts", "fails"],
)
def test_an_exit_code_is_that_of_a_program(
    target: Callable[..., object], argument: object, code: int
) -> None:
    """However a fork ends, who asked for it learns what a parent would."""
    process = forks.start(target, *([] if argument is None else [argument]))
    process.join()
    assert process.exitcode == code


def test_a_fork_that_goes_on_has_no_exit_code_until_it_is_killed() -> None:
    """One can wait for it for a while, and end it; another works meanwhile."""
    process, other = forks.start(signal.pause), forks.start(os.getpid)
    other.join()
    process.join(0.01)
    assert (process.exitcode, other.exitcode) == (None, 0)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_a_server_that_cannot_load_its_module_is_no_endless_wait(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Who asks is told at once, and what is wrong is on standard error."""
    server = forks.ForkServer(module="tests.no_such_module")
    try:
        with pytest.raises(RuntimeError, match="process that forks has ended"):
            forks.start(os.getpid, folder=server.folder)
    finally:
        server.end()
    assert "No module named 'tests.no_such_module'" in capfd.readouterr().err
    assert not server.folder.exists()
