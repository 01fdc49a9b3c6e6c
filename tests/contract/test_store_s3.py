"""What only an object store can do or do wrong: pages, ETags, keys, dead ends, passing failures."""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.test_store import PAGE, in_small_pages
from tests.project import REMOTE, Project
from tests.servers import Bucket, Keys, S3Server
from tests.slow_cases import slow_but

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.store import object_store as module
from datarelease.adapters.store.kinds import KINDS
from datarelease.adapters.store.object_store import ObjectStore
from datarelease.errors import ConfigError, WorldError

MB = 1 << 20
WORK = ("stat one", "stat many", "read", "folders", "upload")
"""What is asked of a store that may fail."""


def md5(data: bytes) -> str:
    """The MD5 of bytes."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def open_store(bucket: Bucket, fs: Any = None) -> ObjectStore:
    """A store on a bucket."""
    return ObjectStore("storage", bucket.url(), lambda: fs or bucket.fs(), bucket.name)


class Flaky:
    """A file system whose first calls of each kind fail."""

    def __init__(self, fs: Any, error: Exception, times: int) -> None:
        self._fs, self._error, self._times = fs, error, times
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._fs, name)
        if not callable(real):
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls <= self._times:
                raise self._error
            return real(*args, **kwargs)

        return call


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without the waiting."""
    monkeypatch.setattr(module, "wait_exponential", lambda **_: 0)
    monkeypatch.setattr(module, "wait_random", lambda *_: 0)


# --- listings and ETags


def test_listings_of_many_pages_are_read_to_the_end(bucket: Bucket, tmp_path: Path) -> None:
    """The objects of one folder take three pages; each is found, with its MD5."""
    source = tmp_path / "x"
    source.write_bytes(b"x")
    keys = [f"many/{n:04}" for n in range(2 * PAGE + 20)]
    store = open_store(bucket)
    store.upload(dict.fromkeys(keys, source), lambda _: None)
    asked = in_small_pages(store, "s3")
    found = store.stat([*keys, "many/none"])
    assert asked == [PAGE] * 3
    assert sorted(found) == keys
    assert {info.md5 for info in found.values()} == {md5(b"x")}


@pytest.mark.slow  # counts requests for many objects
def test_requests_do_not_grow_with_the_objects(bucket: Bucket, tmp_path: Path) -> None:
    """Eight folders are eight listings, however many objects are asked for in them."""
    source = tmp_path / "x"
    source.write_bytes(b"x")
    asked = []
    for count in (10, 30):
        keys = [f"files/md5/{n % 8:02}/{n // 8}" for n in range(8 * count)]
        open_store(bucket).upload(dict.fromkeys(keys, source), lambda _: None)
        fs = Flaky(bucket.fs(), OSError("never"), times=0)
        assert len(open_store(bucket, fs).stat(keys)) == 8 * count
        asked.append(fs.calls)
    assert asked[0] == asked[1] <= 8 + 1  # one object tells whether ETags are hashes


def test_a_listing_says_what_each_object_says(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size and MD5 are the same by listing and by asking, and what vanished is in neither."""
    store, keys = open_store(bucket), [f"both/{n}" for n in range(12)]
    for number, key in enumerate(keys):
        (tmp_path / f"{number}").write_bytes(b"x" * number)
        store.upload({key: tmp_path / f"{number}"}, lambda _: None)
    bucket.fs().rm(f"{bucket.name}/both/3")
    found = []
    for pays in (1, 1000):
        monkeypatch.setattr(module, "LISTING_PAYS", pays)
        found.append(open_store(bucket).stat(keys))
    assert found[0] == found[1]
    assert sorted(found[0]) == sorted(set(keys) - {"both/3"})
    assert found[0]["both/5"].md5 == md5(b"x" * 5)


def test_an_object_sent_in_parts_has_no_md5(bucket: Bucket, tmp_path: Path) -> None:
    """The ETag of a multipart upload is not MD5 of the content, and is not taken for one."""
    (tmp_path / "big").write_bytes(bytes(11 * MB))
    bucket.fs().put_file(str(tmp_path / "big"), f"{bucket.name}/a/big", chunksize=5 * MB)
    store = open_store(bucket)
    assert "-" in bucket.fs().info(f"{bucket.name}/a/big")["ETag"]
    assert store.stat(["a/big"])["a/big"].md5 is None
    assert store.stat([f"a/{n}" for n in range(5)] + ["a/big"])["a/big"].md5 is None
    assert store.digest("a/big") == md5(bytes(11 * MB))


@pytest.mark.parametrize(
    "head",
    [{"ServerSideEncryption": "aws:kms"}, {"ServerSideEncryption": "aws:kms:dsse"},
     {"SSECustomerAlgorithm": "AES256"}],
)  # fmt: skip
def test_etags_under_kms_are_not_taken_for_md5s(bucket: Bucket, head: dict[str, str]) -> None:
    """Where the newest object is encrypted with somebody's keys, no ETag counts as an MD5."""
    fs = bucket.fs()
    fs.pipe_file(f"{bucket.name}/a/x", b"x")
    store = open_store(bucket, fs)
    assert store.stat(["a/x"])["a/x"].md5 is not None
    kms = open_store(bucket, fs)
    fs.call_s3 = lambda *_, **__: head
    assert kms.stat(["a/x"])["a/x"].md5 is None


# --- errors


@pytest.mark.parametrize(
    ("fault", "work"),
    slow_but(
        {*(f"wrong secret-{work}" for work in WORK), "unknown key-read", "another's key-read"},
        itertools.product(["wrong secret", "unknown key", "another's key"], WORK),
        "-".join,
    ),
)
def test_refused_credentials_name_the_remote_and_the_remedy(
    s3_server: S3Server, shared_bucket: Bucket, tmp_path: Path, fault: str, work: str
) -> None:
    """Every operation reports refused keys as such, at once and without the secret."""
    keys = {
        "wrong secret": Keys(access=shared_bucket.keys.access, secret="not-the-secret"),
        "unknown key": Keys(access="nobody", secret="not-the-secret"),
        "another's key": s3_server.missing_bucket().keys,
    }[fault]
    store = open_store(shared_bucket, shared_bucket.fs(keys))
    begun = time.monotonic()
    with pytest.raises(WorldError, match=r"remote 'storage' \(s3://bucket-\d+\) refused") as caught:
        perform(store, work, tmp_path)
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.remedy
    assert "not-the-secret" not in str(caught.value)
    assert keys.secret not in str(caught.value)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("work", ["stat one", "stat many", "read", "folders", "upload", "digest"])
def test_a_missing_bucket_is_never_a_bucket_without_objects(
    s3_server: S3Server, tmp_path: Path, work: str
) -> None:
    """Every call on a bucket that is not there says so, instead of finding nothing."""
    store = open_store(s3_server.missing_bucket())
    with pytest.raises(WorldError, match="there is no bucket 'bucket-399'") as caught:
        perform(store, work, tmp_path)
    assert "dvc remote modify storage url" in caught.value.remedy


def test_keys_that_may_only_read_cannot_upload(bucket: Bucket, tmp_path: Path) -> None:
    """A read-only key reads, and is refused in words when it is to write."""
    bucket.fs().pipe_file(f"{bucket.name}/a/x", b"x")
    store = open_store(bucket, bucket.fs(bucket.reader))
    assert store.read("a/x") == b"x"
    assert store.read("a/none") is None
    with pytest.raises(WorldError, match="refused these credentials"):
        perform(store, "upload", tmp_path)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("work", ["stat one", "stat many", "folders", "upload"])
def test_a_dead_endpoint_is_given_up_within_seconds(
    project: Project, tmp_path: Path, work: str
) -> None:
    """Nobody listens there: a few tries in all, however many layers could try again."""
    project.add_remote("dead", "s3://bucket/x", endpointurl="http://127.0.0.1:1")
    project.secrets("dead", Keys(access="me", secret="secret-of-mine"))
    store = DvcConfig(project.root / ".dvc", env=os.environ).store("dead")
    begun = time.monotonic()
    with pytest.raises(
        WorldError, match=r"remote 'dead' \(s3://bucket/x\) cannot be reached"
    ) as caught:
        perform(store, work, tmp_path)
    assert time.monotonic() - begun < 3
    assert "secret-of-mine" not in str(caught.value)
    assert "endpointurl" in caught.value.remedy


def test_no_credentials_at_all_are_asked_for(project: Project, bucket: Bucket) -> None:
    """Without any key the message says where keys are looked for."""
    project.add_remote("storage", bucket.url(), endpointurl=bucket.endpoint)
    store = DvcConfig(project.root / ".dvc", env=os.environ).store("storage")
    with pytest.raises(WorldError, match="no credentials were found") as caught:
        store.stat(["a"])
    assert "AWS_PROFILE" in caught.value.remedy


def test_a_profile_that_is_not_there_is_a_matter_of_credentials(project: Project) -> None:
    """A misspelt profile is reported like missing credentials, with its name."""
    project.add_remote("storage", "s3://bucket/x", profile="nobody")
    with pytest.raises(WorldError, match="nobody"):
        DvcConfig(project.root / ".dvc", env=os.environ).store("storage").stat(["a"])


# --- passing failures


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("work", "error"),
    slow_but(
        {*(f"{work}-503" for work in (*WORK, "digest")), "read-slow", "read-cut"},
        itertools.product(
            (*WORK, "digest"),
            [TimeoutError("slow"), ConnectionResetError("cut"), OSError(16, "503")],
        ),
        lambda case: f"{case[0]}-{case[1].args[-1]}",
    ),
)
def test_failures_that_pass_are_tried_again(
    shared_bucket: Bucket, tmp_path: Path, work: str, error: Exception
) -> None:
    """Two failures in a row do not show."""
    fs = shared_bucket.fs()
    fs.pipe_file(f"{shared_bucket.name}/a/x", b"x")
    fs.invalidate_cache()
    flaky = Flaky(fs, error, 2)
    perform(open_store(shared_bucket, flaky), work, tmp_path)
    assert flaky.calls > 2


@pytest.mark.usefixtures("impatient")
def test_tries_are_bounded(shared_bucket: Bucket) -> None:
    """What never works is given up after a fixed number of tries, with the last reason."""
    flaky = Flaky(shared_bucket.fs(), OSError(16, "please slow down"), 1000)
    with pytest.raises(WorldError, match="please slow down"):
        open_store(shared_bucket, flaky).read("a/x")
    assert flaky.calls == KINDS["s3"].attempts


def test_refusals_are_not_tried_again(shared_bucket: Bucket) -> None:
    """A request that is wrong stays wrong."""
    flaky = Flaky(shared_bucket.fs(), OSError(22, "Invalid argument: bucket name"), 1000)
    with pytest.raises(WorldError, match="bucket name"):
        open_store(shared_bucket, flaky).read("a/x")
    assert flaky.calls == 1


@pytest.mark.usefixtures("impatient")
def test_a_download_that_was_cut_off_starts_again(bucket: Bucket, tmp_path: Path) -> None:
    """The second try writes the whole file, whatever the first one left."""
    fs = bucket.fs()
    fs.pipe_file(f"{bucket.name}/a/x", b"content")
    real, tries = fs.get_file, []

    def cut(source: str, target: str) -> None:
        tries.append(target)
        if len(tries) == 1:
            Path(target).write_bytes(b"content, and the rest of a longer one")
            raise ConnectionResetError("cut")
        real(source, target)

    fs.get_file = cut
    digest = open_store(bucket, fs).download("a/x", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"content"
    assert digest == md5(b"content")
    assert len(tries) == 2


# --- from DVC's configuration


def test_stores_come_from_dvcs_configuration(project: Project, bucket: Bucket) -> None:
    """What plain `dvc push` sent is found below the prefix, and its listing at once."""
    project.use_bucket(bucket, prefix="team/data")
    project.dvc("push", "--quiet")
    config = DvcConfig(project.root / ".dvc", env=os.environ)
    store = config.store(REMOTE)
    assert (store.name, store.url) == (REMOTE, f"s3://{bucket.name}/team/data")
    assert config.default_remote == REMOTE
    assert config.verifies(REMOTE)
    out = project.read_yaml("dvc.lock")["stages"]["make"]["outs"]
    hashes = [item["md5"] for item in out]
    keys = [f"files/md5/{value[:2]}/{value[2:]}" for value in hashes]
    assert set(store.stat(keys)) == set(keys)
    assert bucket.keys.secret not in store.url


def test_a_directory_remote_comes_from_dvcs_configuration(project: Project) -> None:
    """A relative address is read as DVC reads it: from its configuration file."""
    project.dvc("push", "--quiet")
    store = DvcConfig(project.root / ".dvc", env=os.environ).store(REMOTE)
    assert store.url == str(project.remote)
    value = project.read_yaml("dvc.lock")["stages"]["make"]["outs"][0]["md5"]
    assert store.stat([f"files/md5/{value[:2]}/{value[2:]}"])


def test_an_address_with_credentials_is_shown_without(project: Project) -> None:
    """User name and password in an address stay out of sight."""
    project.add_remote("storage", "s3://me:pa@ss@bucket/x")
    try:
        url = DvcConfig(project.root / ".dvc", env=os.environ).store("storage").url
    except (ConfigError, WorldError) as error:
        url = str(error)
    assert "pa@ss" not in url
    assert "me:" not in url


@pytest.mark.parametrize(
    ("name", "expected"),
    [("nowhere", r"no remote called 'nowhere' \(it has: storage, cloud\)"),
     ("cloud", "cloud-versioned")],
)  # fmt: skip
def test_remotes_that_cannot_hold_versions_are_refused(
    project: Project, name: str, expected: str
) -> None:
    """An unknown remote and a cloud-versioned one are refused with what to do."""
    project.add_remote("cloud", "s3://bucket/x", version_aware="true")
    with pytest.raises(ConfigError, match=expected) as caught:
        DvcConfig(project.root / ".dvc", env=os.environ).store(name)
    assert "release.remotes" in caught.value.remedy


@pytest.mark.parametrize("key", ["configpath", "credentialpath"])
def test_profiles_of_the_repository_run_nothing(project: Project, tmp_path: Path, key: str) -> None:
    """A file in git cannot have a program run through Amazon's `credential_process`."""
    project.write("aws", f"[profile x]\ncredential_process = touch {tmp_path / 'ran'}\n")
    project.add_remote("storage", "s3://bucket/x", profile="x")
    project.dvc("remote", "modify", "storage", key, str(project.root / "aws"))
    with pytest.raises(ConfigError, match=f"{key} names a file of the repository"):
        DvcConfig(project.root / ".dvc", env=os.environ).store("storage").stat(["a"])
    assert not (tmp_path / "ran").exists()


def test_a_broken_configuration_is_told(project: Project) -> None:
    """A configuration that DVC cannot parse is an error of settings."""
    project.write(".dvc/config", "[core\n")
    with pytest.raises(ConfigError, match=r"\.dvc/config"):
        DvcConfig(project.root / ".dvc", env=os.environ)


def test_the_cache_is_where_dvc_keeps_it(project: Project, tmp_path: Path) -> None:
    """The cache directory follows `dvc cache dir`."""
    assert (
        DvcConfig(project.root / ".dvc", env=os.environ).cache
        == project.root / ".dvc/cache/files/md5"
    )
    project.dvc("cache", "dir", str(tmp_path / "shared"))
    assert DvcConfig(project.root / ".dvc", env=os.environ).cache == tmp_path / "shared/files/md5"
    project.dvc("cache", "dir", "../nearby")
    assert (
        DvcConfig(project.root / ".dvc", env=os.environ).cache.resolve()
        == tmp_path / "project/nearby/files/md5"
    )


def perform(store: Any, work: str, folder: Path) -> None:
    """One piece of work on a remote."""
    (folder / "x").write_bytes(b"x")
    calls: dict[str, Callable[[], object]] = {
        "stat one": lambda: store.stat(["a/x"]),
        "stat many": lambda: store.stat([f"a/{n}" for n in range(100)]),
        "read": lambda: store.read("a/x"),
        "folders": lambda: store.folders("a"),
        "upload": lambda: store.upload({"a/x": folder / "x"}, lambda _: None),
        "digest": lambda: store.digest("a/x"),
    }
    calls[work]()


@pytest.fixture(scope="module")
def shared_bucket(s3_server: S3Server) -> Bucket:
    """One bucket for tests that do not mind each other's objects."""
    return s3_server.bucket()
