"""The cache of readers: resumed, shared, bounded, and never with a half or a wrong file."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests import forks
from tests.published import Published
from tests.unit.readers.conftest import PEOPLE
from tests.web import FileServer

import datarelease as dr
from datarelease.adapters.object_cache import ObjectCache
from datarelease.errors import WorldError

DATA = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(DATA).hexdigest()


def from_place(start: int) -> Iterator[bytes]:
    """The bytes from a place on."""
    yield from (DATA[at : at + 65536] for at in range(start, len(DATA), 65536))


def once(data: bytes, start: int) -> Iterator[bytes]:
    """All bytes from a place on."""
    yield data[start:]


def files(cache: Path) -> list[Path]:
    """What is in a cache, but for its locks."""
    return [path for path in cache.rglob("*") if path.is_file() and path.parent.name != "locks"]


def test_a_transfer_that_broke_off_is_resumed(
    remote: Published, own_web: FileServer, cache: Path
) -> None:
    """By the same reader where the server goes on, by the next one where it does not."""
    remote.release({"large": {"large.csv": b"id,text\n" + b"1,0123456789\n" * 200_000}})
    size = len(remote.object(b"id,text\n" + b"1,0123456789\n" * 200_000).read_bytes())
    dr.versions(own_web.address)
    own_web.sent.clear()
    own_web.breaks = [size // 2]
    [file] = dr.files(own_web.address, "latest", "large")
    assert len(file.read_bytes()) == size
    large = [sent for sent in own_web.sent if sent > 10_000]
    assert len(large) == 2
    assert sum(large) - size < 200_000, "no more than what was on its way came twice"
    assert files(cache) == [file.fetch()]


def test_a_reader_that_was_stopped_is_continued(tmp_path: Path) -> None:
    """What it had is kept, and only the rest is fetched."""
    cache = ObjectCache(root=tmp_path)
    came: list[int] = []

    def stopped(start: int) -> Iterator[bytes]:
        yield DATA[start : start + 100_000]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.fetch(SHA256, len(DATA), stopped, came.append)
    assert cache.find(SHA256, len(DATA)) is None
    assert [path.stat().st_size for path in files(tmp_path)] == [100_000]
    asked: list[int] = []

    def rest(start: int) -> Iterator[bytes]:
        asked.append(start)
        yield from from_place(start)

    found = cache.fetch(SHA256, len(DATA), rest, came.append)
    assert asked == [100_000]
    assert found is not None
    assert found.read_bytes() == DATA
    assert files(tmp_path) == [found]


def test_what_somebody_left_with_other_bytes_is_fetched_anew(tmp_path: Path) -> None:
    """A wrong beginning is not blamed on the remote."""
    cache = ObjectCache(root=tmp_path)
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / SHA256).write_bytes(b"x" * 1000)
    found = cache.fetch(SHA256, len(DATA), from_place, lambda _: None)
    assert found is not None
    assert found.read_bytes() == DATA


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda _: None,
    ],
    ids=["a wrong byte", "too short", "too long", "missing"],
)
def test_a_wrong_byte_is_found_and_named(
    remote: Published, own_web: FileServer, cache: Path, tmp_path: Path, harm: object
) -> None:
    """The object, its path and the address; nothing of it is kept or written."""
    place = remote.object(PEOPLE)
    data = harm(PEOPLE) if callable(harm) else None
    place.unlink()
    if data is not None:
        place.write_bytes(data)
    what = "is missing" if data is None else "does not match the hash"
    for address in (own_web.address, str(remote.root)):
        with pytest.raises(dr.WorldError, match=rf"files/md5/.* \(people\.csv\) {what}") as caught:
            dr.get(address, "latest", tmp_path / "out")
        assert address in str(caught.value)
    assert files(cache) == []
    assert not (tmp_path / "out").exists()


def fetch(address: str, cache: Path) -> None:
    """What a reader's process does, with this cache."""
    os.environ["DATARELEASE_CACHE"] = str(cache)
    dr.files(address, "latest", "large").fetch()


def test_two_readers_at_once_fetch_once(
    remote: Published, own_web: FileServer, cache: Path
) -> None:
    """The second waits for the first one's lock and then finds the object."""
    remote.release({"large": {"large.csv": b"id\n" + b"12345678\n" * 300_000}})
    running = [forks.start(fetch, own_web.address, cache) for _ in range(2)]
    for process in running:
        process.join(60)
    assert [process.exitcode for process in running] == [0, 0]
    large = [sent for sent in own_web.sent if sent > 10_000]
    assert len(large) == 1
    assert len(files(cache)) == 1


def test_the_least_used_goes_first(tmp_path: Path) -> None:
    """Past the limit; what was used within the hour stays."""
    cache = ObjectCache(root=tmp_path, limit=2500)
    places = []
    for number in range(4):
        data = bytes([number]) * 1000
        sha256 = hashlib.sha256(data).hexdigest()
        found = cache.fetch(sha256, 1000, partial(once, data), lambda _: None)
        assert found is not None
        places.append((sha256, found))
    for age, (_, place) in zip((4, 5, 3, 0), places, strict=True):
        long_ago = time.time() - age * 24 * 3600
        os.utime(place, (long_ago, long_ago))
    assert cache.find(places[0][0], 1000) is not None, "used now"
    left = tmp_path / "incoming" / "left"
    left.write_bytes(b"x")
    os.utime(left, (0, 0))
    cache.trim()
    assert [place.exists() for _, place in places] == [True, False, False, True]
    assert not left.exists()
    ObjectCache(root=tmp_path, limit=0).trim()
    assert places[3][1].exists()


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the cache and the variable that moves it."""

    def full(start: int) -> Iterator[bytes]:
        yield DATA[start : start + 1000]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    cache = ObjectCache(root=tmp_path / "cache")
    with pytest.raises(WorldError, match=r"(?s)No space left on device.*DATARELEASE_CACHE"):
        cache.fetch(SHA256, len(DATA), full, lambda _: None)
    assert files(tmp_path) == []
    monkeypatch.setenv("DATARELEASE_CACHE_LIMIT", "much")
    with pytest.raises(dr.ConfigError, match="DATARELEASE_CACHE_LIMIT='much' is not a number"):
        dr.versions(tmp_path)


def test_a_cache_that_cannot_be_written_is_said(
    own_web: FileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Before anything is fetched; what is in it already is read all the same."""
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("DATARELEASE_CACHE", str(in_the_way / "cache"))
    with pytest.raises(dr.WorldError, match="cannot be written: Not a directory"):
        dr.load(own_web.address, "latest", "people")


def test_get_onto_a_place_that_cannot_be_written(own_web: FileServer, tmp_path: Path) -> None:
    """It fails with the place in the message and leaves no half file there."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "data").write_text("in the way")
    with pytest.raises(dr.ConfigError, match="cannot be written"):
        dr.get(own_web.address, "latest", tmp_path / "out", force=True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["data"]


def test_get_onto_a_full_disk(
    remote: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the file that found no room; copying itself names the object alone."""

    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source))

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(WorldError, match=r"out/data/people/people\.csv cannot be written: No spa"):
        dr.get(remote.root, "latest", tmp_path / "out")
    assert files(tmp_path / "out") == []
