"""Which files below some directories any process opened: how a test counts reads of data."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_IN_OPEN = 0x20
_IN_NONBLOCK = 0o4000
_IN_ISDIR = 0x40000000
_HEADER = struct.Struct("iIII")
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def opened_files(*folders: Path) -> Iterator[set[Path]]:
    """The files at and below ``folders`` that are opened while the block runs, whoever does it.

    The set is filled when the block ends. Files of directories that are made meanwhile are not
    seen. See inotify(7).
    """
    handle = _libc.inotify_init1(_IN_NONBLOCK)
    if handle < 0:
        raise OSError(ctypes.get_errno(), "inotify_init1")
    watched: dict[int, Path] = {}
    opened: set[Path] = set()
    try:
        for folder in folders:
            for place in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
                number = _libc.inotify_add_watch(handle, os.fsencode(place), _IN_OPEN)
                if number < 0:
                    raise OSError(ctypes.get_errno(), f"inotify_add_watch {place}")
                watched[number] = place
        yield opened
        opened |= set(_events(handle, watched))
    finally:
        os.close(handle)


def _events(handle: int, watched: dict[int, Path]) -> Iterator[Path]:
    while True:
        try:
            data = os.read(handle, 1 << 20)
        except BlockingIOError:
            return
        while data:
            number, mask, _, length = _HEADER.unpack_from(data)
            name, data = data[_HEADER.size : _HEADER.size + length], data[_HEADER.size + length :]
            if not mask & _IN_ISDIR:
                yield watched[number] / os.fsdecode(name.rstrip(b"\0"))
