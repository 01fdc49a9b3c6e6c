"""Every kind of remote keeps the same contract: a directory, and the others on real servers."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.remote_servers import Place, RemoteServers
from tests.servers import Bucket
from tests.slow_cases import slow_but

from datarelease.adapters import copying
from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.store.directory import DirectoryStore, Store, replacing
from datarelease.adapters.store.object_store import LISTING_PAYS, ObjectStore
from datarelease.errors import WorldError
from datarelease.progress import TIMEOUT


def md5(data: bytes) -> str:
    """The MD5 of bytes."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def object_store(bucket: Bucket, prefix: str = "", fs: Any = None) -> ObjectStore:
    """A store on a bucket, with the bucket's own keys."""
    root = f"{bucket.name}/{prefix}".rstrip("/")
    return ObjectStore("storage", bucket.url(prefix), lambda: fs or bucket.fs(), root)


def configured(place: Place, folder: Path, timeout: float = TIMEOUT) -> Store:
    """The remote that a repository's DVC configuration names."""
    config = folder / "repository" / ".dvc" / "config"
    config.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"    {name} = {value}\n" for name, value in place.settings.items()]
    config.write_text(f"['remote \"storage\"']\n    url = {place.url}\n{''.join(lines)}")
    return DvcConfig(config.parent, env=os.environ, timeout=timeout).store("storage")


PAGE = 20
"""Names in a page of a listing, where a test makes pages small."""
PAGES = {"s3": 3, "s3 with prefix": 3, "gs": 1}
"""Pages of twice as many folders and two. The server for `gs` puts all folders into one page."""


def in_small_pages(store: Any, kind: str) -> list[int]:
    """Have the file system of ``store`` ask for few names at a time; the sizes that it asked for.

    A server goes by that number as it does by its own, so a test with pages needs few objects.
    """
    fs, asked = store._fs, list[int]()
    name, size = ("_call_list_objects", "maxResults") if kind == "gs" else ("_call_s3", "MaxKeys")
    call = getattr(fs, name)

    def asking(subject: str, *arguments: Any, **options: Any) -> Any:
        if kind == "gs" or subject == "list_objects_v2":
            options[size] = min(options.get(size, PAGE), PAGE)
            asked.append(options[size])
        return call(subject, *arguments, **options)

    setattr(fs, name, asking)
    return asked


SERVED = ("webdav", "ssh", "gs", "http", "azure")


KINDS = ("directory", "s3", "s3 with prefix", *SERVED)


# The whole of a bucket is what test_store_s3.py is about.
@pytest.fixture(params=slow_but({*KINDS} - {"s3", "azure"}, KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of remote."""
    return str(request.param)


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> Callable[[], Store]:
    """Opens the same remote again and again, as different people would."""
    if kind == "directory":
        return lambda: DirectoryStore("storage", tmp_path / "remote with spaces")
    if kind in SERVED:
        servers: RemoteServers = request.getfixturevalue("remote_servers")
        place = servers.place(kind, Path.home())
        return lambda: configured(place, tmp_path)
    bucket: Bucket = request.getfixturevalue("bucket")
    prefix = "team a/data" if "prefix" in kind else ""
    return lambda: object_store(bucket, prefix)


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    """The remote, opened once."""
    return opened()


def put(store: Store, folder: Path, **objects: bytes) -> None:
    """Upload objects; in their names ``__`` stands for a slash."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, data in objects.items():
        files[name.replace("__", "/")] = folder / name
        (folder / name).write_bytes(data)
    store.upload(files, lambda _: None)


def test_an_empty_remote_has_nothing(store: Store) -> None:
    """Nothing is found on an empty remote, neither one by one nor by listing."""
    assert store.stat([]) == {}
    assert store.stat(["a/b"]) == {}
    assert store.stat([f"a/{n}" for n in range(LISTING_PAYS + 1)]) == {}
    assert store.read("a/b") is None


def test_stat_finds_what_is_there_and_nothing_else(store: Store, tmp_path: Path) -> None:
    """Objects come back with their sizes, missing ones not at all, in one folder or in many."""
    data = {f"f{n % 3}__{n}": bytes(n) for n in range(9)} | {"lone__one": b"1"}
    put(store, tmp_path / "in", **data)
    wanted = [f"f{n % 3}/{n}" for n in range(12)] + ["lone/one", "lone/two", "f0"]
    found = store.stat(wanted)
    assert {key: info.size for key, info in found.items()} == {
        **{f"f{n % 3}/{n}": n for n in range(9)},
        "lone/one": 1,
    }
    for key, info in found.items():
        assert info.md5 in (None, md5(data[key.replace("/", "__")]))


def test_stat_of_equal_keys_asks_once(store: Store, tmp_path: Path) -> None:
    """A key that is asked for several times is found once."""
    put(store, tmp_path / "in", a__x=b"abc")
    assert list(store.stat(["a/x", "a/x", "a/x", "a/x"])) == ["a/x"]


def test_a_folder_is_no_object(store: Store, tmp_path: Path) -> None:
    """A key that others are below is not there itself."""
    put(store, tmp_path / "in", a__b__c=b"abc")
    assert store.stat(["a", "a/b"]) == {}


def test_stat_sees_what_others_did_meanwhile(opened: Callable[[], Store], tmp_path: Path) -> None:
    """Nothing is remembered between calls: another writer's objects, and new sizes, are seen."""
    mine, theirs = opened(), opened()
    keys = [f"a/{n}" for n in range(LISTING_PAYS + 2)]
    put(theirs, tmp_path / "in", a__0=b"1")
    assert set(mine.stat(keys)) == {"a/0"}
    assert mine.read("a/1") is None
    put(theirs, tmp_path / "in", a__0=b"12345", a__1=b"now")
    assert {key: info.size for key, info in mine.stat(keys).items()} == {"a/0": 5, "a/1": 3}
    assert mine.stat(["a/0"])["a/0"].size == 5
    assert mine.read("a/1") == b"now"
    assert mine.digest("a/0") == md5(b"12345")


def test_a_part_of_an_object(store: Store, tmp_path: Path) -> None:
    """From one place up to another, which is behind the last byte; an absent one is named."""
    put(store, tmp_path / "in", a__b=b"0123456789")
    assert store.part("a/b", 6, 10) == b"6789"
    assert store.part("a/b", 2, 3) == b"2"
    assert store.part("a/b", 0, 10) == b"0123456789"
    with pytest.raises(WorldError, match="a/c"):
        store.part("a/c", 0, 4)


def test_folders_are_those_right_below(
    opened: Callable[[], Store], tmp_path: Path, kind: str
) -> None:
    """Folders are named once, sorted, without files, deeper folders and those beside; seen anew."""
    mine, theirs = opened(), opened()
    if kind == "http":
        with pytest.raises(WorldError, match="cannot be listed"):
            mine.folders("releases")
        return
    assert mine.folders("releases") == ()
    put(
        theirs, tmp_path / "in",
        releases__b__x=b"1", releases__b__y=b"2", releases__a__z__x=b"3", releases__file=b"4",
        releases2__c__x=b"5", d__x=b"6",
    )  # fmt: skip
    assert mine.folders("releases") == ("a", "b")
    put(theirs, tmp_path / "in", releases__c__x=b"7")
    assert mine.folders("releases") == ("a", "b", "c")
    assert mine.folders("releases/a") == ("z",)
    assert mine.folders("releases/b") == ()


# SSH and WebDAV have no pages.
@pytest.mark.parametrize("kind", slow_but({*KINDS} - {"s3", "azure", "ssh", "webdav"}, KINDS))
def test_more_folders_than_one_page_lists(
    opened: Callable[[], Store], tmp_path: Path, kind: str
) -> None:
    """Object stores list so many names at a time; all of them count."""
    if kind == "http":
        pytest.skip("HTTP has no listings")
    store = opened()
    (tmp_path / "x").write_bytes(b"")
    many = 1102 if kind == "azure" else 2 * PAGE + 2
    names = sorted(f"data-v{number}" for number in range(1, many + 1))
    store.upload({f"releases/{name}/x": tmp_path / "x" for name in names}, lambda _: None)
    asked = in_small_pages(store, kind) if kind in PAGES else []
    assert store.folders("releases") == tuple(names)
    assert asked == [PAGE] * PAGES.get(kind, 0)


def test_an_empty_object_is_an_object(store: Store, tmp_path: Path) -> None:
    """No bytes are bytes too."""
    put(store, tmp_path / "in", empty=b"")
    assert store.read("empty") == b""
    assert store.stat(["empty"])["empty"].size == 0


def test_upload_overwrites_and_counts(store: Store, tmp_path: Path) -> None:
    """An upload replaces what is there, and tells of each object."""
    told: list[int] = []
    (tmp_path / "x").write_bytes(b"new")
    put(store, tmp_path / "in", a__x=b"damaged")
    store.upload({"a/x": tmp_path / "x", "b/y": tmp_path / "x"}, told.append)
    assert (store.read("a/x"), store.read("b/y"), sum(told)) == (b"new", b"new", 2)


def test_an_upload_names_the_local_file_that_is_gone(store: Store, tmp_path: Path) -> None:
    """A missing local file is not mistaken for a missing bucket."""
    with pytest.raises(WorldError, match=r"gone\.bin cannot be read"):
        store.upload({"a/x": tmp_path / "gone.bin"}, lambda _: None)


def test_download_gives_bytes_and_hash(store: Store, tmp_path: Path) -> None:
    """A download makes folders, replaces what is there, returns the MD5 and can be read by all."""
    put(store, tmp_path / "in", a__x=b"content")
    target = tmp_path / "new" / "folder" / "file"
    assert store.download("a/x", target) == md5(b"content")
    assert store.download("a/x", target) == md5(b"content")
    assert target.read_bytes() == b"content"
    assert target.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_a_failed_download_leaves_the_target_alone(store: Store, tmp_path: Path) -> None:
    """What was there stays, and no half file is left behind."""
    put(store, tmp_path / "in", a__x=b"content")
    target = tmp_path / "out" / "file"
    target.parent.mkdir()
    target.write_bytes(b"before")
    with pytest.raises(WorldError, match=r"'storage'.* does not have the object a/none"):
        store.download("a/none", target)
    assert target.read_bytes() == b"before"
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_digest_reads_every_byte(store: Store, tmp_path: Path) -> None:
    """The digest is that of the bytes on the remote, and of a missing object there is none."""
    data = os.urandom(3 << 20)
    put(store, tmp_path / "in", big=data)
    assert store.digest("big") == md5(data)
    with pytest.raises(WorldError, match="does not have the object none"):
        store.digest("none")


def test_keys_may_hold_anything(store: Store, tmp_path: Path, kind: str) -> None:
    """Spaces, percent signs, plus signs, quotes and letters beyond ASCII survive the way."""
    keys = ["a b/c+d", "zoë/日本.json", "quote'\"/x"]
    if kind != "webdav":  # its client does not find them, and no key of a version holds such signs
        keys += ["100%/x%20y", "q?x=1/#y"]
    for key in keys:
        (tmp_path / "x").write_bytes(key.encode())
        store.upload({key: tmp_path / "x"}, lambda _: None)
    assert sorted(store.stat(keys)) == sorted(keys)
    assert [store.read(key) for key in keys] == [key.encode() for key in keys]


def test_a_directory_remote_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A file where the directory should be is named, with the remote."""
    (tmp_path / "file").write_text("")
    store = DirectoryStore("storage", tmp_path / "file")
    with pytest.raises(WorldError, match="remote 'storage'"):
        put(store, tmp_path / "in", a=b"")
    with pytest.raises(WorldError, match="remote 'storage'"):
        store.folders("")


class Disk:
    """Notes in which order bytes and names reach the disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: list[tuple[str, str]] = []
        fsync, replace = os.fsync, os.replace

        def synced(handle: int) -> None:
            fsync(handle)
            path = Path(f"/proc/self/fd/{handle}").readlink()
            self.events.append(("folder" if path.is_dir() else "bytes", str(path)))

        def replaced(path: Path | str, target: Path | str) -> None:
            self.events += [("renamed", str(path)), ("named", str(target))]
            replace(path, target)

        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(os, "replace", replaced)

    def keeps(self, target: Path) -> bool:
        """The bytes were on the disk before they had their name, and the name is there by now."""
        named = self.events.index(("named", str(target)))
        scratch = self.events[named - 1][1]
        bytes_first = ("bytes", scratch) in self.events[:named]
        return bytes_first and ("folder", str(target.parent)) in self.events[named:]


def test_what_a_directory_has_taken_outlives_a_power_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes, name and every new folder are on the disk before an object counts as written."""
    root = tmp_path / "new" / "remote"
    source = tmp_path / "source"
    source.write_bytes(b"1")
    disk = Disk(monkeypatch)
    store = DirectoryStore("storage", root)
    counted = []
    store.upload({"a/b/c": source}, lambda _: counted.append(disk.keeps(root / "a/b/c")))
    assert counted == [True]
    made = [tmp_path, tmp_path / "new", root, root / "a", root / "a/b"]
    assert {("folder", str(folder)) for folder in made} <= set(disk.events)


def test_many_files_of_a_folder_are_brought_to_the_disk_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is on the disk by bytes and name; the folder itself only once for many of them."""
    root, source = tmp_path / "remote", tmp_path / "source"
    source.write_bytes(b"1")
    disk = Disk(monkeypatch)
    counted: list[bool] = []
    keys = [f"many/{number}" for number in range(100)]

    def advance(_: int) -> None:
        counted.append(sum(disk.keeps(root / key) for key in keys if (root / key).is_file()) > 0)

    DirectoryStore("storage", root).upload(dict.fromkeys(keys, source), advance)
    assert counted == [True] * 100
    assert all(disk.keeps(root / key) for key in keys)
    assert disk.events.count(("folder", str(root / "many"))) < 10


def test_a_copy_that_fails_leaves_no_name_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of files that are brought to the disk together all are there before any has its name."""
    root, source = tmp_path / "remote", tmp_path / "source"
    source.write_bytes(b"1")
    written: list[int] = []
    write = os.write

    def full(handle: int, data: bytes) -> int:
        written.append(handle)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return write(handle, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(WorldError, match="No space left"):
        DirectoryStore("storage", root).upload(
            {f"many/{number}": source for number in range(10)}, lambda _: None
        )
    assert list((root / "many").iterdir()) == []
    assert len(written) == 3


@pytest.mark.parametrize("refused", [None, 0, 1])
@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 1000])
def test_bytes_are_copied_in_the_kernel_and_here(
    size: int, refused: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small files by this process; large ones by the kernel, unless it refuses."""
    monkeypatch.setattr(copying, "_CHUNK", 100)
    monkeypatch.setattr(copying, "_SHARE", 70)
    share, calls = getattr(os, "copy_file_range", None), []

    def shared(*arguments: int) -> int:
        calls.append(arguments)
        if share is None or len(calls) - 1 == refused:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return int(share(*arguments))

    monkeypatch.setattr(os, "copy_file_range", shared, raising=False)
    content = bytes(number % 251 for number in range(size))
    (tmp_path / "source").write_bytes(content)
    store = DirectoryStore("storage", tmp_path / "remote")
    store.upload({"a/b": tmp_path / "source"}, lambda _: None)
    assert store.read("a/b") == content
    assert (tmp_path / "remote/a/b").stat().st_mode & 0o777 == 0o644
    assert bool(calls) == (size > 100 and sys.platform == "linux")


def test_what_is_no_file_is_not_uploaded(tmp_path: Path) -> None:
    """A pipe is not waited for, and a name that leads nowhere is told apart from the remote."""
    os.mkfifo(tmp_path / "pipe")
    store = DirectoryStore("storage", tmp_path / "remote")
    for name in ("pipe", "absent"):
        with pytest.raises(WorldError, match=f"{name} cannot be read: No such file"):
            store.upload({"a": tmp_path / name}, lambda _: None)
    assert list((tmp_path / "remote").iterdir()) == []


def test_a_cached_copy_is_written_before_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest kept in the clone, or a fetched object, is never a name over lost bytes."""
    disk = Disk(monkeypatch)
    target = tmp_path / "cache" / "object"
    with replacing(target) as scratch:
        scratch.write_bytes(b"1")
    named = disk.events.index(("named", str(target)))
    assert ("bytes", str(scratch)) in disk.events[:named]
