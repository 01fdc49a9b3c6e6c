"""On which chunks of events the reader is tried: not again and again where it is no use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from datarelease.ingest.parse.batch import Attempts
from datarelease.ingest.parse.event_parser import ParsedEvents


def chunk(read: int) -> ParsedEvents:
    """What becomes of a chunk of ten events, of which the reader reads so many."""
    return ParsedEvents(
        rows=pa.table({}), broken=np.zeros(10, dtype=bool), reasons=[], details=[],
        extra=pa.chunked_array([], pa.list_(pa.string())), read=read,
    )  # fmt: skip


def tried(reads: Sequence[int]) -> list[int]:
    """The places of chunks on which the reader is tried, of each of which it could read so many."""
    attempts, places = Attempts(), []
    for place, read in enumerate(reads):
        if attempts.due:
            places.append(place)
        attempts.made(chunk(read if attempts.due else 0))
    return places


def test_chunks_that_are_read_are_tried_always() -> None:
    """Also where a few events of each are refused."""
    assert tried([10, 9, 5, 8, 10]) == [0, 1, 2, 3, 4]


def test_pauses_grow_while_it_is_no_use() -> None:
    """To a bound, so that a producer that mends its events is noticed."""
    places = tried([0] * 170)
    assert np.diff(places).tolist() == [3, 5, 9, 17, 33, 33, 33, 33]


def test_one_chunk_that_is_read_ends_the_pauses() -> None:
    """The next one that is refused is followed by the shortest pause."""
    assert tried([0, 0, 0, 10, 0, 0, 0, 4, 10]) == [0, 3, 4, 7]
