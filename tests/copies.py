"""Folders copied with few calls of the system: a template becomes a project thousands of times."""

from __future__ import annotations

import os
from pathlib import Path


def copy_tree(source: Path, target: Path) -> Path:
    """A copy of the folder ``source`` at ``target``, which must not be there.

    Files keep what git and DVC look at, their modes and times; links stay links.
    `shutil.copytree` asks and sets more of each file, which takes three times as long.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _copy(str(source), str(target))
    return target


def _copy(source: str, target: str) -> None:
    os.mkdir(target)  # noqa: PTH102 - paths as text: half of the time would be that of `Path`
    with os.scandir(source) as entries:
        for entry in entries:
            copy = f"{target}/{entry.name}"
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), copy)  # noqa: PTH115, PTH211 - as above
            elif entry.is_dir():
                _copy(entry.path, copy)
            else:
                _copy_file(entry, copy)


def _copy_file(entry: os.DirEntry[str], copy: str) -> None:
    about = entry.stat()
    reading = os.open(entry.path, os.O_RDONLY)
    try:
        writing = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            while os.sendfile(writing, reading, None, 1 << 30):
                pass
            os.fchmod(writing, about.st_mode & 0o7777)
            os.utime(writing, ns=(about.st_atime_ns, about.st_mtime_ns))
        finally:
            os.close(writing)
    finally:
        os.close(reading)
