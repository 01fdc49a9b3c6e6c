"""Changes of somebody's files: drafted as values, then written whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from datarelease.adapters.yaml_edit import read_mapping, refuse_conflict
from datarelease.errors import ConfigError
from datarelease.model.adoption import FileEdit, Note, yaml_flow
from datarelease.model.project import REPOSITORY
from datarelease.settings.artifacts import DATASETS_FILE
from datarelease.settings.places import PARAMS_FILE

DVC_CONFIG = ".dvc/config"


class Drafts:
    """The files of a plan, read once and edited in memory."""

    def __init__(self, root: Path) -> None:
        """Plan for the work tree at ``root``."""
        self._root = root
        self._before: dict[str, str | None] = {}
        self._edits: dict[str, FileEdit] = {}
        self.skipped: list[Note] = []
        """Files and parts of files that are already there."""
        self.left_out: list[Note] = []
        """What is not changed, and why."""

    @property
    def edits(self) -> tuple[FileEdit, ...]:
        """What will be written, in the order planned."""
        return tuple(self._edits.values())

    def text(self, path: str) -> str:
        """The text that the file has, or will have; empty where there is none.

        Raises:
            SettingsError: A merge is not resolved.
            ConfigError: It cannot be read, or is not text.
        """
        if path in self._edits:
            return self._edits[path].after
        return self._read(path) or ""

    def mapping(self, path: str) -> dict[str, Any]:
        """What that text says as YAML; empty where there is nothing in it.

        Raises:
            SettingsError: Merge conflict markers, not YAML, or not a mapping.
        """
        return read_mapping(self.text(path), path)

    def is_missing(self, path: str) -> bool:
        """Nothing is at ``path``, in the plan neither."""
        place = self._root / path
        return path not in self._edits and not place.exists() and not place.is_symlink()

    def skip(self, what: str) -> None:
        """Record a step whose result exists."""
        self.skipped.append(Note(what=what, why="already there"))

    def leave(self, what: str, why: str) -> None:
        """Record something that is not changed."""
        self.left_out.append(Note(what=what, why=why))

    def create(self, path: str, text: str, *, why: str) -> None:
        """Plan a new file; one that is there stays as it is."""
        if self.is_missing(path):
            self._edit(path, None, text, why)
        elif self._read(path) == text:
            self.skip(path)
        else:
            self.leave(path, "it differs from what init would write; your file is not changed")

    def edit(self, path: str, text: str, *, why: str) -> None:
        """Plan the content ``text`` for the file at ``path``; it includes the present content."""
        before = self._read(path)
        if before == text:
            self.skip(path)
        else:
            self._edit(path, before, text, why)

    def _edit(self, path: str, before: str | None, text: str, why: str) -> None:
        refuse_unwritable(self._root, path)
        self._edits[path] = FileEdit(path=path, before=before, after=text, why=why)

    def _read(self, path: str) -> str | None:
        if path not in self._before:
            self._before[path] = text_at(self._root / path, path)
            refuse_conflict(self._before[path] or "", path)
        return self._before[path]


def text_at(place: Path, name: str) -> str | None:
    """The text of the file at ``place``, every byte of it; None: there is none.

    Raises:
        ConfigError: It cannot be read, or is not UTF-8.
    """
    if not place.exists():
        return None
    try:
        return place.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{name} is not UTF-8.",
            remedy="Save it as UTF-8, then run `datarelease init` again.",
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{name} cannot be read: {error.strerror or error}.",
            remedy="Correct the cause, then run the command again.",
        ) from error


def refuse_unwritable(root: Path, path: str) -> None:
    """Refuse a place that init must not or cannot write to.

    Raises:
        ConfigError: A symbolic link on the way, no plain file, or no right to write.
    """
    place = root
    for part in Path(path).parts:
        place /= part
        if place.is_symlink():
            raise _refused(path, f"{place.relative_to(root)} is a symbolic link")
    if place.exists() and not place.is_file():
        raise _refused(path, "it is not a plain file")
    existing = place if place.exists() else next(p for p in place.parents if p.exists())
    if existing != place and not existing.is_dir():
        raise _refused(path, f"{existing.relative_to(root)} exists already")
    for checked in {existing, existing if existing.is_dir() else existing.parent}:
        # Root may write anywhere; a file that nobody may write to is meant to stay as it is.
        writable = stat.S_IMODE(checked.stat().st_mode) & 0o222
        if not writable or not os.access(checked, os.W_OK):
            raise _refused(path, f"{checked.relative_to(root)} is read-only")


def _refused(path: str, why: str) -> ConfigError:
    return ConfigError(
        f"{path} cannot be written: {why}.",
        remedy="Put a plain, writable file (or none) there, then run `datarelease init` again.",
    )


def refuse_ignored(rules: Mapping[str, str]) -> None:
    """Refuse to write what git would never hold; ``rules`` are by path.

    Raises:
        ConfigError: There is one; all of them, with the rules.
    """
    if rules:
        lines = "".join(f"\n  {path}: {rule}" for path, rule in rules.items())
        raise ConfigError(
            f"git ignores files that have to be committed:{lines}",
            remedy="Remove these rules (or add an exception below them), then run "
            "`datarelease init` again.",
        )


def refuse_broken(root: Path) -> None:
    """Refuse settings files that are not YAML, before DVC reads them.

    Raises:
        SettingsError: Merge conflict markers, not YAML, or not a mapping; with line and column.
    """
    drafts = Drafts(root)
    for name in (DATASETS_FILE, PARAMS_FILE):
        drafts.mapping(name)


def refuse_changed(root: Path, edits: Sequence[FileEdit]) -> None:
    """Refuse to write over what somebody wrote after the plan was made.

    Raises:
        ConfigError: A file is not what it was, or cannot be written.
    """
    for edit in edits:
        refuse_unwritable(root, edit.path)
        if text_at(root / edit.path, edit.path) != edit.before:
            raise ConfigError(
                f"{edit.path} was changed while the plan was shown.",
                remedy="Run the command again.",
            )


def write_all(root: Path, edits: Sequence[FileEdit]) -> None:
    """Write all files or none: to temporary neighbours first, and back again after a failure.

    Raises:
        ConfigError: One could not be written; everything is as it was.
    """
    try:
        with ExitStack() as undo:
            scratches = [_scratch(root / edit.path, edit.after, undo) for edit in edits]
            for edit, scratch in zip(edits, scratches, strict=True):
                scratch.replace(root / edit.path)
                undo.callback(_restore, root / edit.path, edit.before)
            undo.pop_all()
    except OSError as error:
        raise ConfigError(
            f"The files could not be written: {error.strerror or error}.",
            untouched="None of them was changed.",
            remedy="Correct the cause (disk space or permissions), then run the command again.",
        ) from error


def _scratch(target: Path, text: str, undo: ExitStack) -> Path:
    """A file beside ``target`` with ``text`` and the mode that ``target`` has or shall have."""
    for folder in reversed([parent for parent in target.parents if not parent.exists()]):
        folder.mkdir()
        undo.callback(folder.rmdir)
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".tmp-")
    scratch = Path(name)
    undo.callback(scratch.unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as stream:
        stream.write(text.encode())
    scratch.chmod(mode)
    return scratch


def _restore(place: Path, text: str | None) -> None:
    if text is None:
        place.unlink(missing_ok=True)
    else:
        place.write_bytes(text.encode())


def rendered(template: str, **values: Any) -> str:
    """The text of a template; ``| yaml`` spells a value in it as YAML."""
    return _templates().get_template(template).render(home=REPOSITORY, **values)


@cache
def _templates() -> Environment:
    """The templates of files in a repository, each of which is compiled once."""
    # GitHub's own ${{ }} must come through, so the marks are others than usual.
    found = Environment(
        loader=PackageLoader("datarelease"),
        undefined=StrictUndefined,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML, whose values `yaml_flow` spells
    )
    found.filters["yaml"] = yaml_flow
    return found
