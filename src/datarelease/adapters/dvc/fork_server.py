"""Our own stage commands, each in a fork of one process that has loaded what they need.

Loading takes ten times as long as validating or profiling a small file, and a pipeline has two such
stages a dataset. A stage still has a process of its own, under the environment and in the directory
that DVC gives it, and DVC records what came of it. Like the fork server of `multiprocessing`; of
our own, because that one is started when the first process is, when DVC's secrets are here already.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import entry_points
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

PROGRAM = "datarelease"
LOADED = (
    "configobj", "datarelease.analysis.engine.duckdb.engine",
    "datarelease.cli.validate_command", "dulwich.ignore", "dulwich.worktree", "dvc.cachemgr",
    "dvc.data_cloud", "dvc.dirs", "dvc.repo.artifacts", "dvc.repo.datasets", "dvc.repo.index",
    "dvc.repo.metrics", "dvc.repo.params", "dvc.repo.plots", "dvc.repo.stage", "dvc.scm",
    "dvc.utils.strictyaml", "dvc_data.hashfile.db.local", "encodings.utf_8_sig",
    "narwhals._duckdb.dataframe", "narwhals._duckdb.group_by", "narwhals._duckdb.namespace",
    "narwhals._interchange.dataframe", "pydantic.dataclasses", "pyparsing", "ruamel.yaml",
)  # fmt: skip
"""What the commands load; as names, since some of it stands above this layer."""
PANDERA = ("datarelease.analysis.validation.pandera_private", "load_pandera")
"""The module, and its function, that load Pandera without Spark: it would take that along."""
_COMMAND = re.compile(rf"{PROGRAM} (?:validate|profile) [A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
"""A stage's command that a shell would hand on word by word."""


class ForkServer:
    """The process that forks, from its start until the end of the context."""

    def __init__(self) -> None:
        """Start it; it has what this process has until now, and loads the rest when it is asked.

        Only Linux is said to go on well after a fork without a new program (`multiprocessing`,
        "Contexts and start methods"); elsewhere nothing is started, and nothing is served. The only
        threads that loading begins are those of OpenBLAS and jemalloc, which provide for forks.
        """
        self._connection: Connection | None = None
        if sys.platform == "linux":
            fork = multiprocessing.get_context("fork")
            self._connection, theirs = fork.Pipe()
            fork.Process(target=_serve, args=(theirs, self._connection)).start()
            theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def run(self, command: str, *, cwd: str, env: Mapping[str, str]) -> int | None:
        """The exit code of a stage's ``command``, negative for a signal; None: not served.

        Served is what is nothing but a stage command of ours, where a shell would find this very
        installation. An interrupt is the command's, as in ``dvc.stage.run``: DVC waits for its end.
        """
        if self._connection is None or not _COMMAND.fullmatch(command) or not _is_ours(env):
            return None
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._connection.send((command.split(), cwd, dict(env)))
            code: int = self._connection.recv()
        except (EOFError, ConnectionError):
            return -signal.SIGKILL  # so ends what has no memory left, and its fork with it
        finally:
            signal.signal(signal.SIGINT, before)
        return code


def _is_ours(env: Mapping[str, str]) -> bool:
    found = shutil.which(PROGRAM, path=env.get("PATH", os.defpath))
    ours = Path(sys.executable).parent / PROGRAM
    return found is not None and Path(found).resolve() == ours.resolve()


def _serve(connection: Connection, theirs: Connection) -> None:
    """Fork for each request until nobody can ask any more."""
    theirs.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Neither the secrets on standard input nor inherited locks are a stage's.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.closerange(3, connection.fileno())
    os.closerange(connection.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
    fork = multiprocessing.get_context("fork")
    program: Callable[[], object] | None = None
    with suppress(EOFError, ConnectionError):
        while True:
            request = connection.recv()
            program = program or _loaded(Path(request[1]))
            process = fork.Process(target=_become, args=(connection, program, *request))
            process.start()
            process.join()
            connection.send(process.exitcode)


def _loaded(root: Path) -> Callable[[], object]:
    """What the installed script calls, with all that it will need for the project at ``root``."""
    gc.disable()
    [script] = entry_points(group="console_scripts", name=PROGRAM)
    main: Callable[[], object] = script.load()
    for name in LOADED:
        # Whatever another release of a dependency lacks, the command itself will tell.
        with suppress(ImportError):
            importlib.import_module(name)
    # Most schemas in YAML are read without Pandera; schemas and checks in Python need it.
    with suppress(ImportError, StopIteration):
        next((root / "schemas").glob("*.py"))
        module, function = PANDERA
        getattr(importlib.import_module(module), function)()
    # The collector of a fork would touch all of it, and so copy it (`gc.freeze`).
    gc.freeze()
    gc.enable()
    return main


def _become(
    connection: Connection,
    program: Callable[[], object],
    arguments: list[str],
    cwd: str,
    env: Mapping[str, str],
) -> None:
    """Do what ``program`` does, as a process that was started for it."""
    connection.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = arguments
    program()
