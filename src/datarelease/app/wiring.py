"""The parts that both kinds of repository need."""

from __future__ import annotations

import base64
import os
import posixpath
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from datarelease.adapters.dvc.tracked import TrackedState
from datarelease.adapters.git.repository import Git
from datarelease.errors import ConfigError, SettingsError
from datarelease.model.project import installation, needs_release
from datarelease.model.stage_environment import is_never_passed
from datarelease.progress import TIMEOUT, Progress
from datarelease.settings.places import PARAMS_FILE
from datarelease.settings.reading import read_timeout

if TYPE_CHECKING:
    from datarelease.adapters.dvc.config import DvcConfig
    from datarelease.adapters.store.directory import Store
    from datarelease.analysis.engine.protocol import Engine
    from datarelease.settings.shapes import EngineName

PACKAGE = "datarelease"


_FOR_US = {
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_RUNTIME_TOKEN",
    "GITHUB_TOKEN",
}
"""Variables that a workflow passes to this program and that stages must not see."""
_MAIL = "{}@users.noreply.github.com"


def environment(env: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """The environment for the programs of a pipeline: ``env``, by default our own.

    Stages that call ``datarelease`` or ``python`` get those of this very installation, also where
    it was called by its path. If PATH contains it already, its order is the user's choice.
    """
    given = os.environ if env is None else env
    path = given.get("PATH", os.defpath)
    scripts = Path(sys.executable).parent
    found = shutil.which(PACKAGE, path=path)
    if found is None or Path(found).resolve() != (scripts / PACKAGE).resolve():
        path = os.pathsep.join([str(scripts), path])
    hidden = _FOR_US if given.get("GITHUB_ACTIONS") == "true" else set()
    return {**{k: v for k, v in given.items() if k not in hidden}, "PATH": path}


def forget_tokens() -> None:
    """Remove publishing tokens from the environment of this process once everything is opened.

    Custom checks of schemas are code of the repository, and may be run in this process.
    """
    for name in tuple(os.environ):
        if is_never_passed(name):
            del os.environ[name]


def git_environment(given: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """The environment for ``git`` (from ``given``, by default our own).

    In a workflow it talks to the server with the workflow's token.

    Nobody can answer a password prompt of a program whose output is captured, so git is told to
    fail instead. The token travels as configuration in the environment (git-config, "ENVIRONMENT"):
    no argument and no file ever holds it.
    """
    given = os.environ if given is None else given
    env = {"GIT_TERMINAL_PROMPT": "0", **given}
    if given.get("GITHUB_ACTIONS") != "true":
        return env
    from datarelease.app.actions import actions  # noqa: PLC0415 - only in a workflow

    run = actions(given)
    if run is None:
        return env
    for role in ("AUTHOR", "COMMITTER"):
        env.setdefault(f"GIT_{role}_NAME", run.bot)
        env.setdefault(f"GIT_{role}_EMAIL", _MAIL.format(run.bot))
    return with_token(env, run.server, run.token) if run.token else env


def with_token(env: Mapping[str, str], server: str, token: str) -> dict[str, str]:
    """``env``, in which git shows ``token`` to the GitHub at ``server``."""
    header = f"http.{server}/.extraheader"
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    # The empty value drops what a checkout may have configured; two headers are refused.
    return with_git_settings(env, [(header, ""), (header, f"AUTHORIZATION: basic {basic}")])


def with_git_settings(
    env: Mapping[str, str], settings: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """``env``, in which git finds further ``settings`` (git-config, "ENVIRONMENT")."""
    made = dict(env)
    first = int(env.get("GIT_CONFIG_COUNT") or 0)
    for number, (key, value) in enumerate(settings, first):
        made |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    made["GIT_CONFIG_COUNT"] = str(first + len(settings))
    return made


def tool() -> str:
    """The name and version that reports carry."""
    from importlib.metadata import version  # noqa: PLC0415 - heavy: only for what a check writes

    return f"{PACKAGE} {version(PACKAGE)}"


def installed_for_readers(error: ImportError) -> ConfigError | None:
    """The error for an installation without the extra `release`; None: something else is wrong."""
    if not needs_release(error):
        return None
    return ConfigError(
        f"This needs {error.name}, which an installation for readers does not have.",
        remedy=f"{installation('release')}. Without it, versions are read by the address of a "
        "remote (docs/use/readers.md).",
    )


def stores(config: DvcConfig, names: Sequence[str]) -> tuple[Store, ...]:
    """The remotes called ``names``; none named: DVC's default remote, if there is one."""
    default = [config.default_remote] if config.default_remote else []
    return tuple(config.store(name) for name in names or default)


def refuse_read_only(config: DvcConfig, names: Iterable[str]) -> None:
    """Fail where a release would go to a server of which nobody said that it takes uploads.

    Raises:
        ConfigError: It is on HTTP, without DVC's setting for uploads.
    """
    for name in names:
        settings = config.settings(name)
        scheme = str(settings.get("url", "")).partition("://")[0].lower()
        if scheme in {"http", "https"} and not settings.get("method"):
            raise ConfigError(
                f"The remote {name!r} is on HTTP, and DVC's configuration does not say that it "
                "accepts uploads.",
                untouched="Nothing was written.",
                remedy=f"If it does, run `dvc remote modify {name} method PUT` (or POST). "
                "Otherwise name another remote in `release.remotes`: this one can only be read.",
            )


def opener(config: DvcConfig, opened: Sequence[Store]) -> Callable[[str], Store]:
    """Opens remotes of ``config`` by name, each once; ``opened`` are open already."""
    known = {store.name.lower(): store for store in opened}

    def open_named(name: str) -> Store:
        if name.lower() not in known:
            known[name.lower()] = config.store(name)
        return known[name.lower()]

    return open_named


def engine(
    memory_limit: str, scratch: Path, progress: Progress, name: EngineName = "duckdb"
) -> Callable[[], Engine]:
    """Opens the engine called ``name``; it is only loaded, and started, when a table is read.

    ``progress`` is told of long queries where a person can see it: on a terminal, not in CI.
    """
    seen = sys.stderr.isatty() and not os.environ.get("CI")
    address = os.environ.get("DATARELEASE_SPARK_REMOTE") or None

    def start_spark() -> Engine:
        try:
            from datarelease.analysis.engine.spark.engine import SparkEngine  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ConfigError(
                f"`release.engine: spark` needs a package that is not installed: {error.name}.",
                untouched="Nothing was written.",
                remedy=f"{installation('sail')}; for a cluster the extra `spark` is enough.",
            ) from None
        return SparkEngine(start(), scratch=scratch, address=address)

    def start() -> Engine:
        from datarelease.analysis.engine.duckdb.engine import DuckDBEngine  # noqa: PLC0415 - heavy: DuckDB

        scratch.mkdir(parents=True, exist_ok=True)
        return DuckDBEngine(
            memory_limit=memory_limit,
            temp_directory=scratch,
            progress=progress if seen else None,
        )

    return lambda: cast("Engine", _OnDemand(start_spark if name == "spark" else start))


class _OnDemand:
    """An engine that is opened when it is first asked for something."""

    def __init__(self, start: Callable[[], Engine]) -> None:
        self._start = start

    @cached_property
    def _opened(self) -> Engine:
        return self._start()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opened, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if "_opened" in vars(self):
            self._opened.__exit__(*_)


def work_tree_reader(root: Path) -> Callable[[str], bytes | None]:
    """Reads files of the work tree at ``root``."""

    def read(path: str) -> bytes | None:
        target = root / posixpath.normpath(path)
        return target.read_bytes() if target.is_file() else None

    return read


def timeout_at(root: Path) -> float:
    """Seconds that a git remote or an object store may be silent for the work tree at ``root``.

    The default if its settings are invalid: the command that needs them reports the fault.
    """
    return timeout_of(TrackedState(work_tree_reader(root)))


def timeout_of(tracked: TrackedState) -> float:
    """The same of a work tree whose files were read before."""
    try:
        return read_timeout(tracked.mapping(PARAMS_FILE))
    except SettingsError:
        return TIMEOUT


def open_git(root: Path, *, env: Mapping[str, str] | None = None) -> Git:
    """Git in the work tree at ``root``; its environment is made of ``env``, by default our own."""
    return Git(root, env=git_environment(env), timeout=timeout_at(root))
