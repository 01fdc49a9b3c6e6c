"""Pictures of unknown origin: their figures, small copies, and what is not decoded."""

from __future__ import annotations

import base64
import io
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datarelease.analysis.files import pictures
from datarelease.analysis.files.pictures import picture_facts, picture_statistics, small_copy
from datarelease.model.data.pictures import LONGEST_COPY, PictureFacts, is_copy


def saved(path: Path, kind: str, mode: str = "RGB", size: tuple[int, int] = (400, 200)) -> Path:
    """A picture in a format."""
    Image.new(mode, size, 200 if mode in {"L", "P", "1"} else (200, 100, 0, 128)[: len(mode)]).save(
        path, kind
    )
    return path


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG file that says it has so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunks or (chunk(b"IDAT", zlib.compress(bytes(1000))),)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("JPEG", "L"), ("JPEG", "CMYK"),
     ("GIF", "P"), ("WEBP", "RGB"), ("BMP", "RGB")],
)  # fmt: skip
def test_pictures_have_figures_and_small_copies(kind: str, mode: str, tmp_path: Path) -> None:
    """A copy is a JPEG of at most 128 pixels a side, whatever the picture was."""
    place = saved(tmp_path / "picture", kind, mode)
    facts = picture_facts(place)
    assert facts is not None
    assert (facts.width, facts.height) == (400, 200)
    copy = small_copy(place)
    assert copy is not None
    assert is_copy(copy)
    with Image.open(io.BytesIO(base64.b64decode(copy))) as shown:
        assert (shown.format, shown.size) == ("JPEG", (128, 64))


def test_a_copy_of_noise_fits(tmp_path: Path) -> None:
    """What compresses badly is stored in less quality, or not shown."""
    Image.effect_noise((600, 600), 200).convert("RGB").save(tmp_path / "noise.png")
    copy = small_copy(tmp_path / "noise.png")
    assert copy is None or len(copy) <= LONGEST_COPY


@pytest.mark.parametrize(
    "made",
    [
        lambda: png(100_000, 100_000),
        lambda: png(30_000, 30_000),
        lambda: png(20, 20, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000)))),
        lambda: png(10, 10)[:40],
        lambda: b"",
        lambda: b"not a picture",
        lambda: b"GIF89a" + b"\xff" * 7,
        lambda: b"\xff\xd8\xff" * 1000,
    ],
    ids=["huge", "large", "text bomb", "cut", "empty", "text", "broken gif", "broken jpeg"],
)
def test_bombs_and_damaged_files_are_not_decoded(made: Callable[[], bytes], tmp_path: Path) -> None:
    """A few bytes that claim gigabytes cost neither time nor memory, and nothing is shown."""
    place = tmp_path / "picture.png"
    place.write_bytes(made())
    begin = time.process_time()
    picture_facts(place)
    assert small_copy(place) is None
    assert time.process_time() - begin < 10


def test_a_picture_with_too_many_pixels_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head says how many there are; the figures are told all the same."""
    place = saved(tmp_path / "picture.png", "PNG")
    monkeypatch.setattr(pictures, "MOST_PIXELS", 1000)
    assert small_copy(place) is None
    assert picture_facts(place) == PictureFacts(width=400, height=200, mode="RGB")


@pytest.mark.parametrize("kind", ["TIFF", "EPS", "PCX", "TGA", "ICNS", "PPM"])
def test_only_decoders_on_the_list_are_tried(kind: str, tmp_path: Path) -> None:
    """Pillow has many decoders, some of which start programs: a name like `.png` reaches none."""
    place = saved(tmp_path / "picture.png", kind, size=(64, 64))
    assert picture_facts(place) is None
    assert small_copy(place) is None


@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_bytes_break_the_reader(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, at: int
) -> None:
    """Whatever stands in a file: figures and a copy, or nothing."""
    place = tmp_path_factory.mktemp("any") / "picture"
    whole = png(20, 20)
    place.write_bytes(whole[:at] + data + whole[at:])
    picture_facts(place)
    copy = small_copy(place)
    assert copy is None or is_copy(copy)


def test_statistics_of_pictures() -> None:
    """Smallest, median and largest of each side, modes, and what cannot be read."""
    facts = [PictureFacts(width=w, height=2 * w, mode="L" if w > 2 else "RGB") for w in (1, 2, 3)]
    found = picture_statistics([*facts, None])
    assert found is not None
    assert (found.pictures, found.unreadable) == (3, 1)
    assert (found.width, found.height) == ((1, 2, 3), (2, 4, 6))
    assert [(one.mode, one.pictures) for one in found.modes] == [("RGB", 2), ("L", 1)]
    assert picture_statistics([None]) is None
