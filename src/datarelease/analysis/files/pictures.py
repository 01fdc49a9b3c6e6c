"""Pictures: what their heads say, and small copies of a few. Needs Pillow, an optional part.

Files are whatever somebody put there. Only decoders on a short list are tried, no picture with more
pixels than the limit is decoded (the head says how many there are), nor a larger file, and what a
decoder refuses is not shown. Decoders are code in C all the same: this runs in a check alone, which
needs no secret, and never in a release.
"""

from __future__ import annotations

import base64
import io
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from datarelease.model.data.pictures import (
    PictureFacts,
    PictureModes,
    PictureStatistics,
    is_copy,
)

if TYPE_CHECKING:
    from PIL import Image

PICTURE_KINDS = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
"""Content types that are looked at."""
_DECODERS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
MOST_PIXELS = 40_000_000
MOST_BYTES = 50_000_000
"""Of a file that is decoded."""
SIDE = 128
"""Pixels of the longer side of a copy."""
_QUALITIES = (75, 50, 25)
_WHITE = (255, 255, 255)


def is_available() -> bool:
    """Pillow is installed; it is not loaded for this."""
    return find_spec("PIL") is not None


def picture_facts(place: Path) -> PictureFacts | None:
    """Width, height and mode by the head of a file; None: it is no picture that can be read."""
    opened = _opened(place)
    if opened is None:
        return None
    with opened:
        return PictureFacts(width=opened.width, height=opened.height, mode=opened.mode)


def small_copy(place: Path) -> str | None:
    """A small copy as a JPEG in Base64; None: the file is too large or cannot be decoded."""
    opened = _opened(place)
    if opened is None:
        return None
    from PIL import Image  # noqa: PLC0415 - an optional part

    with opened, warnings.catch_warnings():
        warnings.simplefilter("error")
        if opened.width * opened.height > MOST_PIXELS or place.stat().st_size > MOST_BYTES:
            return None
        try:
            opened.draft("RGB", (SIDE, SIDE))
            opened.thumbnail((SIDE, SIDE))
            with_alpha = opened.convert("RGBA")
            copy = Image.new("RGB", with_alpha.size, _WHITE)
            copy.paste(with_alpha, mask=with_alpha.getchannel("A"))
        except _FAULTS:
            return None
    return _encoded(copy)


_FAULTS = (
    OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError, AttributeError,
    MemoryError, EOFError, Warning, RuntimeError,
)  # fmt: skip
"""What Pillow's decoders raise for damaged files; bombs are a `Warning` or a `RuntimeError`."""


def _opened(place: Path) -> Image.Image | None:
    """The picture, of which only the head is read; None: none of the decoders takes it."""
    from PIL import Image  # noqa: PLC0415 - an optional part

    try:
        with warnings.catch_warnings():
            # Of a picture that is too large only the figures are wanted.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(place, formats=_DECODERS)
    except (*_FAULTS, Image.DecompressionBombError):
        return None


def _encoded(copy: Image.Image) -> str | None:
    for quality in _QUALITIES:
        stream = io.BytesIO()
        copy.save(stream, "JPEG", quality=quality)
        text = base64.b64encode(stream.getvalue()).decode()
        if is_copy(text):
            return text
    return None


def picture_statistics(found: Iterable[PictureFacts | None]) -> PictureStatistics | None:
    """Statistics of pictures, of which None cannot be read; None: there is no picture."""
    every = list(found)
    facts = [one for one in every if one is not None]
    if not facts:
        return None
    modes = Counter(one.mode for one in facts)
    return PictureStatistics(
        pictures=len(facts),
        unreadable=len(every) - len(facts),
        width=_spread([one.width for one in facts]),
        height=_spread([one.height for one in facts]),
        modes=tuple(
            PictureModes(mode=mode, pictures=count)
            for mode, count in sorted(modes.items(), key=lambda item: (-item[1], item[0]))
        ),
    )


def _spread(values: Sequence[int]) -> tuple[int, int, int]:
    ordered = sorted(values)
    return ordered[0], ordered[(len(ordered) - 1) // 2], ordered[-1]
