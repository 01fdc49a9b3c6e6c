"""Programs, started in one place: always a list of arguments, never a shell."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from datarelease.errors import ConfigError, WorldError

GRACE = 10.0
"""Seconds that a program has to end by itself when it is told to."""


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
) -> Completed:
    """Exit code and output of a program that talks to nobody.

    ``env`` is the whole environment; None hands on our own. After ``seconds`` it is killed.

    Raises:
        ConfigError: The program is not installed, or ``cwd`` is gone.
        WorldError: It did not end in time.
    """
    try:
        done = subprocess.run(
            list(arguments),
            cwd=cwd,
            env=env,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=seconds,
        )
    except FileNotFoundError as error:
        raise _missing(arguments[0], cwd) from error
    except subprocess.TimeoutExpired as error:
        raise WorldError(
            f"{Path(arguments[0]).name} did not end within {seconds:g} seconds and was stopped."
        ) from error
    return Completed(
        code=done.returncode, stdout=done.stdout, stderr=done.stderr.decode("utf-8", "replace")
    )


def show(
    arguments: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> int:
    """Exit code of a program whose output goes straight to our standard error.

    Standard output stays ours: it carries results. ``stdin`` is what the program reads.

    Raises:
        ConfigError: The program is not installed, or ``cwd`` is gone.
    """
    sys.stderr.flush()
    try:
        done = subprocess.run(
            list(arguments),
            cwd=cwd,
            env=env,
            input=stdin,
            stdout=sys.stderr.fileno(),
            check=False,
            # Descriptors are private to us unless made inheritable: a lock, which then lasts as
            # long as what was started under it, also where we are killed.
            close_fds=False,
        )
    except FileNotFoundError as error:
        raise _missing(arguments[0], cwd) from error
    return done.returncode


def supervise(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes = b""
) -> int:
    """Exit code of a program that may start others; all of them end when we are interrupted.

    It gets a session of its own. Interrupted, the whole session is told so, as a terminal would at
    Ctrl-C: DVC by itself does not tell the command of a stage. Who then takes too long is killed.

    Raises:
        ConfigError: The program is not installed, or ``cwd`` is gone.
    """
    try:
        process = subprocess.Popen(
            list(arguments), cwd=cwd, env=env, stdin=subprocess.PIPE, start_new_session=True
        )
    except FileNotFoundError as error:
        raise _missing(arguments[0], cwd) from error
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
    """End a session: asked twice, then killed; nobody of it is left."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _missing(program: str, cwd: Path) -> ConfigError:
    if not cwd.is_dir():
        return ConfigError(f"The directory {cwd} does not exist.", untouched="Nothing was changed.")
    return ConfigError(
        f"The program {program!r} was not found.",
        untouched="Nothing was changed.",
        remedy=f"Install {Path(program).name} and put it on PATH, then run the command again.",
    )
