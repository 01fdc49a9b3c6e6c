"""The command line in processes of their own, forked from one that has everything loaded.

A process can be told to do something at a point of its way: be killed, say, or let another
release come between. That is how crashes and races are played, again and again in the same order.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal, Never

import click
from tests import forks
from tests.forks import Forked
from tests.project import Project
from tests.served_stages import serve_more_stages

from datarelease import cli
from datarelease.adapters.process import run_shown
from datarelease.progress import Step

DVC = "datarelease.adapters.dvc.work_tree:Dvc"
KILLED = -signal.SIGKILL
PATIENCE = 120.0


def kill() -> None:
    """End this very process as ``kill -9`` does."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, kw_only=True)
class Point:
    """Something to do before or after a step, or a function, is done for the ``call``-th time."""

    step: Step | None = None
    function: str = ""
    """``module:Class.method`` or ``module:function``, of what has no steps."""
    call: int = 1
    when: Literal["before", "after"] = "before"
    act: Callable[[], None] = kill

    def __str__(self) -> str:
        return f"{self.when} {self.step or self.function.rpartition(':')[2]} {self.call}"

    def reached(self, when: Literal["before", "after"], call: int) -> None:
        """Do it, if it is now."""
        if (self.when, self.call) == (when, call):
            self.act()


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def text(self) -> str:
        """Both streams, for what must or must not be anywhere, with spaces run together."""
        return " ".join(f"{self.out}\n{self.err}".split())


class Started:
    """A command under way."""

    def __init__(self, process: Forked, folder: tempfile.TemporaryDirectory[str]) -> None:
        """Keep the process and the folder of its output."""
        self._process = process
        self._folder = folder

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """It has ended, and `wait` does not wait."""
        return self._process.exitcode is not None

    def wait(self) -> Done:
        """How it ended; a command that hangs fails the test, which then shows where it hung."""
        self._process.join(PATIENCE)
        hangs = self._process.exitcode is None
        if hangs:
            os.kill(self.pid, signal.SIGUSR1)
            self._process.join(1)
            self._process.kill()
            self._process.join()
        place = Path(self._folder.name)
        code = self._process.exitcode
        assert code is not None
        done = Done(
            code=code,
            out=(place / "out").read_text(encoding="utf-8"),
            err=(place / "err").read_text(encoding="utf-8"),
        )
        self._folder.cleanup()
        assert not hangs, f"still at it after {PATIENCE:g} seconds:\n{done.out}\n{done.err}"
        return done


def start(
    where: Project | Path,
    *arguments: str,
    points: Sequence[Point] = (),
    env: dict[str, str] | None = None,
    prepare: Callable[[], None] | None = None,
) -> Started:
    """``datarelease ARGUMENTS`` begun in ``where``, under the environment of the test.

    ``prepare`` is called in the new process first.
    """
    cwd = where.root if isinstance(where, Project) else where
    folder = tempfile.TemporaryDirectory(prefix="command-")
    for name in ("out", "err"):
        (Path(folder.name) / name).touch()
    process = forks.start(
        _child, list(arguments), cwd, {**os.environ, **(env or {})}, folder.name, list(points),
        prepare,
    )  # fmt: skip
    return Started(process, folder)


def run(
    where: Project | Path,
    *arguments: str,
    code: int | None = 0,
    points: Sequence[Point] = (),
    env: dict[str, str] | None = None,
    prepare: Callable[[], None] | None = None,
) -> Done:
    """``datarelease ARGUMENTS`` in ``where``; it must exit with ``code`` (None: with any)."""
    done = start(where, *arguments, points=points, env=env, prepare=prepare).wait()
    assert code is None or done.code == code, f"{arguments}: {done.code}\n{done.out}\n{done.err}"
    assert "Traceback" not in done.text, done.err
    assert done.code <= 0 or done.code in declared(arguments), f"{arguments}: {done.code}"
    return done


def declared(arguments: Sequence[str]) -> set[int]:
    """The exit codes that a command says it may end with; of no command: that of wrong usage."""
    from datarelease.cli import group
    from datarelease.cli.described import DescribedCommand

    command: click.Command | None = group
    for word in arguments:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), word) or command
    return set(command.exit_codes) if isinstance(command, DescribedCommand) else {2}


def dvc(
    cwd: Path,
    *arguments: str,
    env: dict[str, str],
    stdin: bytes | None = None,
    served: bool = False,
) -> Done:
    """How `dvc ARGUMENTS` ended in ``cwd``, under exactly ``env``.

    With ``stdin`` it is the program that keeps things from stages. With ``served`` our own stages
    run in forks, as they do in a check, and not in programs of their own.
    """
    folder = tempfile.TemporaryDirectory(prefix="dvc-")
    for name in ("out", "err"):
        (Path(folder.name) / name).touch()
    process = forks.start(_dvc_child, list(arguments), cwd, env, folder.name, stdin, served)
    return Started(process, folder).wait()


def forked_dvc(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes | None = None
) -> int:
    """Stands for what starts ``python -m dvc``: the real DVC, loaded already, with its output."""
    done = dvc(cwd, *arguments[4:], env=dict(env), stdin=stdin)
    sys.stdout.write(done.out)
    sys.stderr.write(done.err)
    return done.code


def _dvc_child(
    arguments: list[str],
    cwd: Path,
    env: dict[str, str],
    folder: str,
    stdin: bytes | None,
    served: bool,  # noqa: FBT001 - handed on by position
) -> None:
    _settle(cwd, env, folder)
    leave(_served_dvc_code(arguments) if served else _dvc_code(arguments, stdin))


def _dvc_code(arguments: list[str], stdin: bytes | None) -> int:
    from dvc.cli import main

    from datarelease.adapters.dvc import stages as dvc_stages

    if stdin is None:
        return int(main(arguments))
    reading, writing = os.pipe()
    os.write(writing, stdin)
    os.close(writing)
    os.dup2(reading, 0)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for the life of the process
    sys.argv = ["dvc", *arguments]
    return dvc_stages.main()


def _served_dvc_code(arguments: list[str]) -> int:
    from dvc.cli import main

    from datarelease.adapters.dvc import stages as dvc_stages
    from datarelease.adapters.dvc.fork_server import ForkServer
    from datarelease.adapters.dvc.private import parse_yaml_once

    parse_yaml_once()
    with ForkServer() as server:
        dvc_stages._serve_stages(server)
        return int(main(arguments))


def _forked_dvc(
    arguments: Sequence[str],
    *,
    cwd: Path,
    env: dict[str, str] | None = None,
    stdin: bytes | None = None,
) -> int:
    """Stands for `adapters.process.run_shown`: the real DVC in a fork that has it loaded."""
    if stdin is None and arguments[0] != sys.executable:
        return run_shown(arguments, cwd=cwd, env=env)
    program = "dvc" if stdin is None else "datarelease.adapters.dvc.stages"
    assert list(arguments[1:4]) == ["-P", "-m", program], arguments
    sys.stderr.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 255
    try:
        _close_private_descriptors()
        os.environ.clear()
        os.environ.update(env or {})
        os.chdir(cwd)
        os.dup2(2, 1)
        code = _dvc_code(list(arguments[4:]), stdin)
    except Exception:
        traceback.print_exc()  # this process ends below: nobody else would say why
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _close_private_descriptors() -> None:
    """Close what a program that is started does not inherit, such as the descriptor of a lock."""
    for path in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):  # the descriptor of this very listing is closed already
            if not os.get_inheritable(int(path.name)):
                os.close(int(path.name))


def _child(
    arguments: list[str],
    cwd: Path,
    env: dict[str, str],
    folder: str,
    points: list[Point],
    prepare: Callable[[], None] | None,
) -> None:
    _settle(cwd, env, folder)
    if prepare is not None:
        prepare()
    if points:
        _upload_one_by_one()
    _follow_steps([point for point in points if point.step is not None])
    for function in dict.fromkeys(point.function for point in points if point.function):
        _instrument(function, [point for point in points if point.function == function])
    run_datarelease(arguments)


def run_datarelease(arguments: list[str]) -> None:
    """Be `datarelease ARGUMENTS`, whose own programs are forks."""
    import datarelease.adapters.dvc.program
    import datarelease.adopt.run

    datarelease.adapters.dvc.program.run_shown = _forked_dvc  # type: ignore[assignment,attr-defined]
    datarelease.adopt.run.run_shown = _forked_dvc  # type: ignore[assignment,attr-defined]
    sys.argv = ["datarelease", *arguments]
    try:
        cli.main()
    finally:
        sys.stdout.flush()


def run_dvc(arguments: list[str]) -> Never:
    """Be `dvc ARGUMENTS`, whose stages are forks."""
    leave(_served_dvc_code(arguments))


def leave(code: int) -> Never:
    """End this process, which wrote all that it had to say."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def one_stream() -> None:
    """Let a command print on standard output whatever it says, in order, as a terminal shows it.

    It is for `start`, and here because the new process loads the module that it comes from.
    """
    os.dup2(1, 2)


def _settle(cwd: Path, env: dict[str, str], folder: str) -> None:
    """Make this process one that was started in ``cwd`` with ``env`` and files for its output."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor, name in ((1, "out"), (2, "err")):
        target = os.open(Path(folder) / name, os.O_WRONLY | os.O_APPEND)
        os.dup2(target, descriptor)
    settle(cwd, env)


def settle(cwd: Path, env: dict[str, str]) -> None:
    """Make this process one that was started in ``cwd`` with ``env``, and with its streams."""
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(cwd)
    os.fsync = _written
    serve_more_stages()
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the life of the process
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as above
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115 - as above
    faulthandler.register(signal.SIGUSR1, file=sys.stderr)  # where each thread is


def _written(fd: object) -> None:
    """Stands for `os.fsync`: who is killed loses nothing that was written; only machines do."""


def _follow_steps(points: Sequence[Point]) -> None:
    """Have the progress of commands act at the steps that it is told."""
    from datarelease.cli.console import ConsoleProgress

    done = Counter[Step]()

    @contextmanager
    def step(_: ConsoleProgress, step: Step) -> Iterator[None]:
        done[step] += 1
        here, number = [point for point in points if point.step == step], done[step]
        for point in here:
            point.reached("before", number)
        yield
        for point in here:
            point.reached("after", number)

    ConsoleProgress.step = step  # type: ignore[assignment,method-assign]


def _instrument(function: str, points: Sequence[Point]) -> None:
    module, _, path = function.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    original = getattr(owner, name)
    calls = 0

    @wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        number = calls
        for point in points:
            point.reached("before", number)
        result = original(*args, **kwargs)
        for point in points:
            point.reached("after", number)
        return result

    setattr(owner, name, wrapped)


def _upload_one_by_one() -> None:
    """Make each object a call of its own, so that they come in one order."""
    from datarelease.adapters.store.directory import DirectoryStore

    original = DirectoryStore.upload

    def upload(self: Any, files: Any, advance: Any) -> None:
        for key in sorted(files):
            original(self, {key: files[key]}, advance)

    DirectoryStore.upload = upload  # type: ignore[method-assign]
