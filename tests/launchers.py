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
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Never

from tests import commands, forks

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
    """The directory of the programs."""
    folder = Path(tempfile.mkdtemp(prefix="launchers-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = str(forks.server_folder() / forks.PROGRAMS)
    for name in PROGRAMS:
        launcher = folder / name
        launcher.write_text(_LAUNCHER.format(python=sys.executable, address=address))
        launcher.chmod(0o755)
    return folder


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


def attend(client: Connection) -> Never:
    """Do what one launcher asks for, and tell it how that ended; a fork of `tests.forks`."""
    connection = socket.socket(fileno=os.dup(client.fileno()))
    client.close()
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
