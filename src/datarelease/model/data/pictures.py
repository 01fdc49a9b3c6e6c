"""Images among the files of a dataset: their sizes in pixels, and small copies for a report."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_COPY = 12_000
"""Characters of a copy in Base64."""
_JPEG = re.compile(r"/9j/[A-Za-z0-9+/]+={0,2}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class PictureFacts:
    """What the head of an image says."""

    width: int
    height: int
    mode: str
    """As Pillow calls it: ``RGB``, ``L``, ``RGBA``, ``CMYK``."""


@dataclass(frozen=True, kw_only=True)
class PictureModes:
    """How many images have one mode."""

    mode: str
    pictures: int


@dataclass(frozen=True, kw_only=True)
class PictureStatistics:
    """Width and height (smallest, median, largest) and modes of images."""

    pictures: int
    """Those that could be read."""
    unreadable: int
    """Files that are called images and are none that can be read."""
    width: tuple[int, int, int]
    height: tuple[int, int, int]
    modes: tuple[PictureModes, ...]
    """Most frequent first, then by name."""


@dataclass(frozen=True, kw_only=True)
class PictureChange:
    """An image that was added, removed or changed, as small copies."""

    kind: str
    path: str
    before: str | None = None
    """A JPEG in Base64; None: there was none, or it is not here or cannot be shown."""
    after: str | None = None
    facts: PictureFacts | None = None
    """Of the present image or, of one that was removed, of the last."""


@dataclass(frozen=True, kw_only=True)
class PicturesReport:
    """The images of a dataset of files, as far as they are on this machine."""

    statistics: PictureStatistics | None
    """Of the present files; None: not all of them are here."""
    changes: tuple[PictureChange, ...] = ()
    """A few of each kind."""


def is_copy(text: str) -> bool:
    """``text`` can be shown as a picture: a JPEG in Base64 and nothing else, and not too long.

    >>> is_copy("/9j/4AAQ"), is_copy("/9j/4AAQ' onerror='x")
    (True, False)
    """
    return len(text) <= LONGEST_COPY and _JPEG.fullmatch(text) is not None
