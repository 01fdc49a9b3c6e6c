"""What an adoption starts from: the repository, with nothing of ours in it yet."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.dvc.index import (
    IndexedOutput,
    Inventory,
    RemoteSettings,
    inventory,
)
from datarelease.adapters.dvc.tracked import find_root
from datarelease.adapters.git.program import GitProgram, ignored
from datarelease.adapters.git.repository import Git
from datarelease.analysis.engine.protocol import Engine
from datarelease.app.repository import MEMORY_LIMIT
from datarelease.app.wiring import PACKAGE, engine, environment, git_environment, stores
from datarelease.errors import ConfigError
from datarelease.flows.cache import Objects
from datarelease.flows.edits import refuse_broken
from datarelease.model.data.stream import stream_directories
from datarelease.model.project import UNPUBLISHED, ToolRef, release_ref
from datarelease.progress import Progress
from datarelease.settings.read import read_stream_names

_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)
_PLACE = "src/datarelease"
"""Where a checkout has the package."""


@dataclass(frozen=True, kw_only=True)
class AdoptionContext:
    """The repository to adopt, with nothing of ours in it yet."""

    root: Path
    """Where DVC is, or will be, initialised."""
    git: GitProgram
    ignored: Callable[[Sequence[str]], Mapping[str, str]]
    """Which paths git ignores, with the rule."""
    inventory: Inventory | None
    """None: DVC is not used yet."""
    settings: RemoteSettings
    objects: Objects | None
    engine: Callable[[], Engine]
    directory: str
    """The root's path from the top of the git repository; ``.`` where it is the top."""
    ref: Callable[[], ToolRef]
    """Which version of this tool the workflows use; asked only where some are written."""
    progress: Progress

    @property
    def outputs(self) -> Sequence[IndexedOutput]:
        """What DVC tracks."""
        return self.inventory.outputs if self.inventory else ()

    @property
    def released_branch(self) -> str:
        """The branch that is released: the remote's default for this clone, or the likeliest.

        Nothing is asked over the network.
        """
        known = self.git.attempt("symbolic-ref", "--short", "-q", "refs/remotes/origin/HEAD")
        if known.code == 0:
            return known.stdout.decode().strip().removeprefix("origin/")
        for name in ("main", "master"):
            for ref in (f"refs/remotes/origin/{name}", f"refs/heads/{name}"):
                if self.git.attempt("rev-parse", "--verify", "-q", ref).code == 0:
                    return name
        head = self.git.attempt("symbolic-ref", "--short", "-q", "HEAD")
        return head.stdout.decode().strip() or "main"


@contextmanager
def repository_at(
    start: Path, ref: ToolRef | None, progress: Progress, *, subdirectory: bool = False
) -> Iterator[AdoptionContext]:
    """The git repository around ``start``; its workflows name the version ``ref``, or this one.

    With ``subdirectory`` the project is ``start`` itself, whatever is above it.

    Raises:
        ConfigError: There is no git repository, or DVC's files in it cannot be read.
    """
    env = git_environment()
    if not Git(start, env=env).is_repository():
        raise ConfigError(
            f"{start} is not inside a git repository.",
            remedy="Run `git init` there, or change to the repository: versions are git tags.",
        )
    top = Path(GitProgram(start, env=env).line("rev-parse", "--show-toplevel")).resolve()
    root = _dvc_root(start, top)
    own = start.resolve() if subdirectory else root or top
    root = root if root == own else None
    refuse_broken(own)
    dvc_dir = own / ".dvc"
    settings = RemoteSettings(dvc_dir)
    known = inventory(root) if root else None
    with tempfile.TemporaryDirectory(prefix=f"{PACKAGE}-") as scratch:
        temporary = dvc_dir / "tmp" / PACKAGE if root else Path(scratch)
        yield AdoptionContext(
            root=own,
            git=GitProgram(own, env=env),
            ignored=lambda paths: ignored(own, paths, env=env),
            directory=own.relative_to(top).as_posix(),
            inventory=known,
            settings=settings,
            objects=_objects(dvc_dir, known, progress) if known else None,
            engine=engine(MEMORY_LIMIT, temporary, progress),
            ref=_own_ref if ref is None else lambda: ref,
            progress=progress,
        )


def without_streams(
    at: AdoptionContext, params: Mapping[str, Any], kept: Collection[str]
) -> AdoptionContext:
    """The same without the raw records and the dead letters of streams, which nobody releases.

    ``params`` names the streams; outputs at the paths ``kept`` stay, which somebody asked for.
    """
    own = {path for name in read_stream_names(params) for path in stream_directories(name)}
    if at.inventory is None:
        return at
    outputs = tuple(out for out in at.inventory.outputs if out.path in kept or out.path not in own)
    return replace(at, inventory=replace(at.inventory, outputs=outputs))


def has_origin(root: Path) -> bool:
    """Whether the git repository around ``root`` has a remote to push to."""
    return Git(root, env=git_environment()).has_remote()


def _dvc_root(start: Path, top: Path) -> Path | None:
    """Where DVC was initialised in this git repository; None: nowhere."""
    try:
        root = find_root(start)
    except ConfigError:
        return None
    return root if root.is_relative_to(top) else None


def _objects(dvc_dir: Path, known: Inventory, progress: Progress) -> Objects:
    config = DvcConfig(dvc_dir, env=environment())
    names = {out.remote for out in known.outputs if out.remote and out.pushed}
    try:
        remotes = stores(config, ())
    except ConfigError as error:
        # What is in the work tree or the cache can be read without the remote.
        progress.say(f"the remote {config.default_remote} is not used: {error.what}")
        remotes = ()
    return Objects(
        cache=config.cache,
        remotes=remotes,
        progress=progress,
        bound=lambda: [config.store(name) for name in sorted(names)],
    )


@cache
def _own_ref() -> ToolRef:
    """The version of the tool that runs here.

    Raises:
        ConfigError: Nothing is published, and the commit that was installed is not known.
    """
    own = distribution(PACKAGE)
    package = Path(__file__).resolve().parents[1]
    return release_ref(own.version) or ToolRef(
        name=own_commit(own, package, env=git_environment()), comment=UNPUBLISHED
    )


def own_commit(distribution: Distribution, package: Path, *, env: Mapping[str, str]) -> str:
    """The full SHA of the commit that was installed.

    Installers leave ``direct_url.json`` beside what they did not take from a package index: PEP
    610, "Recording the Direct URL Origin of installed distributions".

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
    raise _unknown("its installation does not record one")


def _head(checkout: Path, package: Path, env: Mapping[str, str]) -> str:
    """The commit at HEAD of ``checkout``, which is the one whose files ``package`` has."""
    git = GitProgram(checkout, env=env)
    # Inside of another repository HEAD would be a commit of that one.
    top = git.attempt("rev-parse", "--show-cdup") if checkout.is_dir() else None
    tree = git.attempt("ls-tree", "-r", "-z", f"HEAD:{_PLACE}") if top is not None else None
    if top is None or tree is None or top.code or top.stdout.strip() or tree.code:
        raise _unknown(f"it was installed from {checkout}, which is not a git checkout of it")
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
        "Workflow files have to name a commit of datarelease. The commit of the datarelease that "
        f"runs here is not known: {why}.",
        remedy="Name the version that the workflows are to use, a tag or the full SHA of a commit: "
        "`datarelease init --ref COMMIT`.",
    )
