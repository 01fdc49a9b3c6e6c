"""Files of this machine copied, many at once, so that they survive a power loss."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from datarelease.errors import WorldError

_CHUNK, _SHARE = 1 << 20, 64 << 20
"""Bytes that are copied at once by this process, and by the kernel."""


def unreadable_file(path: Path, error: OSError) -> WorldError:
    """The error for a local file that was to be uploaded and cannot be read."""
    return WorldError(
        f"{path} cannot be read: {error.strerror or error}.",
        remedy="Restore the data (`dvc pull`, or `dvc repro`), then run the same command again.",
    )


def copy_files(files: Mapping[str, Path]) -> None:
    """Copy files (target: source) into folders that are there, each in full or not at all.

    All are written before the first is brought to the disk: one entry in the journal of a file
    system then holds them all. Paths are strings, and files stay open until they have their name:
    with thousands of small files, anything else costs more than to copy them.
    """
    written: list[tuple[int, str]] = []
    placed = 0
    try:
        for target, source in files.items():
            written.append(_scratch(target.rpartition("/")[0]))
            _copy(source, written[-1][0])
        for handle, _ in written:
            os.fsync(handle)
        for (handle, scratch), target in zip(written, files, strict=True):
            os.fchmod(handle, 0o644)
            os.replace(scratch, target)  # noqa: PTH105 - strings
            placed += 1
    finally:
        for handle, _ in written:
            os.close(handle)
        for _, scratch in written[placed:]:
            with suppress(FileNotFoundError):
                os.unlink(scratch)  # noqa: PTH108 - a string


def _scratch(folder: str) -> tuple[int, str]:
    """A new file in ``folder``, open to be written; nobody else reads it before it is complete."""
    name = f"{folder}/.tmp-{secrets.token_hex(8)}"
    return os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), name


def _copy(source: Path, target: int) -> None:
    """Write the bytes of a file to an open one.

    Raises:
        WorldError: The file is none, or cannot be read.
    """
    try:
        handle = os.open(source, os.O_RDONLY | os.O_NONBLOCK)  # which does not wait at a pipe
    except OSError as error:
        raise unreadable_file(source, error) from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise unreadable_file(source, FileNotFoundError(errno.ENOENT, "No such file"))
        if found.st_size > _CHUNK and sys.platform == "linux":
            # Without a way through this process; some file systems let both share their blocks.
            # Others refuse, and a fault comes again below, where what is left is copied.
            with suppress(OSError):
                while os.copy_file_range(handle, target, _SHARE):
                    pass
        while chunk := memoryview(os.read(handle, _CHUNK)):
            while chunk:
                chunk = chunk[os.write(target, chunk) :]
    finally:
        os.close(handle)
