"""``dvc`` as a program whose stages do not see the credentials that DVC itself gets.

It is started with the environment that stages see. What is for DVC alone (credentials of remotes,
with which it pulls) comes on standard input, so that it stands in no environment that another
program could look up. DVC hands its own environment to each stage; this is where that is changed.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
from collections.abc import Mapping
from functools import wraps
from typing import Any

from dvc.cli import main as dvc
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.stage import run
from dvc.stage.exceptions import StageCmdFailedError

from datarelease.adapters.dvc.fork_server import ForkServer
from datarelease.adapters.dvc.private import (
    StartCommand,
    compile_stages_once,
    parse_yaml_once,
    replace_start,
    resolve_paths_once,
)
from datarelease.adapters.dvc.sign_in import sign_in_as_we_do
from datarelease.adapters.process import shield
from datarelease.errors import disk_fault
from datarelease.model.stage_environment import StageEnvironment, is_drain

MODULE = __name__
BUSY = 75
"""Exit code: another process is at work (``EX_TEMPFAIL``, sysexits.h)."""
DISK = 74
"""Exit code: a disk is full or broken (``EX_IOERR``)."""


def message(
    env: Mapping[str, str], stages: StageEnvironment, config: Mapping[str, Any] | None = None
) -> bytes:
    """The program's input: how DVC's environment, ``env``, differs from that of stages.

    ``config`` is laid over DVC's configuration; it may hold secrets.
    """
    # Its S3 client would try each request five times.
    env = {"AWS_MAX_ATTEMPTS": "1", **env}
    names = {name for name in (*env, *stages.seen) if env.get(name) != stages.seen.get(name)}
    own = {name: env.get(name) for name in names}
    given = {"own": own, "broker": dict(stages.broker), "config": dict(config or {})}
    return json.dumps(given).encode()


def main() -> int:
    """The exit code of ``dvc`` with our own arguments."""
    # What was loaded lives until the end: the collector of garbage need not walk it.
    gc.freeze()
    if sys.argv[1:2] != ["repro"]:
        return _dvc()
    # It starts before this process knows a secret.
    with ForkServer() as server:
        _serve_stages(server)
        return _dvc()


def _serve_stages(server: ForkServer) -> None:
    """Let DVC have stages run by ``server`` where it does that."""

    def replaced(start: StartCommand) -> StartCommand:
        def started(executable: str, cmd: str, **kwargs: Any) -> None:
            code = server.run(cmd, cwd=kwargs["cwd"], env=kwargs["env"])
            if code is None:
                start(executable, cmd, **kwargs)
            elif code:
                raise StageCmdFailedError(cmd, code)

        return started

    replace_start(replaced)


def _dvc() -> int:
    given = json.load(sys.stdin.buffer)
    # A stage that reads from standard input finds nothing there.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    shield()
    own: dict[str, str | None] = given["own"]
    seen = dict(os.environ)
    prepare = run.prepare_kwargs

    def prepared(stage: Any, run_env: Mapping[str, str] | None = None) -> dict[str, Any]:
        kwargs: dict[str, Any] = prepare(stage, run_env=run_env)
        made = {name: value for name, value in kwargs["env"].items() if name not in own}
        made |= {name: seen[name] for name in own if name in seen}
        kwargs["env"] = made | (given["broker"] if is_drain(stage.cmd) else {})
        return kwargs

    run.prepare_kwargs = prepared
    for name, value in own.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    _lay_over(given["config"])
    arguments = sys.argv[1:]
    if arguments[:1] == ["checkout"]:
        # It lists what it fetches; with --quiet it would not log failures either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if {"pull", "--pull"} & {*arguments}:
        _ask_once()
    resolve_paths_once()
    parse_yaml_once()
    compile_stages_once()
    causes = _Causes()
    for name in ("dvc", "dvc_data", "dvc_objects"):
        logging.getLogger(name).addHandler(causes)
    code: int = dvc(arguments)
    return causes.code or code if code else 0


def _lay_over(config: Mapping[str, Any]) -> None:
    """Have the repository here opened with more configuration than its files hold.

    Others, from which it imports, are named when they are opened: they get none of our credentials.
    """
    signed_in: list[Repo] = []
    opened = Repo.__init__

    @wraps(opened)
    def configured(self: Any, *place: Any, **named: Any) -> None:
        here = not place and not {"root_dir", "url", "fs"} & named.keys()
        opened(self, *place, **({"config": dict(config), **named} if here else named))
        if here and not signed_in:
            signed_in.append(self)
            sign_in_as_we_do(self.config, os.environ)

    Repo.__init__ = configured


def _ask_once() -> None:
    """Turn s3fs's own retries off: a silent server would be asked for five minutes."""
    try:
        from s3fs import S3FileSystem  # noqa: PLC0415 - an optional part, and heavy
    except ImportError:
        return
    S3FileSystem.retries = 1


class _Causes(logging.Handler):
    """Collects the causes of a failure: DVC logs them, and has one exit code for all."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.code = 0
        self._said = False

    def emit(self, record: logging.LogRecord) -> None:
        """Look at the errors that a record is about."""
        given = record.args if isinstance(record.args, tuple) else ()
        told = record.exc_info[1] if record.exc_info else None
        for error in (*given, told):
            if isinstance(error, LockError):
                self.code = BUSY
            elif isinstance(error, BaseException) and disk_fault(error):
                self.code = self.code or DISK
        self._say_what_has_no_words(told)

    def _say_what_has_no_words(self, error: BaseException | None) -> None:
        """Name the kind of a cause whose message is empty: DVC would end its line with a colon.

        An interrupt needs no more words than DVC has for it.
        """
        while isinstance(error, Exception):
            if not str(error) and not self._said:
                self._said = True
                kind = f"{type(error).__module__}.{type(error).__qualname__}"
                sys.stderr.write(f"DVC gives no reason for this but its kind, {kind}.\n")
            error = error.__cause__


if __name__ == "__main__":
    sys.exit(main())
