"""A plan of adoption carried out."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from shlex import join

from datarelease.adapters.dvc.inventory import RemoteSettings
from datarelease.errors import ConfigError
from datarelease.flows.edits.drafts import DVC_CONFIG, refuse_unwritable, text_at
from datarelease.model.adoption import Adoption, Command, FileEdit

Run = Callable[[Command], int]
"""Runs a command of the plan in the repository; its exit code."""


def apply(root: Path, plan: Adoption, *, run: Run, settings: Callable[[], RemoteSettings]) -> None:
    """Carry a plan out: commands, remotes, then all files or none of them.

    Run again after a failure, init plans what is left.

    Raises:
        ConfigError: A command failed, or a file is not what it was when the plan was made.
    """
    for edit in plan.files:
        refuse_unwritable(root, edit.path)
        if text_at(root / edit.path, edit.path) != edit.before:
            raise ConfigError(
                f"{edit.path} was changed while the plan was shown.",
                remedy="Run init again.",
            )
    for done, command in enumerate(plan.commands):
        if run(command):
            before = ", ".join(f"`{join(c.arguments)}`" for c in plan.commands[:done])
            raise ConfigError(
                f"`{join(command.arguments)}` failed; its own output is above.",
                untouched=f"No file was written. Already done: {before or 'nothing'}.",
                remedy="Correct the cause, then run init again: it continues from there.",
            )
    config = text_at(root / DVC_CONFIG, DVC_CONFIG)
    try:
        for remote in plan.remotes:
            url = remote.url if remote.new else None
            settings().set(remote.name, dict(remote.settings), url=url, default=remote.default)
        write_all(root, plan.files)
    except ConfigError:
        if config is not None and plan.remotes:
            (root / DVC_CONFIG).write_bytes(config.encode())
        raise


def write_all(root: Path, edits: Sequence[FileEdit]) -> None:
    """Write all files or none: to temporary neighbours first, and back again after a failure.

    Raises:
        ConfigError: One could not be written; everything is as it was.
    """
    scratches: dict[str, Path] = {}
    replaced: list[FileEdit] = []
    folders: list[Path] = []
    try:
        for edit in edits:
            target = root / edit.path
            missing = [p for p in target.parents if not p.exists()]
            target.parent.mkdir(parents=True, exist_ok=True)
            folders += missing
            scratches[edit.path] = _scratch(target, edit.after)
        for edit in edits:
            scratches[edit.path].replace(root / edit.path)
            replaced.append(edit)
    except OSError as error:
        _undo(root, replaced)
        for scratch in scratches.values():
            scratch.unlink(missing_ok=True)
        for folder in folders:
            if not any(folder.iterdir()):
                folder.rmdir()
        raise ConfigError(
            f"The files could not be written: {error.strerror or error}.",
            untouched="None of them was changed.",
            remedy="Correct the cause (space, rights), then run init again.",
        ) from error


def _scratch(target: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".tmp-")
    scratch = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode())
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
        scratch.chmod(mode)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    return scratch


def _undo(root: Path, replaced: Sequence[FileEdit]) -> None:
    for edit in replaced:
        if edit.before is None:
            (root / edit.path).unlink(missing_ok=True)
        else:
            (root / edit.path).write_bytes(edit.before.encode())
