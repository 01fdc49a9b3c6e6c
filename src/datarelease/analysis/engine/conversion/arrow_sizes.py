"""How long the compressed buffers of an Arrow file become, without decompressing one.

Sources: Arrow Columnar Format, "IPC" and "Compression" (a compressed buffer begins with its length
as an int64; -1: it is not compressed); the schemas ``Message.fbs`` and the FlatBuffers internals.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pyarrow as pa

_MAGIC = 8
"""Bytes before the messages of a file; a stream has none."""
_HEADER, _DATA, _BUFFERS, _COMPRESSION = 2, 1, 2, 3
"""Places of fields: of a message, of a batch of a dictionary, of a batch (twice)."""


def expanded_sizes(source: pa.NativeFile, *, is_file: bool) -> Iterator[tuple[int, int]]:
    """Of each message with compressed buffers: its length, and that of its buffers decompressed.

    Raises:
        ValueError: It is no Arrow file; other faults are for the reader to find.
    """
    source.seek(_MAGIC if is_file else 0)
    reader = pa.ipc.MessageReader.open_stream(source)
    while True:
        try:
            message = reader.read_next_message()
        except (StopIteration, pa.ArrowInvalid):  # the footer of a file is no message
            return
        if message.body is not None and message.type in {"record batch", "dictionary"}:
            try:
                yield message.body.size, _expanded(message)
            except struct.error as error:
                raise ValueError("not a message of Arrow") from error


def _expanded(message: pa.Message) -> int:
    head = memoryview(message.metadata)
    batch = _table(head, _field(head, _indirect(head, 0), _HEADER))
    if message.type == "dictionary":
        batch = _table(head, _field(head, batch, _DATA))
    if not _field(head, batch, _COMPRESSION):
        return 0
    buffers = _table(head, _field(head, batch, _BUFFERS))
    (count,) = struct.unpack_from("<I", head, buffers)
    body = memoryview(message.body)
    total = 0
    for number in range(count):
        start, length = struct.unpack_from("<qq", head, buffers + 4 + 16 * number)
        if length:
            total += max(length, *struct.unpack_from("<q", body, start))
    return total


def _indirect(head: memoryview, place: int) -> int:
    """Where the offset at ``place`` leads to."""
    (offset,) = struct.unpack_from("<I", head, place)
    return int(place + offset)


def _table(head: memoryview, place: int) -> int:
    """The table or vector that a field refers to."""
    if not place:
        raise struct.error("a field is missing")
    return _indirect(head, place)


def _field(head: memoryview, table: int, number: int) -> int:
    """Where a field of a table is; 0: it has the default."""
    (back,) = struct.unpack_from("<i", head, table)
    (size,) = struct.unpack_from("<H", head, table - back)
    if 4 + 2 * number >= size:
        return 0
    (offset,) = struct.unpack_from("<H", head, table - back + 4 + 2 * number)
    return int(table + offset) if offset else 0
