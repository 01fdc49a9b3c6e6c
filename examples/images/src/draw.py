"""Draws pictures into data/images: what a camera, or a colleague, would send.

``python src/draw.py 60`` draws the first 60. They are made up, from a fixed seed: picture 17 is the
same whenever it is drawn. A team has real photographs instead, and no such script.
"""

from __future__ import annotations

import random
import struct
import sys
import zlib
from pathlib import Path

SIZE = 24
COLOURS = {"daisy": (250, 250, 235), "poppy": (200, 30, 40), "violet": (110, 60, 170)}
"""Petals by kind."""
GRASS = (70, 130, 60)


def main() -> None:
    """Draw as many pictures as the command line says; those that are there stay."""
    folder = Path("data/images")
    for number in range(1, int(sys.argv[1]) + 1):
        kind = list(COLOURS)[number % len(COLOURS)]
        path = folder / kind / f"{kind}_{number:04}.png"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(flower(number, COLOURS[kind])))


def flower(number: int, colour: tuple[int, int, int]) -> list[bytes]:
    """The rows of a picture: a spot on grass, somewhere."""
    draw = random.Random(number)
    middle, radius = (draw.randint(8, 15), draw.randint(8, 15)), draw.randint(4, 8)
    return [
        b"".join(
            bytes(colour if abs(x - middle[0]) + abs(y - middle[1]) <= radius else GRASS)
            for x in range(SIZE)
        )
        for y in range(SIZE)
    ]


def png(rows: list[bytes]) -> bytes:
    """A PNG file (PNG specification, third edition), not compressed: equal bytes everywhere."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", SIZE, len(rows), 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), level=0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


if __name__ == "__main__":
    main()
