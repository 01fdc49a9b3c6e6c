"""Files that no dataset may have: links that lead outside, and names that readers refuse."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from datarelease.errors import Problem, SettingsError
from datarelease.flows.workspace import Workspace
from datarelease.model.paths import path_fault

_SHOWN = 8


def refuse_unfit_files(ws: Workspace, paths: Sequence[str]) -> None:
    """Nothing at ``paths`` (files or directories) leads out of the repository or is misnamed.

    A link within the repository is the data that it leads to; one into DVC's cache is how DVC may
    lay files out.

    Raises:
        SettingsError: A symbolic link that leads elsewhere, or a name that readers refuse.
    """
    root = ws.root.resolve()
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    homes = (str(top), os.path.realpath(ws.objects.cache.parent.parent))
    faults = dict(fault for path in dict.fromkeys(paths) for fault in _faults(root, path, homes))
    if not faults:
        return
    ignored = set(ws.dvc.ignored(tuple(faults)))
    problems = [
        Problem(where=_shown(path), what=what)
        for path, what in faults.items()
        if path not in ignored
    ]
    if problems:
        more = len(problems) - _SHOWN
        last = [Problem(where="…", what=f"{more} more")] if more > 0 else []
        raise SettingsError(
            [*problems[:_SHOWN], *last],
            untouched="Nothing was pushed or tagged.",
            remedy=(
                "Replace a link by the file itself, or rename the file, or exclude it with "
                ".dvcignore."
            ),
        )


def _faults(root: Path, path: str, homes: Sequence[str]) -> Iterator[tuple[str, str]]:
    parts = path.split("/")
    for number in range(len(parts)):
        way = "/".join(parts[: number + 1])
        if (root / way).is_symlink() and (what := _link(root / way, homes)):
            yield way, what
            return
    yield from _inside(root, path, homes)


def _inside(root: Path, path: str, homes: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not (root / path).is_dir():
        return
    with os.scandir(root / path) as entries:
        for entry in entries:
            name = f"{path}/{entry.name}"
            fault = path_fault(entry.name)
            if fault:
                yield name, f"a file of a dataset cannot have this name: {fault}"
            elif entry.is_symlink():
                what = _link(Path(entry.path), homes)
                if what:
                    yield name, what
            elif entry.is_dir(follow_symlinks=False):
                yield from _inside(root, name, homes)


def _link(link: Path, homes: Sequence[str]) -> str | None:
    end = Path(os.path.realpath(link))
    top, cache = homes
    if end.is_relative_to(cache):
        return None
    if not end.is_relative_to(top):
        return f"it is a symbolic link that leads outside the repository, to {end}"
    inside = end.relative_to(top).as_posix()
    # Keys may be there (.dvc/config.local), and git's own files.
    return f"it is a symbolic link to {inside}" if {*inside.split("/")} & {".dvc", ".git"} else None


def _shown(path: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in path)
