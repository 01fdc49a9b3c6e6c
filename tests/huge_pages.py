"""The memory of this process in huge pages, so that forks of it are cheap.

A fork copies the table of all pages that hold data of its parent, and its end walks that table
again. A process that has everything loaded has 50,000 of them, which took 25 ms of the processor a
fork on a virtual machine, and half of that with huge pages.
"""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path

_HUGE = 2 << 20
"""Bytes of a huge page."""
_COLLAPSE = 25
"""`MADV_COLLAPSE` of Linux, from 6.1 on: put these pages together into a huge one, at once."""
_DATA = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p 0+ 00:00 0\s*(?:\[heap\])?")
"""A line of `/proc/self/maps`: memory that is of no file, and may be written."""


def use_huge_pages() -> int:
    """How many huge pages there are now in place of small ones; none where the system has none."""
    if sys.platform != "linux":
        return 0
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    places = [
        start
        for line in Path("/proc/self/maps").read_text(encoding="ascii").splitlines()
        if (found := _DATA.fullmatch(line))
        for start in range(-(-int(found[1], 16) // _HUGE) * _HUGE, int(found[2], 16), _HUGE)
        if start + _HUGE <= int(found[2], 16)
    ]
    # It refuses what was never written to, such as the stacks of threads, and older kernels all.
    return sum(advise(start, _HUGE, _COLLAPSE) == 0 for start in places)
