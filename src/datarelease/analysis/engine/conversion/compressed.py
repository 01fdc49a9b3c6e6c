"""Compressed text, read piece by piece: gzip and Zstandard, one member or several."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from datarelease.analysis.engine.tables import UnreadableTable
from datarelease.model.data.table_format import compression

if TYPE_CHECKING:
    from pyarrow import NativeFile

LEAST_REFUSED = 1 << 30
MOST_TIMES = 300
"""Text of a table is seldom compressed to less than a hundredth; gzip reaches a thousandth."""


@contextmanager
def opened_plain(path: Path, name: str) -> Iterator[BinaryIO]:
    """The bytes of a file, decompressed if its ``name`` says that it is compressed.

    Raises:
        UnreadableTable: The file is damaged or cut short, not compressed as its name says, or its
            text is more than 300 times as long as the file (and 1 GiB at least).
        OSError: It cannot be opened.
    """
    kind = compression(name)
    with path.open("rb") as file:
        if kind is None:
            yield file
            return
        import pyarrow as pa  # noqa: PLC0415 - heavy: a release looks at delimiters of plain text

        plain = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), kind)
        yield cast("BinaryIO", _Bounded(plain, name, kind, path.stat().st_size))


class _Bounded:
    """A stream that ends with an error where too much comes of too little."""

    def __init__(self, stream: NativeFile, name: str, kind: str, size: int) -> None:
        self._stream = stream
        self._name = name
        self._kind = kind
        self._left = max(LEAST_REFUSED, MOST_TIMES * size)

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; none at the end.

        Raises:
            UnreadableTable: As `opened_plain`.
        """
        try:
            piece: bytes = self._stream.read(size)
        except (OSError, ValueError):  # pyarrow's errors are kinds of both
            reason = f"it is damaged, cut short, or not compressed with {self._kind}"
            raise UnreadableTable(self._name, reason) from None
        self._left -= len(piece)
        if self._left < 0:
            reason = f"its text is more than {MOST_TIMES} times as long as the compressed file"
            raise UnreadableTable(self._name, reason)
        return piece
