"""Which hashes several rows have: in memory or in a file, the same as counted in Python."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.analysis.engine.duckdb.repeated_hashes import RepeatedHashes, repeated_hashes

MOST = 2**64 - 1
HASHES = st.integers(0, MOST) | st.sampled_from([0, 1, 1 << 56, MOST])


def batches(*hashes: Sequence[int | None]) -> Iterator[pa.RecordBatch]:
    """Batches of hashes."""
    return (pa.record_batch({"h": pa.array(some, pa.uint64())}) for some in hashes)


def told(found: RepeatedHashes | None) -> tuple[int, list[int]] | None:
    """What was found as plain values."""
    return None if found is None else (found.rows, found.hashes.tolist())


@given(st.lists(st.lists(HASHES)), st.integers(0, 200), st.integers(0, 12))
def test_hashes_of_several_rows_are_found(hashes: list[list[int]], memory: int, most: int) -> None:
    """Whatever fits into memory, and in whatever batches they come, they are those of a count."""
    counts = Counter(one for some in hashes for one in some)
    several = sorted(one for one in counts.elements() if counts[one] > 1)
    scratch = Path(tempfile.gettempdir())
    found = repeated_hashes(batches(*hashes), memory=memory, scratch=scratch, most=most)
    expected = (sum(map(len, hashes)), several)
    assert told(found) == (expected if len(several) <= most else None)


def test_a_null_ends_the_search(tmp_path: Path) -> None:
    """A row without a hash is the end, and so are too many that are known: no more is read."""
    read = batches([1], [2, None], [3])
    assert repeated_hashes(read, memory=80, scratch=tmp_path, most=9) is None
    assert len(list(read)) == 1
    many = batches(*[[7, 7]] * 50)
    assert repeated_hashes(many, memory=64, scratch=tmp_path, most=3) is None
    assert len(list(many)) > 40


def test_hashes_beyond_memory_leave_no_file(tmp_path: Path) -> None:
    """Runs are in a file that is gone at the end, in a directory that need not be there before."""
    hashes = np.random.default_rng(0).integers(0, MOST, 5000, np.uint64).tolist()
    scratch = tmp_path / "spill"
    found = repeated_hashes(batches(hashes, hashes[:2]), memory=16_000, scratch=scratch, most=4)
    assert told(found) == (5002, sorted(hashes[:2] * 2))
    assert scratch.is_dir()
    assert not list(scratch.iterdir())


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """Hashes that fit into memory need no directory; others tell what is wrong with it."""
    scratch = tmp_path / "file" / "spill"
    scratch.parent.touch()
    assert told(repeated_hashes(batches([5]), memory=80, scratch=scratch, most=0)) == (1, [])
    with pytest.raises(NotADirectoryError):
        repeated_hashes(batches([5] * 11), memory=80, scratch=scratch, most=99)
