"""The files that DVC tracks of a path, as the work tree has them now.

Belongs here: asking DVC, whose ignore rules and hashes decide. Does not: what dvc.lock or a commit
says (`tracked`). Files that were hashed before and did not change since are not read again.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Any

from dvc.repo.index import Index
from dvc_data.hashfile.build import IgnoreInCollectedDirError, build
from dvc_data.hashfile.tree import Tree

from datarelease.adapters.dvc.open import opened
from datarelease.errors import ConfigError
from datarelease.model.paths import within
from datarelease.model.versions.snapshot import WHOLE, Entry
from datarelease.model.wording import nearest_name

_MD5 = "md5"


@dataclass(frozen=True, kw_only=True)
class TrackedFiles:
    """The files of the work tree that DVC counts."""

    entries: tuple[Entry, ...]
    """Sorted, with the hashes that DVC would record now; as a snapshot of a commit lists them."""
    files: Mapping[str, Path]
    """Where each file is, by its name inside the path that was asked for."""
    digests: Mapping[str, str]
    """The hash of each file, by the same name."""
    cache: Path
    """The directory of the objects in DVC's cache."""


def tracked_files(root: Path, path: str) -> TrackedFiles:
    """The outputs at and below ``path`` (relative to ``root``), or the part of one that it is.

    Left out are what ``.dvcignore`` names, and files that are beside the outputs.

    Raises:
        ConfigError: DVC tracks nothing there, has no data there, or cannot read the repository.
    """
    with opened(root) as repo:
        here = Path(repo.root_dir)
        outs = _outputs(repo, here, path)
        entries: list[Entry] = []
        files: dict[str, Path] = {}
        digests: dict[str, str] = {}
        for place in _places(path, outs):
            md5, listed = _built(repo, here / place, place)
            name = posixpath.basename(path) if place == path else posixpath.relpath(place, path)
            if listed is None:
                entries.append(Entry(path=name, md5=md5))
                files[name], digests[name] = here / place, md5
                continue
            folder = "" if place == path else name
            parts = {posixpath.join(folder, part): own for part, own in listed.items()}
            if place in outs:
                entries.append(Entry(path=folder or WHOLE, md5=md5))
            else:
                entries += [Entry(path=part, md5=own) for part, own in parts.items()]
            files |= {part: here / path / part for part in parts}
            digests |= parts
        cache = Path(repo.cache.local.path)
    return TrackedFiles(entries=tuple(sorted(entries)), files=files, digests=digests, cache=cache)


def not_ignored(root: Path, files: Iterable[str]) -> tuple[str, ...]:
    """Those of ``files`` (relative to ``root``) that ``.dvcignore`` lets DVC track."""
    with opened(root) as repo:
        here, ignore = Path(repo.root_dir), repo.dvcignore
        return tuple(name for name in files if not ignore.is_ignored_file(str(here / name)))


def _outputs(repo: Any, here: Path, path: str) -> list[str]:
    """The outputs of the repository, or those of the one ``.dvc`` file that tracks ``path``.

    A ``.dvc`` file has the name of its data. Where it is there, the other files need not be read:
    DVC's index reads all of them, in every stage anew, and no two outputs overlap.
    """
    for place in (PurePosixPath(path), *PurePosixPath(path).parents):
        beside = str(here / f"{place}.dvc")
        if Path(beside).is_file() and not (
            repo.dvcignore.is_ignored_file(beside) or repo.scm.is_ignored(beside)
        ):
            outs = _inside(Index.from_file(repo, beside), here)
            if _holds(outs, path):
                return outs
    return _inside(repo.index, here)


def _inside(index: Index, here: Path) -> list[str]:
    """The local outputs of an index below ``here``, relative to it."""
    places = [Path(out.fs_path) for out in index.outs if out.protocol == "local"]
    return [place.relative_to(here).as_posix() for place in places if place.is_relative_to(here)]


def _holds(outs: Sequence[str], path: str) -> bool:
    """``path`` is one of the outputs, or in one."""
    return any(within(path, out) for out in outs)


def _places(path: str, outs: Sequence[str]) -> list[str]:
    """The output that is or holds ``path``, as ``path``; else the outputs in it."""
    if _holds(outs, path):
        return [path]
    inside = sorted(out for out in outs if out.startswith(f"{path}/"))
    if not inside:
        near = nearest_name(path, outs)
        raise ConfigError(
            f"DVC tracks no output {path!r}" + (f"; did you mean {near!r}?" if near else "."),
            untouched="Nothing was written.",
            remedy=f"Track it (`dvc add {quote(path)}`, or `outs:` of the stage that makes it), "
            "or correct its path under artifacts in dvc.yaml.",
        )
    return inside


def _refuse_special_files(place: Path, name: str) -> None:
    """Fail for what is neither a file nor a directory: DVC would wait for a pipe to be written."""
    folders = [place]
    while folders:
        try:
            entries = list(os.scandir(folders.pop()))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            elif not entry.is_file(follow_symlinks=False) and _is_special(entry):
                inside = Path(entry.path).relative_to(place).as_posix()
                raise ConfigError(
                    f"{name}: {inside!r} is a pipe, a socket or a device, and not a file.",
                    untouched="Nothing was written.",
                    remedy="Remove it.",
                )


def _is_special(entry: os.DirEntry[str]) -> bool:
    """Also what a link leads to; one that leads nowhere is for DVC to refuse."""
    try:
        mode = entry.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _built(repo: Any, place: Path, name: str) -> tuple[str, dict[str, str] | None]:
    """The hash of a file or directory, and those of the directory's files by path in it."""
    try:
        if repo.dvcignore.is_ignored(repo.fs, str(place)):
            raise ConfigError(
                f".dvcignore excludes {name}: DVC does not track it.",
                untouched="Nothing was written.",
                remedy="Correct .dvcignore, or the path under artifacts in dvc.yaml.",
            )
        _refuse_special_files(place, name)
        odb, ignore = repo.cache.local, repo.dvcignore
        _, _, built = build(odb, str(place), repo.fs, _MD5, ignore=ignore, dry_run=True)
    except FileNotFoundError as error:
        raise ConfigError(
            f"{name} is not in the work tree.",
            untouched="Nothing was written.",
            remedy="Get it with `dvc repro` or `dvc pull`.",
        ) from error
    except IgnoreInCollectedDirError as error:
        raise ConfigError(
            f"{name} cannot be tracked by DVC: {error}",
            untouched="Nothing was written.",
            remedy="Move that .dvcignore to the directory above.",
        ) from error
    if not isinstance(built, Tree):
        return str(built.hash_info.value), None
    listed = {"/".join(key): str(found.value) for key, _, found in built}
    return str(built.hash_info.value), listed
