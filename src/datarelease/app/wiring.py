"""What both kinds of repository are wired with."""

from __future__ import annotations

import os
import posixpath
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from datarelease.adapters.dvc_config import DvcConfig
from datarelease.adapters.store import Store

if TYPE_CHECKING:
    from datarelease.analysis.engine import Engine

PACKAGE = "datarelease"


def environment() -> Mapping[str, str]:
    """The environment for the programs we start.

    Nobody can answer a password prompt of a program whose output is captured, so git is told
    to fail instead. Stages that call ``datarelease`` or ``python`` get those of this very
    installation, also where it was called by its path.
    """
    scripts = str(Path(sys.executable).parent)
    path = os.pathsep.join([scripts, os.environ.get("PATH", os.defpath)])
    return {"GIT_TERMINAL_PROMPT": "0", **os.environ, "PATH": path}


def tool() -> str:
    """The name and version that reports carry."""
    return f"{PACKAGE} {version(PACKAGE)}"


def stores(config: DvcConfig, names: Sequence[str]) -> tuple[Store, ...]:
    """The remotes called ``names``; none named: DVC's default remote, if there is one."""
    default = [config.default_remote] if config.default_remote else []
    return tuple(config.store(name) for name in names or default)


def engine(memory_limit: str, scratch: Path) -> Callable[[], Engine]:
    """Opens the engine; DuckDB is only loaded when it is called."""

    def start() -> Engine:
        from datarelease.analysis.engine import DuckDBEngine  # noqa: PLC0415 - heavy: DuckDB

        scratch.mkdir(parents=True, exist_ok=True)
        return DuckDBEngine(memory_limit=memory_limit, temp_directory=scratch)

    return start


def reader(root: Path) -> Callable[[str], bytes | None]:
    """Reads files of the work tree at ``root``."""

    def read(path: str) -> bytes | None:
        target = root / posixpath.normpath(path)
        return target.read_bytes() if target.is_file() else None

    return read
