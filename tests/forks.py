"""A process that has everything loaded and forks for whoever asks, for all workers of a run.

Like the fork server of `multiprocessing`, which belongs to one process: each worker of pytest would
have one of its own, and load everything again for it. Linux alone: `os.pidfd_open`.
"""

from __future__ import annotations

import atexit
import importlib
import json
import multiprocessing
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path

CALLS, PROGRAMS = "calls", "programs"
"""The sockets of a server: one for functions, one for programs as `tests.launchers` starts them."""
_MAIN = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from tests.forks import main
main()
"""


class Forked:
    """A process that the server forked."""

    def __init__(self, connection: Connection) -> None:
        """Read which process it is."""
        self._connection = connection
        self.pid: int = self._received()
        self._code: int | None = None

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, or for so many seconds."""
        if self._code is None and wait([self._connection], timeout):
            self._code = self._received()
            self._connection.close()

    @property
    def exitcode(self) -> int | None:
        """How it ended, negative for a signal; None: it has not."""
        self.join(0)
        return self._code

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        os.kill(self.pid, signal.SIGKILL)

    def _received(self) -> int:
        try:
            number: int = self._connection.recv()
        except (EOFError, ConnectionError):
            raise RuntimeError("The process that forks has ended; see above for why.") from None
        return number


class ForkServer:
    """The process that forks, from its start until `end`, or until the process ends that began it.

    Its folder is short enough for the addresses of sockets.
    """

    def __init__(self, env: Mapping[str, str] | None = None, module: str = "tests.frozen") -> None:
        """Start it under ``env``; it loads ``module`` first, and who asks before that waits."""
        self.folder = Path(tempfile.mkdtemp(prefix="forks-"))
        listeners = [_listening(self.folder / name) for name in (CALLS, PROGRAMS)]
        numbers = [one.fileno() for one in listeners]
        self._process = subprocess.Popen(
            [
                sys.executable, "-c", _MAIN, json.dumps(sys.path), module, self.folder,
                *map(str, numbers),
            ],
            env=env, stdin=subprocess.PIPE, pass_fds=numbers,
        )  # fmt: skip
        for one in listeners:
            one.close()

    def end(self) -> None:
        """End it; what it forked goes on."""
        self._process.kill()
        self._process.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)


def _listening(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    return listener


_SHARED: list[Path] = []
"""The folder of the server of the whole run, in its workers and in its forks."""


def share(folder: Path) -> None:
    """Have this process ask the server that has this folder."""
    _SHARED.append(folder)


@cache
def _own() -> Path:
    server = ForkServer()
    atexit.register(server.end)
    return server.folder


def server_folder() -> Path:
    """The folder of the server that this process asks: that of the run, or one of its own."""
    return _SHARED[-1] if _SHARED else _own()


def start(target: Callable[..., object], *arguments: object, folder: Path | None = None) -> Forked:
    """``target(*arguments)`` in a fork, of the server with this folder; both are pickled."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(str((folder or server_folder()) / CALLS))
    connection = Connection(client.detach())
    connection.send_bytes(pickle.dumps((target, arguments)))
    return Forked(connection)


# --- the server


def main() -> None:
    """Load the module and fork, until the process has ended that started this one."""
    module, folder, *numbers = sys.argv[2:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is meant for pytest
    share(Path(folder))  # forks may ask for others
    importlib.import_module(module)
    attend = importlib.import_module("tests.launchers").attend
    calls, programs = (socket.socket(fileno=int(number)) for number in numbers)
    _serve({calls: _call, programs: attend})


def _serve(listeners: Mapping[socket.socket, Callable[[Connection], object]]) -> None:
    fork = multiprocessing.get_context("fork")
    going: dict[int, tuple[ForkProcess, Connection]] = {}
    while True:
        for ready in wait([0, *listeners, *going]):
            if ready == 0:
                return
            if isinstance(ready, int):
                process, client = going.pop(ready)
                os.close(ready)
                process.join()
                with suppress(OSError):  # closed, or nobody is there any more
                    client.send(process.exitcode)
                client.close()
            elif isinstance(ready, socket.socket):
                client = Connection(ready.accept()[0].detach())
                others = [*listeners, *(one for _, one in going.values())]
                process = fork.Process(
                    target=_become, args=(listeners[ready], client, others, list(going))
                )
                process.start()
                if listeners[ready] is not _call:
                    client.close()  # the fork alone speaks with it
                going[os.pidfd_open(process.pid or 0)] = process, client


def _become(
    attend: Callable[[Connection], object],
    client: Connection,
    others: Iterable[socket.socket | Connection],
    numbers: Iterable[int],
) -> None:
    """Be a fork, with nothing of the server but what it has loaded."""
    for other in others:
        other.close()
    for number in numbers:
        os.close(number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    attend(client)


def _call(client: Connection) -> None:
    client.send(os.getpid())
    target, arguments = pickle.loads(client.recv_bytes())  # noqa: S301 - from another process of the same run
    client.close()
    target(*arguments)
