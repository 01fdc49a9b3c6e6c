"""How often values occur, by their keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.profiling.parts import kept_keys, value_keys
from datarelease.analysis.profiling.parts.cell_changes import OtherValuesError
from datarelease.analysis.profiling.parts.kept_keys import KeptKeys, key_blocks
from datarelease.analysis.profiling.parts.value_keys import (
    KeyBatch,
    Keys,
    Rests,
    ValueKeys,
    keys_of_integers,
    keys_of_texts,
)

WHOLE = st.integers(-9, 9) | st.integers(-(2**63), 2**63 - 1) | st.integers(2**40, 2**40 + 9)


def batches_of(keyed: tuple[Keys, Rests], size: int) -> list[KeyBatch]:
    """Keys of values in batches, some of which say how many rows have each."""
    keys, rests = keyed
    return [
        KeyBatch(
            keys=keys[at : at + size],
            rests=rests[at : at + size] if rests.any() else None,
            rows=np.ones(len(keys[at : at + size]), np.int64) if at % 2 else None,
        )
        for at in range(0, len(keys), size)
    ]


@given(values=st.lists(WHOLE), asked=st.lists(WHOLE), size=st.integers(1, 5))
def test_counts_are_those_of_the_values(
    values: Sequence[int], asked: Sequence[int], size: int
) -> None:
    """Each value is counted, those that there are none of as well, and again from the bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(value_keys, "_WAITING", 3)
        found = ValueKeys.of(batches_of(keys_of_integers(np.array(values, np.int64)), size))
    assert found is not None
    again = ValueKeys.decoded(found.encoded(), len(found.keys))
    assert again is not None
    counter = Counter(values)
    wanted = np.array([*asked, *values], np.int64)
    for one in (found, again):
        assert one.counts(*keys_of_integers(wanted)).tolist() == [counter[n] for n in wanted]
        assert (one.total, len(one.keys)) == (len(values), len(counter))


@given(values=st.lists(WHOLE), asked=st.lists(WHOLE), size=st.integers(1, 4))
def test_blocks_have_the_counts_of_the_values(
    values: Sequence[int], asked: Sequence[int], size: int
) -> None:
    """The same from blocks of a few keys, of which only those that may have a value are read."""
    keys = ValueKeys.of(batches_of(keys_of_integers(np.array(values, np.int64)), 5))
    assert keys is not None
    counter = Counter(values)
    read: set[int] = set()

    def blocks_at(places: Sequence[int]) -> list[bytes]:
        read.update(places)
        return [blocks[place] for place in places]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_keys, "_BLOCK", size)
        patch.setattr(kept_keys, "_AT_ONCE", 2)
        blocks = key_blocks(keys)
        found = KeptKeys.of(blocks_at, distinct=len(counter), rows=len(values))
        assert found is not None
        wanted = np.array([*asked, *values], np.int64)
        counts = found.counts(*keys_of_integers(wanted))
        assert counts.tolist() == [counter[n] for n in wanted]
        assert read == {*range(len(blocks))}
        read.clear()
        found.counts(*keys_of_integers(np.array(values[:1], np.int64)))
        assert len(read) == min(1, len(values))
    assert KeptKeys.of(blocks_at, distinct=1, rows=len(values) + 1) is None


@given(texts=st.lists(st.text(max_size=3)))
def test_texts_are_counted_by_their_keys(texts: Sequence[str]) -> None:
    """The same of texts."""
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    found = ValueKeys.of(batches_of(keys_of_texts(texts, "salt"), 4))
    assert found is not None
    again = ValueKeys.decoded(found.encoded(), len(found.keys))
    assert again is not None
    counter = Counter(texts)
    assert again.counts(*keys_of_texts(counter, "salt")).tolist() == [*counter.values()]


def test_ids_without_gaps_take_a_byte_each() -> None:
    """A million ids are kept in a megabyte."""
    found = ValueKeys.of(batches_of(keys_of_integers(np.arange(10**6) + 10**9), 10**5))
    assert found is not None
    assert len(found.encoded()) == 10**6 + 19


def test_other_values_with_equal_keys_are_told_apart() -> None:
    """A text that only has the first bits of the key of another one is not counted as that one."""
    keys, rests = keys_of_texts(["a", "b"], "salt")
    found = ValueKeys.of(batches_of((keys, rests), 2))
    assert found is not None
    with pytest.raises(OtherValuesError):
        found.counts(keys, rests + np.uint32(1))
    assert ValueKeys.of(batches_of((keys[[0, 0]], rests), 2)) is None


def test_too_many_values_have_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the number of different values."""
    monkeypatch.setattr(value_keys, "MOST_KEYS", 5)
    monkeypatch.setattr(value_keys, "_WAITING", 6)
    assert ValueKeys.of(batches_of(keys_of_integers(np.arange(6)), 1)) is None
    assert ValueKeys.of(batches_of(keys_of_integers(np.arange(99) % 5), 1)) is not None


@pytest.mark.parametrize("grouped", [True, False])
def test_the_engine_has_the_same_keys(tmp_path: Path, *, grouped: bool) -> None:
    """DuckDB's keys are those of Python, with rows and lengths; nulls have none."""
    texts = ["a", "ä😀", "", "a", "x" * 99, "it's"]
    with DuckDBEngine(temp_directory=tmp_path) as engine:
        frame = engine.rows(pa.table({"value": [*texts, None]}))
        batches = engine.value_keys(frame, "sa'lt", grouped=grouped, rows=100)
        found = [tuple(row.values()) for batch in batches for row in batch.to_pylist()]
    counter = Counter(texts)
    listed = list(counter) if grouped else texts
    keys, rests = keys_of_texts(listed, "sa'lt")
    rows = [counter[text] if grouped else 1 for text in listed]
    lengths = map(len, listed)
    expected = zip(keys.tolist(), rests.tolist(), rows, lengths, strict=True)
    assert sorted(found) == sorted(expected)
