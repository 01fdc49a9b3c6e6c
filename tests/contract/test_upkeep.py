"""Every kind of remote with listings lists, copies and deletes alike, on real servers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.contract.test_store import SERVED, configured, object_store, put
from tests.remote_servers import RemoteServers
from tests.servers import Bucket

from datarelease.adapters.store.directory import DirectoryStore, Store
from datarelease.adapters.store.upkeep import Upkeep, upkeep_of
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.retention.collect import time_of

LISTING = [kind for kind in SERVED if kind not in {"http", "azure"}]


@pytest.fixture(
    params=["directory", "s3 with prefix", *LISTING, pytest.param("azure", marks=pytest.mark.slow)]
)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Opens the same remote again and again."""
    kind = str(request.param)
    if kind == "directory":
        return lambda: DirectoryStore("storage", tmp_path / "remote")
    if kind in SERVED:
        servers: RemoteServers = request.getfixturevalue("remote_servers")
        place = servers.place(kind, Path.home())
        return lambda: configured(place, tmp_path)
    bucket: Bucket = request.getfixturevalue("bucket")
    return lambda: object_store(bucket, "team a/data")


@pytest.fixture
def upkeep(opened: Callable[[], Store]) -> Upkeep:
    """The upkeep of the remote."""
    return upkeep_of(opened())


def keys(upkeep: Upkeep, folder: str) -> list[str]:
    """What is below a folder."""
    return sorted(found.key for found in upkeep.walk(folder))


def test_a_walk_lists_everything_below_with_size_and_age(upkeep: Upkeep, tmp_path: Path) -> None:
    """However deep, and nothing beside it; an absent folder is empty."""
    assert upkeep.walk("files/md5") == ()
    before = datetime.now(UTC) - timedelta(minutes=5)
    put(
        upkeep.store, tmp_path / "src", files__md5__ab__c=b"12345", files__md5__d=b"",
        releases__x=b"1",
    )  # fmt: skip
    found = {item.key: item for item in upkeep.walk("files/md5")}
    assert {key: item.size for key, item in found.items()} == {
        "files/md5/ab/c": 5, "files/md5/d": 0,
    }  # fmt: skip
    for item in found.values():
        assert item.modified is not None
        assert before < item.modified < before + timedelta(minutes=10)


def test_a_copy_is_made_inside_the_remote(upkeep: Upkeep, tmp_path: Path) -> None:
    """Into folders that are not there yet, over what is there, and counted."""
    put(upkeep.store, tmp_path / "src", a__b=b"new", x__y=b"an old one")
    counts: list[int] = []
    upkeep.copy({"x/y": "a/b", "releases/v1/deep/er/b": "a/b"}, counts.append)
    assert upkeep.store.read("x/y") == b"new"
    assert upkeep.store.read("releases/v1/deep/er/b") == b"new"
    assert sum(counts) == 2
    assert keys(upkeep, "x") == ["x/y"], "no rest of the copy is left"
    with pytest.raises(WorldError, match="no/such"):
        upkeep.copy({"x/z": "no/such"}, counts.append)
    assert keys(upkeep, "x") == ["x/y"]


def test_a_remote_tells_the_time(upkeep: Upkeep) -> None:
    """By an object that is gone again; every kind says when its objects were written."""
    assert abs(time_of(upkeep) - datetime.now(UTC)) < timedelta(minutes=5)
    assert upkeep.walk("releases") == ()


@pytest.mark.parametrize("versions", [False, True])
def test_what_is_deleted_is_gone(upkeep: Upkeep, tmp_path: Path, versions: bool) -> None:  # noqa: FBT001
    """Others stay; what was gone already is no error, so that a deletion can be repeated."""
    put(upkeep.store, tmp_path / "src", a__one=b"1", a__two=b"2", a__one2=b"3")
    counts: list[int] = []
    for _ in range(2):
        upkeep.delete(["a/one", "a/two", "b/none"], counts.append, versions=versions)
    assert upkeep.store.stat(["a/one", "a/two", "a/one2"]).keys() == {"a/one2"}
    assert sum(counts) == 6


def test_a_remote_that_cannot_be_reached_is_not_an_empty_one(bucket: Bucket) -> None:
    """A bucket that is not there is an error: nothing must be taken for gone."""
    store = object_store(bucket)
    store._root, store._prefix = "no-such-bucket", "no-such-bucket/"
    with pytest.raises(WorldError):
        upkeep_of(store).walk("files/md5")


def test_who_may_not_delete_is_told(bucket: Bucket, tmp_path: Path) -> None:
    """Keys that only read delete nothing."""
    store = object_store(bucket)
    put(store, tmp_path / "src", a__b=b"1")
    with pytest.raises(WorldError, match=r"AWS_ACCESS_KEY_ID|refus|allow"):
        upkeep_of(object_store(bucket, fs=bucket.fs(bucket.reader))).delete(["a/b"], lambda _: None)
    assert store.read("a/b") == b"1"


def test_earlier_versions_of_a_bucket_go_too(bucket: Bucket, tmp_path: Path) -> None:
    """Where a bucket keeps versions, the data is gone only when all of them are."""
    fs = bucket.fs()
    store = object_store(bucket)
    upkeep = upkeep_of(store)
    try:
        fs.call_s3(
            "put_bucket_versioning", Bucket=bucket.name,
            VersioningConfiguration={"Status": "Enabled"},
        )  # fmt: skip
    except PermissionError:
        pytest.skip("this server's keys may not turn versioning on")
    for content in (b"first", b"second"):
        put(store, tmp_path / "src", a__b=content)
    put(store, tmp_path / "src", a__bc=b"other")
    upkeep.delete(["a/b"], lambda _: None)
    left = fs.call_s3("list_object_versions", Bucket=bucket.name, Prefix="a/")
    assert len([item for item in left["Versions"] if item["Key"] == "a/b"]) == 2
    upkeep.delete(["a/b"], lambda _: None, versions=True)
    left = fs.call_s3("list_object_versions", Bucket=bucket.name, Prefix="a/")
    assert [item["Key"] for item in left["Versions"]] == ["a/bc"]
    assert not left.get("DeleteMarkers")


def test_a_remote_without_listings_has_no_upkeep(
    remote_servers: RemoteServers, tmp_path: Path
) -> None:
    """Whoever cannot list must not delete."""
    with pytest.raises(ConfigError, match="cannot be listed"):
        upkeep_of(configured(remote_servers.place("http", Path.home()), tmp_path))


def test_a_copy_on_this_machine_shares_nothing_with_its_source(tmp_path: Path) -> None:
    """Who edits a readable copy in place must not reach the object of the version."""
    upkeep = upkeep_of(DirectoryStore("storage", tmp_path / "remote"))
    put(upkeep.store, tmp_path / "src", a__b=b"x" * 100_000)
    upkeep.copy({"latest/b": "a/b"}, lambda _: None)
    with (tmp_path / "remote/latest/b").open("r+b") as stream:
        stream.write(b"edited")
    assert upkeep.store.read("a/b") == b"x" * 100_000
    assert (tmp_path / "remote/a/b").stat().st_nlink == 1
