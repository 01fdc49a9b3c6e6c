"""What the ending of a file name says of the format of a table."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.model.data.table_format import (
    SUFFIXES,
    compression,
    table_format,
    without_suffix,
)

PIECES = st.sampled_from([*SUFFIXES, ".CSV", ".gz", ".zst", ".", "/", "a", "ä", " ", "..", "./"])


@examples(300)
@given(pieces=st.lists(PIECES, max_size=5))
def test_endings_are_those_of_paths(pieces: list[str]) -> None:
    """Whatever dots, folders and compressions a name has, as Python's paths tell its endings."""
    name = "".join(pieces)
    path = PurePosixPath(name)
    outer, inner = path.suffix.lower(), PurePosixPath(path.stem).suffix.lower()
    if outer in {".gz", ".zst"}:
        text = SUFFIXES.get(inner) in {"csv", "jsonl"}
        assert table_format(name) == (SUFFIXES[inner] if text else None)
        assert compression(name) == ({".gz": "gzip", ".zst": "zstd"}[outer] if text else None)
        ending = len(inner) + len(outer) if text else 0
    else:
        assert table_format(name) == SUFFIXES.get(outer)
        assert compression(name) is None
        ending = len(outer) if outer in SUFFIXES else 0
    assert without_suffix(name) == name[: len(name) - ending]
