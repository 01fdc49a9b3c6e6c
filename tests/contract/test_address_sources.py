"""One suite for the addresses that readers name: a directory, a web server, and buckets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fsspec
import pytest
from gcsfs.core import GCSFileSystem
from tests.remote_servers import RemoteServers
from tests.servers import Bucket

from datarelease.adapters.store import address
from datarelease.adapters.store.address import ObjectSource, open_source
from datarelease.errors import WorldError

OBJECTS = {
    "releases/index.json": b"{}",
    "releases/data-v1/manifest.json": b"one",
    "releases/data-v2/manifest.json": b"two",
    "files/md5/aa/bb": bytes(range(256)) * 40_000,  # more than one request of a bucket
}
Filled = Callable[[Mapping[str, bytes]], str]
"""Puts objects somewhere and says at which address they are."""


def _directory(request: pytest.FixtureRequest) -> Filled:
    root: Path = request.getfixturevalue("tmp_path") / "remote"

    def fill(objects: Mapping[str, bytes]) -> str:
        for key, data in objects.items():
            (root / key).parent.mkdir(parents=True, exist_ok=True)
            (root / key).write_bytes(data)
        return str(root)

    return fill


def _web(request: pytest.FixtureRequest) -> Filled:
    servers: RemoteServers = request.getfixturevalue("remote_servers")
    address = servers.place("http", Path.home()).url
    requests = pytest.importorskip("requests")

    def fill(objects: Mapping[str, bytes]) -> str:
        for key, data in objects.items():
            requests.put(f"{address}/{key}", data=data, timeout=30).raise_for_status()
        return address

    return fill


def _s3(request: pytest.FixtureRequest) -> Filled:
    bucket: Bucket = request.getfixturevalue("bucket")
    environment: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    environment.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    environment.setenv("AWS_ACCESS_KEY_ID", bucket.reader.access)
    environment.setenv("AWS_SECRET_ACCESS_KEY", bucket.reader.secret)
    environment.setenv("AWS_DEFAULT_REGION", "us-east-1")

    def fill(objects: Mapping[str, bytes]) -> str:
        bucket.fs().pipe({f"{bucket.name}/data/{key}": data for key, data in objects.items()})
        return bucket.url("data")

    return fill


def _gs(request: pytest.FixtureRequest) -> Filled:
    return _bucket(request, "gs", lambda settings: {
        "endpoint_url": settings["endpointurl"], "token": "anon",
    })  # fmt: skip


def _azure(request: pytest.FixtureRequest) -> Filled:
    return _bucket(request, "azure", lambda settings: {
        "connection_string": settings["connection_string"],
    })  # fmt: skip


def _bucket(
    request: pytest.FixtureRequest,
    kind: str,
    options: Callable[[Mapping[str, str]], dict[str, str]],
) -> Filled:
    """A bucket whose options the user's configuration of fsspec has."""
    servers: RemoteServers = request.getfixturevalue("remote_servers")
    place = servers.place(kind, Path.home())
    name = place.url.partition("://")[2]
    protocol = {"azure": "abfs"}.get(kind, kind)
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    patch.setitem(fsspec.config.conf, protocol, options(place.settings))

    def fill(objects: Mapping[str, bytes]) -> str:
        fs = _writer(protocol)
        for key, data in objects.items():
            fs.pipe_file(f"{name}/data/{key}", data)
        return f"{place.url}/data"

    return fill


def _writer(protocol: str) -> Any:
    """A file system that writes there; that of Google asks no gRPC server, which none is here."""
    if protocol == "gs":
        return GCSFileSystem()
    return fsspec.filesystem(protocol)


@pytest.fixture(
    params=[
        pytest.param(_directory, id="directory"),
        pytest.param(_web, id="web"),
        pytest.param(_s3, id="s3"),
        pytest.param(_gs, id="gs"),
        pytest.param(_azure, id="azure", marks=pytest.mark.slow),
    ]
)
def source(request: pytest.FixtureRequest) -> ObjectSource:
    """An address of each kind, with the same objects."""
    filled: Filled = request.param(request)
    return open_source(filled(OBJECTS))


def test_an_address_gives_objects_parts_and_folders(source: ObjectSource) -> None:
    """The same bytes by every way of reading them; what is not there is no error of the world."""
    data = OBJECTS["files/md5/aa/bb"]
    assert source.read("releases/index.json", 10) == b"{}"
    assert source.read("releases/none.json", 10) is None
    assert source.size("files/md5/aa/bb") == len(data)
    assert source.part("files/md5/aa/bb", 5, 300) == data[5:300]
    assert b"".join(source.chunks("files/md5/aa/bb", 0)) == data
    assert b"".join(source.chunks("files/md5/aa/bb", len(data) - 3)) == data[-3:]
    with pytest.raises(FileNotFoundError):
        list(source.chunks("files/md5/cc/dd", 0))
    assert source.folders("releases") in {("data-v1", "data-v2"), None}
    assert source.folders("nowhere") in {(), None}
    with pytest.raises(WorldError, match="larger than 9 bytes"):
        source.read("files/md5/aa/bb", 9)


def test_a_bucket_is_opened_again_when_the_credentials_change(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long process reads with the credentials of now, and opens a bucket once while they stay."""
    bucket.fs().pipe_file(f"{bucket.name}/data/one", b"1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    with pytest.raises(WorldError, match="one at s3://"):
        open_source(bucket.url("data")).read("one", 10)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.reader.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.reader.secret)
    assert open_source(bucket.url("data")).read("one", 10) == b"1"
    file_systems = address._opened.cache_info().misses
    assert open_source(bucket.url("data")).read("one", 10) == b"1"
    assert address._opened.cache_info().misses == file_systems
