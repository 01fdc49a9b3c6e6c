"""`datarelease` and `dvc` for `PATH` that load nothing anew: each call is a fork.

A launcher hands its arguments, directory, environment and streams to a process that has everything
loaded (`tests.commands`), passes signals on, and ends as the fork ends. What starts it sees a
program like any other; but the process that works has the `/proc/PID/environ` of the test.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import cache, partial
from multiprocessing import parent_process
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Never

from tests import commands

PROGRAMS = ("datarelease", "dvc")
_LAUNCHER = """\
#!{python} -IS
import json, os, signal, socket, sys

server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
request = json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(request).to_bytes(8, "big")], [0, 1, 2])
server.sendall(request)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: server.send(bytes([number])))
code = int(server.recv(8) or -signal.SIGKILL)
if code < 0:
    signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
    os.kill(os.getpid(), -code)
os._exit(code)
"""


@cache
def launchers() -> Path:
    """The directory of the programs; their server ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="launchers-"))
    address = folder / "socket"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(address))
    listener.listen(64)
    server = commands.CONTEXT.Process(target=_serve, args=(listener,))  # a daemon may not fork DVC
    server.start()
    listener.close()
    atexit.register(_end, server, folder)
    for name in PROGRAMS:
        launcher = folder / "bin" / name
        launcher.parent.mkdir(exist_ok=True)
        launcher.write_text(_LAUNCHER.format(python=sys.executable, address=str(address)))
        launcher.chmod(0o755)
    return folder / "bin"


def environment_with_launchers(folder: Path) -> Path:
    """``folder`` as this virtual environment, with launchers in place of the programs."""
    (folder / "bin").mkdir(parents=True)
    for entry in Path(sys.prefix).iterdir():
        if entry.name != "bin":
            (folder / entry.name).symlink_to(entry)
    for program in Path(sys.executable).parent.iterdir():
        place = launchers() if program.name in PROGRAMS else program.parent
        (folder / "bin" / program.name).symlink_to(place / program.name)
    return folder


def _end(server: ForkServerProcess, folder: Path) -> None:
    server.terminate()
    shutil.rmtree(folder, ignore_errors=True)


def _serve(listener: socket.socket) -> None:
    """Fork for each launcher, as long as the process is there that asked for this."""
    asking = parent_process()
    assert asking is not None
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nothing of its forks is left
    while asking.sentinel not in wait([listener.fileno(), asking.sentinel]):
        connection, _ = listener.accept()
        if not os.fork():
            listener.close()
            _attend(connection)
        connection.close()


def _attend(connection: socket.socket) -> Never:
    """Do what one launcher asks for, and tell it how that ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, streams, _, _ = socket.recv_fds(connection, 8, 3)
    size, request = int.from_bytes(head, "big"), b""
    while len(request) < size:
        request += connection.recv(size - len(request))
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        _become(streams, *json.loads(request))
    for stream in streams:
        os.close(stream)
    ended = os.pidfd_open(child)
    while ended not in wait([connection.fileno(), ended]):
        number = connection.recv(1)
        os.killpg(child, number[0] if number else signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        connection.sendall(str(code).encode())
    finally:
        os._exit(0)


def _become(streams: list[int], argv: list[str], cwd: str, env: dict[str, str]) -> Never:
    """Be the program that was started so."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor, stream in enumerate(streams):
        os.dup2(stream, descriptor)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    commands.settle(Path(cwd), env)
    if Path(argv[0]).name == "dvc":
        commands.run_dvc(argv[1:])
    commands.leave(_exit_code(partial(commands.run_datarelease, argv[1:])))


def _exit_code(program: Callable[[], object]) -> int:
    """What Python would end with that runs ``program``."""
    try:
        program()
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
            return 1
        return end.code or 0
    except BaseException:  # noqa: BLE001 - whatever Python itself would print
        traceback.print_exc()
        return 1
    return 0
