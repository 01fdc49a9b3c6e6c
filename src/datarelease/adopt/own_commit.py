"""The commit that this installation of the tool comes from.

Installers leave ``direct_url.json`` beside what they did not take from a package index: PEP 610,
"Recording the Direct URL Origin of installed distributions".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from datarelease.adapters.git.program import GitProgram
from datarelease.errors import ConfigError

_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)
_PLACE = "src/datarelease"
"""Where a checkout has the package."""


def own_commit(distribution: Distribution, package: Path, *, env: Mapping[str, str]) -> str:
    """The full SHA of the commit that was installed.

    Args:
        distribution: The installed tool, as ``importlib.metadata`` finds it.
        package: The folder of its modules.
        env: The environment for git.

    Raises:
        ConfigError: Nothing was recorded, or what is installed is not what the checkout's HEAD has.
    """
    recorded = distribution.read_text("direct_url.json")
    origin: dict[str, Any] = json.loads(recorded) if recorded else {}
    source = origin.get("vcs_info", {})
    commit = str(source.get("commit_id"))
    if source.get("vcs") == "git" and _SHA.fullmatch(commit):
        return commit
    address = urlsplit(str(origin.get("url", "")))
    if "dir_info" in origin and address.scheme == "file":
        return _head(Path(url2pathname(address.path)), package, env)
    raise _unknown("its installation records none")


def _head(checkout: Path, package: Path, env: Mapping[str, str]) -> str:
    """The commit at HEAD of ``checkout``, which is the one whose files ``package`` has."""
    git = GitProgram(checkout, env=env)
    # Inside of another repository HEAD would be a commit of that one.
    top = git.attempt("rev-parse", "--show-cdup") if checkout.is_dir() else None
    tree = git.attempt("ls-tree", "-r", "-z", f"HEAD:{_PLACE}") if top is not None else None
    if top is None or tree is None or top.code or top.stdout.strip() or tree.code:
        raise _unknown(f"it was installed from {checkout}, which is no git checkout of it")
    # Objects are named by their content, so their names are enough to compare.
    listed = (it.partition("\t") for it in tree.stdout.decode().split("\0") if it)
    held = {path: entry.split()[2] for entry, _, path in listed}
    there = {
        path.relative_to(package).as_posix(): _blob(path.read_bytes())
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    differing = sorted(path for path in held.keys() | there if held.get(path) != there.get(path))
    if differing:
        raise _unknown(
            f"it was installed from {checkout}, and {len(differing)} of its files differ from the "
            f"last commit there, for example {_PLACE}/{differing[0]}"
        )
    return git.line("rev-parse", "HEAD")


def _blob(data: bytes) -> str:
    """The name that git gives to a file's content."""
    # Not for security: git names objects so ("Git Internals - Git Objects").
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _unknown(why: str) -> ConfigError:
    return ConfigError(
        f"The commit of this datarelease, which workflow files have to name, is not known: {why}.",
        remedy="Name the version that the workflows are to use, a tag or the full SHA of a commit: "
        "datarelease init --ref COMMIT",
    )
