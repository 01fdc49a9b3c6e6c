"""More commands of stages in forks: scripts of a pipeline, and the stages of ingestion.

A check serves `datarelease validate` and `profile` (`adapters.dvc.fork_server`). In processes of
tests, which have everything loaded, the same server serves whatever else pipelines of tests start:
a stage keeps a process, a directory and an environment of its own, and loads nothing anew.
"""

from __future__ import annotations

import re
import runpy
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from datarelease import cli
from datarelease.adapters.dvc import fork_server

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
_COMMAND = re.compile(
    rf"{fork_server.PROGRAM} (?:validate|profile|ingest (?:drain|parse)) {_NAME}"
    rf"|python (?:{_NAME}/)*{_NAME}\.py(?: {_NAME})*",
    re.ASCII,
)


def serve_more_stages() -> None:
    """Have each `ForkServer` of this process, and of its forks, serve these commands, too."""
    fork_server._COMMAND = _COMMAND
    fork_server._is_ours = _are_ours
    fork_server._loaded = lambda root: _run  # noqa: ARG005


def _are_ours(env: Mapping[str, str]) -> bool:
    """Whether a shell would find the two programs of this environment."""
    here = Path(sys.executable).parent
    found = (shutil.which(name, path=env.get("PATH")) for name in (fork_server.PROGRAM, "python"))
    return all(place is not None and Path(place).parent == here for place in found)


def _run() -> None:
    """Be the program that `sys.argv` names."""
    if sys.argv[0] == fork_server.PROGRAM:
        cli.main()
        return
    del sys.argv[0]
    sys.path.insert(0, str(Path(sys.argv[0]).resolve().parent))
    runpy.run_path(sys.argv[0], run_name="__main__")
