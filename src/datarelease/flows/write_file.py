"""Files written for people, where what is in the way belongs to them."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datarelease.adapters.store.directory import replacing
from datarelease.errors import ConfigError, WorldError, disk_fault

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def written(target: Path) -> Iterator[Path]:
    """A temporary neighbour of ``target`` that takes its place when the block ends well.

    Raises:
        ConfigError: It cannot be written there: a directory or file is in the way, no right to
            write.
        WorldError: A full or broken disk.
    """
    try:
        with replacing(target) as scratch:
            yield scratch
    except OSError as error:
        if error.errno in _FULL:  # copying names the source alone, whose disk has room
            raise WorldError(
                f"{target} cannot be written: {error.strerror or error}.",
                untouched="Nothing was written there.",
                remedy="Free space on its disk, or name another place, then run the command again.",
            ) from error
        raise disk_fault(error) or ConfigError(
            f"{target} cannot be written: {error.strerror or error}.",
            untouched="Nothing was written there.",
            remedy="Move what is in the way, or name another place, then run the command again.",
        ) from error


def write(target: Path, data: bytes) -> None:
    """Make ``data`` the content of ``target``, whole or not at all."""
    with written(target) as scratch:
        scratch.write_bytes(data)


def read(target: Path) -> bytes | None:
    """The bytes of a file; None: there is no such file."""
    try:
        return target.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
