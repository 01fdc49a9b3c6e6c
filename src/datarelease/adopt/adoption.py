"""``datarelease init`` wired: the repository around a directory, its plan, and the plan's end."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.dvc.inventory import Inventory, RemoteSettings, inventory
from datarelease.adapters.dvc.program import DvcProgram
from datarelease.adapters.dvc.tracked import find_root
from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.adapters.git.program import GitProgram, ignored
from datarelease.adapters.git.repository import Git
from datarelease.adapters.process import run_shown
from datarelease.adopt.context import AdoptionContext
from datarelease.adopt.own_commit import own_commit
from datarelease.adopt.plan import plan_adoption
from datarelease.adopt.remotes import parse_remote
from datarelease.adopt.run import PULL, finish
from datarelease.app.repository import MEMORY_LIMIT
from datarelease.app.wiring import PACKAGE, engine, environment, git_environment, stores
from datarelease.errors import ConfigError
from datarelease.flows.cache import Objects
from datarelease.flows.edits.apply import apply
from datarelease.flows.edits.drafts import refuse_broken
from datarelease.model.adoption import Adoption, Command
from datarelease.model.project import UNPUBLISHED, ToolRef, release_ref
from datarelease.model.stage_environment import stage_environment
from datarelease.progress import Progress


def adoption_at(
    start: Path,
    remotes: Sequence[str],
    datasets: Sequence[str] = (),
    *,
    ref: str | None = None,
    progress: Progress,
) -> tuple[Path, Adoption]:
    """The root of the repository around ``start``, and what init would do to it.

    Args:
        start: A directory of the repository.
        remotes: Remotes to set up.
        datasets: Paths, relative to ``start``, outside of which no data is adopted; none: all.
        ref: The version of the tool for the workflows, a tag or a full SHA; None: this one.
        progress: Told what happens.

    Raises:
        ConfigError: No git repository, no data, a misspelt remote or ref, files in the way, or no
            version of the tool that workflows could name.
    """
    wanted = [parse_remote(text, start) for text in remotes]
    chosen_ref = None if ref is None else _parsed(ref)
    with _premises(start, chosen_ref, progress) as context:
        chosen = [_inside(context.root, start, path) for path in datasets]
        return context.root, plan_adoption(context, wanted, chosen)


def _parsed(ref: str) -> ToolRef:
    try:
        return ToolRef(name=ref)
    except ValueError as error:
        raise ConfigError(
            f"--ref: {error}.",
            remedy="Name a tag such as v1.0.0, or the full SHA of a commit.",
        ) from error


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


def _inside(root: Path, start: Path, path: str) -> str:
    """``path``, relative to ``start``, as DVC spells it: relative to ``root``."""
    place = Path(os.path.abspath(start.resolve() / path))  # noqa: PTH100 - links stay links
    if not place.is_relative_to(root):
        raise ConfigError(
            f"--dataset {path}: this is outside of {root}.",
            remedy="Name a file or folder of the repository.",
        )
    return place.relative_to(root).as_posix()


def carry_out(root: Path, adoption: Adoption) -> None:
    """Do what the plan says.

    Raises:
        ConfigError: A command failed or a file could not be written; the message says what is done.
        WorldError: Everything is written, and the data for the first run is not available, or
            another process is at work in the repository, or a disk is full.
        BlockedError: Everything is written, and the data violates its schema.
    """
    given = environment()
    env = stage_environment(given).seen
    pulls = any(command.arguments[:2] == PULL for command in adoption.last)
    with_keys = DvcConfig(root / ".dvc", env=given).program_environment() if pulls else env

    def run(command: Command) -> int:
        program, *arguments = command.arguments
        found = Dvc.command(*arguments) if program == "dvc" else command.arguments
        return run_shown(found, cwd=root, env=env)

    program = DvcProgram(root, env=with_keys, stages=stage_environment(given))

    def run_last(command: Command) -> bool:
        return program.run(*command.arguments[1:])

    apply(root, adoption, run=run, settings=lambda: RemoteSettings(root / ".dvc"))
    finish(root, adoption.last, run=run_last)


@contextmanager
def _premises(start: Path, ref: ToolRef | None, progress: Progress) -> Iterator[AdoptionContext]:
    env = git_environment()
    if not Git(start, env=env).is_repository():
        raise ConfigError(
            f"{start} is not inside a git repository.",
            remedy="Run `git init` there, or change to the repository: versions are git tags.",
        )
    top = Path(GitProgram(start, env=env).line("rev-parse", "--show-toplevel")).resolve()
    root = _dvc_root(start, top)
    refuse_broken(root or top)
    dvc_dir = (root or top) / ".dvc"
    settings = RemoteSettings(dvc_dir)
    known = inventory(root) if root else None
    with tempfile.TemporaryDirectory(prefix=f"{PACKAGE}-") as scratch:
        temporary = dvc_dir / "tmp" / PACKAGE if root else Path(scratch)
        yield AdoptionContext(
            root=root or top,
            git=GitProgram(root or top, env=env),
            ignored=lambda paths: ignored(root or top, paths, env=env),
            directory=(root or top).relative_to(top).as_posix(),
            inventory=known,
            settings=settings,
            objects=_objects(dvc_dir, known, progress) if known else None,
            engine=engine(MEMORY_LIMIT, temporary, progress),
            ref=_own_ref if ref is None else lambda: ref,
            progress=progress,
        )


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
        progress.say(f"remote {config.default_remote}: not used ({error.what})")
        remotes = ()
    return Objects(
        cache=config.cache,
        remotes=remotes,
        progress=progress,
        bound=lambda: [config.store(name) for name in sorted(names)],
    )
