"""A memo in a directory: what it gives back, and what it does not."""

from __future__ import annotations

import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.adapters.memo import FileMemo
from datarelease.analysis.memo import Memo, NoMemo

MADE_FROM = (("data", "0" * 64), ("rules", "1"))


@pytest.fixture
def memo(tmp_path: Path) -> FileMemo:
    """An empty memo."""
    return FileMemo(tmp_path / "memo")


def only_file(memo: FileMemo) -> Path:
    """The one file that the memo has."""
    (path,) = memo.files()
    return path


def test_a_result_is_given_back_for_exactly_its_inputs(memo: FileMemo) -> None:
    """Another kind or another input is another result."""
    memo.put("profile", MADE_FROM, b"value\nof lines")
    assert memo.get("profile", MADE_FROM) == b"value\nof lines"
    assert memo.get("validation", MADE_FROM) is None
    assert memo.get("profile", (("data", "1" * 64), ("rules", "1"))) is None


def test_blocks_are_given_back_in_the_order_asked_for(memo: FileMemo) -> None:
    """Of a result in blocks a reader has those that it names; another kind is another result."""
    memo.put_blocks("keys", MADE_FROM, [b"one", b"", b"three\n"])
    assert memo.get_blocks("keys", MADE_FROM, [2, 0]) == [b"three\n", b"one"]
    assert memo.get_blocks("keys", MADE_FROM, [1]) == [b""]
    assert memo.get_blocks("keys", MADE_FROM, []) == []
    assert memo.get_blocks("profile", MADE_FROM, [0]) is None
    memo.put_blocks("empty", MADE_FROM, [])
    assert memo.get_blocks("empty", MADE_FROM, []) == []


@pytest.mark.parametrize("places", [[3], [-1], [0, 9]])
def test_a_block_that_there_is_not_is_not_known(memo: FileMemo, places: list[int]) -> None:
    """Whoever asks for more blocks than there are asks for another result."""
    memo.put_blocks("keys", MADE_FROM, [b"one", b"two", b"three"])
    assert memo.get_blocks("keys", MADE_FROM, places) is None


@pytest.mark.parametrize(
    "damage",
    [
        b"", b"{", b"[]\n", b'{"blocks": 1e999}\n', b'{"blocks": true}\n', b'{"blocks": -1}\n',
        b'{"blocks": 1}\n' + bytes(40), b"x" * 2_000_000,
    ],
)  # fmt: skip
def test_a_damaged_file_of_blocks_is_absent_and_goes(memo: FileMemo, damage: bytes) -> None:
    """What is no file of blocks gives none, and is written anew."""
    memo.put_blocks("keys", MADE_FROM, [b"one", b"two"])
    only_file(memo).write_bytes(damage)
    assert memo.get_blocks("keys", MADE_FROM, [0]) is None
    assert memo.files() == []


def test_a_result_of_the_other_form_is_none(memo: FileMemo) -> None:
    """A value is not read as blocks, nor blocks as a value."""
    memo.put("profile", MADE_FROM, b"value")
    assert memo.get_blocks("profile", MADE_FROM, []) is None
    memo.put_blocks("profile", MADE_FROM, [b"value"])
    assert memo.get("profile", MADE_FROM) is None


@examples(30)
@given(place=st.integers(0, 10_000), byte=st.integers(1, 255))
def test_one_changed_byte_of_blocks_is_noticed_by_who_reads_it(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    """All blocks are refused if one is asked for that has another byte, or the list of them has."""
    memo = FileMemo(tmp_path_factory.mktemp("memo"))
    memo.put_blocks("keys", MADE_FROM, [b"a block", b"another one" * 9])
    path = only_file(memo)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= byte
    path.write_bytes(data)
    assert memo.get_blocks("keys", MADE_FROM, [0, 1]) is None


@pytest.mark.parametrize("forgetful", [NoMemo()])
def test_no_memo_keeps_nothing(forgetful: Memo) -> None:
    """What is put into the memo that keeps nothing is not known afterwards."""
    forgetful.put("profile", MADE_FROM, b"value")
    forgetful.put_blocks("profile", MADE_FROM, [b"value"])
    assert forgetful.get("profile", MADE_FROM) is None
    assert forgetful.get_blocks("profile", MADE_FROM, [0]) is None


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b'{"format": 1}\nvalue', b"\x00" * 100, b"x" * 2_000_000],
    ids=["empty", "cut", "other header", "zeros", "no line end"],
)
def test_a_damaged_file_is_absent_and_goes(memo: FileMemo, damage: bytes) -> None:
    """What a crash or a stranger left is no result, and is written anew."""
    memo.put("profile", MADE_FROM, b"value")
    only_file(memo).write_bytes(damage)
    assert memo.get("profile", MADE_FROM) is None
    assert memo.files() == []
    memo.put("profile", MADE_FROM, b"value")
    assert memo.get("profile", MADE_FROM) == b"value"


@examples(30)
@given(place=st.integers(0, 10_000), byte=st.integers(1, 255))
def test_one_changed_byte_anywhere_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    """A result of which a single byte differs is not given back."""
    memo = FileMemo(tmp_path_factory.mktemp("memo"))
    memo.put("profile", MADE_FROM, b"a value of some length" * 10)
    path = only_file(memo)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= byte
    path.write_bytes(data)
    assert memo.get("profile", MADE_FROM) is None


def test_a_result_under_another_name_is_not_taken(memo: FileMemo) -> None:
    """A file that was renamed to the place of other inputs does not count for them."""
    memo.put("profile", MADE_FROM, b"value")
    other = (("data", "1" * 64), ("rules", "1"))
    old = only_file(memo)
    memo.put("profile", other, b"other")
    (new,) = [path for path in memo.files() if path != old]
    old.replace(new)
    assert memo.get("profile", other) is None


def test_links_are_replaced_and_not_followed(memo: FileMemo, tmp_path: Path) -> None:
    """Writing a result changes no file that a link in its place leads to."""
    memo.put("profile", MADE_FROM, b"value")
    target = tmp_path / "precious"
    target.write_bytes(b"precious")
    path = only_file(memo)
    path.unlink()
    path.symlink_to(target)
    memo.put("profile", MADE_FROM, b"value")
    assert target.read_bytes() == b"precious"
    assert memo.get("profile", MADE_FROM) == b"value"


@pytest.mark.timeout(20)
def test_what_is_no_file_of_the_memo_is_not_read(memo: FileMemo, tmp_path: Path) -> None:
    """A pipe is not waited for, a link not followed, a file past the limit not read."""
    memo.put("profile", MADE_FROM, b"value")
    path = only_file(memo)
    kept = tmp_path / "kept"
    path.replace(kept)
    os.mkfifo(path)
    assert memo.get("profile", MADE_FROM) is None
    path.unlink()
    path.symlink_to(kept)
    assert memo.get("profile", MADE_FROM) is None
    path.unlink()
    kept.replace(path)
    assert FileMemo(memo.folder, limit=5).get("profile", MADE_FROM) is None
    assert memo.get("profile", MADE_FROM) == b"value"


def test_what_was_used_last_stays(memo: FileMemo) -> None:
    """Past the limit the results go that were not used for longest."""
    for number in range(4):
        memo.put("profile", (("data", str(number)),), bytes(1000))
        stamp = time.time() - 1000 + number
        for path in memo.files():
            if path.stat().st_mtime > stamp + 10:
                os.utime(path, (stamp, stamp))
    assert memo.get("profile", (("data", "0"),)) is not None
    assert memo.prune(limit=2_500) == 2
    kept = [n for n in range(4) if memo.get("profile", (("data", str(n)),)) is not None]
    assert kept == [0, 3]
    assert memo.prune() == 0


def test_threads_share_one(memo: FileMemo) -> None:
    """Many writers and readers at once see whole results or none."""

    def work(number: int) -> bytes | None:
        memo.put("profile", MADE_FROM, b"value" * 5000)
        if number % 7 == 0:
            memo.prune(limit=0)
        return memo.get("profile", MADE_FROM)

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(work, range(200)))
    assert found <= {None, b"value" * 5000}
    assert b"value" * 5000 in found


def test_a_place_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    """A file where the directory should be is no error: the result is computed again."""
    (tmp_path / "memo").write_bytes(b"")
    memo = FileMemo(tmp_path / "memo")
    memo.put("profile", MADE_FROM, b"value")
    assert memo.get("profile", MADE_FROM) is None
    assert memo.prune() == 0


def test_no_temporary_file_stays(memo: FileMemo) -> None:
    """After a result is kept, its directory holds that file and nothing else."""
    memo.put("profile", MADE_FROM, b"value")
    path = only_file(memo)
    assert [*path.parent.iterdir()] == [path]
    assert stat.S_ISREG(path.lstat().st_mode)
