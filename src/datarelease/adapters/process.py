"""Programs, started in one place: always a list of arguments, never a shell.

A program that is not installed, or a directory that is gone, is a ConfigError.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from datarelease.errors import ConfigError, WorldError

if TYPE_CHECKING:
    from datarelease.adapters.activity import ActivityWatch

GRACE = 10.0
"""Seconds that a program has to end after a signal."""
_LOOK = 1.0
"""Seconds between two observations of a program."""


class IdleError(WorldError):
    """A program made no progress for too long and was stopped."""


@dataclass(frozen=True, kw_only=True)
class Completed:
    """How a program ended."""

    code: int
    stdout: bytes
    stderr: str


def capture(
    arguments: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    seconds: float | None = None,
    idle: float | None = None,
) -> Completed:
    """Exit code and captured output of a program; ``env`` None hands on our environment.

    After ``seconds`` it is stopped, with whatever it started; and when all of these did nothing for
    ``idle`` seconds: not read, not written, not computed. Work that goes on may take as long as it
    takes.

    Raises:
        ConfigError: The program is not installed, or ``cwd`` is gone.
        WorldError: It did not end in time.
        IdleError: It did nothing for too long.
    """
    pipe = subprocess.PIPE
    process = _start(arguments, cwd, env, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        out, err = _watched(process, stdin, seconds=seconds, idle=idle)
    except BaseException:
        end_tree(process)
        raise
    return Completed(code=process.returncode, stdout=out, stderr=err.decode("utf-8", "replace"))


def _watched(
    process: subprocess.Popen[bytes], stdin: bytes, *, seconds: float | None, idle: float | None
) -> tuple[bytes, bytes]:
    """What a program printed; raises where it takes too long."""
    begun = time.monotonic()
    watch: ActivityWatch | None = None
    given: bytes | None = stdin
    step = min(_LOOK, idle / 4 if idle else _LOOK, seconds or _LOOK)
    while True:
        try:
            return process.communicate(given, timeout=step)
        except subprocess.TimeoutExpired:
            given = None  # it keeps what it has not sent yet
        watch = watch or watch_activity(process.pid)
        if seconds is not None and time.monotonic() - begun >= seconds:
            raise WorldError(
                f"{_name(process)} did not end within {seconds:g} seconds and was stopped.",
                remedy=_STOPPED,
            )
        if idle is not None and watch.idle_seconds() >= idle:
            raise IdleError(
                f"{_name(process)} made no progress for {idle:g} seconds and was stopped.",
                remedy=_STOPPED,
            )


_STOPPED = (
    "Run the same command again. If the program is stopped again, run it by itself to see what it "
    "waits for."
)


def _name(process: subprocess.Popen[bytes]) -> str:
    return Path(str(process.args[0])).name if isinstance(process.args, list) else "the program"


def watch_activity(pid: int) -> ActivityWatch:
    """Whether a process and its children still make progress, watched from now on."""
    from datarelease.adapters.activity import ActivityWatch  # noqa: PLC0415 - psutil: seldom needed

    return ActivityWatch(pid)


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a program with what it has started, and close its pipes."""
    from datarelease.adapters.activity import kill_tree  # noqa: PLC0415 - psutil: seldom needed

    kill_tree(process.pid)
    # A process that waits for a dead disk cannot be killed; nobody waits for it.
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def begin(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], errors: IO[bytes]
) -> subprocess.Popen[bytes]:
    """A program that answers on its standard output what it is asked on its standard input.

    What it writes about failures goes to the file ``errors``. ``end`` ends it.
    """
    pipe = subprocess.PIPE
    return _start(arguments, cwd, env, stdin=pipe, stdout=pipe, stderr=errors, bufsize=0)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program that ends with its input, and close its pipes."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LOOK)
    if process.poll() is None:
        end_tree(process)
    elif process.stdout is not None:
        process.stdout.close()


def run_shown(
    arguments: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> int:
    """Exit code of a program whose output goes straight to our standard error.

    Standard output stays ours: it carries results. ``stdin`` is what the program reads.
    """
    sys.stderr.flush()
    # Descriptors are private to us unless made inheritable: a lock, which then lasts as long as
    # what was started under it, also where we are killed.
    streams: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": sys.stderr.fileno(),
        "close_fds": False,
    }
    with _start(arguments, cwd, env, **streams) as process:
        try:
            process.communicate(stdin)
        except BaseException:
            process.kill()
            raise
    return process.returncode


def supervise(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes = b""
) -> int:
    """Exit code of a program that may start others; all of them end when we are interrupted.

    It gets a session of its own. Interrupted, the whole session is told so, as a terminal would at
    Ctrl-C, because DVC does not pass it to the command of a stage. Slow processes are then killed.
    """
    process = _start(arguments, cwd, env, stdin=subprocess.PIPE, start_new_session=True)
    try:
        process.communicate(stdin)
    except BaseException:
        _end(process)
        raise
    return process.returncode


def shield() -> None:
    """Keep this process's environment and memory from other programs of the same user.

    On Linux alone, and not from root. Source: prctl(2), PR_SET_DUMPABLE; proc_pid_environ(5).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


_PR_SET_DUMPABLE = 4


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a session: two signals, then a kill; no process of it remains."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _start(
    arguments: Sequence[str], cwd: Path, env: Mapping[str, str] | None, **options: Any
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(list(arguments), cwd=cwd, env=env, **options)
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise ConfigError(
                f"The directory {cwd} does not exist.",
                remedy="Correct the path, then run the command again.",
            ) from error
        program = arguments[0]
        raise ConfigError(
            f"The program {program!r} was not found.",
            remedy=f"Install {Path(program).name} and put it on PATH, then run the command again.",
        ) from error
