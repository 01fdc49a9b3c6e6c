"""The digest names content: nothing else, and all of it."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from datarelease.model.versions.snapshot import DatasetSnapshot, Entry, Snapshot, canonical_json

MD5S = st.text("0123456789abcdef", min_size=32, max_size=32)
ENTRIES = st.builds(
    Entry, path=st.text(min_size=1, max_size=8), md5=MD5S, size=st.none() | st.integers(0)
)
DATASETS = st.lists(
    st.builds(
        DatasetSnapshot,
        name=st.text(min_size=1, max_size=5),
        entries=st.lists(ENTRIES, max_size=4, unique_by=lambda e: e.path).map(tuple),
    ),
    min_size=1, max_size=4, unique_by=lambda d: d.name,
)  # fmt: skip


def digest(datasets: list[DatasetSnapshot]) -> str:
    """The digest of datasets in this order."""
    return Snapshot(datasets=tuple(datasets)).digest


@given(datasets=DATASETS, data=st.data())
def test_order_does_not_matter(datasets: list[DatasetSnapshot], data: st.DataObject) -> None:
    """Datasets and entries in any order have the same digest; recorded sizes do not matter."""
    shuffled = [
        replace(
            dataset,
            entries=tuple(
                replace(entry, size=None) for entry in data.draw(st.permutations(dataset.entries))
            ),
        )
        for dataset in data.draw(st.permutations(datasets))
    ]
    assert digest(shuffled) == digest(datasets)


@given(datasets=DATASETS, data=st.data())
def test_every_part_matters(datasets: list[DatasetSnapshot], data: st.DataObject) -> None:
    """Another name, path or hash, one entry more or fewer: another digest."""
    index = data.draw(st.integers(0, len(datasets) - 1))
    dataset = datasets[index]
    assume(dataset.entries)
    entry, *rest = dataset.entries
    others = [
        replace(dataset, name=dataset.name + "x"),
        replace(dataset, entries=(replace(entry, path=entry.path + "x" * 9), *rest)),
        replace(dataset, entries=(replace(entry, md5=entry.md5 + ".dir"), *rest)),
        replace(dataset, entries=tuple(rest)),
        replace(dataset, entries=(*dataset.entries, Entry(path="y" * 20, md5="0" * 32))),
    ]
    for other in others:
        assume(other.name == dataset.name or other.name not in {d.name for d in datasets})
        assert digest([*datasets[:index], other, *datasets[index + 1 :]]) != digest(datasets)


def test_names_and_paths_do_not_run_together() -> None:
    """Moving a letter from one field to the next is another content."""
    one = DatasetSnapshot(name="ab", entries=(Entry(path="c", md5="0" * 32),))
    other = DatasetSnapshot(name="a", entries=(Entry(path="bc", md5="0" * 32),))
    assert digest([one]) != digest([other])


def test_the_digest_is_what_anybody_can_compute() -> None:
    """SHA-256 over canonical JSON, as documented: this value must never change."""
    snapshot = Snapshot(
        datasets=(
            DatasetSnapshot(name="b", entries=(Entry(path=".", md5="1" * 32 + ".dir", size=9),)),
            DatasetSnapshot(name="a", entries=(Entry(path="é.csv", md5="0" * 32),)),
        )
    )
    expected = '[["a","é.csv","' + "0" * 32 + '"],["b",".","' + "1" * 32 + '.dir"]]'
    assert canonical_json(json.loads(expected)) == expected.encode()
    assert snapshot.digest == "1e5e9170a340b6629eee8b11a840b5aa26ac2d94c9c20489ddd0965851ffe80c"


def test_sizes_add_up_where_all_are_known() -> None:
    """One unknown size makes the sum unknown."""
    known = Entry(path="a", md5="0" * 32, size=3)
    assert DatasetSnapshot(name="x", entries=(known, replace(known, path="b"))).size == 6
    assert (
        DatasetSnapshot(name="x", entries=(known, replace(known, path="b", size=None))).size is None
    )
    assert DatasetSnapshot(name="x", entries=()).size == 0
    assert Snapshot(datasets=()).get("x") is None
