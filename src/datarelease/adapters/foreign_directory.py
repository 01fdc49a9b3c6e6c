"""A directory with files from elsewhere: read as bytes, within limits, without following links."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from datarelease.errors import ConfigError


def read_inside(root: Path, name: str, *, limit: int) -> bytes | None:
    """The bytes of the file ``name`` below ``root``; None: there is no such file.

    Args:
        root: The directory; it may itself be reached through a link.
        name: Relative path with forward slashes.
        limit: Bytes that the file may have.

    Raises:
        ConfigError: The path leads out, a link or special file is on the way, or it is too large.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts:
        raise _refused(root, name, "the path leads outside the directory")
    path = root
    for part in parts:
        path /= part
        if path.is_symlink():
            raise _refused(root, name, "it is a symbolic link")
    if not path.exists():
        return None
    if not path.is_file():
        raise _refused(root, name, "it is not a regular file")
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise _refused(root, name, f"it has more than {limit:,} bytes")
    return data


def refuse_links(root: Path) -> None:
    """Nothing below ``root`` but directories and regular files.

    Raises:
        ConfigError: A link or special file is there.
    """
    for folder, names, files in os.walk(root):
        for name in (*names, *files):
            path = Path(folder, name)
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                relative = path.relative_to(root).as_posix()
                raise _refused(root, relative, "it is a link or a special file")


def refuse_links_to(root: Path, names: Iterable[str]) -> None:
    """Nothing that is written to the files ``names`` below ``root`` goes through a link.

    Args:
        root: A directory, which need not be there yet.
        names: Relative paths with forward slashes.

    Raises:
        ConfigError: ``root``, a file, or a directory on the way to one is a symbolic link.
    """
    seen: set[str] = set()
    for name in names:
        way = name
        while way and way not in seen:
            seen.add(way)
            way = way.rpartition("/")[0]
    for way in ("", *sorted(seen)):
        if (root / way).is_symlink():
            raise ConfigError(
                f"{root / way} is a symbolic link, and links are not followed.",
                untouched="Nothing was written.",
                remedy="Remove the link, or name another directory.",
            )


def _refused(root: Path, name: str, why: str) -> ConfigError:
    return ConfigError(
        f"{name!r} in {root} is refused: {why}.",
        untouched="Nothing was read from it.",
        remedy="Run the job that made it again; if that does not help, find out who changed it.",
    )
